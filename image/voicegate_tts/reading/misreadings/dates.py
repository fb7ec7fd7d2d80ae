"""Dates."""

from __future__ import annotations

from ..chinese_numbers import cardinal, digit_by_digit
from .rules import NO_DIGIT, TO, Match, Rules

RULES = Rules()


@RULES.on(rf"{NO_DIGIT}([0-9]{{4}})([-/.])(0?[1-9]|1[0-2])\2(0?[1-9]|[12][0-9]|3[01])(?![0-9])(?!\.[0-9])")
def _date(m: Match) -> str:
    return f"{digit_by_digit(m[1])}年{cardinal(int(m[3]))}月{cardinal(int(m[4]))}日"


@RULES.on(rf"{NO_DIGIT}(1[0-2]|[1-9])/([12][0-9]|3[01]|[1-9])(?=[)）]|日|号|周|星期|上午|下午|晚|前|后|起|截止)")
def _short_date(m: Match) -> str:
    return f"{cardinal(int(m[1]))}月{cardinal(int(m[2]))}日"


@RULES.on(r"(?<![0-9.])([05-9][05])(?=后(?!天|年|期|面|续|台|门))")
def _generation(m: Match) -> str:
    return digit_by_digit(m[1])


@RULES.on(rf"(前|距今|大约|已有|长达|将近){NO_DIGIT}([0-9]{{3,4}})(?=年)")
def _years_ago(m: Match) -> str:
    return m[1] + cardinal(int(m[2]))


@RULES.on(rf"{NO_DIGIT}([0-9]{{4}})(年?){TO}([0-9]{{4}})(?=学?年|财年|赛季)")
def _years(m: Match) -> str:
    return f"{digit_by_digit(m[1])}{m[2]}到{digit_by_digit(m[3])}"


@RULES.on(
    rf"{NO_DIGIT}((?:1[0-9]|20)[0-9]{{2}})(?=\s?(?:年(?!级|薪)|奥运|世界杯|财年|款|版|届|新|春|秋|夏|冬|赛季|年度))"
)
def _year(m: Match) -> str:
    return digit_by_digit(m[1])


@RULES.on(rf"{NO_DIGIT}(0[0-9]|[0-9]0)(?=年代?)(?!年[^代]{{0,1}}(?:间|内|来|前|后))")
def _short_year(m: Match) -> str:
    # 05年 and 90年代, but 30年 is a time.
    return digit_by_digit(m[1]) if m[1][0] == "0" or m.string[m.end() : m.end() + 2] == "年代" else m[0]


@RULES.on(rf"([0-9]{{1,2}})([月日号])?{TO}([0-9]{{1,2}})(?=[月日号])")
def _days(m: Match) -> str:
    return f"{cardinal(int(m[1]))}{m[2] or ''}到{cardinal(int(m[3]))}"
