"""Sound at another sample rate."""

from __future__ import annotations

import numpy as np
import soxr


class Resampler:
    """Samples at another rate, piece by piece. The same samples give the same result.

    Args:
        source: samples a second of what is given, in Hz.
        target: samples a second of what comes out, in Hz.
    """

    def __init__(self, source: int, target: int) -> None:
        # As floating point: for 16-bit results soxr adds noise of its own, which differs each time.
        self._stream = soxr.ResampleStream(source, target, 1, dtype="float32") if source != target else None

    def resample(self, pcm: bytes) -> bytes:
        """What can be told by now; a few milliseconds wait for the samples that follow."""
        return pcm if self._stream is None else self._resampled(pcm, last=False)

    def finish(self) -> bytes:
        """What waited."""
        return b"" if self._stream is None else self._resampled(b"", last=True)

    def _resampled(self, pcm: bytes, *, last: bool) -> bytes:
        assert self._stream is not None  # noqa: S101 - for the type checker
        samples = self._stream.resample_chunk(np.frombuffer(pcm, "<i2").astype(np.float32), last=last)
        result: bytes = np.clip(np.rint(samples), -32_768, 32_767).astype("<i2").tobytes()
        return result
