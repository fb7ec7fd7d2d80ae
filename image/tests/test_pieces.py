from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicegate_tts.pieces import CLAUSE_PAUSE, FIRST, LONGEST, SENTENCE_PAUSE, pieces, width


def texts(text: str) -> list[str]:
    return [piece.text for piece in pieces(text)]


def test_a_short_text_is_one_piece_without_a_pause() -> None:
    assert [(piece.text, piece.pause) for piece in pieces("你好，世界。")] == [("你好，世界。", 0.0)]


def test_cuts_are_at_ends_of_sentences_then_of_clauses() -> None:
    text = "今天天气很好。我们一起去公园散步吧，你带上照相机，我带上水。晚上回家。"
    assert texts(text) == ["今天天气很好。", "我们一起去公园散步吧，", "你带上照相机，我带上水。", "晚上回家。"]
    assert [piece.pause for piece in pieces(text)] == [SENTENCE_PAUSE, CLAUSE_PAUSE, SENTENCE_PAUSE, 0.0]


def test_a_newline_is_a_pause_as_after_a_sentence() -> None:
    assert [(piece.text, piece.pause) for piece in pieces("静夜思\n床前明月光\n")] == [
        ("静夜思", SENTENCE_PAUSE),
        ("床前明月光", 0.0),
    ]


def test_text_without_punctuation_is_cut_too_and_nothing_of_it_is_lost() -> None:
    text = "春眠不觉晓处处闻啼鸟夜来风雨声花落知多少" * 20
    found = list(pieces(text))
    assert "".join(piece.text for piece in found) == text
    assert len(found[0].text) == FIRST
    assert max(len(piece.text) for piece in found) == LONGEST
    assert all(later.pause == 0 for later in found)


@pytest.mark.parametrize(
    "kept", ["3.14", "10:30", "1,234,567", "v2.0.1", "https://example.com/a.b", "Dr.Who", "user@example.com"]
)
def test_numbers_and_addresses_are_not_cut(kept: str) -> None:
    for lead in range(1, 24):
        assert any(kept in piece for piece in texts("好" * lead + kept + "好" * 30)), (lead, kept)


def test_words_that_are_known_stay_whole() -> None:
    def word_ends(text: str) -> list[int]:
        return list(range(5, len(text), 5))

    found = [piece.text for piece in pieces("春眠不觉晓处处闻啼鸟夜来风雨声花落知多少" * 5, word_ends)]
    assert all(len(piece) % 5 == 0 for piece in found)


def test_english_words_stay_whole() -> None:
    text = "The quick brown fox jumps over the lazy dog while extraordinarily photographers wait " * 3
    words = set(text.split())
    assert all(set(piece.split()) <= words for piece in texts(text))


@given(st.text(alphabet="你好，。！\n a1.,?」…😀", max_size=400))
def test_every_piece_is_short_and_wider_than_the_one_before_by_half_at_most(text: str) -> None:
    found = list(pieces(text))
    assert "".join("".join(piece.text.split()) for piece in found) == "".join(text.split())
    assert all(0 < len(piece.text) <= LONGEST for piece in found)
    allowed = FIRST
    for piece in found:
        # A number or a name that is wider than that stays whole.
        assert width(piece.text) <= allowed + 2 or re.fullmatch(r"[!-~…”」]+", piece.text)
        allowed = max(FIRST, 1.5 * width(piece.text))


def test_the_time_is_linear_in_the_length() -> None:
    def seconds(text: str) -> float:
        start = time.process_time()
        for _ in pieces(text):
            pass
        return time.process_time() - start

    for unit in ("好", "a", ".", "。", " ", "\n", "1,", "”"):
        short = min(seconds(unit * 10_000) for _ in range(3))
        assert seconds(unit * 80_000) < 24 * short + 0.05, unit
