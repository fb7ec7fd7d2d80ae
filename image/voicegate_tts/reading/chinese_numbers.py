"""Numbers in Chinese words."""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
_GROUPS = ("", "万", "亿", "万亿", "亿亿")
_LONGEST = 16


def digit_by_digit(text: str, telephone: bool = False) -> str:
    """Each digit by itself; everything else is left out. On the telephone one is 幺."""
    said = "".join(DIGITS[int(c)] for c in text if c in "0123456789")
    return said.replace("一", "幺") if telephone else said


def cardinal(value: int) -> str:
    """A whole number as it is counted: 两千零二十六, 十二, 一万零五."""
    if value == 0:
        return DIGITS[0]
    groups: list[int] = []
    while value:
        value, group = divmod(value, 10_000)
        groups.append(group)
    said = ""
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if not group:
            continue
        if said and (group < 1_000 or groups[index + 1] == 0):
            said += DIGITS[0]
        said += ("两" if group == 2 and index else _below_ten_thousand(group)) + _GROUPS[index]
    return said.removeprefix("一") if said.startswith("一十") else said


def _below_ten_thousand(value: int) -> str:
    said = ""
    gap = False
    for unit, name in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        if digit:
            said += (
                (DIGITS[0] if gap and said else "") + ("两" if digit == 2 and unit == 1_000 else DIGITS[digit]) + name
            )
            gap = False
        else:
            gap = True
    return said


def number(text: str) -> str:
    """A number as written, with sign, thousands separators and decimals: -1,234.50 → 负一千二百三十四点五零."""
    text = text.replace(",", "").replace(" ", "")
    sign = {"-": "负", "+": "正", "±": "正负"}.get(text[0], "")
    whole, _, decimals = text[1 if sign else 0 :].partition(".")
    if len(whole) > _LONGEST or (len(whole) > 1 and whole[0] == "0"):
        said = digit_by_digit(whole)
    else:
        said = cardinal(int(whole or "0"))
    return f"{sign}{said}点{digit_by_digit(decimals)}" if decimals else sign + said
