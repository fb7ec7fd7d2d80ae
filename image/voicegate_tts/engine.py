"""What the service needs of a speech engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .audio import Audio

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

    def synthesize(self, text: str, voice: str, speed: float) -> Audio:
        """Speaks.

        Args:
            text: clean text (see `clean_text`).
            voice: the id of one of `voices`.
            speed: within `speeds`.
        """


def openai_voice_aliases(female: str, male: str) -> dict[str, str]:
    """Maps OpenAI's voices to one female and one male voice of an engine."""
    return {**dict.fromkeys(OPENAI_FEMALE_VOICES, female), **dict.fromkeys(OPENAI_MALE_VOICES, male)}
