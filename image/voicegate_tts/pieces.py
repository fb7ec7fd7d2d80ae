"""Cuts text into the pieces that are spoken one after the other."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

#: No piece has more characters than this, even without punctuation.
LONGEST = 60

#: The width of the first piece, in Chinese characters; other characters are half as wide, as their sound is short.
FIRST = 12.0

# Each piece may be this much wider than the one before: while it is made, the one before is heard.
_GROWTH = 1.5

# What is looked at beyond a piece, to see whether its last word goes on.
_LONGEST_WORD = 6

# Characters that a piece may have more, to reach the end of its clause.
_SLACK = 2

SENTENCE_PAUSE = 0.32
CLAUSE_PAUSE = 0.16

_SENTENCE_ENDS = frozenset("。！？!?…；;\n")
_CLAUSE_ENDS = frozenset("，、：,:—")
_CLOSING = frozenset("”’」』）)]】》〉\"'")


@dataclass(frozen=True)
class Piece:
    """A part of a text that is spoken at once.

    Attributes:
        text: without spaces at its ends, at most `LONGEST` characters.
        pause: the silence after it at normal speed, in seconds.
        around: what stands around it in its line, itself included: it tells the language of numbers.
    """

    text: str
    pause: float
    around: str


WordEnds = Callable[[str], Collection[int]]


def pieces(text: str, word_ends: WordEnds | None = None) -> Iterator[Piece]:
    """Cuts at ends of sentences, then of clauses, then between words; the first piece is short.

    Time is linear in the length of the text: each piece looks at `LONGEST` characters and a few more.

    Args:
        text: what is cut.
        word_ends: where the words of a short text end, for languages that write none; anywhere without it.
    """
    start = 0
    allowed = FIRST
    last: Piece | None = None
    while start < len(text):
        end = _cut(text, start, allowed, word_ends)
        spoken = text[start:end].strip()
        if spoken:
            if last:
                yield last
            last = Piece(spoken, _pause(text, start, end), _around(text, start, end))
            allowed = max(FIRST, _GROWTH * width(spoken))
        start = end
    if last:
        yield replace(last, pause=0.0)


def width(text: str) -> float:
    """How long a text sounds, in Chinese characters."""
    return sum(map(_width, text))


def _around(text: str, start: int, end: int) -> str:
    before = text[max(0, start - LONGEST) : start].rpartition("\n")[2]
    return before + text[start:end] + text[end : end + LONGEST].partition("\n")[0]


def _width(character: str) -> float:
    return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.5


def _cut(text: str, start: int, allowed: float, word_ends: WordEnds | None) -> int:
    """Where the piece that begins at `start` ends."""
    while start < len(text) and text[start].isspace():
        start += 1
    sentence = clause = word = 0
    so_far = 0.0
    limit = start
    while limit < len(text) and limit - start < LONGEST and so_far + _width(text[limit]) <= allowed:
        if text[limit] == "\n":
            return limit + 1
        so_far += _width(text[limit])
        limit += 1
        # A piece that is much shorter than it may be would let the sound run out.
        if so_far < allowed / 3:
            continue
        if _closed(text, limit, _ends_sentence):
            sentence = limit
        elif _closed(text, limit, _ends_clause):
            clause = limit
        elif _between_words(text, limit):
            word = limit
    if limit == len(text):
        return limit
    if sentence or clause:
        return sentence or clause
    # A clause that ends a character later is better than a word that is cut.
    for end in range(limit + 1, min(len(text), limit + _SLACK, start + LONGEST) + 1):
        if _closed(text, end, _ends_sentence) or _closed(text, end, _ends_clause):
            return end
    if word_ends and word:
        ends = (start + end for end in word_ends(text[start : limit + _LONGEST_WORD]))
        word = max((end for end in ends if end <= word), default=word)
    return word or _end_of_run(text, start, limit)


def _end_of_run(text: str, start: int, limit: int) -> int:
    """A number, a name or an address that is wider than a piece may be stays whole, up to `LONGEST` characters."""
    end = limit
    while end < len(text) and end - start < LONGEST:
        if _between_words(text, end) or _width(text[end]) == 1:
            return end
        end += 1
    return end if end == len(text) else limit


def _closed(text: str, end: int, ends: Callable[[str, int], bool]) -> bool:
    """Whether something ends before `end`, closing quotation marks and brackets included."""
    if end < len(text) and text[end] in _CLOSING:
        return False
    position = end - 1
    while position > 0 and end - position < 4 and text[position] in _CLOSING:
        position -= 1
    return ends(text, position)


def _ends_sentence(text: str, position: int) -> bool:
    character = text[position]
    if character == ".":
        return position + 1 == len(text) or text[position + 1].isspace()
    return character in _SENTENCE_ENDS and not _inside(text, position)


def _ends_clause(text: str, position: int) -> bool:
    return text[position] in _CLAUSE_ENDS and not _inside(text, position)


def _inside(text: str, position: int) -> bool:
    """Whether an ASCII sign stands in the middle of a number or an address, as in 1,000 or http://a."""
    following = text[position + 1] if position + 1 < len(text) else " "
    return text[position].isascii() and following.isascii() and not following.isspace() and following not in _CLOSING


def _between_words(text: str, end: int) -> bool:
    """Whether a cut before `end` parts no number, name or address."""
    before, following = text[end - 1], text[end] if end < len(text) else " "
    if before.isspace():
        return True
    if _width(before) == 1:
        return following.isalpha()
    return _width(following) == 1 and before.isalpha()


def _pause(text: str, start: int, end: int) -> float:
    for position in range(end - 1, start - 1, -1):
        character = text[position]
        if character in _SENTENCE_ENDS or character == ".":
            return SENTENCE_PAUSE
        if character in _CLAUSE_ENDS:
            return CLAUSE_PAUSE
        if not character.isspace() and character not in _CLOSING:
            break
    return 0.0
