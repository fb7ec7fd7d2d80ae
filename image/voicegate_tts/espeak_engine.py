"""The embedded engine: eSpeak NG in this process. It needs no model, no network and no disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .engine import FASTEST, SLOWEST, Voice, openai_voice_aliases
from .espeak_library import espeak_library
from .piecewise_engine import PiecewiseEngine
from .text import split_by_script

_NORMAL_RATE = 175
_FEMALE = "f3"
_MANDARIN = "sit/cmn"
_AMERICAN = "gmw/en-US"


@dataclass(frozen=True)
class _Languages:
    """eSpeak NG's languages for Chinese characters and for all other text, and the variant of both."""

    chinese: str
    other: str
    variant: str | None = None


_VOICES = (
    ("auto", "Chinese and English", "中文和英文", _Languages(_MANDARIN, _AMERICAN)),
    ("cmn", "Mandarin", "普通话", _Languages(_MANDARIN, _MANDARIN)),
    ("yue", "Cantonese", "粤语", _Languages("sit/yue", "sit/yue")),
    ("en-us", "English, American", "美式英语", _Languages(_AMERICAN, _AMERICAN)),
    ("en-gb", "English, British", "英式英语", _Languages("gmw/en", "gmw/en")),
)


class EspeakEngine(PiecewiseEngine):
    """Speaks through eSpeak NG. Voices are languages, each in a male and a female variant; `auto` chooses by script."""

    name = "espeak-ng"
    speeds = (SLOWEST, FASTEST)
    voice_aliases: Mapping[str, str] = openai_voice_aliases(female="auto-female", male="auto")

    def __init__(self) -> None:
        self._library = espeak_library()
        super().__init__(self._library.sample_rate)
        self._languages: dict[str, _Languages] = {}
        voices: list[Voice] = []
        for voice_id, label, label_zh, languages in _VOICES:
            voices.append(Voice(voice_id, f"{label} (male)", f"{label_zh}（男声）"))
            voices.append(Voice(f"{voice_id}-female", f"{label} (female)", f"{label_zh}（女声）"))
            self._languages[voice_id] = languages
            self._languages[f"{voice_id}-female"] = replace(languages, variant=_FEMALE)
        self.voices = tuple(voices)

    def _is_chinese_voice(self, voice: str) -> bool:
        return self._languages[voice].other != self._languages[voice].chinese or voice.startswith(("cmn", "yue"))

    def _speak_piece(self, text: str, voice: str, speed: float) -> bytes:
        languages = self._languages[voice]
        rate = round(_NORMAL_RATE * speed)
        parts: list[bytes] = []
        with self._library.lock:
            for chinese, run in _runs(text, languages):
                self._library.select_voice(languages.chinese if chinese else languages.other, languages.variant)
                self._library.select_rate(max(rate, self._library.slowest_rate))
                parts.append(self._library.speak(run))
        pcm = b"".join(parts)
        if rate < self._library.slowest_rate:
            pcm = self._library.stretch(pcm, rate / self._library.slowest_rate)
        return pcm


def _runs(text: str, languages: _Languages) -> list[tuple[bool, str]]:
    if languages.chinese == languages.other:
        return [(False, text)]
    return list(split_by_script(text))
