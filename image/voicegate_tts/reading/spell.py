"""Puts numbers, dates, units and signs into words, in Chinese or in English."""

from __future__ import annotations

import re
import threading
from functools import cache

from wetext import Normalizer

from .chinese_numbers import number
from .misreadings import mend

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_WORD = re.compile(r"[A-Za-z]{3,}")
_DIGIT = re.compile(r"[0-9]")
_NUMBER = re.compile(r"[0-9]+")
_NOT_ONLY_WORDS = re.compile(r"[0-9$€£¥%@&+=/<>°]|\w\.\w")

_DOMAIN = re.compile(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z]{2})")
_MACHINE_NAME = re.compile(
    r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,18}(?:[:/][A-Za-z0-9._~/+:-]{0,60})?"
)
_IN_CHINESE = (
    (re.compile(r"(?<=[A-Za-z0-9])@(?=[A-Za-z0-9])"), "艾特"),
    (re.compile(r"(?<=[A-Za-z])\+\+"), "加加"),
    (re.compile(r"(?<=[A-Z])#"), "井"),
    (re.compile(r" ?& ?"), "和"),
    (re.compile(r"(?<=[A-Za-z])\+(?=[A-Za-z])"), "加"),
    (re.compile(r"(?<=[A-Za-z])/(?=[A-Za-z])"), " "),
    (re.compile(r"[@#^\\{}~|]"), " "),
    (re.compile(r"(?<=[\u3400-\u9fff])/(?=[\u3400-\u9fff])"), "，"),
)
_DECADE = re.compile(r"(?<![0-9])(1[0-9]|20)([0-9])0s(?![A-Za-z0-9])")
_DECADES = (
    "hundreds",
    "tens",
    "twenties",
    "thirties",
    "forties",
    "fifties",
    "sixties",
    "seventies",
    "eighties",
    "nineties",
)
_CENTURIES = {
    "20": "two thousand",
    "19": "nineteen",
    "18": "eighteen",
    "17": "seventeen",
    "16": "sixteen",
    "15": "fifteen",
}
_IN_ENGLISH = (
    (re.compile(r"(?<=[0-9]{3})-(?=[0-9]{3,4})"), " "),
    (re.compile(r"(?<=[A-Za-z])-(?=[0-9])"), " "),
    (re.compile(r"(?<=[A-Za-z])\+\+"), " plus plus"),
    (re.compile(r"(?<=[A-Z])#"), " sharp"),
    (re.compile(r"[#^\\{}~|]"), " "),
)

# The library's automata are shared and not written for threads.
_lock = threading.Lock()


def is_chinese(text: str, by_default: bool = True) -> bool:
    """Whether numbers of a text are read in Chinese: it has Chinese characters, or too few words to be English."""
    if _HAN.search(text):
        return True
    return by_default and len(_WORD.findall(text)) < 2


def spell(text: str, chinese: bool) -> str:
    """A piece of plain text (see `plain`) in words."""
    return _spell_chinese(text) if chinese else _spell_english(text)


def _spell_chinese(text: str) -> str:
    if "." in text:
        text = _MACHINE_NAME.sub(_machine_name, text)
    text = mend(text)
    if _DIGIT.search(text):
        text = _normalize("zh", text)
    for pattern, words in _IN_CHINESE:
        text = pattern.sub(words, text)
    return _NUMBER.sub(lambda match: number(match[0]), text)


def _machine_name(match: re.Match[str]) -> str:
    """Hosts and addresses: their dots and slashes are said."""
    said = _DOMAIN.sub("点", match[0])
    return said.replace("/", "斜杠") if said != match[0] else said


def _spell_english(text: str) -> str:
    if not _NOT_ONLY_WORDS.search(text):
        return text
    text = _DECADE.sub(_decade, text)
    for pattern, words in _IN_ENGLISH:
        text = pattern.sub(words, text)
    return _normalize("en", text)


def _decade(match: re.Match[str]) -> str:
    century = _CENTURIES.get(match[1])
    return f"{century} {_DECADES[int(match[2])]}" if century else match[0]


def _normalize(language: str, text: str) -> str:
    with _lock:
        try:
            return str(_normalizer(language).normalize(text))
        except RuntimeError:
            # It has no way through this text: the numbers are left to whoever reads on.
            return text


@cache
def _normalizer(language: str) -> Normalizer:
    return Normalizer(lang=language, operator="tn")
