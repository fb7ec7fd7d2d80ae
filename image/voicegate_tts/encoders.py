"""Sound as files: encoders that take samples piece by piece and give bytes as soon as they have some."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import lameenc
import soundfile

from .ogg import with_fixed_serial
from .resampler import Resampler

#: Samples a second of raw PCM, which has no header that could tell: OpenAI's.
PCM_SAMPLE_RATE = 24_000

# The only ones that Opus knows.
_OPUS_SAMPLE_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)

# Constant, so that players can tell the duration from the length and seek in proportion. Speech needs no more.
_MP3_KBIT_PER_SECOND = 64
_MP3_QUALITY = 5

# In a WAV: the most that its 32 bits can say.
_UNKNOWN_LENGTH = bytes(4 * [0xFF])


class Encoder(Protocol):
    """Makes one file. Samples are 16-bit signed little-endian mono.

    A file is whole when nothing was taken before `close`; what was taken earlier has a header without its length.
    """

    def write(self, pcm: bytes) -> None:
        """Adds samples."""

    def take(self) -> bytes:
        """What is there and was not yet taken."""

    def close(self) -> None:
        """The end of the sound: the last bytes can be taken then."""


@dataclass(frozen=True)
class SoundFormat:
    """A file format that callers can ask for.

    Attributes:
        name: what callers send, which is also the ending of file names.
        media_type: its Content-Type.
        encoder: makes an encoder for sound of a sample rate in Hz.
        streams: whether it can be played before its end is known.
        same_either_way: whether taking early gives the same bytes as taking the whole.
    """

    name: str
    media_type: str
    encoder: Callable[[int], Encoder]
    streams: bool = True
    same_either_way: bool = True


class _Mp3Encoder:
    def __init__(self, sample_rate: int) -> None:
        self._lame = lameenc.Encoder()
        self._lame.silence()
        self._lame.set_channels(1)
        self._lame.set_in_sample_rate(sample_rate)
        self._lame.set_bit_rate(_MP3_KBIT_PER_SECOND)
        self._lame.set_quality(_MP3_QUALITY)
        self._made = bytearray()

    def write(self, pcm: bytes) -> None:
        self._made += self._lame.encode(pcm)

    def take(self) -> bytes:
        made, self._made = self._made, bytearray()
        return bytes(made)

    def close(self) -> None:
        self._made += self._lame.flush()


class _PcmEncoder:
    def __init__(self, sample_rate: int) -> None:
        self._resampler = Resampler(sample_rate, PCM_SAMPLE_RATE)
        self._made = bytearray()

    def write(self, pcm: bytes) -> None:
        self._made += self._resampler.resample(pcm)

    def take(self) -> bytes:
        made, self._made = self._made, bytearray()
        return bytes(made)

    def close(self) -> None:
        self._made += self._resampler.finish()


class _SoundFileEncoder:
    """A file by libsndfile, whose header is written again at the end, unless it was taken by then."""

    def __init__(self, sample_rate: int, container: str, subtype: str, sample_rates: tuple[int, ...] = ()) -> None:
        rate = sample_rate if not sample_rates or sample_rate in sample_rates else PCM_SAMPLE_RATE
        self._resampler = Resampler(sample_rate, rate)
        self._sink = _Sink()
        self._file = soundfile.SoundFile(self._sink, "w", rate, 1, subtype=subtype, format=container)

    def write(self, pcm: bytes) -> None:
        self._file.buffer_write(self._resampler.resample(pcm), "int16")

    def take(self) -> bytes:
        return self._sink.take()

    def close(self) -> None:
        self._file.buffer_write(self._resampler.finish(), "int16")
        self._file.close()


class _WavEncoder(_SoundFileEncoder):
    """Its header says its length; one that leaves earlier says that it is not known, as OpenAI's do."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__(sample_rate, "WAV", "PCM_16")
        self._has_left = False

    def take(self) -> bytes:
        taken = super().take()
        if not self._has_left and taken and not self._file.closed:
            data = taken.index(b"data") + 4
            taken = taken[:4] + _UNKNOWN_LENGTH + taken[8:data] + _UNKNOWN_LENGTH + taken[data + 4 :]
        self._has_left = self._has_left or bool(taken)
        return taken


class _OpusEncoder(_SoundFileEncoder):
    def __init__(self, sample_rate: int) -> None:
        super().__init__(sample_rate, "OGG", "OPUS", _OPUS_SAMPLE_RATES)

    def take(self) -> bytes:
        return with_fixed_serial(super().take())


class _Sink(io.RawIOBase):
    """A file in memory of which the beginning can be taken away; what is written there later is dropped."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._taken = 0
        self._position = 0

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401
        late = max(0, self._taken - self._position)
        start = self._position + late - self._taken
        fresh = bytes(data)[late:]
        self._kept[start : start + len(fresh)] = fresh
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        end = self._taken + len(self._kept)
        self._position = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: end}[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        taken = bytes(self._kept)
        self._taken += len(taken)
        self._kept.clear()
        return taken


_FORMATS = (
    SoundFormat("mp3", "audio/mpeg", _Mp3Encoder),
    SoundFormat("wav", "audio/wav", _WavEncoder, streams=False, same_either_way=False),
    SoundFormat("pcm", "audio/pcm", _PcmEncoder),
    SoundFormat("opus", "audio/ogg", _OpusEncoder),
    SoundFormat("flac", "audio/flac", lambda rate: _SoundFileEncoder(rate, "FLAC", "PCM_16"), same_either_way=False),
)

#: The formats by the names that callers send.
FORMATS = {each.name: each for each in _FORMATS}
