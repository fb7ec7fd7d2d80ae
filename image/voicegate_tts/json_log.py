"""Structured logs: one JSON object a line on standard output, and never a word of what callers said.

Texts arrive in query strings and bodies, and from there could reach a log by many ways: a request line, a parser's
complaint, an exception's message, a source line's value in a traceback. So the formatter lets nothing through that it
does not know: of an exception its type and its places, of gunicorn's records the fixed part and the numbers.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from gunicorn.glogging import Logger as GunicornBaseLogger

from .errors import ConfigurationError
from .mask import mask_keys

if TYPE_CHECKING:
    from gunicorn.config import Config

    _StreamHandler = logging.StreamHandler[TextIO]
else:
    _StreamHandler = logging.StreamHandler  # Python 3.10 cannot subscript it.

# gunicorn's records whose strings are about the server itself.
_PLAIN_RECORDS = (
    "Starting gunicorn",
    "Listening at",
    "Using worker",
    "Handling signal",
    "Unhandled signal",
    "Ignoring unknown signal",
    "Worker (pid:",
    "Shutting down",
    "Reason: ",
    "Connection in use",
    "Can't connect to",
    "connection to ",
    "Invalid address",
)

# Exceptions whose messages speak of files, addresses and packages.
_PLAIN_EXCEPTIONS = (ConfigurationError, ImportError, OSError)


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "message": _message(record),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1]:
            line.update(describe_exception(record.exc_info[1]))
        line = {name: mask_keys(value) if isinstance(value, str) else value for name, value in line.items()}
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str).translate(_LINE_SEPARATORS)


# JSON escapes line feeds itself, but not these two, at which some readers of logs break lines.
_LINE_SEPARATORS = {0x2028: "\\u2028", 0x2029: "\\u2029"}


def describe_exception(error: BaseException) -> dict[str, object]:
    """An exception's type and places, with its message only where that cannot hold what a caller sent."""
    described: dict[str, object] = {"exception": type(error).__name__, "at": _places(error.__traceback__)}
    if isinstance(error, _PLAIN_EXCEPTIONS):
        described["detail"] = str(error)
    return described


def _places(traceback: TracebackType | None) -> list[str]:
    places = []
    while traceback:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places[-20:]


def _message(record: logging.LogRecord) -> str:
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    if record.name == LOGGER_NAME or record.msg.startswith(_PLAIN_RECORDS):
        return record.getMessage()
    if record.msg.startswith("Invalid request from ip="):
        return "Invalid request"  # gunicorn appends the parser's complaint, which quotes the request.
    if not record.args:
        return record.msg
    arguments = record.args if isinstance(record.args, tuple) else ()
    try:
        return record.msg % tuple(value if isinstance(value, int | float) else "…" for value in arguments)
    except (TypeError, ValueError):
        return record.msg


class _StandardOutput(_StreamHandler):
    """Writes to what standard output is at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(JsonFormatter())

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stdout


class GunicornLogger(GunicornBaseLogger):  # type: ignore[misc]
    """gunicorn's own records, as JSON on standard output."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers[:] = [handler]


LOGGER_NAME = "voicegate_tts"

handler = _StandardOutput()
# logging would otherwise print a record that it cannot write, with all its values.
logging.raiseExceptions = False
logging.getLogger().handlers[:] = [handler]
_logger = logging.getLogger(LOGGER_NAME)
_logger.handlers[:] = [handler]
_logger.propagate = False
_logger.setLevel(logging.INFO)


def log_event(level: str, message: str, error: BaseException | None = None, **fields: object) -> None:
    """Writes one line.

    Args:
        level: info, warning or error.
        message: what happened, in fixed words.
        error: the exception behind it.
        fields: further members of the JSON object.
    """
    _logger.log(logging.getLevelName(level.upper()), message, exc_info=error, extra={"fields": fields})
