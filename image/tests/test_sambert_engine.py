"""The model itself cannot be had everywhere; what stands in for ModelScope here has its modules, names and answers."""

from __future__ import annotations

import sys
from array import array
from types import ModuleType
from typing import Any

import pytest

from voicegate_tts.app import create_app
from voicegate_tts.audio import Audio
from voicegate_tts.engines import create_engine
from voicegate_tts.errors import ConfigurationError
from voicegate_tts.sambert_engine import SambertEngine
from voicegate_tts.settings import Settings

from .conftest import spoken
from .sounds import wav_of

SPEECH = Audio(array("h", [1_000, -1_000] * 8_000).tobytes(), 16_000)


class FakeModel:
    def __init__(self, voices: list[str]) -> None:
        self._voices = dict.fromkeys(voices)

    def get_voices(self) -> tuple[dict[str, None], dict[str, list[str]]]:
        return self._voices, {"voices": list(self._voices)}


class FakeModelScope:
    """Records what is asked of it."""

    def __init__(self, voices: list[str]) -> None:
        self.model = FakeModel(voices)
        self.loaded: list[tuple[str, str]] = []
        self.spoken: list[tuple[str, str]] = []

    def pipeline(self, task: str, model: str) -> FakeModelScope:
        if model == "nobody/nothing":
            raise ValueError("no such model")
        self.loaded.append((task, model))
        return self

    def __call__(self, input: str, voice: str) -> dict[str, bytes]:  # noqa: A002
        self.spoken.append((input, voice))
        return {"output_wav": wav_of(SPEECH)}


@pytest.fixture
def modelscope(monkeypatch: pytest.MonkeyPatch) -> FakeModelScope:
    return install(monkeypatch, ["zhizhe_emo", "zhitian_emo", "zhibei_emo", "zhiyan_emo"])


def install(monkeypatch: pytest.MonkeyPatch, voices: list[str]) -> FakeModelScope:
    fake = FakeModelScope(voices)
    members: dict[str, dict[str, Any]] = {
        "modelscope": {},
        "modelscope.outputs": {"OutputKeys": type("OutputKeys", (), {"OUTPUT_WAV": "output_wav"})},
        "modelscope.pipelines": {"pipeline": fake.pipeline},
        "modelscope.utils": {},
        "modelscope.utils.constant": {"Tasks": type("Tasks", (), {"text_to_speech": "text-to-speech"})},
    }
    for name, values in members.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    return fake


def test_numbers_are_in_words_before_the_model_gets_them(modelscope: FakeModelScope) -> None:
    engine = SambertEngine("damo/speech_sambert-hifigan_tts_zh-cn_16k")
    spoken(engine, "2026年涨了12%。", "zhitian_emo")
    assert "".join(text for text, _ in modelscope.spoken) == "二零二六年涨了百分之十二。"


def test_it_loads_the_named_model_and_speaks_with_the_wanted_voice(modelscope: FakeModelScope) -> None:
    settings = Settings.from_environment({"TTS_ENGINE": "sambert-hifigan"})
    engine = create_engine(settings)
    assert engine.name == "sambert-hifigan"
    assert modelscope.loaded == [("text-to-speech", "damo/speech_sambert-hifigan_tts_zh-cn_16k")]
    assert [voice.id for voice in engine.voices] == ["zhitian_emo", "zhiyan_emo", "zhizhe_emo", "zhibei_emo"]
    assert spoken(engine, "你好世界", "zhizhe_emo", 1.0) == SPEECH
    assert modelscope.spoken == [("你好世界", "zhizhe_emo")]


def test_another_model_brings_its_own_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install(monkeypatch, ["zhimao"])
    settings = Settings.from_environment({"TTS_ENGINE": "sambert-hifigan", "TTS_MODEL": "/models/mine"})
    engine = create_engine(settings)
    assert fake.loaded == [("text-to-speech", "/models/mine")]
    assert [voice.id for voice in engine.voices] == ["zhimao"]
    assert set(engine.voice_aliases.values()) == {"zhimao"}


def test_the_service_speaks_through_it(modelscope: FakeModelScope) -> None:
    client = create_app({"TTS_ENGINE": "sambert-hifigan"}).test_client()
    wav = client.get("/tts?text=你好世界")
    assert wav.status_code == 200
    assert Audio.from_wav(wav.data) == SPEECH
    body = {"model": "tts-1", "input": "你好", "voice": "onyx", "response_format": "pcm"}
    pcm = client.post("/v1/audio/speech", json=body)
    assert len(pcm.data) == 2 * 24_000
    assert modelscope.spoken == [("你好世界", "zhitian_emo"), ("你好", "zhizhe_emo")]
    assert 'id="speed"' not in client.get("/").text


def test_a_speed_that_it_has_not_is_refused(modelscope: FakeModelScope) -> None:
    answer = create_app({"TTS_ENGINE": "sambert-hifigan"}).test_client().get("/tts?text=a&speed=2")
    assert answer.status_code == 400
    assert (answer.json or {})["error"] == 'speed can only be 1, the engine sambert-hifigan has no other, got "2".'
    assert modelscope.spoken == []


def test_without_modelscope_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modelscope", None)
    with pytest.raises(ConfigurationError, match=r"pip install \"modelscope\[audio\]\""):
        SambertEngine("damo/speech_sambert-hifigan_tts_zh-cn_16k")


def test_a_model_that_cannot_be_loaded_is_named(modelscope: FakeModelScope) -> None:
    with pytest.raises(ConfigurationError, match="TTS_MODEL: the model 'nobody/nothing' cannot be loaded"):
        SambertEngine("nobody/nothing")
    assert modelscope.loaded == []
