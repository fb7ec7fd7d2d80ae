"""The engine: pieces of text through the front end and the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine import openai_voice_aliases
from ..errors import ConfigurationError
from ..espeak_library import espeak_library
from ..piecewise_engine import PiecewiseEngine
from ..reading.spell import spell
from .english import EnglishSpeech
from .model import model_bytes
from .phonemes import can_be_heard, has_words, transcribe
from .pinyin import word_ends
from .vocabulary import SILENT, VOCABULARY
from .voices import VOICES, Timbre, load_timbres

_SAMPLE_RATE = 24_000
# The model takes 510 signs at once and a frame's sign at both ends.
_MOST_SIGNS = 510
# What is quieter than this at both ends is the model's silence, in parts of full scale; and what is left of it.
_SILENCE = 0.005
_MARGIN = _SAMPLE_RATE * 3 // 100

_Samples = NDArray[np.float32]


class KokoroEngine(PiecewiseEngine):
    """Speaks through Kokoro-82M, Mandarin and English in one text.

    Args:
        model: the path of another model file; None: the one that requirements.txt brings.
        threads: that compute one piece; as many as the task has CPUs.

    Raises:
        ConfigurationError: the model or what runs it is not installed, or the file is not this model.
    """

    name = "kokoro"
    # Faster or slower than this the model slurs words.
    speeds = (0.5, 2.0)
    voices = tuple(VOICES)
    voice_aliases: Mapping[str, str] = openai_voice_aliases(female="zf_xiaoxiao", male="zm_yunxi")

    def __init__(self, model: str | None, threads: int) -> None:
        super().__init__(_SAMPLE_RATE)
        self._english = EnglishSpeech(espeak_library())
        self._timbres = load_timbres()
        self._session, self._run_options = _load(model, threads)
        self._warm_up()

    def _warm_up(self) -> None:
        """Speaks a word and reads numbers, so that the first caller waits for nothing."""
        for chinese in (True, False):
            spell("1+1=2, 7%", chinese)
        for _ in self.speak("你好 OK。", self.voices[0].id, 1.0):
            pass

    def _word_ends(self, text: str) -> list[int]:
        return word_ends(text)

    def _is_chinese_voice(self, voice: str) -> bool:
        return self._timbres[voice].chinese

    def _speak_piece(self, text: str, voice: str, speed: float) -> bytes:
        signs = transcribe(text, self._english)
        timbre = self._timbres[voice]
        if timbre.mixed is not None and has_words(text):
            timbre = timbre.mixed
        parts = [self._sound(part, timbre, speed) for part in _parts(signs) if can_be_heard(part)]
        if not parts:
            return b""
        samples = np.concatenate(parts)
        return (np.clip(samples, -1.0, 1.0) * 32_767).astype("<i2").tobytes()

    def _sound(self, signs: str, timbre: Timbre, speed: float) -> _Samples:
        numbers = [VOCABULARY[sign] for sign in signs if sign in VOCABULARY]
        inputs = {
            "tokens": np.array([[0, *numbers, 0]], np.int64),
            "style": timbre.style(len(numbers)),
            "speed": np.array([speed], np.float32),
        }
        samples: _Samples = self._session.run(None, inputs, self._run_options)[0].ravel()
        loud = np.flatnonzero(np.abs(samples) > _SILENCE)
        if not loud.size:
            return samples[:0]
        trimmed: _Samples = samples[max(int(loud[0]) - _MARGIN, 0) : int(loud[-1]) + _MARGIN]
        louder: _Samples = np.multiply(trimmed, np.float32(timbre.gain), dtype=np.float32)
        return louder


def _parts(signs: str) -> Iterator[str]:
    """Text that became very long in words is cut once more, at a space or a punctuation mark if there is one."""
    start = 0
    while len(signs) - start > _MOST_SIGNS:
        end = start + _MOST_SIGNS
        cut = next((at for at in range(end, start + _MOST_SIGNS // 2, -1) if signs[at - 1] in SILENT), end)
        yield signs[start:cut]
        start = cut
    yield signs[start:]


def _load(model: str | None, threads: int) -> tuple[Any, Any]:
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigurationError(
            f"TTS_ENGINE=kokoro needs ONNX Runtime ({error}); install it: pip install -r requirements.txt, "
            "or choose TTS_ENGINE=espeak-ng."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the CPU from the encoder and from other services.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    content = model_bytes(model)
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ConfigurationError(
            f"TTS_MODEL: {model!r} cannot be loaded ({type(error).__name__}: {str(error)[:200]}); it must be an ONNX "
            "export of Kokoro-82M."
        ) from error
    wanted = {"tokens", "style", "speed"}
    found = {each.name for each in session.get_inputs()}
    if found != wanted:
        raise ConfigurationError(
            f"TTS_MODEL: {model!r} has the inputs {', '.join(sorted(found))}, but must have "
            f"{', '.join(sorted(wanted))}, as kokoro-onnx exports them."
        )
    run_options = onnxruntime.RunOptions()
    # Gives the memory of a long piece back after it: else every length ever spoken stays allocated.
    run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return session, run_options
