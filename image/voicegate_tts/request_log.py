"""One log line a request, written when its answer is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wsgi import ClosingIterator

from .json_log import log_event

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FACTS = "voicegate_tts.facts"
_MAX_METHOD, _MAX_PATH, _MAX_ADDRESS, _MAX_PRINCIPAL = 32, 256, 64, 1024


def note(environ: WSGIEnvironment, *, characters: int, voice: str, sound_format: str, cache: str) -> None:
    """Adds what the app found out about a request to its log line.

    Args:
        environ: the request's WSGI environment.
        characters: the length of the clean text.
        voice: the id of a voice of the engine, never the caller's own words.
        sound_format: the name of the format of the answer.
        cache: "hit" where the speech was made before, "miss" where it is made now.
    """
    environ[_FACTS] = {"characters": characters, "voice": voice, "format": sound_format, "cache": cache}


class RequestLog:
    """WSGI middleware that logs each request: no query, no body, no credential."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        status = 500

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:  # noqa: ANN401
            nonlocal status
            status = int(line[:3])
            return start_response(line, headers, exc_info)

        def finish() -> None:
            facts: dict[str, Any] = environ.get(_FACTS, {})
            log_event(
                "info",
                "request",
                method=environ["REQUEST_METHOD"][:_MAX_METHOD],
                path=_decoded(environ.get("PATH_INFO", ""))[:_MAX_PATH],
                status=status,
                durationMs=round((time.perf_counter() - started) * 1000, 1),
                characters=facts.get("characters"),
                voice=facts.get("voice"),
                format=facts.get("format"),
                cache=facts.get("cache"),
                remoteAddress=environ.get("REMOTE_ADDR", "")[:_MAX_ADDRESS],
                principal=environ.get("HTTP_X_AUTH_PRINCIPAL", "")[:_MAX_PRINCIPAL] or None,
            )

        try:
            body = self._app(environ, start)
        except BaseException:
            finish()
            raise
        return ClosingIterator(body, finish)


def _decoded(path: str) -> str:
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
