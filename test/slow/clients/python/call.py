"""What every program here is told on standard input, so that no key is a process argument."""

import json
import sys
from typing import NamedTuple


class Call(NamedTuple):
    """One call of a client.

    Attributes:
        base_url: the address to set in the client.
        api_key: the key to set in it.
        text: what to speak.
        file: where to put the sound.
    """

    base_url: str
    api_key: str
    text: str
    file: str

    def keep(self, sound: bytes) -> None:
        with open(self.file, "wb") as file:
            file.write(sound)


def read_call() -> Call:
    return Call(**json.load(sys.stdin))
