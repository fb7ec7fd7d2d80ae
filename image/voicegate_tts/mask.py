"""What no log line may hold: whatever could be a key, since people paste keys anywhere.

The rule of Voicegate's other parts, in which a key is `<prefix>_<12 letters and digits>_<49 letters and digits>`.
"""

from __future__ import annotations

import re

# Letters and digits in a row, from which on they are masked: of a secret cut to fewer, more than 100 bits stay unknown.
MASKED_LENGTH = 25
MASK = "***"

# Letters and digits, each plain or percent-encoded any number of times.
_RUN = re.compile(r"(?:[0-9A-Za-z]|%(?:25)*(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]))+")
_ENCODED = re.compile(r"%(?:25)*[3-7][0-9A-Fa-f]")


def mask_keys(text: str) -> str:
    """The text without what could be a key's secret, in any case, with any prefix, percent-encoded or not."""
    return text if len(text) < MASKED_LENGTH else _RUN.sub(_mask_run, text)


def _mask_run(run: re.Match[str]) -> str:
    length = len(_ENCODED.sub("x", run[0]))
    return run[0] if length < MASKED_LENGTH else MASK
