"""The neural engine: Alibaba's Sambert-HiFiGAN through ModelScope's pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .audio import Audio
from .engine import Voice, openai_voice_aliases
from .errors import ConfigurationError
from .piecewise_engine import PiecewiseEngine

# The models say their rate only with their sound: 16 kHz for nearly all of them; others are brought to it.
_SAMPLE_RATE = 16_000

_KNOWN_VOICES = {
    "zhitian_emo": Voice("zhitian_emo", "Zhitian (female)", "知甜（女声）"),
    "zhiyan_emo": Voice("zhiyan_emo", "Zhiyan (female)", "知燕（女声）"),
    "zhizhe_emo": Voice("zhizhe_emo", "Zhizhe (male)", "知哲（男声）"),
    "zhibei_emo": Voice("zhibei_emo", "Zhibei (child)", "知贝（童声）"),
}


class SambertEngine(PiecewiseEngine):
    """Speaks through a Sambert-HiFiGAN model, Chinese with embedded English.

    Args:
        model: a ModelScope model id, downloaded into MODELSCOPE_CACHE on the first start, or a folder with the model.

    Raises:
        ConfigurationError: ModelScope is not installed, or the model cannot be loaded.
    """

    name = "sambert-hifigan"
    # The pipeline takes a text and a voice, and nothing else.
    speeds = (1.0, 1.0)

    def __init__(self, model: str) -> None:
        try:
            from modelscope.outputs import OutputKeys
            from modelscope.pipelines import pipeline
            from modelscope.utils.constant import Tasks
        except ImportError as error:
            raise ConfigurationError(
                f"TTS_ENGINE=sambert-hifigan needs ModelScope with its audio packages ({error}); install them: "
                'pip install "modelscope[audio]" -f https://modelscope.oss-cn-beijing.aliyuncs.com/releases/repo.html, '
                "or choose TTS_ENGINE=espeak-ng."
            ) from error
        try:
            self._pipeline: Any = pipeline(task=Tasks.text_to_speech, model=model)
        except Exception as error:
            raise ConfigurationError(
                f"TTS_MODEL: the model {model!r} cannot be loaded ({type(error).__name__}: {error}); it must be the "
                "id of a Sambert-HiFiGAN model that ModelScope can reach, or a folder that holds one, and "
                "MODELSCOPE_CACHE a folder that can be written."
            ) from error
        self._output_key: str = OutputKeys.OUTPUT_WAV
        super().__init__(sample_rate=_SAMPLE_RATE)
        self.voices = _voices_of(self._pipeline, model)
        names = [voice.id for voice in self.voices]
        self.voice_aliases: Mapping[str, str] = openai_voice_aliases(
            female=names[0], male="zhizhe_emo" if "zhizhe_emo" in names else names[-1]
        )

    def _speak_piece(self, text: str, voice: str, speed: float) -> bytes:  # noqa: ARG002
        output = self._pipeline(input=text, voice=voice)
        return Audio.from_wav(output[self._output_key]).resampled(self.sample_rate).pcm


def _voices_of(loaded: Any, model: str) -> tuple[Voice, ...]:  # noqa: ANN401
    """A model brings its own voices; they are asked for, so that a model with others than the usual four works."""
    get_voices = getattr(loaded.model, "get_voices", None)
    names = list(get_voices()[0]) if get_voices else list(_KNOWN_VOICES)
    if not names:
        raise ConfigurationError(f"TTS_MODEL: the model {model!r} has no voices; choose another model.")
    usual = [name for name in _KNOWN_VOICES if name in names]
    others = sorted(name for name in names if name not in _KNOWN_VOICES)
    return tuple(_KNOWN_VOICES.get(name, Voice(name, name, name)) for name in [*usual, *others])
