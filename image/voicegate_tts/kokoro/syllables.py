"""Pinyin with a tone number → the model's signs, in the notation in which it learned Mandarin."""

from __future__ import annotations

import re
from functools import lru_cache

# Where the tone's arrow goes in a final.
_TONE = "0"
_ARROWS = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}

_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s", "": "",
}  # fmt: skip
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0", "en": "ə0n", "eng": "ə0ŋ",
    "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0", "in": "i0n", "iu": "jou0",
    "ing": "i0ŋ", "iong": "jʊ0ŋ", "ong": "ʊ0ŋ", "ou": "ou0", "u": "u0", "ui": "wei0", "ua": "wa0", "uai": "wai0",
    "uan": "wa0n", "un": "wə0n", "uang": "wa0ŋ", "ueng": "wə0ŋ", "uo": "wo0", "o": "wo0", "v": "y0", "ve": "ɥe0",
    "van": "ɥɛ0n", "vn": "y0n", "io": "jɔ0",
}  # fmt: skip
# Syllables that are written without an initial.
_WHOLE = {
    "yi": "i", "ya": "ia", "yan": "ian", "yang": "iang", "yao": "iao", "ye": "ie", "yin": "in", "you": "iu",
    "ying": "ing", "yong": "iong", "yu": "v", "yue": "ve", "yuan": "van", "yun": "vn", "wu": "u", "wa": "ua",
    "wai": "uai", "wan": "uan", "wang": "uang", "wei": "ui", "wen": "un", "weng": "ueng", "wo": "uo", "yai": "ia",
    "yo": "io",
}  # fmt: skip
_ALONE = {
    "er": "ɚ0", "r": "ɚ0", "o": "ɔ0", "ê": "ɛ0", "m": "m0", "n": "n0", "ng": "ŋ0", "hm": "hm0", "hng": "hŋ0",
}  # fmt: skip
_BUZZING = frozenset({"zh", "ch", "sh", "r", "z", "c", "s"})
_SYLLABLE = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcs]?)([a-zêü]{1,5})([1-5])")


@lru_cache(maxsize=4096)
def signs(pinyin: str) -> str:
    """The signs of one syllable such as `hao3`; nothing for what is no pinyin."""
    match = _SYLLABLE.fullmatch(pinyin)
    if not match:
        return ""
    base, tone = pinyin[:-1].replace("ü", "v"), _ARROWS[match[3]]
    if base in _ALONE:
        return _ALONE[base].replace(_TONE, tone)
    if base in _WHOLE:
        return _FINALS[_WHOLE[base]].replace(_TONE, tone)
    initial, final = match[1], match[2].replace("ü", "v")
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    if final == "i" and initial in _BUZZING:
        return f"{_INITIALS[initial]}ɨ{tone}"
    return _INITIALS[initial] + _FINALS[final].replace(_TONE, tone) if final in _FINALS else ""
