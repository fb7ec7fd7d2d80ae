"""The embedded engine: eSpeak NG in this process. It needs no model, no network and no disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .audio import Audio
from .engine import FASTEST, SLOWEST, Voice, openai_voice_aliases
from .espeak_library import espeak_library
from .text import split_by_script

_NORMAL_RATE = 175
_FEMALE = "+f3"


@dataclass(frozen=True)
class _Languages:
    """eSpeak NG's names of the languages for Chinese characters and for all other text."""

    chinese: str
    other: str


_VOICES = (
    ("auto", "Chinese and English", "中文和英文", _Languages("cmn", "en-us")),
    ("cmn", "Mandarin", "普通话", _Languages("cmn", "cmn")),
    ("yue", "Cantonese", "粤语", _Languages("yue", "yue")),
    ("en-us", "English, American", "美式英语", _Languages("en-us", "en-us")),
    ("en-gb", "English, British", "英式英语", _Languages("en", "en")),
)


class EspeakEngine:
    """Speaks through eSpeak NG. Voices are languages, each in a male and a female variant; `auto` chooses by script."""

    name = "espeak-ng"
    speeds = (SLOWEST, FASTEST)
    voice_aliases: Mapping[str, str] = openai_voice_aliases(female="auto-female", male="auto")

    def __init__(self) -> None:
        self._library = espeak_library()
        self._languages: dict[str, _Languages] = {}
        voices: list[Voice] = []
        for voice_id, label, label_zh, languages in _VOICES:
            voices.append(Voice(voice_id, f"{label} (male)", f"{label_zh}（男声）"))
            voices.append(Voice(f"{voice_id}-female", f"{label} (female)", f"{label_zh}（女声）"))
            self._languages[voice_id] = languages
            self._languages[f"{voice_id}-female"] = _Languages(languages.chinese + _FEMALE, languages.other + _FEMALE)
        self.voices = tuple(voices)

    def synthesize(self, text: str, voice: str, speed: float) -> Audio:
        languages = self._languages[voice]
        rate = round(_NORMAL_RATE * speed)
        parts: list[bytes] = []
        with self._library.lock:
            for chinese, run in _runs(text, languages):
                self._library.select_voice(languages.chinese if chinese else languages.other)
                self._library.select_rate(max(rate, self._library.slowest_rate))
                parts.append(self._library.speak(run))
        pcm = b"".join(parts)
        if rate < self._library.slowest_rate:
            pcm = self._library.stretch(pcm, rate / self._library.slowest_rate)
        return Audio(pcm, self._library.sample_rate)


def _runs(text: str, languages: _Languages) -> list[tuple[bool, str]]:
    if languages.chinese == languages.other:
        return [(False, text)]
    return list(split_by_script(text))
