from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from voicegate_tts.audio import Audio
from voicegate_tts.engine import OPENAI_FEMALE_VOICES, OPENAI_MALE_VOICES

from .conftest import FIVE_HUNDRED

GOOD: dict[str, Any] = {"model": "tts-1", "input": "你好世界", "voice": "alloy", "response_format": "wav"}


def test_wav_is_a_wav_file(client: FlaskClient) -> None:
    answer = client.post("/v1/audio/speech", json=GOOD)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "audio/wav")
    assert 0.5 < Audio.from_wav(answer.data).seconds < 2.5


def test_without_a_format_the_answer_is_wav(client: FlaskClient) -> None:
    body = {name: value for name, value in GOOD.items() if name != "response_format"}
    assert client.post("/v1/audio/speech", json=body).headers["Content-Type"] == "audio/wav"


def test_pcm_is_24_khz_without_a_header(client: FlaskClient) -> None:
    seconds = Audio.from_wav(client.post("/v1/audio/speech", json=GOOD).data).seconds
    answer = client.post("/v1/audio/speech", json={**GOOD, "response_format": "pcm"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "audio/pcm")
    assert not answer.data.startswith(b"RIFF")
    # eSpeak NG does not speak twice in exactly the same time; a wrong rate would be off by an eighth at least.
    assert len(answer.data) / 2 / 24_000 == pytest.approx(seconds, rel=0.06)


@pytest.mark.parametrize("voice", [*OPENAI_FEMALE_VOICES, *OPENAI_MALE_VOICES, "cmn", "en-gb-female"])
def test_the_voices_of_openai_and_of_the_engine_are_accepted(client: FlaskClient, voice: str) -> None:
    assert client.post("/v1/audio/speech", json={**GOOD, "voice": voice}).status_code == 200


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "espeak-ng"])
def test_the_models_that_clients_name_are_accepted(client: FlaskClient, model: str) -> None:
    body = {**GOOD, "model": model, "instructions": "Whisper.", "stream_format": "audio", "speed": 2}
    assert client.post("/v1/audio/speech", json=body).status_code == 200


@pytest.mark.parametrize(
    ("change", "param", "code", "complaint"),
    [
        ({"response_format": "mp3"}, "response_format", "unsupported_response_format", 'pass response_format: "wav"'),
        ({"response_format": None}, "response_format", "unsupported_response_format", "must be wav or pcm"),
        ({"stream_format": "sse"}, "stream_format", "unsupported_stream_format", "must be audio"),
        ({"model": "gpt-9"}, "model", "model_not_found", "model must be one of tts-1,"),
        ({"model": None}, "model", "model_not_found", "model must be one of"),
        ({"voice": "nobody"}, "voice", "invalid_voice", "allowed are auto,"),
        ({"speed": 4.5}, "speed", "invalid_speed", "from 0.25 to 4.0, got 4.5"),
        ({"speed": 0.2}, "speed", "invalid_speed", "from 0.25 to 4.0"),
        ({"input": ""}, "input", "empty_text", "input is empty"),
        ({"input": None}, "input", "missing_text", "input is missing"),
        ({"input": FIVE_HUNDRED + "好"}, "input", "text_too_long", "at most 500"),
    ],
)
def test_unsupported_values_get_errors_in_the_shape_of_openai(
    client: FlaskClient, change: dict[str, Any], param: str, code: str, complaint: str
) -> None:
    answer = client.post("/v1/audio/speech", json={**GOOD, **change})
    assert answer.status_code == 400
    error = (answer.json or {})["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert complaint in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("GET", "/v1/audio/speech", None, 405),
        ("POST", "/v1/audio/transcriptions", "{}", 404),
        ("POST", "/v1/audio/speech", "nonsense", 400),
        ("POST", "/v1/audio/speech", "{" + " " * 50_000 + "}", 413),
    ],
)
def test_every_error_below_v1_has_the_shape_of_openai(
    client: FlaskClient, method: str, path: str, data: str | None, status: int
) -> None:
    answer = client.open(path, method=method, data=data, content_type="application/json")
    assert answer.status_code == status
    assert (answer.json or {})["error"]["type"] == "invalid_request_error"
