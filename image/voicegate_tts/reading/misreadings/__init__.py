"""Numbers in Chinese text that the library of numbers and dates reads wrongly or not at all, put into words first."""

from __future__ import annotations

from . import codes, dates, measures, money, names, quantities, signs, times

# The order is part of the rules: what the first ones put into words is no number for the later ones.
_GROUPS = (dates, codes, money, times, quantities, names, measures, signs)


def mend(text: str) -> str:
    """The text with those numbers in words."""
    for group in _GROUPS:
        text = group.RULES.apply(text)
    return text
