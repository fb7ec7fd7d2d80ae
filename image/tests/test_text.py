from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicegate_tts.errors import RequestError
from voicegate_tts.text import clean_text, split_by_script


def test_newlines_stay_other_separators_become_a_space_and_other_control_characters_vanish() -> None:
    assert clean_text("a\nb\tc\x00\x01\x07\x1b\x7fd\r", 500, "text") == "a\nb cd "
    assert clean_text("a\rb\fc\vd\x85e\u2028f\u2029g", 500, "text") == "a b c d e f\ng"


def test_the_limit_counts_code_points_after_cleaning() -> None:
    assert clean_text("好" * 500 + "\x00" * 50, 500, "text") == "好" * 500
    assert len(clean_text("😀" * 500, 500, "text")) == 500
    with pytest.raises(RequestError, match="text has 501 characters, at most 500 are allowed"):
        clean_text("好" * 501, 500, "text")


@pytest.mark.parametrize("empty", ["", " ", "\n\t", "\x00\x1f", "\u3000"])
def test_empty_text_is_refused(empty: str) -> None:
    with pytest.raises(RequestError, match="text is empty"):
        clean_text(empty, 500, "text")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [(None, "is missing"), (7, "must be a string"), (["a"], "must be a string"), ("a\ud800b", "surrogate")],
)
def test_what_is_no_text_is_refused(given: object, complaint: str) -> None:
    with pytest.raises(RequestError, match=f"input .*{complaint}"):
        clean_text(given, 500, "input")


@given(st.text(max_size=60))
def test_clean_text_never_holds_a_control_character(given_text: str) -> None:
    try:
        text = clean_text(given_text, 40, "text")
    except RequestError as error:
        assert error.status == 400
        return
    assert not any(unicodedata.category(character) == "Cc" for character in text.replace("\n", ""))
    assert 0 < len(text) <= 40
    assert clean_text(text, 40, "text") == text


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("你好世界", [(True, "你好世界")]),
        ("Hello, world!", [(False, "Hello, world!")]),
        ("你好 world", [(True, "你好 "), (False, "world")]),
        ("3个 apple 15。好", [(True, "3个 "), (False, "apple 15。"), (True, "好")]),
        ("2026", [(False, "2026")]),
        ("。", [(True, "。")]),
        ("", []),
    ],
)
def test_text_is_split_where_the_script_changes(text: str, runs: list[tuple[bool, str]]) -> None:
    assert list(split_by_script(text)) == runs


@given(st.text(alphabet="a1。 好世é,\u3105", max_size=40))
def test_the_runs_joined_are_the_text_and_alternate(text: str) -> None:
    runs = list(split_by_script(text))
    assert "".join(run for _, run in runs) == text
    assert all(first != second for (first, _), (second, _) in pairwise(runs))
