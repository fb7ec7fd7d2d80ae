"""The errors that are meant to be read: by whoever starts the service, and by whoever calls it."""

from __future__ import annotations


class ConfigurationError(Exception):
    """The environment asks for something impossible. The message names what was given, what is allowed, what to do."""


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


class RequestError(Exception):
    """The caller asked for something impossible.

    Args:
        message: what was wrong, what is allowed, what to do; sent to the caller, so it never repeats the text.
        param: the field of the request that was wrong.
        code: a short word for programs.
        status: the HTTP status of the answer.
    """

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.status = status
