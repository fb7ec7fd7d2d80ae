from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from voicegate_tts.engine import OPENAI_FEMALE_VOICES, OPENAI_MALE_VOICES
from voicegate_tts.espeak_engine import EspeakEngine

MODELS = ["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "espeak-ng"]


def test_models_are_listed_as_openai_lists_them(client: FlaskClient) -> None:
    answer = client.get("/v1/models").json or {}
    assert answer["object"] == "list"
    assert [model["id"] for model in answer["data"]] == MODELS
    for model in answer["data"]:
        assert set(model) == {"id", "object", "created", "owned_by"}
        assert (model["object"], type(model["created"]), type(model["owned_by"])) == ("model", int, str)


def test_a_model_is_described_by_its_name_and_by_a_dated_one(client: FlaskClient) -> None:
    [described] = [model for model in (client.get("/v1/models").json or {})["data"] if model["id"] == "gpt-4o-mini-tts"]
    assert client.get("/v1/models/gpt-4o-mini-tts").json == described
    assert client.get("/v1/models/gpt-4o-mini-tts-2025-12-15").json == described


@pytest.mark.parametrize("name", ["gpt-9", "tts-1-", "tts-1-2025-1-1", "%E4%BD%A0"])
def test_an_unknown_model_is_404_with_those_there_are(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/v1/models/{name}")
    assert answer.status_code == 404
    error = (answer.json or {})["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "model_not_found")
    assert "tts-1, tts-1-hd, gpt-4o-mini-tts, espeak-ng" in error["message"]


def test_voices_and_models_are_listed_as_open_webui_asks_for_them(client: FlaskClient, engine: EspeakEngine) -> None:
    assert client.get("/v1/audio/models").json == {"models": [{"id": model} for model in MODELS]}
    voices = (client.get("/v1/audio/voices").json or {})["voices"]
    assert voices[0] == {"id": "auto", "name": "Chinese and English (male)"}
    ids = [voice["id"] for voice in voices]
    assert set(ids) == {*(voice.id for voice in engine.voices), *OPENAI_FEMALE_VOICES, *OPENAI_MALE_VOICES}
    assert len(ids) == len(set(ids))


def test_every_listed_name_is_accepted(client: FlaskClient) -> None:
    names = [{"voice": voice["id"]} for voice in (client.get("/v1/audio/voices").json or {})["voices"]]
    for fields in [*names, *({"model": model} for model in MODELS)]:
        assert client.post("/v1/audio/speech", json={"input": "a", **fields}).status_code == 200
