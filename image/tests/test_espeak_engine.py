from __future__ import annotations

import gc
import subprocess
import sys
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import espeakng_loader
import pytest

from voicegate_tts import espeak_library
from voicegate_tts.errors import ConfigurationError
from voicegate_tts.espeak_engine import EspeakEngine

from .conftest import FIVE_HUNDRED, FOLDER, spoken


def loudness(pcm: bytes) -> float:
    samples = array("h", pcm)
    return sum(abs(sample) for sample in samples) / len(samples)


@pytest.mark.parametrize("text", ["你好世界", "Hello, world"])
def test_two_words_last_about_a_second_and_can_be_heard(engine: EspeakEngine, text: str) -> None:
    audio = spoken(engine, text, "auto")
    assert audio.sample_rate == 22_050
    assert 0.5 < audio.seconds < 2.5
    assert loudness(audio.pcm) > 300


def test_500_chinese_characters_last_about_100_seconds(engine: EspeakEngine) -> None:
    assert len(FIVE_HUNDRED) == 500
    assert 60 < spoken(engine, FIVE_HUNDRED, "auto").seconds < 180


def test_every_voice_speaks_chinese_and_english(engine: EspeakEngine) -> None:
    sounds = {voice.id: spoken(engine, "你好 world", voice.id, 1.0) for voice in engine.voices}
    assert len(sounds) == 10
    assert all(audio.seconds > 0.4 for audio in sounds.values())
    assert len({audio.pcm for audio in sounds.values()}) == len(sounds)


def test_auto_speaks_each_script_in_its_own_language(engine: EspeakEngine) -> None:
    mixed = spoken(engine, "你好 world", "auto").pcm
    chinese = spoken(engine, "你好 ", "cmn", 1.0).pcm
    english = spoken(engine, "world", "en-us", 1.0).pcm
    assert len(mixed) == pytest.approx(len(chinese) + len(english), rel=0.02)
    # An English voice alone spells Chinese characters out, which takes far longer.
    assert spoken(engine, "你好世界", "auto").seconds < 0.6 * spoken(engine, "你好世界", "en-us", 1.0).seconds


@pytest.mark.parametrize(
    ("speed", "shortest", "longest"), [(0.25, 3.0, 5.0), (0.5, 1.5, 2.6), (2.0, 0.3, 0.7), (4.0, 0.1, 0.4)]
)
def test_speed_changes_the_length(engine: EspeakEngine, speed: float, shortest: float, longest: float) -> None:
    text = "你好世界,今天天气很好"
    ratio = spoken(engine, text, "auto", speed).seconds / spoken(engine, text, "auto").seconds
    assert shortest < ratio < longest


def test_markup_and_phoneme_brackets_are_read_not_obeyed(engine: EspeakEngine) -> None:
    plain = spoken(engine, "hello", "en-us", 1.0).seconds
    assert spoken(engine, "<break time='60s'/>hello", "en-us", 1.0).seconds < 15
    assert spoken(engine, "[[h@l'oU]]", "en-us", 1.0).seconds > plain


def test_threads_do_not_mix_their_sounds(engine: EspeakEngine) -> None:
    texts = [("好 word " * length, voice) for length in range(1, 13) for voice in ("auto", "cmn", "en-gb-female")]
    alone = [spoken(engine, text, voice) for text, voice in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda item: spoken(engine, *item), texts))
    assert together == alone


def test_the_same_words_are_the_same_samples_whatever_was_said_before(engine: EspeakEngine) -> None:
    wanted = [
        (text, voice.id, speed)
        for text in ("你好世界", "Uh-oh, the mountain", "老李买了五把好伞 for ssss")
        for voice in engine.voices
        for speed in (0.3, 1.0)
    ]
    first = [spoken(engine, *each) for each in wanted]
    again = [spoken(engine, *each) for each in reversed(wanted)]
    assert again[::-1] == first


def test_a_second_engine_in_the_process_shares_the_library(engine: EspeakEngine) -> None:
    for _ in range(3):
        assert spoken(EspeakEngine(), "hello", "en-us", 1.0).seconds > 0.3
    gc.collect()
    assert spoken(engine, "hello", "en-us", 1.0).seconds > 0.3


def test_data_at_a_path_longer_than_the_library_can_hold_are_read(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("long paths need /proc/self/fd, which this system has not")
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    (deep / "espeak-ng-data").symlink_to(espeakng_loader.get_data_path())
    # The library has one global state: another process loads it from there.
    program = (
        f"import espeakng_loader; espeakng_loader.get_data_path = lambda: {str(deep / 'espeak-ng-data')!r}\n"
        "from voicegate_tts.espeak_engine import EspeakEngine\n"
        "print(len(b''.join(EspeakEngine().speak('你好', 'auto', 1.0))) > 13_230)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout.strip() == "True", run.stderr


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: "/nonexistent/libespeak-ng.so")
    with pytest.raises(ConfigurationError, match=r"eSpeak NG cannot be loaded .*install it again"):
        espeak_library.EspeakLibrary()


@pytest.mark.parametrize(
    ("written", "said", "voice"),
    [
        ("2026年", "二零二六年", "auto"),
        ("气温-5℃", "气温零下五摄氏度", "cmn"),
        ("拨打13800138000。", "拨打幺三八零零幺三八零零零。", "auto-female"),
        ("It costs $5 now.", "It costs five dollars now.", "en-us"),
        ("5%", "five percent", "en-gb"),
    ],
)
def test_numbers_are_read_as_the_neural_engine_reads_them(
    engine: EspeakEngine, written: str, said: str, voice: str
) -> None:
    assert spoken(engine, written, voice) == spoken(engine, said, voice)
