"""The service as the image's CMD runs it: gunicorn, its workers, its signals, its logs."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import quote

import pytest

from voicegate_tts.audio import Audio

from .conftest import FIVE_HUNDRED, START_SECONDS, Service, StartService, copied_folder

WORDS = "绝密的话"
SHARED_MEMORY = "/dev/shm"  # noqa: S108
HAS_SHARED_MEMORY = os.access(SHARED_MEMORY, os.W_OK)
JSON = {"Content-Type": "application/json"}
WRONG = (
    b"GET /tts?text=TOPSECRET WITH SPACES HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GE(T /tts?text=TOPSECRET HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /tts?text=" + b"TOPSECRET" * 1_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nX-API-Key\x00TOPSECRET: TOPSECRET\r\n\r\n",
    b"POST /tts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nTOPSECRET\r\n",
)


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@dataclass(frozen=True)
class Life:
    """What a service answered and wrote from its start to its end."""

    service: Service
    long: tuple[HTTPResponse, bytes]
    many: list[tuple[HTTPResponse, bytes]]
    in_flight: bytes
    status: int
    files_before: set[str]
    files_after: set[str]


@pytest.fixture(scope="module")
def life(start_shared_service: StartService, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """From a folder that is read-only, started in another; without a home or, if it can do so, a temporary folder."""
    folder, elsewhere = tmp_path_factory.mktemp("life"), tmp_path_factory.mktemp("elsewhere")
    image = copied_folder(folder)
    for path in [image, *image.rglob("*")]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    before = tree(folder) | tree(elsewhere)
    nowhere = str(folder / "nowhere")
    homes = {"HOME": nowhere, "XDG_RUNTIME_DIR": nowhere, **({"TMPDIR": nowhere} if HAS_SHARED_MEMORY else {})}
    service = start_shared_service(image, elsewhere, **homes)
    assert service.request("GET", "/")[0].status == 200
    assert service.request("POST", "/tts", json.dumps({"text": "你好世界"}), JSON)[0].status == 200
    assert service.request("GET", f"/tts?text={quote(WORDS)}", headers={"X-API-Key": "vg_topsecret"})[0].status == 200
    long = service.request("GET", f"/tts?text={quote(FIVE_HUNDRED)}")
    with ThreadPoolExecutor(16) as pool:
        many = list(pool.map(lambda i: service.request("GET", f"/tts?text={i}{quote('你好')}"), range(64)))
    for wrong in WRONG:
        with socket.create_connection(("127.0.0.1", service.port), START_SECONDS) as plain:
            plain.sendall(wrong)
            assert plain.recv(65_536).startswith(b"HTTP/1.1 4")
    connection = HTTPConnection("127.0.0.1", service.port, timeout=START_SECONDS)
    connection.request("POST", "/v1/audio/speech", json.dumps({"input": FIVE_HUNDRED, "response_format": "pcm"}), JSON)
    response = connection.getresponse()
    service.signal(signal.SIGTERM)
    in_flight = response.read()
    connection.close()
    status = service.wait()
    return Life(service, long, many, in_flight, status, before, tree(folder) | tree(elsewhere))


def test_it_speaks_500_characters_and_runs_from_any_directory(life: Life) -> None:
    response, body = life.long
    assert response.status == 200
    assert int(response.headers["Content-Length"]) == len(body)
    assert 60 < Audio.from_wav(body).seconds < 180


def test_it_writes_nothing_to_disk(life: Life) -> None:
    if not HAS_SHARED_MEMORY:
        assert os.environ.get("CI") != "true", f"{SHARED_MEMORY} is needed"
        pytest.skip("a system without /dev/shm keeps its heartbeat files in the temporary folder")
    assert life.files_after == life.files_before
    assert life.service.errors == []


def test_it_answers_many_at_once(life: Life) -> None:
    assert {response.status for response, _ in life.many} == {200}
    assert all(Audio.from_wav(body).seconds > 0.3 for _, body in life.many)


def test_every_line_is_json_and_none_holds_the_text(life: Life) -> None:
    records = [json.loads(line) for line in life.service.lines]
    # Of health, the page, four kinds of speech. Two processes write, each after its answer has left: in any order.
    assert [record.get("status") for record in records].count(200) == 5 + len(life.many) + 1
    assert any(record["message"] == "Invalid request" for record in records)
    for forbidden in (WORDS, quote(WORDS), "TOPSECRET", "topsecret"):
        assert forbidden not in life.service.output()


def test_on_term_it_finishes_the_request_in_flight(life: Life) -> None:
    assert life.status == 0
    assert len(life.in_flight) > 60 * 48_000


@pytest.fixture(scope="module")
def lone(start_shared_service: StartService) -> Service:
    """Of one worker, which therefore has every request."""
    limit = "100000"
    return start_shared_service(WEB_CONCURRENCY="1", TTS_MAX_TEXT_CHARACTERS=limit, TTS_MAX_SPEECH_CHARACTERS=limit)


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL])
def test_a_worker_killed_in_the_middle_of_a_request_says_nothing_of_the_text(
    lone: Service, number: signal.Signals
) -> None:
    # The latest: another has been killed before.
    pids = [line.split("pid: ")[1] for line in lone.messages() if line.startswith("Booting worker")]
    seen = len(lone.lines)
    body = json.dumps({"model": "tts-1", "input": WORDS * 125, "response_format": "pcm", "speed": 0.25})
    connection = HTTPConnection("127.0.0.1", lone.port, timeout=START_SECONDS)
    connection.request("POST", "/v1/audio/speech", body, JSON)
    # The same worker answers a second request while it makes the first speech, which takes seconds.
    assert lone.request("GET", "/healthz")[0].status == 200
    os.kill(int(pids[-1]), number)
    # KILL cuts the answer off; ABRT, gunicorn's own way with a worker that is stuck, may let it be finished.
    with suppress(HTTPException, OSError):
        connection.getresponse().read()
    connection.close()
    # Another worker takes over.
    lone.wait_for(lambda record: record["message"].startswith("Booting worker"), since=seen)
    assert lone.request("GET", "/healthz")[0].status == 200
    assert WORDS not in lone.output()
    assert all(json.loads(line) for line in lone.lines)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_whoever_has_gone_has_nothing_more_made_for_them(lone: Service, method: str) -> None:
    seen = len(lone.lines)
    # As a whole it takes many seconds.
    if method == "POST":
        path = "/v1/audio/speech"
        body = json.dumps({"model": "tts-1", "input": WORDS * 20_000, "response_format": "wav"})
    else:
        path, body = f"/tts?text={'a' * 7_000}&speed=0.25", ""
    fields = f"Host: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    head = f"{method} {path} HTTP/1.1\r\n{fields}\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", lone.port), START_SECONDS)
    connection.sendall((head + body).encode())
    assert lone.request("GET", "/healthz")[0].status == 200
    connection.close()
    line = lone.wait_for(lambda record: record.get("status") == 499, since=seen)
    assert (line["method"], line["path"]) == (method, path.split("?")[0])


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
