"""Checks what callers ask to be spoken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .catalogue import Catalogue, quoted
from .encoders import FORMATS, SoundFormat
from .engine import FASTEST, SLOWEST, SpeechEngine
from .errors import RequestError
from .text import clean_text

_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,9})?")


@dataclass(frozen=True)
class SpeechRequest:
    """A checked request.

    Attributes:
        text: clean.
        text_field: what the caller calls the text.
        voice: the id of one of the engine's voices.
        speed: one that the engine has.
        format: of the answer.
        events: whether the answer is OpenAI's server-sent events instead of a file.
    """

    text: str
    text_field: str
    voice: str
    speed: float
    format: SoundFormat
    events: bool = False


@dataclass(frozen=True)
class Route:
    """What a route's callers call the fields, and what holds where they leave one out.

    Attributes:
        text_field: the field of the text.
        format_field: the field of the format.
        default_format: the name of the format without one.
        max_characters: of the clean text.
        openai: whether it also has the fields that only OpenAI's API has.
    """

    text_field: str
    format_field: str
    default_format: str
    max_characters: int
    openai: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """What may stand in a query or a form."""
        return (self.text_field, "voice", "speed", self.format_field)


def speech_request(
    engine: SpeechEngine, catalogue: Catalogue, route: Route, fields: Mapping[str, object]
) -> SpeechRequest:
    """Checks the fields. A field that is null is one that is not there; unknown ones have no effect.

    Raises:
        RequestError: one of them is not allowed.
    """
    if route.openai:
        catalogue.model(fields.get("model"))
    return SpeechRequest(
        text=clean_text(fields.get(route.text_field), route.max_characters, route.text_field),
        text_field=route.text_field,
        voice=catalogue.voice(fields.get("voice")),
        speed=_speed(engine, fields.get("speed")),
        format=_format(fields.get(route.format_field), route),
        events=route.openai and _events(fields.get("stream_format")),
    )


def _speed(engine: SpeechEngine, given: object) -> float:
    if given is None or given == "":
        return 1.0
    slowest, fastest = engine.speeds
    number = float(given) if isinstance(given, str) and _NUMBER.fullmatch(given) else given
    if isinstance(number, int | float) and not isinstance(number, bool) and slowest <= number <= fastest:
        return float(number)
    allowed = f"must be a number from {SLOWEST} to {FASTEST}"
    if slowest == fastest:
        allowed = f"can only be {slowest:g}, the engine {engine.name} has no other"
    raise RequestError(f"speed {allowed}, got {quoted(given)}.", param="speed", code="invalid_speed")


def _format(given: object, route: Route) -> SoundFormat:
    if given is None or given == "":
        return FORMATS[route.default_format]
    found = FORMATS.get(given.lower()) if isinstance(given, str) else None
    if found is None:
        raise RequestError(
            f"{route.format_field}: {quoted(given)} is not supported; allowed are {', '.join(FORMATS)}.",
            param=route.format_field,
            code=f"unsupported_{route.format_field}",
        )
    return found


def _events(given: object) -> bool:
    if given not in (None, "", "audio", "sse"):
        raise RequestError(
            f"stream_format: {quoted(given)} is not supported; allowed are audio, sse.",
            param="stream_format",
            code="unsupported_stream_format",
        )
    return given == "sse"
