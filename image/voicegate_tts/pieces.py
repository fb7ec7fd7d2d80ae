"""Cuts text into the pieces that are spoken one after the other."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

#: No piece has more characters than this, even without punctuation.
LONGEST = 60

#: The width of the first piece, in Chinese characters; other characters are half as wide, as their sound is short.
FIRST = 12.0

# Each piece may be this much wider than the one before: while it is made, the one before is heard.
_GROWTH = 1.5

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
    """

    text: str
    pause: float


def pieces(text: str) -> Iterator[Piece]:
    """Cuts at ends of sentences, then of clauses, then between words; the first piece is short.

    Time is linear in the length of the text: each piece looks at `LONGEST` characters and a few more.
    """
    start = 0
    width = FIRST
    last: Piece | None = None
    while start < len(text):
        end = _cut(text, start, width)
        spoken = text[start:end].strip()
        if spoken:
            if last:
                yield last
            last = Piece(spoken, _pause(text, start, end))
            width = max(FIRST, _GROWTH * sum(map(_width, spoken)))
        start = end
    if last:
        yield Piece(last.text, 0.0)


def _width(character: str) -> float:
    return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.5


def _cut(text: str, start: int, allowed: float) -> int:
    """Where the piece that begins at `start` ends."""
    while start < len(text) and text[start].isspace():
        start += 1
    width = 0.0
    limit = start
    while limit < len(text) and limit - start < LONGEST and width + _width(text[limit]) <= allowed:
        width += _width(text[limit])
        limit += 1
    least = start + (limit - start) // 3
    clause = word = 0
    sentence = 0
    for position in range(start, limit):
        end = position + 1
        if text[position] == "\n":
            return end
        while end < limit and text[end] in _CLOSING:
            end += 1
        if _ends_sentence(text, position):
            sentence = end
        elif _ends_clause(text, position):
            clause = end
        elif _between_words(text, position):
            word = position + 1
    if limit == len(text):
        return limit
    for best in (sentence, clause, word):
        if best > least:
            return best
    return limit


def _ends_sentence(text: str, position: int) -> bool:
    character = text[position]
    if character == ".":
        return position + 1 == len(text) or text[position + 1].isspace()
    return character in _SENTENCE_ENDS


def _ends_clause(text: str, position: int) -> bool:
    if text[position] not in _CLAUSE_ENDS:
        return False
    following = text[position + 1] if position + 1 < len(text) else " "
    return not (text[position].isascii() and following.isalnum() and following.isascii())


def _between_words(text: str, position: int) -> bool:
    if text[position].isspace():
        return True
    following = text[position + 1] if position + 1 < len(text) else " "
    return _width(text[position]) == 1 and _width(following) == 1 and following.isalnum()


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
