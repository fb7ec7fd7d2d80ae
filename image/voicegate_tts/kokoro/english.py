"""English → the model's signs, by eSpeak NG's pronunciation."""

from __future__ import annotations

import re
from functools import lru_cache

from ..espeak_library import EspeakLibrary

_AMERICAN = "gmw/en-US"

# eSpeak NG's signs (a tie is ^) → the model's; longer ones first.
_SIGNS = (
    ("ʔˌn̩", "ʔn"), ("ʔn̩", "ʔn"), ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("t^ʃ", "ʧ"), ("ɔ^ɪ", "Y"),
    ("ə^l", "ᵊl"), ("ʲo", "jo"), ("ʲə", "jə"), ("o^ʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ʲ", ""),
    ("ɚ", "əɹ"),
    ("e", "A"), ("r", "ɹ"), ("x", "k"), ("ç", "k"), ("ɐ", "ə"), ("ɬ", "l"), ("\u0303", ""), ("ː", ""), ("o", "ɔ"),
    ("ɾ", "T"), ("ʔ", "t"), ("^", ""), ("-", ""),
)  # fmt: skip
_SYLLABIC = re.compile("(\\S)\u0329")

# Names that eSpeak NG takes for words or letters where people say the other.
_NAMES = {
    "nginx": "engine X", "aws": "A W S", "vip": "V I P", "ux": "U X", "iot": "I O T", "saas": "sass", "paas": "pass",
    "mysql": "my sequel", "ios": "I O S", "macos": "mac O S", "chatgpt": "chat G P T", "docx": "doc X", "exe": "E X E",
    "qq": "Q Q", "wifi": "why fye", "wi-fi": "why fye", "led": "L E D", "vs": "versus", "pk": "P K",
    "ceo": "C E O", "id": "I D", "ai": "A I", "ok": "O K", "db": "D B", "os": "O S", "pc": "P C",
    "tv": "T V", "kpi": "K P I", "okr": "O K R", "sku": "S K U", "usb": "U S B", "usb-c": "U S B C",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)?")


class EnglishSpeech:
    """Pronounces English. Safe to call from several threads."""

    def __init__(self, library: EspeakLibrary) -> None:
        self._library = library
        self._signs = lru_cache(maxsize=4096)(self._pronounce)

    def signs(self, text: str) -> str:
        """The signs of a few words, without punctuation."""
        return self._signs(text)

    def _pronounce(self, text: str) -> str:
        said = _WORD.sub(_name, text)
        with self._library.lock:
            self._library.select_voice(_AMERICAN)
            signs = self._library.phonemes(said)
        for theirs, ours in _SIGNS:
            signs = signs.replace(theirs, ours)
        return _SYLLABIC.sub(r"ᵊ\1", signs).strip()


def _name(match: re.Match[str]) -> str:
    word = match[0]
    # "it" and "up" are words, "IT" an abbreviation: only capitals are spelled where both exist.
    if word in ("IT", "US", "UP"):
        return " ".join(word)
    return _NAMES.get(word.lower(), word)
