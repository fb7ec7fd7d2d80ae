"""The voices: what each one is called, how loud it is made, and its styles."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ..engine import Voice
from ..errors import ConfigurationError

_ROWS = 510
_WIDTH = 256


@dataclass(frozen=True)
class Timbre:
    """How a voice sounds.

    Attributes:
        styles: one row for each number of signs.
        gain: brings all voices to one loudness.
        chinese: whether it reads numbers in Chinese where a text does not tell.
        mixed: how it sounds where Chinese and English stand together; None: the same.
    """

    styles: NDArray[np.float32]
    gain: float
    chinese: bool
    mixed: Timbre | None = None

    def style(self, signs: int) -> NDArray[np.float32]:
        """The style for so many signs."""
        row = min(max(signs, 1), _ROWS) - 1
        return self.styles[row : row + 1]


@dataclass(frozen=True)
class _Source:
    voice: Voice
    sha256: str
    gain: float
    # The English voice that lends its style to English words, and how much of the style is then that voice's. None: it
    # is one.
    english: tuple[str, float] | None


# The files are voices/*.bin of the npm package kokoro-js 1.2.1 (Apache-2.0), unchanged. The shares are those at which a
# recogniser misunderstands least of sentences in both languages, of those that were tried (docs/image.md).
_SOURCES = (
    _Source(
        Voice("zf_xiaoxiao", "Xiaoxiao (female, Chinese)", "晓晓（女声）"),
        "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169", 0.71, ("af_heart", 0.6),
    ),
    _Source(
        Voice("zf_xiaoyi", "Xiaoyi (female, Chinese)", "晓伊（女声）"),
        "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3", 0.92, ("af_heart", 0.65),
    ),
    _Source(
        Voice("zm_yunxi", "Yunxi (male, Chinese)", "云希（男声）"),
        "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b", 1.24, ("am_michael", 0.3),
    ),
    _Source(
        Voice("zm_yunjian", "Yunjian (male, Chinese)", "云健（男声）"),
        "de48a00bdbf3649f07162269a2b6e0513604389bfac8a2e6c75cb34b323ad6fa", 1.17, ("am_michael", 0.5),
    ),
    _Source(
        Voice("af_heart", "Heart (female, English)", "Heart（英文女声）"),
        "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b", 1.33, None,
    ),
    _Source(
        Voice("am_michael", "Michael (male, English)", "Michael（英文男声）"),
        "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1", 1.45, None,
    ),
)  # fmt: skip

VOICES = tuple(source.voice for source in _SOURCES)


def load_timbres() -> dict[str, Timbre]:
    """Voice id → how it sounds.

    Raises:
        ConfigurationError: a file is not what it was.
    """
    timbres = {source.voice.id: _timbre(source) for source in _SOURCES}
    return {
        source.voice.id: timbres[source.voice.id]
        if source.english is None
        else _lent(timbres[source.voice.id], timbres[source.english[0]], source.english[1])
        for source in _SOURCES
    }


def _lent(timbre: Timbre, english: Timbre, share: float) -> Timbre:
    """A voice that speaks its own language as ever, and takes some of another voice's style for English words."""
    styles = (1 - share) * timbre.styles + share * english.styles
    gain = (1 - share) * timbre.gain + share * english.gain
    return replace(timbre, mixed=Timbre(styles.astype(np.float32), gain, timbre.chinese))


def _timbre(source: _Source) -> Timbre:
    name = f"voices/{source.voice.id}.bin"
    content = files(__package__).joinpath(name).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256:
        raise ConfigurationError(f"{name} has the SHA-256 {found}, but must have {source.sha256}; fetch it again.")
    styles = np.frombuffer(content, "<f4").reshape(_ROWS, _WIDTH)
    return Timbre(styles, source.gain, chinese=source.english is not None)
