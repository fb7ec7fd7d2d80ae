"""Money."""

from __future__ import annotations

from ..chinese_numbers import DIGITS, number
from ..units import CURRENCIES
from .rules import CURRENCY, SCALE, Match, N, Rules, counted

RULES = Rules()


@RULES.on(rf"(?<![A-Za-z])({CURRENCY}) ?(-)?({N})( ?{SCALE})?(?:元|美元|欧元|英镑|日元)?")
def _money(m: Match) -> str:
    return f"{'负' if m[2] else ''}{number(m[3])}{(m[4] or '').strip()}{CURRENCIES[m[1]]}"


@RULES.on(r"(?<![0-9.])([0-9]+)块([0-9])(?![0-9个])")
def _colloquial_money(m: Match) -> str:
    return f"{counted(m[1], '块')}块{DIGITS[int(m[2])]}"
