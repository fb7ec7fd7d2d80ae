"""Sound for the tests, and what a player would make of a file."""

from __future__ import annotations

import io
import wave

import numpy as np
import numpy.typing as npt
import soundfile

from voicegate_tts.audio import Audio

_BLOCK = 1 << 16


def tone(frequency: float, sample_rate: int, seconds: float = 0.5, amplitude: int = 20_000) -> Audio:
    times = np.arange(int(sample_rate * seconds)) / sample_rate
    return Audio((amplitude * np.sin(2 * np.pi * frequency * times)).astype("<i2").tobytes(), sample_rate)


def wav_of(audio: Audio) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(audio.sample_rate)
        writer.writeframes(audio.pcm)
    return file.getvalue()


def decoded(data: bytes) -> Audio:
    """The sound of an MP3, WAV, Ogg or FLAC file, also of one whose header does not tell its length."""
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert file.channels == 1
        # Not by its own `read`, which wants to know the length.
        block = soundfile._ffi.new("short[]", _BLOCK)
        pcm = b""
        while count := soundfile._snd.sf_readf_short(file._file, block, _BLOCK):
            pcm += bytes(soundfile._ffi.buffer(block, 2 * count))
        return Audio(pcm, file.samplerate)


def loudest_frequency(audio: Audio) -> float:
    """In Hz, of the middle half."""
    samples: npt.NDArray[np.float64] = np.frombuffer(audio.pcm, "<i2").astype(float)
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(np.argmax(spectrum) * audio.sample_rate / len(middle))
