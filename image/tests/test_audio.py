from __future__ import annotations

import io
import wave
from array import array

import pytest

from voicegate_tts.audio import Audio
from voicegate_tts.resampler import Resampler

from .sounds import tone, wav_of


def test_a_wav_file_can_be_read() -> None:
    audio = tone(440, 22_050)
    assert Audio.from_wav(wav_of(audio)) == audio


def test_what_is_no_16_bit_mono_wav_file_is_refused() -> None:
    stereo = io.BytesIO()
    with wave.open(stereo, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(8))
    for data in (b"", b"ID3 something", stereo.getvalue()):
        with pytest.raises(ValueError, match="WAV"):
            Audio.from_wav(data)


@pytest.mark.parametrize("source_rate", [16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("frequency", [200, 1_000, 3_000])
def test_resampling_keeps_a_tone_as_it_is(source_rate: int, frequency: int) -> None:
    resampled = tone(frequency, source_rate).resampled(24_000)
    wanted = array("h", tone(frequency, 24_000).pcm)
    got = array("h", resampled.pcm)
    assert resampled.sample_rate == 24_000
    assert len(got) == len(wanted)
    # The ends are left out: before and after the tone there is silence. 1 % of the amplitude is well below hearing it.
    assert max(abs(a - b) for a, b in zip(got[200:-200], wanted[200:-200], strict=True)) < 200


def test_resampling_in_pieces_gives_the_same_samples() -> None:
    audio = tone(440, 22_050, 1.0)
    resampler = Resampler(22_050, 24_000)
    parts = [resampler.resample(audio.pcm[start : start + 1_234]) for start in range(0, len(audio.pcm), 1_234)]
    assert b"".join([*parts, resampler.finish()]) == audio.resampled(24_000).pcm


def test_resampling_clips_what_overshoots() -> None:
    square = Audio(array("h", [32_767] * 40 + [-32_768] * 40).tobytes() * 10, 16_000).resampled(24_000)
    samples = array("h", square.pcm)
    assert max(samples) == 32_767
    assert min(samples) == -32_768


def test_resampling_nothing_gives_nothing() -> None:
    assert Audio(b"", 16_000).resampled(24_000) == Audio(b"", 24_000)
    assert len(Audio(b"\0\0", 16_000).resampled(24_000).pcm) in (2, 4)


def test_resampling_down_leaves_out_what_the_lower_rate_cannot_hold() -> None:
    samples = array("h", tone(20_000, 48_000).resampled(24_000).pcm)
    assert max(abs(sample) for sample in samples[200:-200]) < 200
