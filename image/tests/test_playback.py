"""What players need: lengths, parts, versions; and a memory that makes seeking cheap."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from voicegate_tts.app import create_app
from voicegate_tts.espeak_engine import EspeakEngine

from .conftest import ScriptedEngine, known_caller
from .sounds import tone

MP3 = "/tts?text=hello&format=mp3"
WAV = "/tts?text=hello"
OPENAI = "/v1/audio/speech"
SECOND = tone(440, 22_050, 1.0).pcm


@pytest.mark.parametrize("path", [MP3, WAV])
def test_head_tells_what_get_would_give(client: FlaskClient, path: str) -> None:
    head = client.head(path)
    get = client.get(path)
    assert (head.status_code, head.data) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(get.data)
    assert head.headers["Accept-Ranges"] == "bytes"
    for name in ("Content-Type", "Content-Length", "ETag", "Content-Disposition"):
        assert head.headers[name] == get.headers[name]
    ranged = client.head(path, headers={"Range": "bytes=0-1"})
    assert (ranged.status_code, ranged.headers["Content-Length"]) == (200, head.headers["Content-Length"])


@pytest.mark.parametrize("path", [MP3, WAV, "/tts?text=hello&format=opus", "/tts?text=hello&format=flac"])
@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-1", 0, 1),
        ("bytes=0-", 0, -1),
        ("bytes=1000-1999", 1000, 1999),
        ("bytes=1000-", 1000, -1),
        ("bytes=-500", -500, -1),
        ("bytes=-99999999", 0, -1),
        ("bytes=10-99999999", 10, -1),
        ("bytes= 0-1 ", 0, 1),
    ],
)
def test_a_part_is_206(client: FlaskClient, path: str, asked: str, first: int, last: int) -> None:
    part = client.get(path, headers={"Range": asked})
    whole = client.get(path).data
    first, last = (value + len(whole) if value < 0 else value for value in (first, last))
    assert part.status_code == 206
    assert part.data == whole[first : last + 1]
    assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"
    assert int(part.headers["Content-Length"]) == len(part.data)
    assert part.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-100000000", "bytes=-0"])
def test_a_part_behind_the_end_is_416_with_the_length(client: FlaskClient, asked: str) -> None:
    answer = client.get(MP3, headers={"Range": asked})
    length = len(client.get(MP3).data)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{length}")
    assert "error" in (answer.json or {})


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "bytes=", "bytes=a-b", "0-1", "bytes=--5", "bytes=" + "9" * 500],
)
def test_a_range_that_says_nothing_clear_is_ignored(client: FlaskClient, asked: str) -> None:
    answer = client.get(MP3, headers={"Range": asked})
    assert (answer.status_code, answer.data) == (200, client.get(MP3).data)


def test_what_is_known_already_is_304(client: FlaskClient) -> None:
    etag = client.head(MP3).headers["ETag"]
    for given in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = client.get(MP3, headers={"If-None-Match": given})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert client.get(MP3, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get(MP3, headers={"If-None-Match": etag, "Range": "bytes=0-1"}).status_code == 304


def test_no_client_joins_two_versions(client: FlaskClient) -> None:
    etag = client.head(MP3).headers["ETag"]
    same = client.get(MP3, headers={"Range": "bytes=100-", "If-Range": etag})
    assert same.status_code == 206
    for other in ('"another"', f"W/{etag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        answer = client.get(MP3, headers={"Range": "bytes=100-", "If-Range": other})
        assert (answer.status_code, answer.headers["ETag"]) == (200, etag)


def test_other_bytes_have_another_version() -> None:
    first = create_app({}, ScriptedEngine(SECOND)).test_client().head(MP3)
    second = create_app({}, ScriptedEngine(SECOND + SECOND)).test_client().head(MP3)
    assert first.headers["ETag"] != second.headers["ETag"]


@pytest.mark.parametrize("path", [MP3, WAV, "/tts?text=hello&format=opus", "/tts?text=hello&format=pcm"])
def test_one_process_says_the_same_in_the_same_bytes_even_without_memory(engine: EspeakEngine, path: str) -> None:
    client = create_app({"TTS_CACHE_MEGABYTES": "0"}, engine).test_client()
    first = client.get(path).data
    assert client.get(path).data == first
    assert client.get(path, headers={"Range": "bytes=0-"}).data == first


def test_a_stream_says_that_parts_can_be_asked_for(client: FlaskClient) -> None:
    answer = client.get("/tts?text=once&format=mp3")
    assert "Content-Length" not in answer.headers
    assert answer.headers["Accept-Ranges"] == "bytes"
    # Nobody can ask for a part of what was posted.
    assert "Accept-Ranges" not in client.post("/tts", json={"text": "twice", "format": "mp3"}).headers


def test_only_what_can_be_asked_again_may_be_kept_by_the_client(client: FlaskClient) -> None:
    assert client.get(WAV).headers["Cache-Control"] == "private, no-cache"
    posted = client.post("/tts", json={"text": "hello"}, headers={"Range": "bytes=0-1"})
    assert (posted.status_code, posted.headers["Cache-Control"]) == (200, "no-store")
    assert "ETag" not in posted.headers
    assert client.get("/tts?text=").headers["Cache-Control"] == "no-store"


def caches(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    return [json.loads(line).get("cache") for line in capsys.readouterr().out.splitlines()]


def test_seeking_speaks_once_and_the_log_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    engine = ScriptedEngine(SECOND)
    client = known_caller(create_app({}, engine))
    for asked in ("bytes=0-1", "bytes=0-", "bytes=3000-"):
        client.get(MP3, headers={"Range": asked}, buffered=True)
    client.get("/healthz", buffered=True)
    assert engine.asked == 1
    assert caches(capsys) == ["miss", "hit", "hit", None]


def test_a_stream_that_was_heard_to_its_end_is_remembered_for_both_routes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine = ScriptedEngine(SECOND, SECOND)
    client = known_caller(create_app({}, engine))
    heard = client.post(OPENAI, json={"input": "hello"}, buffered=True).data
    again = client.get(MP3, headers={"Range": "bytes=0-"}, buffered=True)
    assert (again.status_code, again.data) == (206, heard)
    assert engine.asked == 1
    posted = client.post(OPENAI, json={"input": "hello"}, buffered=True)
    assert int(posted.headers["Content-Length"]) == len(heard)
    assert caches(capsys) == ["miss", "hit", "hit"]


def test_a_stream_that_was_left_is_not_remembered() -> None:
    engine = ScriptedEngine(*[SECOND] * 5)
    client = known_caller(create_app({}, engine))
    left = client.post(OPENAI, json={"input": "hello"})
    next(iter(left.iter_encoded()))
    left.close()
    assert len(client.post(OPENAI, json={"input": "hello"}).data) > 30_000
    assert engine.asked == 2


def test_nobody_is_told_what_another_caller_had_spoken(capsys: pytest.CaptureFixture[str]) -> None:
    client = create_app({}, ScriptedEngine(SECOND)).test_client()
    for principal, key in (("alice", "a1"), ("alice", "a2"), ("bob", "a1"), ("", ""), ("", ""), ("alice", "a1")):
        client.get(WAV, headers={"X-Auth-Principal": principal, "X-Auth-Key-Id": key}, buffered=True)
    assert caches(capsys) == ["miss", "miss", "miss", "miss", "miss", "hit"]


@pytest.mark.parametrize("change", ["&voice=cmn", "&speed=1.5", "&format=flac", "%20"])
def test_another_request_is_another_speech(
    engine: EspeakEngine, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    client = create_app({}, engine).test_client()
    for path in (WAV, f"{WAV}{change}"):
        client.get(path, headers={"Range": "bytes=0-"}, buffered=True)
    assert caches(capsys) == ["miss", "miss"]
