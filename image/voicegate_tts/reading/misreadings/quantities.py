"""Percent, temperatures, fractions and ordinals."""

from __future__ import annotations

from ..chinese_numbers import cardinal, number
from ..units import UNITS
from .rules import NO_DIGIT, TO, Match, N, Rules

RULES = Rules()


@RULES.on(rf"{NO_DIGIT}({N}) ?%?{TO}({N}) ?%")
def _percents(m: Match) -> str:
    return f"百分之{number(m[1])}到百分之{number(m[2])}"


@RULES.on(rf"(±|[-+])?{NO_DIGIT}({N}) ?([%‰])")
def _percent(m: Match) -> str:
    sign = {"±": "正负", "-": "负", "+": "正"}.get(m[1] or "", "")
    return f"{sign}{'百分之' if m[3] == '%' else '千分之'}{number(m[2])}"


@RULES.on(rf"(?<![0-9A-Za-z.])-({N}) ?(?:(℃|°C|度)|(?={TO}-?{N} ?(?:℃|°C|度)))")
def _below_zero(m: Match) -> str:
    return "零下" + number(m[1]) + UNITS.get(m[2] or "", m[2] or "")


@RULES.on(rf"([零一二三四五六七八九十百点]){TO}(-?)({N}) ?(℃|°C|度)")
def _from_below_zero(m: Match) -> str:
    return f"{m[1]}到{'零下' if m[2] else ''}{number(m[3])}{UNITS.get(m[4], m[4])}"


@RULES.on(r"(?:第)([0-9]+)" + TO + r"([0-9]+)")
def _ordinals(m: Match) -> str:
    return f"第{number(m[1])}到{number(m[2])}"


@RULES.on(r"第([0-9]+)")
def _ordinal(m: Match) -> str:
    return "第" + number(m[1])


@RULES.on(r"(?<![A-Za-z])(?:No|NO|no)\.? ?([0-9]+)")
def _number_sign(m: Match) -> str:
    return "第" + number(m[1])


@RULES.on(r"(血压[^0-9]{0,4})([0-9]{2,3})/([0-9]{2,3})(?![0-9])")
def _blood_pressure(m: Match) -> str:
    return f"{m[1]}{cardinal(int(m[2]))}，{cardinal(int(m[3]))}"


@RULES.on(r"(?<![0-9A-Za-z./])([0-9]{1,3})[/⁄]([1-9][0-9]{0,3})(?![0-9A-Za-z/])")
def _fraction(m: Match) -> str:
    return f"{cardinal(int(m[2]))}分之{cardinal(int(m[1]))}"
