"""Versions and names with numbers."""

from __future__ import annotations

from ..chinese_numbers import cardinal, digit_by_digit
from .rules import TO, Match, Rules

RULES = Rules()


RULES.says(r"(?<=[0-9]) ?[x×X] ?(?=[0-9]{3})", "乘")
RULES.says(rf"(?<=[A-Z][0-9]){TO}(?=[A-Z][0-9])", "到")
RULES.says(r"(?<![0-9A-Za-z])1[vV]1(?![0-9A-Za-z])", "一对一")


@RULES.on(r"(?<![0-9.])([0-9]{1,3}(?:\.[0-9]{1,4}){2,5})(?![0-9])")
def _version(m: Match) -> str:
    return "点".join(digit_by_digit(part) if len(part) > 2 else cardinal(int(part)) for part in m[1].split("."))


@RULES.on(r"([A-Za-z歼运轰直])[-–]([0-9]+)(?![0-9A-Z.,]|[a-z]{2})")
def _dashed_name(m: Match) -> str:
    return f"{m[1]}{cardinal(int(m[2])) if len(m[2]) < 3 else digit_by_digit(m[2])}"


@RULES.on(r"([A-Z])\.([0-9]+)(?![0-9.])")
def _dotted_name(m: Match) -> str:
    return f"{m[1]}点{digit_by_digit(m[2])}"


RULES.says(r"(?<=[0-9])-(?=[A-Z][a-z])", "")


RULES.says(r"(?<=[A-Za-z])/(?=[0-9])", " ")


@RULES.on(r"(?<![0-9A-Za-z.])11\.11(?=购物|大促|促销|活动|狂欢)")
def _singles_day(m: Match) -> str:  # noqa: ARG001
    return "双十一"
