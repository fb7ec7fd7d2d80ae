from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from flask.testing import FlaskClient

from voicegate_tts.errors import ConfigurationError
from voicegate_tts.json_log import JsonFormatter

WORDS = "绝密的话"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_request_is_one_line_with_the_facts(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    headers = {
        "X-Auth-Principal": "alice%40example.org",
        "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
        "X-Forwarded-Proto": "https",
        "X-API-Key": "vg_abc_secret",
        "Authorization": "Bearer vg_abc_secret",
    }
    client.get("/tts", query_string={"text": "你好世界", "voice": "nova"}, headers=headers, buffered=True)
    [line] = lines(capsys)
    assert line.pop("time").endswith("Z")
    assert line.pop("durationMs") >= 0
    assert line == {
        "level": "info",
        "message": "request",
        "method": "GET",
        "path": "/tts",
        "status": 200,
        "characters": 4,
        "voice": "auto-female",
        "format": "wav",
        "cache": "miss",
        "remoteAddress": "198.51.100.7",
        "principal": "alice%40example.org",
    }


def test_no_line_holds_the_text_a_wrong_voice_or_a_credential(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"X-API-Key": "vg_abc_topsecret", "Cookie": "session=topsecret"}
    client.get("/tts", query_string={"text": WORDS}, headers=headers, buffered=True)
    client.get("/tts", query_string={"text": "a", "voice": WORDS}, headers=headers, buffered=True)
    client.get("/tts", query_string={"text": WORDS * 200}, headers=headers, buffered=True)
    client.post("/tts", json={"text": WORDS}, headers=headers, buffered=True)
    client.post("/v1/audio/speech", json={"model": WORDS, "input": WORDS}, headers=headers, buffered=True)
    client.post("/tts", data=WORDS, headers=headers, buffered=True)
    output = capsys.readouterr().out
    assert [json.loads(line)["status"] for line in output.splitlines()] == [200, 400, 400, 200, 400, 415]
    assert WORDS not in output
    assert "%E7%BB%9D" not in output
    assert "topsecret" not in output


def test_long_and_hostile_header_values_stay_one_short_line(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get(
        "/p" * 2_000 + "\u2028",
        headers={"X-Auth-Principal": "x." * 2_500, "X-Forwarded-For": "y." * 250},
        buffered=True,
    )
    [line] = lines(capsys)
    assert len(line["principal"]) == 1024
    assert len(line["path"]) == 256
    assert len(line["remoteAddress"]) == 64


def formatted(
    message: object, *arguments: object, error: BaseException | None = None, name: str = "gunicorn.error"
) -> dict[str, Any]:
    try:
        if error:
            raise error
        info: Any = None
    except BaseException:
        info = sys.exc_info()
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, info)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    return json.loads(line)  # type: ignore[no-any-return]


def test_strings_in_records_of_others_are_left_out() -> None:
    assert formatted("Error handling request %s", f"/tts?text={WORDS}")["message"] == "Error handling request …"
    assert formatted(f"Invalid request from ip=1.2.3.4: '{WORDS}'")["message"] == "Invalid request"
    assert formatted("Worker (pid:%s) was sent %s!", 7, "SIGKILL")["message"] == "Worker (pid:7) was sent SIGKILL!"
    assert formatted("%s of %d", WORDS, 3, name="kantts")["message"] == "… of 3"
    assert formatted("%(text)s", {"text": WORDS})["message"] == "%(text)s"
    assert formatted(ValueError(WORDS))["message"] == "ValueError"


def test_an_exception_is_its_type_and_places() -> None:
    line = formatted("Error handling request %s", "x", error=ValueError(WORDS))
    assert line["exception"] == "ValueError"
    assert "detail" not in line
    assert "formatted" in line["at"][0]
    assert WORDS not in json.dumps(line, ensure_ascii=False)


def test_the_messages_of_configuration_errors_are_shown() -> None:
    assert (
        formatted("Exception in worker process", error=ConfigurationError("TTS_MODEL: no"))["detail"] == "TTS_MODEL: no"
    )
