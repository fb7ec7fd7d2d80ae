"""Speaks a checked request: as a whole file, or as the bytes of one while it is made."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

from .encoders import Encoder
from .engine import SpeechEngine
from .errors import ClientGoneError, RequestError
from .json_log import log_event
from .speech_cache import Speech, SpeechCache
from .speech_request import SpeechRequest

# What engines give for text in which there is nothing to say, such as a full stop.
_SILENCE_SECONDS = 0.02
_BYTES_A_SAMPLE = 2
# Of sound that is held until it is whole: an hour and a half at 24 kHz.
_MOST_WHOLE_BYTES = 256 * 1024 * 1024


class Speaker:
    """Speaks through an engine, and remembers for a while what it said.

    Args:
        engine: speaks.
        cache: remembers.
        whole_seconds: how long a whole file is waited for.
    """

    def __init__(self, engine: SpeechEngine, cache: SpeechCache, whole_seconds: float) -> None:
        self._engine = engine
        self._cache = cache
        self._whole_seconds = whole_seconds

    def remembered(self, wanted: SpeechRequest, caller: str | None) -> Speech | None:
        """The whole file, if it was made lately for the same caller; None is nobody, for whom nothing is remembered."""
        key = _key(wanted, caller)
        return None if key is None else self._cache.get(key)

    def whole(self, wanted: SpeechRequest, caller: str | None, is_gone: Callable[[], bool]) -> Speech | SpeechStream:
        """Speaks to the end, or as long as a whole file is waited for: the rest comes while it is made, before whoever
        stands in front takes the silence for a fault.

        Args:
            wanted: what to speak.
            caller: for whom it is remembered.
            is_gone: whether nobody waits for it any more.

        Raises:
            RequestError: there is nothing to say in the text, or more than is held until it is whole.
            ClientGoneError: nobody waits for it any more.
        """
        deadline = time.monotonic() + self._whole_seconds
        encoder = wanted.format.encoder(self._engine.sample_rate)
        key = _key(wanted, caller)
        size = 0
        with ExitStack() as unless_handed_on:
            pieces = unless_handed_on.enter_context(closing(_audible(self._engine, wanted, is_gone)))
            for piece in pieces:
                encoder.write(piece)
                size += len(piece)
                if time.monotonic() > deadline:
                    unless_handed_on.pop_all()
                    return SpeechStream(self._engine, self._cache, wanted, key, _Begun(encoder, size, pieces))
                if size > _MOST_WHOLE_BYTES:
                    raise RequestError(
                        f"{wanted.text_field} is too long to be sent as a whole; POST it and ask for mp3, opus, flac "
                        "or pcm, which leave while they are made.",
                        param=wanted.text_field,
                        code="too_long",
                        status=413,
                    )
        encoder.close()
        speech = Speech(encoder.take(), _seconds(self._engine, size))
        if key is not None:
            self._cache.put(key, speech)
        return speech

    def stream(self, wanted: SpeechRequest, caller: str | None, is_gone: Callable[[], bool]) -> SpeechStream:
        """Speaks piece by piece. The first piece is made when this returns, so that a wrong request is known by then.

        Args:
            wanted: what to speak.
            caller: for whom it is remembered.
            is_gone: whether nobody hears it any more.

        Raises:
            RequestError: there is nothing to say in the text.
            ClientGoneError: nobody waits for the first piece any more.
        """
        encoder = wanted.format.encoder(self._engine.sample_rate)
        pieces = _audible(self._engine, wanted, is_gone)
        first = next(pieces)
        encoder.write(first)
        return SpeechStream(
            self._engine, self._cache, wanted, _key(wanted, caller), _Begun(encoder, len(first), pieces)
        )


@dataclass(frozen=True)
class _Begun:
    """A file of which the beginning is made.

    Attributes:
        encoder: has what was made so far.
        size: of that, in bytes of samples.
        pieces: what follows.
    """

    encoder: Encoder
    size: int
    pieces: Generator[bytes, None, None]


class SpeechStream(Iterator[bytes]):
    """The bytes of a file, each as soon as it is made. Closing it ends the synthesis.

    Attributes:
        seconds: how long what was given so far sounds.
    """

    def __init__(
        self,
        engine: SpeechEngine,
        cache: SpeechCache,
        wanted: SpeechRequest,
        key: bytes | None,
        begun: _Begun,
    ) -> None:
        self.seconds = 0.0
        self._engine = engine
        self._cache = cache
        self._parts = self._encoded(wanted, key, begun)
        # Begun, so that closing it closes what it reads.
        next(self._parts)

    def __next__(self) -> bytes:
        return next(self._parts)

    def close(self) -> None:
        self._parts.close()

    def _encoded(self, wanted: SpeechRequest, key: bytes | None, begun: _Begun) -> Generator[bytes, None, None]:
        try:
            yield b""
            yield from self._remembered(self._parts_of(begun), wanted, key)
        except ClientGoneError:
            # Nobody is there to be told.
            return
        finally:
            begun.pieces.close()

    def _parts_of(self, begun: _Begun) -> Iterator[bytes]:
        encoder, size = begun.encoder, begun.size
        try:
            self.seconds = _seconds(self._engine, size)
            yield encoder.take()
            for piece in begun.pieces:
                encoder.write(piece)
                size += len(piece)
                self.seconds = _seconds(self._engine, size)
                yield encoder.take()
            encoder.close()
            yield encoder.take()
        except ClientGoneError:
            raise
        except Exception as error:
            # The status has left: only an answer that breaks off tells the client.
            log_event("error", "speech broke off", error)
            raise

    def _remembered(self, parts: Iterator[bytes], wanted: SpeechRequest, key: bytes | None) -> Iterator[bytes]:
        kept: list[bytes] | None = [] if key is not None and wanted.format.same_either_way else None
        size = 0
        for part in parts:
            size += len(part)
            if kept is not None and self._cache.fits(size):
                kept.append(part)
            else:
                kept = None
            if part:
                yield part
        if kept is not None and key is not None:
            self._cache.put(key, Speech(b"".join(kept), self.seconds))


def _audible(engine: SpeechEngine, wanted: SpeechRequest, is_gone: Callable[[], bool]) -> Generator[bytes, None, None]:
    """The engine's pieces; the first one has sound in it.

    Raises:
        RequestError: there is none.
        ClientGoneError: nobody hears them any more.
    """
    pieces = engine.speak(wanted.text, wanted.voice, wanted.speed, is_gone)
    try:
        first = b""
        while _seconds(engine, len(first)) < _SILENCE_SECONDS:
            piece = next(pieces, None)
            if piece is None:
                raise RequestError(
                    f"{wanted.text_field} holds nothing that the voice {wanted.voice} can speak; send words.",
                    param=wanted.text_field,
                    code="nothing_to_speak",
                )
            first += piece
        yield first
        yield from pieces
    finally:
        close = getattr(pieces, "close", None)
        if close:
            close()


def _seconds(engine: SpeechEngine, size: int) -> float:
    return size / _BYTES_A_SAMPLE / engine.sample_rate


def _key(wanted: SpeechRequest, caller: str | None) -> bytes | None:
    if caller is None:
        return None
    what = [caller, wanted.format.name, wanted.voice, wanted.speed, wanted.text]
    return hashlib.sha256(json.dumps(what).encode()).digest()
