"""eSpeak NG's C library, called through ctypes. Its state is global, so a process has one `EspeakLibrary`."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
import tempfile
import threading
from array import array
from functools import cache
from pathlib import Path

import espeakng_loader

from .errors import ConfigurationError

# Names and values as in eSpeak NG's speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_RATE = 1
_PHONEMES_IPA_TIED = 0x02 | 0x80 | ord("^") << 8  # IPA, with ^ between the letters of one sound
_MAX_DATA_PATH = 150  # The library holds the path of its data in a buffer of 160 bytes and silently cuts longer ones.

# In every call the library goes on with the pitch flutter and the roughness of the call before, which cannot be reset:
# without them, and from the same seed, the same words are the same samples.
_STEADY = b"\nflutter 0\nroughness 0\n"
_SEED = 1

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class EspeakLibrary:
    """The library and the data that the package espeakng-loader ships, loaded and initialised.

    A second one would take the callback away from the first: use `espeak_library()`.

    Raises:
        ConfigurationError: the library or its data cannot be loaded.
    """

    #: In words a minute: below this the library takes no rate; normal is 175.
    slowest_rate = 80

    def __init__(self) -> None:
        try:
            library = ctypes.CDLL(espeakng_loader.get_library_path())
            data = espeakng_loader.get_data_path()
        except (OSError, RuntimeError) as error:
            raise ConfigurationError(
                f"eSpeak NG cannot be loaded ({error}); install it again: "
                "pip install --force-reinstall -r requirements.txt."
            ) from error
        library.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
            ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip
        library.espeak_SetVoiceByFile.argtypes = [ctypes.c_char_p]
        library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
        library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
        self._library = library
        #: Held from choosing the voice until the speech is there.
        self.lock = threading.Lock()
        self._pcm = bytearray()
        self._callback = _Callback(self._collect)
        path = _short_path(data)
        self._data = Path(data)
        self._voice_files: dict[tuple[str, str | None], bytes] = {}
        self.sample_rate: int = library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, os.fsencode(path), _INITIALIZE_DONT_EXIT
        )
        if self.sample_rate <= 0:
            raise ConfigurationError(f"eSpeak NG cannot read its data in {data}; install it again.")
        library.espeak_SetSynthCallback(self._callback)
        self._can_stretch = hasattr(library, "sonicCreateStream")
        if self._can_stretch:
            library.sonicCreateStream.restype = ctypes.c_void_p
            library.sonicSetSpeed.argtypes = [ctypes.c_void_p, ctypes.c_float]
            library.sonicWriteShortToStream.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
            library.sonicReadShortFromStream.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
            library.sonicFlushStream.argtypes = [ctypes.c_void_p]
            library.sonicDestroyStream.argtypes = [ctypes.c_void_p]

    def select_voice(self, language: str, variant: str | None = None) -> None:
        """Chooses a language by its file below the data's folder `lang`, with a variant if wished: `gmw/en-US`, `f3`.

        Raises:
            ConfigurationError: the data have no such file.
        """
        wanted = (language, variant)
        if wanted not in self._voice_files:
            try:
                self._voice_files[wanted] = _memory_file(_steady_voice(self._data, language, variant))
            except OSError as error:
                raise ConfigurationError(
                    f"eSpeak NG's voice {language!r} cannot be read ({error}); install it again."
                ) from error
        if self._library.espeak_SetVoiceByFile(self._voice_files[wanted]) != 0:
            raise ConfigurationError(f"eSpeak NG does not take its own voice {language!r}; install it again.")

    def select_rate(self, words_per_minute: int) -> None:
        """Chooses the speaking rate."""
        self._library.espeak_SetParameter(_RATE, words_per_minute, 0)

    def speak(self, text: str) -> bytes:
        """The text as 16-bit little-endian samples, without a pause at the end; the same each time."""
        self._pcm = bytearray()
        self._library.espeak_ng_SetRandSeed(_SEED)
        data = text.encode()
        status = self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _CHARS_UTF8, None, None)
        if status != 0:
            raise RuntimeError(f"espeak_Synth failed with status {status}")
        if sys.byteorder == "big":
            samples = array("h", bytes(self._pcm))
            samples.byteswap()
            return samples.tobytes()
        return bytes(self._pcm)

    def phonemes(self, text: str) -> str:
        """How the selected voice pronounces the text, in the International Phonetic Alphabet with ^ as tie."""
        buffer = ctypes.create_string_buffer(text.encode())
        rest = ctypes.c_void_p(ctypes.addressof(buffer))
        clauses: list[str] = []
        while rest.value:
            clause = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, _PHONEMES_IPA_TIED)
            clauses.append((clause or b"").decode())
        return " ".join(clauses)

    def stretch(self, pcm: bytes, speed: float) -> bytes:
        """Slows sound down without changing its pitch, by the Sonic library inside of eSpeak NG."""
        if not self._can_stretch or not pcm:
            return pcm
        stream = self._library.sonicCreateStream(self.sample_rate, 1)
        if not stream:
            raise MemoryError("sonicCreateStream")
        try:
            self._library.sonicSetSpeed(stream, speed)
            self._library.sonicWriteShortToStream(stream, pcm, len(pcm) // 2)
            self._library.sonicFlushStream(stream)
            result = bytearray()
            part = ctypes.create_string_buffer(1 << 16)
            while (count := self._library.sonicReadShortFromStream(stream, part, len(part) // 2)) > 0:
                result += part.raw[: 2 * count]
            return bytes(result)
        finally:
            self._library.sonicDestroyStream(stream)

    def _collect(self, samples: int | None, count: int, events: int | None) -> int:  # noqa: ARG002
        if samples and count > 0:
            self._pcm += ctypes.string_at(samples, 2 * count)
        return 0


@cache
def espeak_library() -> EspeakLibrary:
    """The process's library, loaded at the first call.

    Raises:
        ConfigurationError: the library or its data cannot be loaded.
    """
    return EspeakLibrary()


def _steady_voice(data: Path, language: str, variant: str | None) -> bytes:
    """A voice file of the data without what differs from call to call.

    A variant is made part of it, since one that is chosen beside it would bring its own roughness back.
    """
    lines = (data / "lang" / language).read_bytes().splitlines()
    if variant is not None:
        of_variant = (data / "voices" / "!v" / variant).read_bytes().splitlines()
        lines += [line for line in of_variant if line.split(b" ", 1)[0] not in (b"language", b"name")]
    return b"\n".join(lines) + _STEADY


def _memory_file(content: bytes) -> bytes:
    """The path of a file with this content that is on no disk, where the system offers that. It stays for good."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        number = os.memfd_create("espeak-voice")
        os.write(number, content)
        return f"/proc/self/fd/{number}".encode()
    number, path = tempfile.mkstemp(prefix="espeak-voice-")
    os.write(number, content)
    os.close(number)
    atexit.register(os.unlink, path)
    return os.fsencode(path)


def _short_path(data: str) -> str:
    """A path of the data that fits into the library's buffer.

    Raises:
        ConfigurationError: there is none.
    """
    if len(os.fsencode(data)) <= _MAX_DATA_PATH:
        return data
    if Path("/proc/self/fd").is_dir():
        # Stays open for good: the library reads further dictionaries later.
        return f"/proc/self/fd/{os.open(data, os.O_RDONLY | os.O_DIRECTORY)}"
    raise ConfigurationError(
        f"eSpeak NG's data lie at a path longer than its {_MAX_DATA_PATH} bytes: {data}; install into a shorter one."
    )
