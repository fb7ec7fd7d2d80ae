"""Reads and checks what callers send."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Request

from .engine import FASTEST, SLOWEST, SpeechEngine
from .errors import RequestError
from .text import clean_text

_MAX_QUOTED = 40


@dataclass(frozen=True)
class SpeechRequest:
    """A checked request: the clean text, the id of one of the engine's voices, a speed that the engine has."""

    text: str
    voice: str
    speed: float


def speech_request(
    engine: SpeechEngine,
    fields: Mapping[str, object],
    *,
    max_characters: int,
    text_field: str = "text",
) -> SpeechRequest:
    """Checks the fields that all the ways to ask for speech have in common.

    Raises:
        RequestError: one of them is not allowed.
    """
    return SpeechRequest(
        text=clean_text(fields.get(text_field), max_characters, text_field),
        voice=_voice(engine, fields.get("voice")),
        speed=_speed(engine, fields.get("speed")),
    )


def query_fields(request: Request, names: tuple[str, ...]) -> dict[str, object]:
    """The named fields of the query string.

    Raises:
        RequestError: one of them is there twice, or `speed` is not a number.
    """
    fields: dict[str, object] = {}
    for name in names:
        values = request.args.getlist(name)
        if len(values) > 1:
            raise RequestError(f"{name} is given {len(values)} times; give it once.", param=name, code="repeated")
        if values:
            fields[name] = values[0]
    speed = fields.get("speed")
    if isinstance(speed, str):
        # Anything else stays a string, which the check of the speed refuses.
        fields["speed"] = float(speed) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,9})?", speed) else speed or None
    return fields


def json_fields(request: Request) -> dict[str, object]:
    """The body as a JSON object.

    Raises:
        RequestError: it is not UTF-8 JSON, not an object, or names a field twice.
    """
    if request.mimetype != "application/json" or request.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        raise RequestError("The body must be JSON in UTF-8, sent with Content-Type: application/json.", status=415)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestError("The body must be sent without Content-Encoding.", status=415)
    try:
        body = json.loads(request.get_data(cache=False).decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RequestError("The body is not valid JSON in UTF-8.", code="invalid_json") from error
    if not isinstance(body, dict):
        raise RequestError('The body must be a JSON object, such as {"text": "…"}.', code="invalid_json")
    return body


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RequestError("The body names a field twice; give each field once.", code="repeated")
    return fields


def _voice(engine: SpeechEngine, given: object) -> str:
    if given is None or given == "":
        return engine.voices[0].id
    ids = [voice.id for voice in engine.voices]
    if isinstance(given, str) and (voice := engine.voice_aliases.get(given, given)) in ids:
        return voice
    raise RequestError(
        f"voice: {_quoted(given)} is not a voice of this service; allowed are {', '.join(ids)}, "
        f"and as other names of them {', '.join(sorted(engine.voice_aliases))}.",
        param="voice",
        code="invalid_voice",
    )


def _speed(engine: SpeechEngine, given: object) -> float:
    if given is None:
        return 1.0
    slowest, fastest = engine.speeds
    if isinstance(given, int | float) and not isinstance(given, bool) and slowest <= given <= fastest:
        return float(given)
    allowed = f"must be a number from {SLOWEST} to {FASTEST}"
    if slowest == fastest:
        allowed = f"can only be {slowest:g}, the engine {engine.name} has no other"
    raise RequestError(f"speed {allowed}, got {_quoted(given)}.", param="speed", code="invalid_speed")


def _quoted(given: object) -> str:
    quoted = json.dumps(given, ensure_ascii=False)
    return quoted if len(quoted) <= _MAX_QUOTED else f"{quoted[:_MAX_QUOTED]}…"
