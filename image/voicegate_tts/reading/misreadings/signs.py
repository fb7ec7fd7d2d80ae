"""Sums, signs, and numbers that the library takes for dates."""

from __future__ import annotations

from ..chinese_numbers import digit_by_digit, number
from .rules import COUNTED, Match, Rules

RULES = Rules()


_SIGNS = {
    ">=": "大于等于", "≥": "大于等于", "<=": "小于等于", "≤": "小于等于", "≈": "约等于", "≠": "不等于", "=": "等于",
    ">": "大于",
    "<": "小于",
}  # fmt: skip


RULES.says(r"(?<=[0-9A-Za-z)])²", "的平方")
RULES.says(r"(?<=[0-9A-Za-z)])³", "的立方")
RULES.says(r"(?<=[次个元块件人条米升斤克度瓶包盒])/(?=[秒分天日周月年次人个件小时])", "每")
RULES.says(r"(?<=分之[一二三四五六七八九十]|的[平立]方) ?\+ ?", "加")


@RULES.on(r"([0-9])\^([0-9]{1,4})")
def _power(m: Match) -> str:
    return f"{m[1]}的{number(m[2])}次方"


RULES.says(r"(?<=[0-9]) ?[×✕*] ?(?=[0-9])", "乘")


RULES.says(r" ?÷ ?", "除以")


RULES.says(r"(?<=[0-9]) ?\+ ?(?=[0-9])", "加")


RULES.says(r"(?<=[0-9]) ?- ?(?=[0-9.]{1,20} ?=)", "减")


RULES.says(rf"(?<=[0-9])\+(?=[{COUNTED}\u4e00-\u9fff])", "多")


@RULES.on(r" ?(>=|≥|<=|≤|≈|≠|=|>|<) ?(?=[-±]?[0-9零一二三四五六七八九十负两百])")
def _comparison(m: Match) -> str:
    return _SIGNS[m[1]]


RULES.says(r"约约等于", "约等于")


RULES.says(r"±(?=[0-9零一二三四五六七八九])", "正负")


RULES.says(r"(?<![0-9A-Za-z])-(?=[0-9])", "负")


RULES.says(rf"(?<![0-9A-Za-z.])2(?= ?[{COUNTED}](?!百分)|[至到][0-9]{{1,4}} ?[{COUNTED}])", "两")


@RULES.on(r"(?<=[A-Za-z])([0-9]{3,})(?![0-9.])")
def _long_name(m: Match) -> str:
    return digit_by_digit(m[1])


@RULES.on(r"(?<![0-9.,])(0[0-9]+)(?![0-9.])|(?<![0-9.,])([0-9]{12,})(?![0-9.])")
def _digits(m: Match) -> str:
    return digit_by_digit(m[0])


@RULES.on(r"(?<![0-9.,])((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)\.[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?![0-9.])")
def _decimal(m: Match) -> str:
    return number(m[1])
