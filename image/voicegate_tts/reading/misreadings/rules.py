"""What the rules are made of. No regular expression has two neighbouring repetitions of the same: time is linear."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..chinese_numbers import cardinal, number
from ..units import CURRENCIES, UNITS

Match = re.Match[str]
Words = Callable[[Match], str]

#: A number, with its thousands separated or not.
N = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
#: Between the ends of a range; what says it in words stays as it is.
TO = r" ?(?:[-–—~～]|--) ?"
NO_DIGIT = r"(?<![0-9.,])"
UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
CURRENCY = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))
SCALE = r"(?:[千百]?万亿?|亿|千|百)"
#: What is counted with 两 instead of 二.
COUNTED = (
    "个只条本张位件辆天周块倍种家座台部双把间层颗粒份项篇首幅场支段人片杯瓶碗斤圈遍趟句名年万亿吨升套盒箱栋根头口节课"
)


class Rules:
    """Rules that apply one after the other."""

    def __init__(self) -> None:
        self._rules: list[tuple[re.Pattern[str], Words]] = []

    def on(self, pattern: str) -> Callable[[Words], Words]:
        """Adds a rule: the decorated function gives the words for what the pattern matches."""

        def add(function: Words) -> Words:
            self._rules.append((re.compile(pattern), function))
            return function

        return add

    def says(self, pattern: str, words: str) -> None:
        """Adds a rule whose words are always the same."""
        self._rules.append((re.compile(pattern), lambda _: words))

    def apply(self, text: str) -> str:
        """The text with what the rules match in words."""
        for pattern, function in self._rules:
            text = pattern.sub(function, text)
        return text


def counted(text: str, what: str) -> str:
    """A number before what is counted."""
    return "两" if text == "2" and what[:1] in COUNTED else number(text)


def clock(hour: str, minute: str) -> str:
    """A time of day."""
    said = ("两" if int(hour) == 2 else cardinal(int(hour))) + "点"
    if int(minute) == 0:
        return said
    if int(minute) == 30:
        return said + "半"
    return said + ("零" if int(minute) < 10 else "") + cardinal(int(minute)) + "分"
