"""Sound in memory: 16-bit mono samples, made into WAV files or into another sample rate."""

from __future__ import annotations

import io
import math
import sys
import wave
from array import array
from dataclasses import dataclass

_TAPS = 8  # Input samples that make one output sample.


@dataclass(frozen=True)
class Audio:
    """Speech as 16-bit signed little-endian mono samples.

    Attributes:
        pcm: the samples.
        sample_rate: samples a second, in Hz.
    """

    pcm: bytes
    sample_rate: int

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.sample_rate

    def to_wav(self) -> bytes:
        """The samples as a WAV file."""
        file = io.BytesIO()
        with wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(self.sample_rate)
            writer.writeframes(self.pcm)
        return file.getvalue()

    @staticmethod
    def from_wav(data: bytes) -> Audio:
        """Reads a 16-bit mono WAV file.

        Raises:
            ValueError: it is not one.
        """
        try:
            with wave.open(io.BytesIO(data), "rb") as reader:
                if reader.getnchannels() != 1 or reader.getsampwidth() != 2:
                    raise ValueError("the WAV file must be 16-bit mono")
                return Audio(reader.readframes(reader.getnframes()), reader.getframerate())
        except (wave.Error, EOFError) as error:
            raise ValueError("not a WAV file") from error

    def resampled(self, sample_rate: int) -> Audio:
        """The same sound at another sample rate, by windowed-sinc interpolation.

        The ratio of two sample rates is a small fraction up/down, so output samples fall into `up` phases, each with
        its own constant weights: one pass a phase, without arithmetic on positions inside.
        """
        if sample_rate == self.sample_rate or not self.pcm:
            return Audio(self.pcm, sample_rate)
        divisor = math.gcd(sample_rate, self.sample_rate)
        up, down = sample_rate // divisor, self.sample_rate // divisor
        source = _samples(self.pcm)
        length = len(source) * up // down
        half = _TAPS // 2
        padded = array("h", bytes(2 * half)) + source + array("h", bytes(2 * (half + down)))
        # Going down, what the lower rate cannot hold is filtered out first: the cut-off moves below its half.
        cutoff = min(1.0, up / down)
        result = array("h", bytes(2 * length))
        for phase in range(min(up, length)):
            first, fraction = divmod(phase * down, up)
            weights = _weights(fraction / up, cutoff)
            count = -(-(length - phase) // up)
            taps = [padded[first + 1 + k :: down][:count] for k in range(_TAPS)]
            a, b, c, d, e, f, g, h = weights
            mixed = [
                int(a * s + b * t + c * u + d * v + e * w + f * x + g * y + h * z)
                for s, t, u, v, w, x, y, z in zip(*taps, strict=True)
            ]
            try:
                result[phase::up] = array("h", mixed)
            except OverflowError:
                result[phase::up] = array("h", [max(-32768, min(32767, sample)) for sample in mixed])
        return Audio(_bytes(result), sample_rate)


def _weights(fraction: float, cutoff: float) -> list[float]:
    """The weights of the samples around a point `fraction` after the middle left one; together they are 1."""
    half = _TAPS // 2
    weights = []
    for tap in range(_TAPS):
        distance = tap - (half - 1) - fraction
        x = math.pi * distance * cutoff
        sinc = math.sin(x) / x if x else 1.0
        weights.append(sinc * math.cos(math.pi * distance / (2 * half + 1)) ** 2)
    total = sum(weights)
    return [weight / total for weight in weights]


def _samples(pcm: bytes) -> array[int]:
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _bytes(samples: array[int]) -> bytes:
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples.tobytes()
