from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from voicegate_tts.app import create_app
from voicegate_tts.engine import OPENAI_FEMALE_VOICES, OPENAI_MALE_VOICES
from voicegate_tts.espeak_engine import EspeakEngine

GOOD: dict[str, Any] = {"model": "tts-1", "input": "你好世界", "voice": "alloy", "response_format": "wav"}


@pytest.mark.parametrize("voice", [*OPENAI_FEMALE_VOICES, *OPENAI_MALE_VOICES, "cmn", "en-gb-female"])
def test_the_voices_of_openai_and_of_the_engine_are_accepted(client: FlaskClient, voice: str) -> None:
    assert client.post("/v1/audio/speech", json={**GOOD, "voice": voice}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        *({"model": model} for model in ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "espeak-ng", "TTS-1", "", None)),
        *({"model": dated} for dated in ("gpt-4o-mini-tts-2025-12-15", "tts-1-1106", "tts-1-hd-1106")),
        *({"voice": voice} for voice in ("Alloy", "NOVA", "CMN-Female", {"id": "alloy"}, {"id": "Shimmer"}, "", None)),
        *({"speed": speed} for speed in (1, 1.0, "1", "1.0", "0.25", 4, "", None)),
        {"instructions": "Whisper.", "lang_code": "z", "stream": True, "user": {"a": [1]}},
        {"instructions": None, "response_format": None, "stream_format": None},
    ],
)
def test_what_openai_takes_is_taken(client: FlaskClient, change: dict[str, Any]) -> None:
    assert client.post("/v1/audio/speech", json={**GOOD, **change}).status_code == 200


def test_the_voice_is_the_same_however_it_is_written(client: FlaskClient) -> None:
    said = [
        client.post("/v1/audio/speech", json={**GOOD, "voice": voice}).data
        for voice in ("nova", "NOVA", {"id": "Nova"}, "auto-female", "Auto-Female")
    ]
    assert len(set(said)) == 1
    assert client.post("/v1/audio/speech", json={**GOOD, "voice": "alloy"}).data != said[0]


@pytest.mark.parametrize("change", [{"model": "gpt-9"}, {"voice": "nobody"}, {"voice": {"id": "nobody"}}])
def test_unknown_names_mean_the_default_where_that_is_set(engine: EspeakEngine, change: dict[str, Any]) -> None:
    lenient = create_app({"TTS_STRICT_NAMES": "false"}, engine).test_client()
    default = {name: value for name, value in GOOD.items() if name != "voice"}
    wanted = lenient.post("/v1/audio/speech", json=default).data
    assert lenient.post("/v1/audio/speech", json={**default, **change}).data == wanted
    assert lenient.get("/tts?text=hello&voice=nobody").status_code == 200
    for wrong in ({"model": 5}, {"voice": [1]}):
        assert lenient.post("/v1/audio/speech", json={**default, **wrong}).status_code == 400


def test_4096_characters_are_spoken(client: FlaskClient) -> None:
    body = {**GOOD, "input": "Go. " * 1_024, "speed": 4, "response_format": "pcm"}
    assert len(client.post("/v1/audio/speech", json=body).data) > 100 * 48_000


@pytest.mark.parametrize(
    ("change", "param", "code", "complaint"),
    [
        ({"response_format": "aac"}, "response_format", "unsupported_response_format", "allowed are mp3, wav, pcm,"),
        ({"stream_format": "ws"}, "stream_format", "unsupported_stream_format", "allowed are audio, sse"),
        ({"model": "gpt-9"}, "model", "model_not_found", '"gpt-9" is not a model of this service; allowed are tts-1,'),
        ({"model": 5}, "model", "model_not_found", "5 is not a model"),
        ({"model": "tts-1-new"}, "model", "model_not_found", "is not a model"),
        ({"voice": 5}, "voice", "invalid_voice", "5 is not a voice"),
        ({"voice": {"id": "nobody"}}, "voice", "invalid_voice", "is not a voice"),
        ({"speed": "fast"}, "speed", "invalid_speed", 'got "fast"'),
        ({"speed": True}, "speed", "invalid_speed", "got true"),
        ({"voice": "nobody"}, "voice", "invalid_voice", "allowed are auto,"),
        ({"speed": 4.5}, "speed", "invalid_speed", "from 0.25 to 4.0, got 4.5"),
        ({"speed": 0.2}, "speed", "invalid_speed", "from 0.25 to 4.0"),
        ({"input": ""}, "input", "empty_text", "input is empty"),
        ({"input": None}, "input", "missing_text", "input is missing"),
        ({"input": "好" * 4_097}, "input", "text_too_long", "input has 4097 characters, at most 4096 are allowed"),
    ],
)
def test_unsupported_values_get_errors_in_the_shape_of_openai(
    client: FlaskClient, change: dict[str, Any], param: str, code: str, complaint: str
) -> None:
    answer = client.post("/v1/audio/speech", json={**GOOD, **change})
    assert answer.status_code == 400
    error = (answer.json or {})["error"]
    assert set(answer.json or {}) == {"error", "requestId"}
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert complaint in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("GET", "/v1/audio/speech", None, 405),
        ("GET", "/v1/audio/speech/", None, 405),
        ("POST", "/v1/audio/transcriptions", "{}", 404),
        ("POST", "/v1/v1/audio/speech", "{}", 404),
        ("GET", "/v1/models/nothing", None, 404),
        ("GET", "/v1/models?a=%C4", None, 400),
        ("POST", "/v1/audio/speech", "nonsense", 400),
        ("POST", "/v1/audio/speech", "{" + " " * 70_000 + "}", 413),
    ],
)
def test_every_error_below_v1_has_the_shape_of_openai(
    client: FlaskClient, method: str, path: str, data: str | None, status: int
) -> None:
    answer = client.open(path, method=method, data=data, content_type="application/json")
    assert answer.status_code == status
    assert (answer.json or {})["error"]["type"] == "invalid_request_error"


def test_the_request_id_is_the_gate_s(client: FlaskClient) -> None:
    given = client.post("/v1/audio/speech", json={}, headers={"X-Request-Id": "0123abcd"})
    assert (given.json or {})["requestId"] == "0123abcd"
    for wrong in ({}, {"X-Request-Id": "<b>"}, {"X-Request-Id": "a" * 200}):
        made = (client.get("/tts", headers=wrong).json or {})["requestId"]
        assert re.fullmatch("[0-9a-f]{32}", made)
