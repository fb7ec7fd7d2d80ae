from __future__ import annotations

import pytest
import soundfile

from voicegate_tts.audio import Audio
from voicegate_tts.encoders import FORMATS, SoundFormat
from voicegate_tts.ogg import with_fixed_serial

from .sounds import decoded, loudest_frequency, tone

RATES = [16_000, 22_050, 24_000, 44_100]


def encoded(audio: Audio, sound_format: SoundFormat, *, stream: bool, piece: int = 9_998) -> bytes:
    encoder = sound_format.encoder(audio.sample_rate)
    parts = []
    for start in range(0, len(audio.pcm), piece):
        encoder.write(audio.pcm[start : start + piece])
        if stream:
            parts.append(encoder.take())
    encoder.close()
    parts.append(encoder.take())
    return b"".join(parts)


def heard(data: bytes, sound_format: SoundFormat) -> Audio:
    return Audio(data, 24_000) if sound_format.name == "pcm" else decoded(data)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", ["mp3", "wav", "pcm", "opus", "flac"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_tone_is_the_same_tone_in_every_format(name: str, rate: int, stream: bool) -> None:
    sound_format = FORMATS[name]
    if stream and not sound_format.streams:
        return
    audio = heard(encoded(tone(1_000, rate, 2.0), sound_format, stream=stream), sound_format)
    assert loudest_frequency(audio) == pytest.approx(1_000, abs=3)
    # MP3 has whole frames and a delay of its own, all others are exact.
    assert audio.seconds == pytest.approx(2.0, abs=0.12 if name == "mp3" else 0.001)
    assert audio.sample_rate == (24_000 if name == "pcm" or (name == "opus" and rate in (22_050, 44_100)) else rate)


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_same_samples_give_the_same_bytes_and_early_ones_where_a_format_says_so(name: str) -> None:
    sound_format = FORMATS[name]
    audio = tone(440, 22_050, 3.0)
    whole = encoded(audio, sound_format, stream=False)
    assert encoded(audio, sound_format, stream=False) == whole
    if sound_format.streams:
        assert (encoded(audio, sound_format, stream=True) == whole) == sound_format.same_either_way


@pytest.mark.parametrize("name", [name for name in FORMATS if FORMATS[name].streams])
def test_sound_leaves_before_the_end_is_known(name: str) -> None:
    encoder = FORMATS[name].encoder(22_050)
    encoder.write(tone(440, 22_050, 2.0).pcm)
    first = encoder.take()
    # Ogg keeps a page of up to a second, the others less.
    assert len(first) > 1_000
    if name != "pcm":
        assert decoded(first).seconds > 0.9


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_sound_of_nothing_can_be_encoded(name: str) -> None:
    encoder = FORMATS[name].encoder(22_050)
    encoder.write(b"")
    encoder.close()
    assert isinstance(encoder.take(), bytes)


def test_a_wav_file_tells_its_true_lengths() -> None:
    data = encoded(tone(440, 22_050, 1.0), FORMATS["wav"], stream=False)
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert int.from_bytes(data[40:44], "little") == len(data) - 44 == 2 * 22_050


def test_mp3_has_a_constant_rate_so_that_players_can_seek_in_proportion() -> None:
    data = encoded(tone(440, 24_000, 60.0), FORMATS["mp3"], stream=False)
    assert len(data) == pytest.approx(60 * 64_000 / 8, rel=0.01)


def test_ogg_pages_keep_valid_checksums_when_their_serial_is_fixed() -> None:
    data = encoded(tone(440, 24_000, 2.0), FORMATS["opus"], stream=False)
    assert data[14:18] == b"\1\0\0\0"
    assert with_fixed_serial(data) == data
    # libsndfile drops pages whose checksum is wrong: without the first one there is nothing to play.
    assert decoded(data).seconds == pytest.approx(2.0, abs=0.001)
    spoilt = bytearray(data)
    spoilt[22] ^= 1
    with pytest.raises(soundfile.LibsndfileError):
        decoded(bytes(spoilt))
    assert with_fixed_serial(bytes(spoilt)) == data
