"""Speech that was made lately, in memory: whoever seeks in it or hears it again need not wait."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Speech:
    """A whole file.

    Attributes:
        data: its bytes.
        seconds: how long it sounds.
    """

    data: bytes
    seconds: float

    @cached_property
    def etag(self) -> str:
        """Names the bytes, so that no client joins two versions of one speech."""
        return hashlib.sha256(self.data).hexdigest()[:32]


class SpeechCache:
    """Bounded by size and by time; what was used last stays longest. Safe to call from several threads.

    It holds sound and hashes, never the text, and writes nothing to disk.

    Args:
        max_bytes: of all files together; one that takes more than half of it is not kept. 0: nothing is kept.
        max_seconds: after which a file is forgotten, counted from when it was made.
        clock: seconds that only grow.
    """

    def __init__(self, max_bytes: int, max_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._clock = clock
        self._lock = threading.Lock()
        # What was used last stands last.
        self._entries: OrderedDict[bytes, Speech] = OrderedDict()
        # When each was made; what was made last stands last.
        self._made: dict[bytes, float] = {}
        self._bytes = 0

    def get(self, key: bytes) -> Speech | None:
        with self._lock:
            self._forget_old()
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry

    def fits(self, size: int) -> bool:
        """Whether a file of so many bytes would be kept."""
        return 2 * size <= self._max_bytes

    def put(self, key: bytes, speech: Speech) -> None:
        if not self.fits(len(speech.data)):
            return
        with self._lock:
            self._forget_old()
            self._forget(key)
            self._entries[key] = speech
            self._made[key] = self._clock()
            self._bytes += len(speech.data)
            while self._bytes > self._max_bytes:
                self._forget(next(iter(self._entries)))

    def _forget_old(self) -> None:
        oldest = self._clock() - self._max_seconds
        while self._made and (first := next(iter(self._made.items())))[1] < oldest:
            self._forget(first[0])

    def _forget(self, key: bytes) -> None:
        self._made.pop(key, None)
        entry = self._entries.pop(key, None)
        if entry:
            self._bytes -= len(entry.data)
