"""Times, scores and ratios."""

from __future__ import annotations

from ..chinese_numbers import DIGITS, cardinal, digit_by_digit, number
from .rules import NO_DIGIT, TO, Match, Rules, clock

RULES = Rules()


@RULES.on(rf"{NO_DIGIT}([0-9]{{1,3}})[:：]([0-5][0-9])秒")
def _minutes(m: Match) -> str:
    return f"{cardinal(int(m[1]))}分{cardinal(int(m[2]))}秒"


@RULES.on(rf"{NO_DIGIT}([0-9]{{1,2}})[:：]([0-5][0-9])[:：]([0-5][0-9])(?![0-9])")
def _duration(m: Match) -> str:
    minutes, seconds = (f"{'零' if int(part) < 10 else ''}{cardinal(int(part))}" for part in (m[2], m[3]))
    return f"{'两' if int(m[1]) == 2 else cardinal(int(m[1]))}点{minutes}分{seconds}秒"


@RULES.on(rf"{NO_DIGIT}([01]?[0-9]|2[0-4])[:：]([0-5][0-9])分?{TO}([01]?[0-9]|2[0-4])[:：]([0-5][0-9])(?![0-9])分?")
def _times(m: Match) -> str:
    return f"{clock(m[1], m[2])}到{clock(m[3], m[4])}"


@RULES.on(
    r"((?:比例|比分|比率|配比|比值|按|以|之比)[^0-9，。,；;]{0,4})([0-9]+(?:\.[0-9]+)?)[:：]([0-9]+(?:\.[0-9]+)?)(?![0-9])"
)
def _named_ratio(m: Match) -> str:
    return f"{m[1]}{number(m[2])}比{number(m[3])}"


@RULES.on(
    rf"{NO_DIGIT}([0-9]+)[:：]([0-9]+)(?=的?(?:稀释|比例|混合|勾兑|获胜|取胜|领先|落后|击败|战胜|大胜|逆转|险胜|战平|完胜))"
)
def _ratio(m: Match) -> str:
    return f"{number(m[1])}比{number(m[2])}"


@RULES.on(rf"{NO_DIGIT}([01]?[0-9]|2[0-4])[:：]([0-5][0-9])(?![0-9:：])分?")
def _time(m: Match) -> str:
    return clock(m[1], m[2])


@RULES.on(rf"{NO_DIGIT}([0-9]+(?:\.[0-9]+)?) ?[:：] ?([0-9]+(?:\.[0-9]+)?)(?![0-9])")
def _other_ratio(m: Match) -> str:
    return f"{number(m[1])}比{number(m[2])}"


@RULES.on(
    rf"{NO_DIGIT}([0-9]{{1,3}})-([0-9]{{1,3}})(?=的?(?:比分)?(?:获胜|取胜|领先|落后|击败|战胜|大胜|逆转|险胜|战平|完胜|告负|胜(?!任)|平(?!均)|负))"
)
def _score(m: Match) -> str:
    return f"{number(m[1])}比{number(m[2])}"


@RULES.on(r"([0-9])秒([0-9]{1,2})(?![0-9.])")
def _stopwatch(m: Match) -> str:
    return f"{DIGITS[int(m[1])]}秒{digit_by_digit(m[2])}"
