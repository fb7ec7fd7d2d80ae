"""Ranges and units."""

from __future__ import annotations

from ..chinese_numbers import number
from ..units import UNITS
from .rules import TO, UNIT, Match, N, Rules, counted

RULES = Rules()


@RULES.on(rf"(?<![A-Za-z0-9.])({N}) ?({UNIT})?{TO}({N}) ?({UNIT})?(?![0-9A-Za-z=]|[-/][0-9])")
def _range(m: Match) -> str:
    following = m.string[m.end() : m.end() + 1]
    if not (m[4] or m[2] or (following and not following.isascii())) or "=" in following:
        return m[0]
    unit = UNITS[m[4]] if m[4] else ""
    first = UNITS[m[2]] if m[2] else ""
    return f"{counted(m[1], first or unit or following)}{first}到{number(m[3])}{unit}"


@RULES.on(rf"(?<![A-Za-z0-9.])(±|-)?({N}) ?({UNIT})(?![A-Za-z0-9])")
def _measure(m: Match) -> str:
    sign = {"±": "正负", "-": "负"}.get(m[1] or "", "")
    return f"{sign}{counted(m[2], UNITS[m[3]])}{UNITS[m[3]]}"


_WORDS = "|".join(sorted(set(UNITS.values()), key=len, reverse=True))


@RULES.on(rf"({_WORDS}) ?/(?:({UNIT})(?![A-Za-z])|(?=[0-9一时小天日秒分月年次人]))")
def _rate(m: Match) -> str:
    return f"{m[1]}每{UNITS[m[2]] if m[2] else ''}"
