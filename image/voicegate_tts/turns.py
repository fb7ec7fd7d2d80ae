"""Listeners take turns at an engine, piece by piece, and what is made ahead waits in bounded memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from .engine import is_never_gone
from .errors import ClientGoneError

#: Sound made ahead of a listener waits in at most this many bytes (one piece more when the last one crosses it).
BUFFER_BYTES = 8 * 1024 * 1024

# A listener who waits this long for a piece goes before a newcomer whose piece is as much shorter.
_CHARACTERS_A_SECOND = 10.0

# Seconds after which a listener who waits for a piece is looked after: a piece takes a few times as long.
_GLANCE_SECONDS = 0.25


class Turns:
    """Makes pieces on threads of its own, at most `makers` at once.

    The next piece is made for the listener whose sound would run out first. Those who hear nothing yet, or whose sound
    has run out, come before all others, among them the one with the shortest piece; waiting makes up for length.

    Args:
        bytes_a_second: of the sound that is made.
        makers: how many pieces may be made at the same time.
    """

    def __init__(self, bytes_a_second: int, makers: int = 1) -> None:
        self._bytes_a_second = bytes_a_second
        self._makers = makers
        self._running = 0
        self._changed = threading.Condition()
        self._listeners: list[_Listener] = []

    def listen(
        self, jobs: Iterator[tuple[int, Callable[[], bytes]]], is_gone: Callable[[], bool] = is_never_gone
    ) -> Iterator[bytes]:
        """The results of the jobs, in their order, each as soon as it is there.

        Args:
            jobs: what to call, each with the length of its text. An exception of one of them is raised here.
            is_gone: whether nobody hears them any more; asked while a result is waited for, and before it is given.

        Raises:
            ClientGoneError: nobody hears them any more. No further job is begun.
        """
        listener = _Listener(jobs)
        if not listener.advance():
            return
        try:
            with self._changed:
                self._listeners.append(listener)
                self._start_makers()
                self._changed.notify_all()
            while (piece := self._take(listener, is_gone)) is not None:
                yield piece
        finally:
            # Without the lock: who is forgotten unclosed ends here on whichever thread collects the garbage, also on
            # one for which the holder of the lock waits, such as a maker that is being started.
            listener.leave()

    def _take(self, listener: _Listener, is_gone: Callable[[], bool]) -> bytes | None:
        with self._changed:
            while not listener.made:
                if listener.error is not None:
                    raise listener.error
                if listener.job is None and not listener.busy:
                    return None
                if is_gone():
                    raise ClientGoneError
                self._changed.wait(_GLANCE_SECONDS)
            if is_gone():
                raise ClientGoneError
            piece = listener.made.popleft()
            listener.waiting_bytes -= len(piece)
            if listener.first_heard is None:
                listener.first_heard = time.monotonic()
            self._start_makers()
            self._changed.notify_all()
            return piece

    def _start_makers(self) -> None:
        """Forgets who is gone, and sees to it that there is somebody to make what is wanted.

        Makers end when there is nothing to do, so an idle service has no threads of ours.
        """
        self._listeners = [listener for listener in self._listeners if not listener.gone]
        while self._running < min(self._makers, sum(listener.wants for listener in self._listeners)):
            # No daemon: a process that ended in the middle of a piece would crash in the engine's own code.
            threading.Thread(target=self._make, daemon=False, name="speech").start()
            self._running += 1

    def _make(self) -> None:
        while True:
            with self._changed:
                if not threading.main_thread().is_alive():
                    self._end()
                    return
                listener = min(
                    (each for each in self._listeners if each.wants),
                    key=lambda each: each.urgency(self._bytes_a_second),
                    default=None,
                )
                if listener is None or listener.job is None:
                    self._running -= 1
                    return
                _, job = listener.job
                listener.busy = True
            piece: bytes | None = None
            error: BaseException | None = None
            try:
                piece = job()
                listener.advance()
            except BaseException as raised:
                error = raised
            with self._changed:
                listener.take(piece, error)
                self._changed.notify_all()

    def _end(self) -> None:
        """The process ends: whoever still waits is told."""
        self._running -= 1
        for listener in self._listeners:
            listener.take(None, RuntimeError("the process ends"))
        self._changed.notify_all()


class _Listener:
    """Who waits for the pieces of one text."""

    def __init__(self, jobs: Iterator[tuple[int, Callable[[], bytes]]]) -> None:
        self._jobs = jobs
        self.job: tuple[int, Callable[[], bytes]] | None = None
        self.made: deque[bytes] = deque()
        self.waiting_bytes = 0
        self.made_bytes = 0
        self.first_heard: float | None = None
        self.asked = time.monotonic()
        self.busy = False
        self.gone = False
        self.error: BaseException | None = None

    def advance(self) -> bool:
        """Goes to the next job; whether there is one."""
        self.job = next(self._jobs, None)
        return self.job is not None

    def leave(self) -> None:
        """Nobody listens any more. Safe without any lock."""
        self.gone = True
        self.made.clear()

    @property
    def wants(self) -> bool:
        """Whether a piece may be made for it now."""
        return not (self.busy or self.gone or self.job is None or self.waiting_bytes >= BUFFER_BYTES)

    def take(self, piece: bytes | None, error: BaseException | None) -> None:
        """Keeps what was made, until it is fetched."""
        self.busy = False
        self.asked = time.monotonic()
        if error is not None:
            self.error = error
            self.job = None
        if piece and not self.gone:
            self.made.append(piece)
            self.waiting_bytes += len(piece)
            self.made_bytes += len(piece)

    def urgency(self, bytes_a_second: int) -> tuple[float, float]:
        """Least first: seconds of sound that it has ahead; then the length of its piece, less what it waited."""
        now = time.monotonic()
        heard = 0.0 if self.first_heard is None else now - self.first_heard
        ahead = max(0.0, self.made_bytes / bytes_a_second - heard)
        length = self.job[0] if self.job else 0
        return ahead, length - _CHARACTERS_A_SECOND * (now - self.asked)
