"""Answers that hold sound: whole files that players can seek in, streams, and OpenAI's events."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

from flask import Request, Response
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from .encoders import SoundFormat
from .speaker import SpeechStream
from .speech_cache import Speech

_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-([0-9]{1,15}))")

# OpenAI counts 1,250 audio tokens a minute.
_TOKENS_A_SECOND = 1_250 / 60
_EVENT_BYTES = 48 * 1024


def wants_whole(request: Request) -> bool:
    """Whether the client needs to know the length or the version, so that the end must be awaited."""
    if request.method == "HEAD":
        return True
    return request.method == "GET" and any(name in request.headers for name in ("Range", "If-None-Match"))


def whole_response(request: Request, speech: Speech, sound_format: SoundFormat) -> Response:
    """A whole file with its length; on GET and HEAD with a version, and parts of it as asked for.

    Werkzeug's own conditional answers are not used: a suffix longer than the file, a weak `If-Range` and a `Range`
    beside `If-None-Match` would get other answers than RFC 9110 has for them.

    Raises:
        RequestedRangeNotSatisfiable: the file ends before the part begins.
    """
    if request.method not in ("GET", "HEAD"):
        return _sound(Response(speech.data), sound_format)
    if request.if_none_match.contains_weak(speech.etag):
        response = Response(status=304)
    else:
        part = _part(request, speech)
        if part is None:
            response = _sound(Response(speech.data), sound_format)
        else:
            response = _sound(Response(speech.data[part.start : part.stop], 206), sound_format)
            response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(speech.data)}"
        response.headers["Accept-Ranges"] = "bytes"
    response.set_etag(speech.etag)
    # A client may keep it, and asks each time whether it is still the same.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def stream_response(request: Request, stream: SpeechStream, sound_format: SoundFormat) -> Response:
    """A file of unknown length, sent while it is made."""
    response = _sound(Response(stream), sound_format)
    if request.method == "GET":
        # Whoever asks for a part gets it, from the whole file.
        response.headers["Accept-Ranges"] = "bytes"
    return response


def events_response(sound: Speech | SpeechStream, characters: int) -> Response:
    """OpenAI's server-sent events: the file in parts, then what it cost.

    Args:
        sound: the file, or the bytes of one while it is made.
        characters: of the text; they are reported as input tokens.
    """
    response = Response(_events(sound, characters), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    if isinstance(sound, SpeechStream):
        # Also when the client went away before the first event: the generator has not begun then.
        response.call_on_close(sound.close)
    return response


def _events(sound: Speech | SpeechStream, characters: int) -> Iterator[bytes]:
    for part in [sound.data] if isinstance(sound, Speech) else sound:
        for start in range(0, len(part), _EVENT_BYTES):
            audio = base64.b64encode(part[start : start + _EVENT_BYTES]).decode()
            yield _event({"type": "speech.audio.delta", "audio": audio})
    spoken = round(sound.seconds * _TOKENS_A_SECOND)
    usage = {"input_tokens": characters, "output_tokens": spoken, "total_tokens": characters + spoken}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(fields: dict[str, object]) -> bytes:
    return f"data: {json.dumps(fields, separators=(',', ':'))}\n\n".encode()


def _part(request: Request, speech: Speech) -> range | None:
    """Which bytes are asked for; None: all of them. What says nothing clear may be ignored, and so may several parts.

    Raises:
        RequestedRangeNotSatisfiable: there are none of them.
    """
    match = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if request.method != "GET" or match is None:
        return None
    if request.headers.get("If-Range", f'"{speech.etag}"') != f'"{speech.etag}"':
        return None
    length = len(speech.data)
    first, last, suffix = (None if given is None else int(given) for given in match.groups())
    if first is None:
        part = range(max(0, length - (suffix or 0)), length)
    elif last is not None and last < first:
        return None
    else:
        part = range(first, length if last is None else min(last + 1, length))
    if not part:
        raise RequestedRangeNotSatisfiable(length)
    return part


def _sound(response: Response, sound_format: SoundFormat) -> Response:
    response.mimetype = sound_format.media_type
    response.headers["Content-Disposition"] = f'inline; filename="speech.{sound_format.name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
