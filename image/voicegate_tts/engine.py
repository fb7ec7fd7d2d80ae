"""What the service needs of a speech engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

SLOWEST = 0.25
FASTEST = 4.0

# OpenAI's voices, so that its clients work unchanged; which of an engine's voices they mean is the engine's business.
OPENAI_FEMALE_VOICES = ("coral", "fable", "marin", "nova", "sage", "shimmer")
OPENAI_MALE_VOICES = ("alloy", "ash", "ballad", "cedar", "echo", "onyx", "verse")


@dataclass(frozen=True)
class Voice:
    """A voice that callers can ask for by its id.

    Attributes:
        id: what callers send.
        label: what the page shows in English.
        label_zh: what the page shows in Chinese.
    """

    id: str
    label: str
    label_zh: str


def is_never_gone() -> bool:
    """For those who close the iterator when they have heard enough."""
    return False


class SpeechEngine(Protocol):
    """Turns text into sound. Implementations are safe to call from several threads."""

    @property
    def name(self) -> str:
        """The name that TTS_ENGINE chooses it by."""

    @property
    def voices(self) -> Sequence[Voice]:
        """The voices, the default first."""

    @property
    def voice_aliases(self) -> Mapping[str, str]:
        """Other names of voices: name → voice id."""

    @property
    def speeds(self) -> tuple[float, float]:
        """The slowest and the fastest speed, as multiples of the normal one."""

    @property
    def sample_rate(self) -> int:
        """Samples a second of what `speak` gives, in Hz."""

    def speak(
        self, text: str, voice: str, speed: float, is_gone: Callable[[], bool] = is_never_gone
    ) -> Iterator[bytes]:
        """Speaks piece by piece, as the pieces are made: 16-bit signed little-endian mono samples, pauses included.

        Closing the iterator ends the synthesis after the piece that is being made. Whoever reads slowly holds nobody
        up: pieces made ahead wait in a bounded buffer. Text in which there is nothing to say gives no piece.

        Args:
            text: clean text (see `clean_text`).
            voice: the id of one of `voices`.
            speed: within `speeds`.
            is_gone: whether nobody hears it any more; asked again and again while a piece is made.

        Raises:
            ClientGoneError: nobody hears it any more; the synthesis ends as if the iterator was closed.
        """


def openai_voice_aliases(female: str, male: str) -> dict[str, str]:
    """Maps OpenAI's voices to one female and one male voice of an engine."""
    return {**dict.fromkeys(OPENAI_FEMALE_VOICES, female), **dict.fromkeys(OPENAI_MALE_VOICES, male)}
