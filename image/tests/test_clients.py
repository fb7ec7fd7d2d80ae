"""The shapes of requests that clients of OpenAI's speech API send: each is answered with sound that plays.

They are written by hand after what each client asks for when everything is left at its default, so that none needs a
change but address and key. docs/clients.md lists the clients.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from voicegate_tts.audio import Audio

from .sounds import decoded

TEXT = "Hello there, 你好。"
SPEECH = "/v1/audio/speech"

REQUESTS: dict[str, dict[str, Any]] = {
    "openai": {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": TEXT},
    "Vercel's AI SDK": {"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "mp3"},
    "LiteLLM": {"input": TEXT, "model": "tts-1", "voice": "alloy"},
    "livekit": {
        "input": TEXT, "model": "gpt-4o-mini-tts", "voice": "ash", "instructions": "", "response_format": "mp3",
        "speed": 1.0, "stream_format": "sse",
    },
    "pipecat": {"input": TEXT, "model": "gpt-4o-mini-tts", "voice": "alloy", "response_format": "pcm"},
    "Open WebUI": {"model": "tts-1", "input": TEXT, "voice": "alloy"},
    "LibreChat": {"input": TEXT, "model": "tts-1", "voice": "alloy", "backend": "openai"},
    "SillyTavern": {"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "mp3", "speed": 1},
    "Home Assistant": {
        "model": "gpt-4o-mini-tts", "voice": "marin", "input": TEXT, "instructions": "", "speed": 1.0,
        "response_format": "mp3",
    },
    "n8n": {"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "mp3", "speed": 1},
    "Dify": {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "mp3"},
    "FastGPT": {"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "mp3", "speed": 1},
    "AnythingLLM": {"model": "tts-1", "voice": "alloy", "input": TEXT},
    "wyoming-openai": {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "wav", "speed": 1.0},
    "Kokoro clients": {"input": TEXT, "voice": "alloy", "lang_code": "z", "speed": "1.0", "stream": True},
}  # fmt: skip


@pytest.mark.parametrize("name", list(REQUESTS))
def test_a_client_hears_something(client: FlaskClient, name: str) -> None:
    body = REQUESTS[name]
    answer = client.post(SPEECH, json=body, headers={"Accept": "*/*"})
    assert answer.status_code == 200
    data = answer.data
    if body.get("stream_format") == "sse":
        events = [json.loads(line[6:]) for line in data.decode().split("\n\n") if line]
        assert events[-1]["type"] == "speech.audio.done"
        data = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    audio = Audio(data, 24_000) if body.get("response_format") == "pcm" else decoded(data)
    assert 0.8 < audio.seconds < 5


def test_open_webui_fills_its_lists(client: FlaskClient) -> None:
    voices = {voice["id"]: voice["name"] for voice in (client.get("/v1/audio/voices").json or {})["voices"]}
    models = [{"id": model["id"]} for model in (client.get("/v1/audio/models").json or {})["models"]]
    assert voices["alloy"]
    assert {"id": "tts-1"} in models
