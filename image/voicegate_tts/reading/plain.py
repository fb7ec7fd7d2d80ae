"""The text without what is seen but not said: Markdown's marks, emoji, the ends of long addresses."""

from __future__ import annotations

import re
import unicodedata

# Digits, letters and the signs of numbers in full width; punctuation stays as it is.
_HALF_WIDTH = {
    code: chr(code - 0xFEE0) for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_HALF_WIDTH |= {0xFF05: "%", 0xFF0B: "+", 0xFF0D: "-", 0xFF0F: "/", 0xFF1D: "=", 0xFF20: "@", 0xFF04: "$", 0xFF0A: "*"}
_HALF_WIDTH |= {
    0xFFE5: "¥",
    0xFFE1: "£",
    0x2212: "-",
    0x2010: "-",
    0x2011: "-",
    0x2012: "-",
    0x2009: " ",
    0x3000: " ",
    0x2192: "到",
    0x2236: ":",
}

# Blocks whose signs stand for letters, digits and units: № ℃ ½ ② ㎡.
_COMPATIBLE = ((0xBC, 0xBE), (0x2100, 0x214F), (0x2150, 0x218F), (0x2460, 0x24FF), (0x3300, 0x33FF))

_INVISIBLE = frozenset("\u200b\u200c\u200e\u200f\u2060\ufeff\u00ad")
_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")
# Signs of the category "other symbol" that are said.
_SAID = frozenset("°©®№℃℉")

_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]\n]{1,200})\]\([^()\s]{0,500}\)")
_LINE_MARKS = re.compile(r"(?m)^[ \t]{0,3}(?:#{1,6}[ \t]|>(?:[ \t]?>){0,5}[ \t]?|[-*+][ \t](?:\[[ xX]\][ \t])?)")
_RULES = re.compile(r"(?m)^[ \t]{0,3}(?:```[^\n]{0,40}|~~~[^\n]{0,40}|[-=*_]{3,}[ \t]*|\|[-:| \t]{3,})$")
_PAIRS = re.compile(r"\*\*|__|~~|`{1,3}")
_EMPHASIS = re.compile(r"(?<![0-9A-Za-z*])\*([^*\s][^*\n]{0,200})\*(?![0-9A-Za-z])")
_IN_NAME = re.compile(r"(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])")
_BAR = re.compile(r"[ \t]?\|[ \t]?")
_COMMENT = re.compile(r"<!--[^\n]{0,200}?-->")
_ADDRESS = re.compile(
    r"(?:https?|ftp)://(?:www\.)?([A-Za-z0-9.-]{1,253})((?::\d{1,5})?(?:/[A-Za-z0-9._~%/+-]{0,200})?)"
    r"(?:[?#][A-Za-z0-9._~%/+=&?#:@!$,;-]{0,1000})?"
)
_LONGEST_PATH = 24


def plain(text: str) -> str:
    """What is to be said of a text, in linear time. Newlines stay: they are pauses."""
    text = text.translate(_HALF_WIDTH)
    text = _IMAGE_OR_LINK.sub(r"\1", text) if "](" in text else text
    text = _ADDRESS.sub(_host, text) if "://" in text else text
    text = _COMMENT.sub("", text) if "<!--" in text else text
    text = _RULES.sub("", text)
    text = _LINE_MARKS.sub("", text)
    text = _PAIRS.sub("", text)
    text = _EMPHASIS.sub(r"\1", text) if "*" in text else text
    text = _IN_NAME.sub(" ", text) if "_" in text else text
    text = _BAR.sub("，", text) if "|" in text else text
    return text if text.isascii() else _without_pictures(text)


def _host(match: re.Match[str]) -> str:
    """An address as people say it: the host, and a short path."""
    host, path = match[1], match[2].rstrip("/")
    return host if len(path) > _LONGEST_PATH or "%" in path else host + path


def _without_pictures(text: str) -> str:
    """Emoji and other pictures become a short pause between words, and nothing elsewhere."""
    kept: list[str] = []
    picture = False
    for character in text:
        if character.isascii():
            said = character
        elif character in _JOINERS:
            # A keycap is a digit with a joiner behind it.
            continue
        elif character in _INVISIBLE:
            continue
        elif _within(character, _COMPATIBLE):
            said = unicodedata.normalize("NFKC", character)
        elif character not in _SAID and _is_picture(character):
            picture = True
            continue
        else:
            said = character
        if picture and kept and kept[-1].isalnum() and said.isalnum():
            kept.append("，")
        picture = False
        kept.extend(said)
    return "".join(kept)


def _is_picture(character: str) -> bool:
    return (
        unicodedata.category(character) in ("So", "Sk", "Co", "Cn")
        or 0x1F000 <= ord(character) <= 0x1FBFF
        or (0xE0000 <= ord(character) <= 0xE0FFF)
    )


def _within(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in ranges)
