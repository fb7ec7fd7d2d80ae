"""The rules of the text: what is removed, how long it may be, and which script each part of it is written in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from .errors import RequestError

# What separates words or lines without being a newline; a paragraph's separator is one.
_SPACES = {**dict.fromkeys(map(ord, "\t\v\f\r\x85\u2028"), " "), 0x2029: "\n"}

# Han characters with their iteration mark and zero, Bopomofo; and the punctuation that goes with them.
_HAN = (
    (0x3005, 0x3007), (0x3100, 0x312F), (0x31A0, 0x31BF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF), (0x20000, 0x323AF),
)  # fmt: skip
_HAN_PUNCTUATION = ((0x3000, 0x3004), (0x3008, 0x303F), (0xFF00, 0xFF0F), (0xFF1A, 0xFF20))


def clean_text(given: object, max_characters: int, param: str) -> str:
    """The text as it will be spoken: newlines stay, as the pauses that they are; tab, carriage return, form feed and
    the line separator become a space; every other control character is removed.

    The length is counted after that, in Unicode code points, spaces included.

    Args:
        given: the value that the caller sent.
        max_characters: the longest text allowed.
        param: what the caller calls this field.

    Raises:
        RequestError: the text is missing, not a string, not valid Unicode, empty or too long.
    """
    if given is None:
        raise RequestError(f"{param} is missing; send the text to speak.", param=param, code="missing_text")
    if not isinstance(given, str):
        raise RequestError(f"{param} must be a string.", param=param, code="invalid_type")
    spaced = given.translate(_SPACES)
    text = "".join(c for c in spaced if c == "\n" or unicodedata.category(c) != "Cc")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise RequestError(
            f"{param} holds half of a surrogate pair; send valid Unicode.", param=param, code="invalid_text"
        )
    if not text.strip():
        raise RequestError(f"{param} is empty; send the text to speak.", param=param, code="empty_text")
    if len(text) > max_characters:
        raise RequestError(
            f"{param} has {len(text)} characters, at most {max_characters} are allowed; send it in parts.",
            param=param,
            code="text_too_long",
        )
    return text


def split_by_script(text: str) -> Iterator[tuple[bool, str]]:
    """Splits mixed text into runs of (is it Chinese, the run); the runs joined are the text.

    Digits, punctuation and spaces belong to the run they follow; at the beginning of the text to the one they precede.
    Text without any letter is Chinese if any of its punctuation is.
    """
    start = 0
    current: bool | None = None
    for position, character in enumerate(text):
        script = _is_chinese(character)
        if script is None or script == current:
            continue
        if current is not None:
            yield current, text[start:position]
            start = position
        current = script
    if text:
        yield (any(_within(c, _HAN_PUNCTUATION) for c in text) if current is None else current), text[start:]


def _is_chinese(character: str) -> bool | None:
    if _within(character, _HAN):
        return True
    return False if character.isalpha() else None


def _within(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in ranges)
