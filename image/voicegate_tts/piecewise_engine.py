"""What all engines have in common: text is cut into pieces, and listeners take turns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from functools import partial

from .engine import is_never_gone
from .pieces import Piece, pieces
from .reading.plain import plain
from .reading.spell import is_chinese, spell
from .turns import Turns

_BYTES_A_SAMPLE = 2


class PiecewiseEngine(ABC):
    """Speaks a text piece by piece.

    Args:
        sample_rate: samples a second of what `_speak_piece` gives, in Hz.
        makers: how many pieces the engine can make at the same time.
    """

    def __init__(self, sample_rate: int, makers: int = 1) -> None:
        self.sample_rate = sample_rate
        self._turns = Turns(_BYTES_A_SAMPLE * sample_rate, makers)

    def speak(
        self, text: str, voice: str, speed: float, is_gone: Callable[[], bool] = is_never_gone
    ) -> Iterator[bytes]:
        """See `SpeechEngine.speak`."""
        return self._turns.listen(self._jobs(text, voice, speed), is_gone)

    @abstractmethod
    def _speak_piece(self, text: str, voice: str, speed: float) -> bytes:
        """What `_read_aloud` gave, without a pause after it; nothing if there is nothing to say."""

    def _word_ends(self, text: str) -> Collection[int]:
        """Where a short text may be cut that has no punctuation: anywhere, for an engine that knows no words."""
        return range(1, len(text) + 1)

    def _is_chinese_voice(self, voice: str) -> bool:  # noqa: ARG002
        """Whether a voice reads numbers in Chinese where a text does not tell."""
        return True

    def _read_aloud(self, piece: Piece, voice: str) -> str:
        """A piece in words: its numbers, dates, units and signs as people say them."""
        by_default = self._is_chinese_voice(voice)
        chinese = is_chinese(piece.text, by_default=False) or is_chinese(piece.around, by_default)
        return spell(piece.text, chinese)

    def _jobs(self, text: str, voice: str, speed: float) -> Iterator[tuple[int, Callable[[], bytes]]]:
        for piece in pieces(plain(text), self._word_ends):
            yield len(piece.text), partial(self._with_pause, piece, voice, speed)

    def _with_pause(self, piece: Piece, voice: str, speed: float) -> bytes:
        sound = self._speak_piece(self._read_aloud(piece, voice), voice, speed)
        pause = round(piece.pause / speed * self.sample_rate) if sound else 0
        return sound + bytes(_BYTES_A_SAMPLE * pause)
