from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from voicegate_tts.app import create_app
from voicegate_tts.audio import Audio
from voicegate_tts.espeak_engine import EspeakEngine

from .conftest import FIVE_HUNDRED


def test_get_answers_a_wav_file(client: FlaskClient) -> None:
    answer = client.get("/tts", query_string={"text": "你好世界"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Content-Disposition"] == 'inline; filename="speech.wav"'
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert 0.5 < Audio.from_wav(answer.data).seconds < 2.5


def test_post_answers_the_same_as_get(client: FlaskClient) -> None:
    fields = {"text": "你好 world", "voice": "cmn-female", "speed": 1.5}
    posted = Audio.from_wav(client.post("/tts", json=fields).data)
    gotten = Audio.from_wav(client.get("/tts", query_string=fields).data)
    assert posted.seconds == pytest.approx(gotten.seconds, rel=0.02)
    assert posted.seconds < 0.9 * Audio.from_wav(client.post("/tts", json={"text": fields["text"]}).data).seconds


def test_500_characters_are_spoken_by_get_and_by_post(client: FlaskClient) -> None:
    for answer in (
        client.get("/tts", query_string={"text": FIVE_HUNDRED}),
        client.post("/tts", json={"text": FIVE_HUNDRED}),
    ):
        assert answer.status_code == 200
        assert 60 < Audio.from_wav(answer.data).seconds < 180


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("", "text is missing"),
        ("text=", "text is empty"),
        ("text=%00%0A", "text is empty"),
        ("text=" + "a" * 501, "text has 501 characters, at most 500 are allowed"),
        ("text=a&text=b", "text is given 2 times"),
        ("text=a&voice=nobody", 'voice: "nobody" is not a voice of this service; allowed are auto, auto-female, cmn,'),
        ("text=a&speed=fast", 'speed must be a number from 0.25 to 4.0, got "fast"'),
        ("text=a&speed=5", 'speed must be a number from 0.25 to 4.0, got "5"'),
        ("text=a&speed=nan", "speed must be a number"),
        ("text=a&speed=0.1", "speed must be a number"),
        ("text=%E3%80%82", "text holds nothing that the voice auto can speak"),
    ],
)
def test_a_wrong_query_is_refused_with_the_reason(client: FlaskClient, query: str, complaint: str) -> None:
    answer = client.get(f"/tts?{query}")
    assert answer.status_code == 400
    assert answer.is_json
    assert set(answer.json or {}) == {"error", "requestId"}
    assert complaint in (answer.json or {})["error"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("[" * 20_000, "not valid JSON"),
        ("[]", "must be a JSON object"),
        ("{}", "text is missing"),
        ('{"text": 5}', "text must be a string"),
        ('{"text": "\\ud800"}', "half of a surrogate pair"),
        ('{"text": "a", "text": "b"}', "names a field twice"),
        ('{"text": "a", "speed": true}', "speed must be a number"),
        ('{"text": null}', "text is missing"),
        ('{"text": "a", "speed": "quick"}', "speed must be a number"),
        ('{"text": "a", "speed": NaN}', "speed must be a number"),
        ('{"text": "a", "speed": 1e999}', "speed must be a number"),
        ('{"text": "a", "voice": ["auto"]}', "is not a voice"),
        (b'{"text": "\xff"}', "not valid JSON in UTF-8"),
    ],
)
def test_a_wrong_body_is_refused_with_the_reason(client: FlaskClient, body: str | bytes, complaint: str) -> None:
    answer = client.post("/tts", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert complaint in (answer.json or {})["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=gbk"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/x-www-form-urlencoded; charset=latin1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {},
    ],
)
def test_a_body_that_is_not_plain_json_is_415(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.post("/tts", data='{"text": "a"}', headers=headers)
    assert answer.status_code == 415
    assert "error" in (answer.json or {})


def test_a_body_that_is_too_large_is_413(client: FlaskClient) -> None:
    answer = client.post("/tts", json={"text": "a", "padding": "b" * 100_000})
    assert answer.status_code == 413
    assert (answer.json or {})["error"] == "Request Entity Too Large. The body may have at most 65536 bytes."


def test_the_longest_text_fits_into_the_body_however_it_is_escaped(client: FlaskClient) -> None:
    escaped = json.dumps({"text": "😀" * 499 + "好"})
    assert len(escaped) > 12 * 499
    assert client.post("/tts", data=escaped, content_type="application/json").status_code == 200


def test_unknown_addresses_and_methods_are_json(client: FlaskClient) -> None:
    assert client.get("/nothing").status_code == 404
    assert "Not Found" in (client.get("/nothing").json or {})["error"]
    assert client.get("/voicegate-page//app.js").status_code == 404
    assert client.get("/voicegate-page/%2e%2e/app.py").status_code == 404
    refused = client.put("/tts")
    assert refused.status_code == 405
    assert "error" in (refused.json or {})
    assert {"GET", "POST"} <= set(refused.headers["Allow"].split(", "))


def test_a_failing_engine_is_500_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(EspeakEngine):
        def _speak_piece(self, text: str, voice: str, speed: float) -> bytes:  # noqa: ARG002
            raise ValueError(f"cannot say {text}")

    client = create_app({}, Failing()).test_client()
    for path, kind in (("/tts", None), ("/v1/audio/speech", "server_error")):
        answer = client.post(path, json={"text": "绝密", "input": "绝密", "model": "tts-1"})
        assert answer.status_code == 500
        assert "绝密" not in answer.get_data(as_text=True)
        error: Any = (answer.json or {})["error"]
        assert (error if kind is None else error["message"]).startswith("Internal Server Error")
    logged = capsys.readouterr().out
    assert "绝密" not in logged
    failure = json.loads(logged.splitlines()[0])
    assert (failure["level"], failure["exception"]) == ("error", "ValueError")
    assert any("_speak_piece" in place for place in failure["at"])


def test_each_route_has_its_own_limit(engine: EspeakEngine) -> None:
    limits = {"TTS_MAX_TEXT_CHARACTERS": "3", "TTS_MAX_SPEECH_CHARACTERS": "5"}
    client = create_app(limits, engine).test_client()
    for path in ("/tts", "/tts/", "/api/tts"):
        assert client.get(f"{path}?text=abc").status_code == 200
        assert "at most 3 are" in (client.get(f"{path}?text=abcd").json or {})["error"]
        assert client.post(path, data={"text": "abcd"}).status_code == 400
    for path in ("/v1/audio/speech", "/v1/audio/speech/"):
        assert client.post(path, json={"input": "abcde"}).status_code == 200
        assert "at most 5 are" in (client.post(path, json={"input": "abcdef"}).json or {})["error"]["message"]


def test_health_names_the_engine(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok", "engine": "espeak-ng"})
