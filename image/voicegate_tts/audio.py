"""Sound in memory: 16-bit mono samples, from WAV files, and at other sample rates."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass

from .resampler import Resampler


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
        """The same sound at another sample rate."""
        resampler = Resampler(self.sample_rate, sample_rate)
        return Audio(resampler.resample(self.pcm) + resampler.finish(), sample_rate)
