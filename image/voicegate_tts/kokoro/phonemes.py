"""Text in words → the model's signs: Chinese by pinyin, the rest by English pronunciation."""

from __future__ import annotations

import re

from . import pinyin, syllables
from .english import EnglishSpeech
from .vocabulary import SILENT, VOCABULARY

_HAN = r"\u3007\u3400-\u9fff\uf900-\ufaff"
# Words of one language go to its pronunciation together, with what stands inside of them.
_RUN = re.compile(
    rf"(?P<han>[{_HAN}]+)|(?P<latin>[^\W\d_{_HAN}](?:[^\W{_HAN}]|['’.\- ](?=[^\W{_HAN}]))*)"
    r"|(?P<digits>[0-9]+)|(?P<sign>.)",
    re.DOTALL,
)
_PUNCTUATION = {
    "，": ",", "、": ",", "。": ".", "！": "!", "？": "?", "；": ";", "：": ":", "（": "(", "）": ")", "【": "(",
    "】": ")", "《": "“",
    "》": "”", "「": "“", "」": "”", "『": "“", "』": "”", "‘": "“", "～": ",", "\n": ".", "·": " ", "[": "(",
    "]": ")", "〈": "“",
    "〉": "”", "–": "—",
}  # fmt: skip
_SPACE_AFTER = frozenset(",.!?;:—…")


def transcribe(text: str, english: EnglishSpeech) -> str:
    """The signs of a piece; signs that the model does not know are left out."""
    signs: list[str] = []
    for match in _RUN.finditer(text):
        if match["han"]:
            signs.append("".join(syllables.signs(syllable) for word in pinyin.words(match[0]) for syllable in word))
        elif match["latin"] or match["digits"]:
            signs.append(f" {english.signs(match[0])} ")
        else:
            sign = _PUNCTUATION.get(match[0], match[0])
            if sign in SILENT:
                signs.append(f"{sign} " if sign in _SPACE_AFTER else sign)
    return _tidy("".join(signs))


def has_words(text: str) -> bool:
    """Whether anything in it is pronounced in English."""
    return any(match["latin"] for match in _RUN.finditer(text))


def can_be_heard(signs: str) -> bool:
    """Whether there is anything to say: of punctuation alone the model makes a noise."""
    return any(sign in VOCABULARY and sign not in SILENT for sign in signs)


def _tidy(signs: str) -> str:
    return re.sub(r" +(?=[,.!?;: ])", "", signs).strip()
