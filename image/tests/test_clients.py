"""What clients of OpenAI's speech API send: each is answered with sound that plays.

The fields are those that the named source sends when everything is left at its default, so that none needs a change but
address and key. Clients that install are run themselves by `npm run test:slow`. docs/clients.md lists both.
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

# Client: (where the request is made, as repository and path; its fields).
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "Open WebUI": (
        "open-webui/open-webui: src/lib/apis/audio/index.ts, backend/open_webui/routers/audio.py",
        {"input": TEXT, "voice": "alloy", "model": "tts-1"},
    ),
    "LibreChat": (
        "danny-avila/LibreChat: api/server/services/Files/Audio/TTSService.js",
        {"input": TEXT, "model": "tts-1", "voice": "alloy", "backend": "openai"},
    ),
    "SillyTavern": (
        "SillyTavern/SillyTavern: public/scripts/extensions/tts/openai-compatible.js, src/endpoints/openai.js",
        {"input": TEXT, "response_format": "mp3", "voice": "alloy", "speed": 1, "model": "tts-1"},
    ),
    "Home Assistant": (
        "home-assistant/core: homeassistant/components/openai_conversation/tts.py",
        {
            # Where nobody gave any instructions it sends Python's word for that.
            "model": "gpt-4o-mini-tts", "voice": "marin", "input": TEXT, "instructions": "None", "speed": 1.0,
            "response_format": "mp3",
        },
    ),
    "n8n": (
        "n8n-io/n8n: packages/@n8n/nodes-langchain/nodes/vendors/OpenAi/actions/audio/generate.operation.ts",
        {"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "mp3", "speed": 1},
    ),
    "Dify": (
        "langgenius/dify-plugin-sdks: python/dify_plugin/interfaces/model/openai_compatible/tts.py",
        {"model": "tts-1", "input": TEXT, "voice": "alloy", "instruction": None, "response_format": "mp3"},
    ),
    "FastGPT": (
        "labring/FastGPT: packages/service/core/ai/audio/speech.ts",
        {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "mp3", "speed": 1},
    ),
    "AnythingLLM": (
        "Mintplex-Labs/anything-llm: server/utils/TextToSpeech/openAiGeneric/index.js",
        {"model": "tts-1", "voice": "alloy", "input": TEXT},
    ),
    "livekit": (
        "livekit/agents: livekit-plugins/livekit-plugins-openai/livekit/plugins/openai/tts.py",
        {
            "input": TEXT, "model": "gpt-4o-mini-tts", "voice": "ash", "response_format": "mp3", "speed": 1.0,
            "stream_format": "sse",
        },
    ),
    "OpenAI's agents": (
        "openai/openai-agents-python: src/agents/voice/models/openai_tts.py",
        {
            "model": "gpt-4o-mini-tts", "voice": "ash", "input": TEXT, "response_format": "pcm",
            "instructions": "You will receive partial sentences. Do not complete the sentence just read out the text.",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(REQUESTS))
def test_a_client_hears_something(client: FlaskClient, name: str) -> None:
    _, body = REQUESTS[name]
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
