"""The service as the image's CMD runs it: gunicorn, its workers, its signals, its logs."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote

import pytest

from voicegate_tts.audio import Audio

from .conftest import FIVE_HUNDRED, START_SECONDS, StartService

WORDS = "绝密的话"
SHARED_MEMORY = "/dev/shm"  # noqa: S108


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_it_speaks_500_characters_and_runs_from_any_directory(start_service: StartService, tmp_path: Path) -> None:
    service = start_service(cwd=tmp_path)
    response, body = service.request("GET", f"/tts?text={quote(FIVE_HUNDRED)}")
    assert response.status == 200
    assert int(response.headers["Content-Length"]) == len(body)
    assert 60 < Audio.from_wav(body).seconds < 180


def test_it_writes_nothing_to_disk(start_service: StartService, copied_folder: Path, tmp_path: Path) -> None:
    if not os.access(SHARED_MEMORY, os.W_OK):
        assert os.environ.get("CI") != "true", f"{SHARED_MEMORY} is needed"
        pytest.skip("a system without /dev/shm keeps its heartbeat files in the temporary folder")
    for path in [copied_folder, *copied_folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    before = tree(tmp_path)
    # Neither a home nor a temporary folder exists; what wants to write there fails.
    nowhere = str(tmp_path / "nowhere")
    service = start_service(copied_folder, HOME=nowhere, TMPDIR=nowhere, XDG_RUNTIME_DIR=nowhere)
    assert service.request("GET", "/")[0].status == 200
    body = json.dumps({"text": "你好世界"})
    assert service.request("POST", "/tts", body, {"Content-Type": "application/json"})[0].status == 200
    service.stop()
    assert tree(tmp_path) == before
    assert service.errors == []


def test_it_answers_many_at_once(start_service: StartService) -> None:
    service = start_service()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda i: service.request("GET", f"/tts?text={i}{quote('你好')}"), range(64)))
    assert {response.status for response, _ in answers} == {200}
    assert all(Audio.from_wav(body).seconds > 0.3 for _, body in answers)


def test_every_line_is_json_and_none_holds_the_text(start_service: StartService) -> None:
    service = start_service()
    service.request("GET", f"/tts?text={quote(WORDS)}", headers={"X-API-Key": "vg_topsecret"})
    for request in (
        b"GET /tts?text=TOPSECRET WITH SPACES HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GE(T /tts?text=TOPSECRET HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /tts?text=" + b"TOPSECRET" * 1_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-API-Key\x00TOPSECRET: TOPSECRET\r\n\r\n",
        b"POST /tts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nTOPSECRET\r\n",
    ):
        with socket.create_connection(("127.0.0.1", service.port), START_SECONDS) as connection:
            connection.sendall(request)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 4")
    service.stop()
    records = [json.loads(line) for line in service.lines]
    # Two processes write, each after its answer has left: the order of their lines is open.
    assert [record.get("status") for record in records].count(200) == 2
    assert any(record["message"] == "Invalid request" for record in records)
    for forbidden in (WORDS, quote(WORDS), "TOPSECRET", "topsecret"):
        assert forbidden not in service.output()


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL])
def test_a_worker_killed_in_the_middle_of_a_request_says_nothing_of_the_text(
    start_service: StartService, number: signal.Signals
) -> None:
    service = start_service(WEB_CONCURRENCY="1")
    worker = service.wait_for(lambda record: record["message"].startswith("Booting worker"))
    body = json.dumps({"model": "tts-1", "input": WORDS * 125, "response_format": "pcm", "speed": 0.25})
    connection = HTTPConnection("127.0.0.1", service.port, timeout=START_SECONDS)
    connection.request("POST", "/v1/audio/speech", body, {"Content-Type": "application/json"})
    # The same worker answers a second request while it makes the first speech, which takes seconds.
    assert service.request("GET", "/healthz")[0].status == 200
    pid = int(worker["message"].split(": ")[1])
    os.kill(pid, number)
    # KILL cuts the answer off; ABRT, gunicorn's own way with a worker that is stuck, may let it be finished.
    with suppress(HTTPException, OSError):
        connection.getresponse().read()
    connection.close()
    # Another worker takes over.
    service.wait_for(
        lambda record: record["message"].startswith("Booting worker") and str(pid) not in record["message"]
    )
    assert service.request("GET", "/healthz")[0].status == 200
    service.stop()
    assert WORDS not in service.output()
    assert all(json.loads(line) for line in service.lines)


def test_on_term_it_finishes_the_request_in_flight(start_service: StartService) -> None:
    service = start_service(WEB_CONCURRENCY="1")
    body = json.dumps({"model": "tts-1", "input": FIVE_HUNDRED, "response_format": "pcm"})
    headers = {"Content-Type": "application/json"}
    answers: list[int] = []

    def ask() -> None:
        response, data = service.request("POST", "/v1/audio/speech", body, headers)
        answers.extend([response.status, len(data)])

    asking = threading.Thread(target=ask)
    asking.start()
    # Once this has been answered, the earlier request is in work, too.
    assert service.request("GET", "/healthz")[0].status == 200
    service.signal(signal.SIGTERM)
    asking.join(START_SECONDS)
    assert service.wait() == 0
    assert answers[0] == 200
    assert answers[1] > 60 * 48_000


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_whoever_has_gone_has_nothing_more_made_for_them(start_service: StartService, method: str) -> None:
    service = start_service(WEB_CONCURRENCY="1", TTS_MAX_TEXT_CHARACTERS="100000", TTS_MAX_SPEECH_CHARACTERS="100000")
    # As a whole it takes many seconds.
    if method == "POST":
        path = "/v1/audio/speech"
        body = json.dumps({"model": "tts-1", "input": WORDS * 20_000, "response_format": "wav"})
    else:
        path, body = f"/tts?text={'a' * 7_000}&speed=0.25", ""
    fields = f"Host: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    head = f"{method} {path} HTTP/1.1\r\n{fields}\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", service.port), START_SECONDS)
    connection.sendall((head + body).encode())
    assert service.request("GET", "/healthz")[0].status == 200
    connection.close()
    line = service.wait_for(lambda record: record.get("status") == 499)
    assert line["path"] == path.split("?")[0]


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"TTS_ENGINE": "festival"}, "allowed values: kokoro, espeak-ng, sambert-hifigan"),
        ({"GUNICORN_THREADS": "none"}, "GUNICORN_THREADS: must be a whole number from 1 to 256"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_clear_line(
    start_service: StartService, environment: dict[str, str], complaint: str
) -> None:
    service = start_service(ready=False, **environment)
    assert service.wait() != 0
    [line] = service.lines
    assert complaint in json.loads(line)["message"]
    assert service.errors == []


def test_an_engine_that_cannot_be_loaded_stops_the_start_with_the_reason(start_service: StartService) -> None:
    service = start_service(ready=False, TTS_ENGINE="sambert-hifigan", WEB_CONCURRENCY="1")
    assert service.wait() != 0
    details = [json.loads(line).get("detail", "") for line in service.lines]
    assert any('pip install "modelscope[audio]"' in detail for detail in details)
