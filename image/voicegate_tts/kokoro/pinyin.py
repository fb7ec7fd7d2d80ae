"""Chinese characters → pinyin with tones, as they are said one after the other."""

from __future__ import annotations

import re
from importlib.resources import files

from pypinyin import Style, lazy_pinyin, load_phrases_dict
from pypinyin.contrib.tone_convert import to_tone
from pypinyin.seg.mmseg import Seg, seg

_PHRASES = "phrases.txt"
_NUMERALS = frozenset("零一二三四五六七八九十百千万亿两幺点第")
# Words in which 一 keeps its tone.
_ONE_STAYS = (
    "统一", "万一", "唯一", "单一", "专一", "同一", "周一", "星期一", "礼拜一", "初一", "其一", "之一", "一月",
    "一号", "一日", "一线",
    "一中", "一等", "一级", "一期", "一班", "一楼", "一层", "第一", "高一", "大一", "一流", "一二", "说一不二",
)  # fmt: skip
# How far a word with 一 reaches around it.
_REACH = max(map(len, _ONE_STAYS))


def _load() -> Seg:
    lines = files(__package__).joinpath(_PHRASES).read_text("utf-8").splitlines()
    phrases = (line.split() for line in lines if line and not line.startswith("#"))
    load_phrases_dict({word: [[to_tone(syllable)] for syllable in syllables] for word, *syllables in phrases})
    seg.train(iter([line.split()[0] for line in lines if line and not line.startswith("#")]))
    return seg


_segmenter = _load()
_HAN_OR_NOT = re.compile(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+")


def words(han: str) -> list[list[str]]:
    """A run of Chinese characters as words, each a list of syllables such as `hao3`; 5 is the neutral tone."""
    units: list[str] = list(_segmenter.cut(han))
    syllables: list[str] = []
    for unit in units:
        read = lazy_pinyin(unit, style=Style.TONE3, neutral_tone_with_five=True)
        syllables += read if len(read) == len(unit) else [""] * len(unit)
    in_word = [len(unit) > 1 for unit in units for _ in unit]
    _particles(han, syllables, in_word)
    _one_and_not(han, syllables)
    result: list[list[str]] = []
    start = 0
    for unit in units:
        result.append(syllables[start : start + len(unit)])
        start += len(unit)
    return result


def word_ends(text: str) -> list[int]:
    """Where the words of a text end, Chinese ones by the dictionary; between other characters everywhere."""
    ends: list[int] = []
    for run in _HAN_OR_NOT.findall(text):
        start = ends[-1] if ends else 0
        parts: list[str] = list(_segmenter.cut(run)) if _is_han(run[0]) else list(run)
        for part in parts:
            start += len(part)
            ends.append(start)
    return ends


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def _particles(han: str, syllables: list[str], in_word: list[bool]) -> None:
    """得, 地 and 着 outside of words that the dictionary knows."""
    last = len(han) - 1
    for index, character in enumerate(han):
        if in_word[index] or index == 0:
            continue
        if (character == "得" and index < last) or (character == "地" and 2 <= index < last):
            syllables[index] = "de5"
        elif character == "着":
            syllables[index] = "zhe5"


def _one_and_not(han: str, syllables: list[str]) -> None:
    """一 and 不 change their tone before others."""
    for index, character in enumerate(han):
        if character not in "一不":
            continue
        following = han[index + 1] if index + 1 < len(han) else ""
        tone = syllables[index + 1][-1:] if following else ""
        doubled = bool(following) and index > 0 and han[index - 1] == following
        if character == "不":
            syllables[index] = "bu5" if doubled else "bu2" if tone == "4" else "bu4"
        elif doubled:
            syllables[index] = "yi5"
        else:
            syllables[index] = _one(han, index, following, tone)


def _one(han: str, index: int, following: str, tone: str) -> str:
    around = han[max(0, index - _REACH + 1) : index + _REACH]
    at = index - max(0, index - _REACH + 1)
    for word in _ONE_STAYS:
        place = at - word.index("一")
        if place >= 0 and around.startswith(word, place):
            return "yi1"
    if index > 0 and han[index - 1] in _NUMERALS:
        return "yi1"
    if following and following in "百千":
        return "yi4"
    if following and following in "万亿":
        return "yi2"
    if not following or following in _NUMERALS:
        return "yi1"
    return "yi2" if tone == "4" or following == "个" else "yi4"
