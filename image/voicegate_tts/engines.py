"""The engines there are, and how each one is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .engine import SpeechEngine

if TYPE_CHECKING:
    from .settings import Settings


_SAMBERT_MODEL = "damo/speech_sambert-hifigan_tts_zh-cn_16k"


def _kokoro(settings: Settings) -> SpeechEngine:
    from .kokoro.engine import KokoroEngine

    return KokoroEngine(settings.model, settings.speech_threads)


def _espeak(settings: Settings) -> SpeechEngine:  # noqa: ARG001
    from .espeak_engine import EspeakEngine

    return EspeakEngine()


def _sambert(settings: Settings) -> SpeechEngine:
    from .sambert_engine import SambertEngine

    return SambertEngine(settings.model or _SAMBERT_MODEL)


# Each engine is imported only when it is chosen: what one of them needs is never asked of the others' users.
_ENGINES: Mapping[str, Callable[[Settings], SpeechEngine]] = {
    "kokoro": _kokoro,
    "espeak-ng": _espeak,
    "sambert-hifigan": _sambert,
}

#: The values that TTS_ENGINE may have, the default first.
ENGINE_NAMES = tuple(_ENGINES)


def create_engine(settings: Settings) -> SpeechEngine:
    """Loads the engine that the settings name.

    Raises:
        ConfigurationError: what the engine needs is not installed, or its model cannot be loaded.
    """
    return _ENGINES[settings.engine](settings)
