"""Formats as callers ask for them, and sound that leaves while it is made."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from voicegate_tts.app import create_app
from voicegate_tts.audio import Audio
from voicegate_tts.errors import ClientGoneError
from voicegate_tts.espeak_engine import EspeakEngine

from .conftest import ScriptedEngine, spoken
from .sounds import decoded, tone

SPEECH = "/v1/audio/speech"
MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
    "opus": "audio/ogg",
    "flac": "audio/flac",
}
SECOND = tone(440, 22_050, 1.0).pcm


def heard(name: str, data: bytes) -> Audio:
    return Audio(data, 24_000) if name == "pcm" else decoded(data)


@pytest.mark.parametrize("name", list(MEDIA_TYPES))
@pytest.mark.parametrize("path", [SPEECH, "/tts"])
def test_every_format_can_be_decoded_and_says_the_same(
    client: FlaskClient, engine: EspeakEngine, path: str, name: str
) -> None:
    text = "你好世界, hello"
    field = {"input": text, "response_format": name} if path == SPEECH else {"text": text, "format": name.upper()}
    answer = client.post(path, json=field)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, MEDIA_TYPES[name])
    assert answer.headers["Content-Disposition"] == f'inline; filename="speech.{name}"'
    wanted = spoken(engine, text, engine.voices[0].id).seconds
    assert heard(name, answer.data).seconds == pytest.approx(wanted, abs=0.12 if name == "mp3" else 0.01)


@pytest.mark.parametrize("given", [{}, {"response_format": None}, {"response_format": ""}, {"response_format": "mp3"}])
def test_openai_s_default_is_mp3(client: FlaskClient, given: dict[str, Any]) -> None:
    answer = client.post(SPEECH, json={"model": "tts-1", "voice": "alloy", "input": "hello", **given})
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.data[0] == 0xFF
    assert answer.data[1] & 0xE0 == 0xE0


@pytest.mark.parametrize("query", ["text=hello", "text=hello&format=", "text=hello&format=wav"])
def test_tts_s_default_is_wav(client: FlaskClient, query: str) -> None:
    assert client.get(f"/tts?{query}").headers["Content-Type"] == "audio/wav"


@pytest.mark.parametrize("given", ["aac", "webm", "", 5, ["mp3"]])
def test_another_format_is_refused_with_the_list(client: FlaskClient, given: object) -> None:
    answer = client.post(SPEECH, json={"input": "hello", "response_format": given})
    if given == "":
        assert answer.status_code == 200
        return
    assert answer.status_code == 400
    error = (answer.json or {})["error"]
    assert (error["param"], error["code"]) == ("response_format", "unsupported_response_format")
    assert error["message"].endswith("is not supported; allowed are mp3, wav, pcm, opus, flac.")
    plain = client.post("/tts", json={"text": "hello", "format": given})
    assert "allowed are mp3, wav, pcm, opus, flac" in (plain.json or {})["error"]


@pytest.mark.parametrize("name", ["mp3", "pcm", "opus", "flac"])
def test_each_piece_leaves_when_it_is_spoken(name: str) -> None:
    engine = ScriptedEngine(*[SECOND * 2] * 4)
    answer = create_app({}, engine).test_client().post(SPEECH, json={"input": "hello", "response_format": name})
    assert "Content-Length" not in answer.headers
    parts = answer.iter_encoded()
    came = b""
    progress = []
    for part in parts:
        came += part
        progress.append((engine.made, heard(name, came).seconds))
    assert progress[0][0] == 1
    # Ogg keeps a page of up to a second, MP3 and FLAC a block or two.
    assert progress[0][1] > (0.9 if name == "opus" else 1.8)
    assert {made for made, _ in progress} == {1, 2, 3, 4}
    assert progress[-1][1] == pytest.approx(8.0, abs=0.12)


def test_wav_is_whole_with_true_lengths() -> None:
    client = create_app({}, ScriptedEngine(*[SECOND] * 3)).test_client()
    for answer in (client.post(SPEECH, json={"input": "a", "response_format": "wav"}), client.get("/tts?text=b")):
        assert int(answer.headers["Content-Length"]) == len(answer.data) == 44 + 3 * len(SECOND)
        assert int.from_bytes(answer.data[40:44], "little") == 3 * len(SECOND)


@pytest.mark.parametrize("body", [{"response_format": "wav"}, {"response_format": "wav", "stream_format": "sse"}])
def test_a_wav_that_takes_too_long_leaves_while_it_is_made(body: dict[str, str]) -> None:
    engine = ScriptedEngine(*[SECOND] * 20)
    client = create_app({"TTS_WHOLE_SECONDS": "0"}, engine).test_client()
    answer = client.post(SPEECH, json={"input": "hello", **body})
    assert engine.made == 1
    assert "Content-Length" not in answer.headers
    data = answer.data
    if "stream_format" in body:
        events = [json.loads(line[6:]) for line in data.decode().split("\n\n") if line]
        data = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    # Its length is not known: the most that the header can say. Players take what comes.
    assert data[4:8] == data[40:44] == bytes(4 * [255])
    assert decoded(data).pcm == SECOND * 20


@pytest.mark.parametrize("headers", [{"Range": "bytes=0-1"}, {"If-None-Match": '"x"'}])
def test_a_part_of_what_takes_too_long_is_the_whole_while_it_is_made(headers: dict[str, str]) -> None:
    client = create_app({"TTS_WHOLE_SECONDS": "0"}, ScriptedEngine(*[SECOND] * 3)).test_client()
    answer = client.get("/tts?text=hello&format=mp3", headers=headers)
    assert answer.status_code == 200
    assert "Content-Range" not in answer.headers
    assert decoded(answer.data).seconds > 2
    engine = ScriptedEngine(*[SECOND] * 3)
    head = create_app({"TTS_WHOLE_SECONDS": "0"}, engine).test_client().head("/tts?text=hello&format=mp3")
    head.close()
    assert (head.status_code, head.headers.get("Content-Length"), engine.ended_early) == (200, None, True)


def test_who_goes_away_from_a_wav_that_took_too_long_ends_the_synthesis() -> None:
    engine = ScriptedEngine(*[SECOND] * 50)
    client = create_app({"TTS_WHOLE_SECONDS": "0"}, engine).test_client()
    client.post(SPEECH, json={"input": "hello", "response_format": "wav"}).close()
    assert (engine.ended_early, engine.made) == (True, 1)


@pytest.mark.parametrize("events", [{}, {"stream_format": "sse"}])
def test_who_goes_away_ends_the_synthesis(events: dict[str, str]) -> None:
    engine = ScriptedEngine(*[SECOND] * 50)
    answer = create_app({}, engine).test_client().post(SPEECH, json={"input": "hello", **events})
    next(iter(answer.iter_encoded()))
    answer.close()
    assert engine.ended_early
    assert engine.made < 4


def test_who_goes_away_before_the_first_byte_ends_the_synthesis_too() -> None:
    for body in ({"input": "hello"}, {"input": "hello", "stream_format": "sse"}):
        engine = ScriptedEngine(*[SECOND] * 50)
        create_app({}, engine).test_client().post(SPEECH, json=body).close()
        assert (engine.ended_early, engine.made) == (True, 1)


@pytest.mark.parametrize("name", ["mp3", "wav"])
def test_what_fails_before_the_first_sound_is_500(name: str) -> None:
    client = create_app({}, ScriptedEngine(ValueError("绝密"))).test_client()
    answer = client.post(SPEECH, json={"input": "hello", "response_format": name})
    assert answer.status_code == 500
    assert (answer.json or {})["error"]["type"] == "server_error"


def test_what_nobody_hears_any_more_ends_quietly_and_is_not_remembered(capsys: pytest.CaptureFixture[str]) -> None:
    engine = ScriptedEngine(SECOND, ClientGoneError())
    client = create_app({}, engine).test_client()
    for _ in range(2):
        answer = client.post(SPEECH, json={"input": "hello"}, headers={"X-Auth-Principal": "alice"})
        assert answer.status_code == 200
    assert engine.asked == 2
    assert "broke off" not in capsys.readouterr().out


def test_what_fails_in_the_middle_breaks_the_answer_off_and_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    client = create_app({}, ScriptedEngine(SECOND, SECOND, ValueError("绝密"))).test_client()
    answer = client.post(SPEECH, json={"input": "绝密", "response_format": "pcm"})
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="绝密"):
        b"".join(answer.iter_encoded())
    logged = capsys.readouterr().out
    assert "绝密" not in logged
    assert json.loads(logged.splitlines()[0])["message"] == "speech broke off"


def test_silence_before_the_sound_does_not_hide_that_there_is_nothing_to_say() -> None:
    silent = create_app({}, ScriptedEngine(b"", bytes(100))).test_client()
    assert silent.post(SPEECH, json={"input": "。"}).status_code == 400
    late = create_app({}, ScriptedEngine(b"", bytes(100), SECOND)).test_client()
    answer = late.post(SPEECH, json={"input": "。a", "response_format": "pcm"})
    assert len(answer.data) == pytest.approx(48_000 + 100, abs=20)


def events_of(data: bytes) -> list[dict[str, Any]]:
    lines = data.decode().split("\n\n")
    assert lines.pop() == ""
    assert all(line.startswith("data: ") for line in lines)
    return [json.loads(line.removeprefix("data: ")) for line in lines]


@pytest.mark.parametrize("name", list(MEDIA_TYPES))
def test_events_carry_the_file_and_end_with_the_usage(client: FlaskClient, name: str) -> None:
    body = {"input": "你好世界", "response_format": name}
    answer = client.post(SPEECH, json={**body, "stream_format": "sse"})
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    *deltas, done = events_of(answer.data)
    assert {delta["type"] for delta in deltas} == {"speech.audio.delta"}
    sound = b"".join(base64.b64decode(delta["audio"]) for delta in deltas)
    assert sound == client.post(SPEECH, json=body).data
    assert done["type"] == "speech.audio.done"
    usage = done["usage"]
    assert usage["input_tokens"] == 4
    assert usage["output_tokens"] == pytest.approx(heard(name, sound).seconds * 1_250 / 60, abs=3)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_events_leave_piece_by_piece() -> None:
    engine = ScriptedEngine(*[SECOND] * 3)
    client = create_app({}, engine).test_client()
    answer = client.post(SPEECH, json={"input": "hello", "stream_format": "sse"})
    assert b"speech.audio.delta" in next(iter(answer.iter_encoded()))
    assert engine.made == 1


@pytest.mark.parametrize("given", ["websocket", 5, {}])
def test_other_stream_formats_are_refused(client: FlaskClient, given: object) -> None:
    answer = client.post(SPEECH, json={"input": "hello", "stream_format": given})
    assert (answer.json or {})["error"]["code"] == "unsupported_stream_format"


@pytest.mark.parametrize("given", [None, "", "audio"])
def test_without_a_stream_format_the_answer_is_the_file(client: FlaskClient, given: str | None) -> None:
    assert client.post(SPEECH, json={"input": "hello", "stream_format": given}).mimetype == "audio/mpeg"


def test_sound_too_long_to_be_held_whole_is_413_and_may_be_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicegate_tts.speaker._MOST_WHOLE_BYTES", 2 * len(SECOND))
    engine = ScriptedEngine(*[SECOND] * 50)
    client = create_app({}, engine).test_client()
    refused = client.post("/tts", json={"text": "hello"})
    assert (refused.status_code, engine.made, engine.ended_early) == (413, 3, True)
    assert "ask for mp3" in refused.get_data(as_text=True)
    assert client.post("/tts", json={"text": "hello", "format": "mp3"}, buffered=True).status_code == 200
