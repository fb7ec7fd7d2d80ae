"""How many listeners hear the service without a gap, by the number of CPUs it has. Needs taskset, of Linux.

Usage: listeners.py [--engine kokoro] [--cpus 1,2] [--listeners 1,2,3,4] [--characters 150]

Each listener asks for one text of its own, all at the same time, and plays it from its first byte on: where it has
played all that has come, there is a gap.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

HERE = Path(__file__).resolve().parent
IMAGE = HERE.parent.parent / "image"
PORT = 5919
START_SECONDS = 120
# Players hold some sound back; so much is no gap yet.
TOLERANCE_SECONDS = 0.05
BYTES_A_SECOND = {"kokoro": 2 * 24_000, "espeak-ng": 2 * 22_050}


class Listener(threading.Thread):
    def __init__(self, text: str, bytes_a_second: int) -> None:
        super().__init__()
        self.text = text
        self.bytes_a_second = bytes_a_second
        self.first = 0.0
        self.sound = 0.0
        self.silence = 0.0
        self.failed = ""

    def run(self) -> None:
        try:
            self._listen()
        except OSError as error:
            self.failed = repr(error)

    def _listen(self) -> None:
        asked = time.monotonic()
        connection = HTTPConnection("127.0.0.1", PORT, timeout=600)
        body = {"model": "tts-1", "input": self.text, "response_format": "pcm"}
        connection.request(
            "POST",
            "/v1/audio/speech",
            json.dumps(body),
            {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        if answer.status != 200:
            self.failed = f"{answer.status} {answer.read(200)!r}"
            return
        until = 0.0
        while part := answer.read1(65536):
            now = time.monotonic()
            if until == 0.0:
                self.first, until = now - asked, now
            # What was heard until now has been played; the rest of the wait is silence.
            self.silence += max(0.0, now - until - TOLERANCE_SECONDS)
            until = max(until, now) + len(part) / self.bytes_a_second
            self.sound += len(part) / self.bytes_a_second


def texts(count: int, characters: int) -> list[str]:
    lines = (HERE / "sentences.tsv").read_text("utf-8").splitlines()
    sentences = [text for kind, text in (line.split("\t")[:2] for line in lines) if kind == "zh"]
    turned = ["".join(sentences[n % len(sentences) :] + sentences[: n % len(sentences)]) for n in range(count)]
    return [(text * (characters // len(text) + 1))[:characters] for text in turned]


def serve(engine: str, cpus: int) -> subprocess.Popen[bytes]:
    settings = {
        "HOST": "127.0.0.1",
        "PORT": str(PORT),
        "TTS_ENGINE": engine,
        "GUNICORN_THREADS": "64",
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        "gunicorn.conf.py",
        "voicegate_tts.app:create_app()",
    ]
    return subprocess.Popen(
        ["taskset", "-c", f"0-{cpus - 1}", *command],
        cwd=IMAGE,
        env={"PATH": os.environ["PATH"], **settings},
        stdout=subprocess.DEVNULL,
    )


def wait_until_ready(service: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"the service was not ready within {START_SECONDS} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="kokoro", choices=sorted(BYTES_A_SECOND))
    parser.add_argument("--cpus", default="1,2")
    parser.add_argument("--listeners", default="1,2,3,4")
    parser.add_argument("--characters", type=int, default=150)
    options = parser.parse_args()
    print("| engine | CPUs | listeners | real-time factor of all | last first sound | silence of all | heard | load |")
    print("|---|---|---|---|---|---|---|---|")
    for cpus in [int(word) for word in options.cpus.split(",")]:
        service = serve(options.engine, cpus)
        try:
            wait_until_ready(service)
            for count in [int(word) for word in options.listeners.split(",")]:
                began = time.monotonic()
                found = [Listener(text, BYTES_A_SECOND[options.engine]) for text in texts(count, options.characters)]
                for one in found:
                    one.start()
                for one in found:
                    one.join()
                wall, sound = time.monotonic() - began, sum(one.sound for one in found)
                if failed := [one.failed for one in found if one.failed]:
                    raise SystemExit(f"{len(failed)} of {count} listeners failed, such as: {failed[0]}")
                print(
                    f"| {options.engine} | {cpus} | {count} | {wall / sound:.2f} | {max(one.first for one in found):.2f} s "
                    f"| {sum(one.silence for one in found):.1f} s | {sound:.0f} s | {os.getloadavg()[0]:.1f} |",
                    flush=True,
                )
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait()


if __name__ == "__main__":
    main()
