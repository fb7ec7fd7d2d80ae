"""What the tests share: the real engine, the app around it, and the service as it runs in production."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from voicegate_tts.app import create_app
from voicegate_tts.audio import Audio
from voicegate_tts.engine import SpeechEngine, is_never_gone
from voicegate_tts.espeak_engine import EspeakEngine

FOLDER = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0

FIVE_HUNDRED = "春眠不觉晓处处闻啼鸟夜来风雨声花落知多少" * 25


def spoken(engine: SpeechEngine, text: str, voice: str, speed: float = 1.0) -> Audio:
    """All the pieces of a text together."""
    return Audio(b"".join(engine.speak(text, voice, speed)), engine.sample_rate)


class ScriptedEngine(EspeakEngine):
    """Speaks given pieces, and remembers how far it came and whether it was ended early."""

    def __init__(self, *script: bytes | Exception) -> None:
        super().__init__()
        self.script = script
        self.made = 0
        self.asked = 0
        self.ended_early = False

    def speak(
        self,
        text: str,  # noqa: ARG002
        voice: str,  # noqa: ARG002
        speed: float,  # noqa: ARG002
        is_gone: Callable[[], bool] = is_never_gone,  # noqa: ARG002
    ) -> Iterator[bytes]:
        self.asked += 1
        try:
            for piece in self.script:
                if isinstance(piece, Exception):
                    raise piece
                self.made += 1
                yield piece
        except GeneratorExit:
            self.ended_early = True
            raise


@pytest.fixture(scope="session")
def engine() -> EspeakEngine:
    return EspeakEngine()


@pytest.fixture(scope="session")
def app(engine: EspeakEngine) -> Flask:
    return create_app({}, engine)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return known_caller(app)


_callers = count()


def known_caller(app: Flask) -> FlaskClient:
    """A client that the gate has told the app of: another one each time, for whom nothing is remembered yet."""
    client = app.test_client()
    client.environ_base["HTTP_X_AUTH_PRINCIPAL"] = f"caller-{next(_callers)}"
    return client


class Service:
    """gunicorn with the image's own configuration, on a free loopback port."""

    def __init__(self, folder: Path, cwd: Path, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "gunicorn", "--config", str(folder / "gunicorn.conf.py")]
        self._process = subprocess.Popen(
            [*command, "voicegate_tts.app:create_app()"],
            cwd=cwd,
            env={
                "PATH": os.environ.get("PATH", ""),
                "PYTHONDONTWRITEBYTECODE": "1",
                **({"PYTHONPYCACHEPREFIX": sys.pycache_prefix} if sys.pycache_prefix else {}),
                "HOST": "127.0.0.1",
                "PORT": "0",
                "TTS_ENGINE": "espeak-ng",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._arrived: queue.Queue[None] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, self.lines), daemon=True),
            threading.Thread(target=self._read, args=(self._process.stderr, self.errors), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        self.port = 0

    def _read(self, stream: Any, into: list[str]) -> None:  # noqa: ANN401
        for line in stream:
            into.append(line.rstrip("\n"))
            self._arrived.put(None)

    def messages(self) -> list[str]:
        return [json.loads(line)["message"] for line in list(self.lines)]

    def wait_for(
        self, wanted: Callable[[dict[str, Any]], bool], seconds: float = START_SECONDS, since: int = 0
    ) -> dict[str, Any]:
        """The first log line that is wanted, waited for; not one of the first `since`."""
        deadline = time.monotonic() + seconds
        while True:
            for line in self.lines[since:]:
                record = json.loads(line)
                if wanted(record):
                    return record  # type: ignore[no-any-return]
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise AssertionError(f"not seen within {seconds} s; the service wrote: {self.output()}")
            try:
                self._arrived.get(timeout=min(remaining, 0.5))
            except queue.Empty:
                continue

    def wait_until_ready(self) -> None:
        listening = self.wait_for(lambda record: record["message"].startswith("Listening at"))
        self.port = int(listening["message"].split("127.0.0.1:")[1].split(" ")[0])
        assert self.request("GET", "/healthz")[0].status == 200

    def request(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def output(self) -> str:
        return "\n".join([*self.lines, *self.errors])

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self, seconds: float = START_SECONDS) -> int:
        status = self._process.wait(seconds)
        for reader in self._readers:
            reader.join(seconds)
        return status

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self.wait()


StartService = Callable[..., Service]


def _services() -> Iterator[StartService]:
    started: list[Service] = []

    def start(folder: Path = FOLDER, cwd: Path | None = None, ready: bool = True, **environment: str) -> Service:
        service = Service(folder, cwd or folder, environment)
        started.append(service)
        if ready:
            service.wait_until_ready()
        return service

    yield start
    for service in started:
        service.stop()


start_service = pytest.fixture(_services)
# A start loads all that the image has: what several tests can ask of one service, they do.
start_shared_service = pytest.fixture(_services, scope="module")


def copied_folder(into: Path) -> Path:
    """What the image holds, in a folder of its own."""
    target = into / "app"
    shutil.copytree(FOLDER, target, ignore=shutil.ignore_patterns("tests", "__pycache__", ".*"))
    return target
