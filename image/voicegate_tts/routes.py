"""The service's addresses."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request

from .catalogue import Catalogue
from .client_connection import is_gone
from .engine import SpeechEngine
from .page import add_page
from .request_fields import body_fields, json_fields, query_fields
from .request_log import note
from .settings import Settings
from .sound_response import events_response, stream_response, wants_whole, whole_response
from .speaker import Speaker, SpeechStream
from .speech_cache import Speech, SpeechCache
from .speech_request import Route, SpeechRequest, speech_request


def create_routes(engine: SpeechEngine, settings: Settings) -> Blueprint:
    """The routes, speaking through the given engine."""
    routes = Blueprint("voicegate_tts", __name__)
    add_page(routes, engine, settings)

    @routes.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok", "engine": engine.name}

    catalogue = Catalogue(engine, strict=settings.strict_names)
    _add_lists(routes, catalogue)
    _add_speech(routes, engine, settings, catalogue)
    return routes


def _add_lists(routes: Blueprint, catalogue: Catalogue) -> None:
    @routes.get("/v1/models")
    def models() -> dict[str, object]:
        return catalogue.models()

    @routes.get("/v1/models/<name>")
    def model(name: str) -> dict[str, object]:
        return catalogue.model_object(name)

    @routes.get("/v1/audio/models")
    def audio_models() -> dict[str, object]:
        return catalogue.audio_models()

    @routes.get("/v1/audio/voices")
    def audio_voices() -> dict[str, object]:
        return catalogue.audio_voices()


def _add_speech(routes: Blueprint, engine: SpeechEngine, settings: Settings, catalogue: Catalogue) -> None:
    cache = SpeechCache(settings.cache_megabytes * 1024 * 1024, settings.cache_seconds)
    speaker = Speaker(engine, cache, settings.whole_seconds)
    plain = Route("text", "format", "wav", settings.max_text_characters)
    openai = Route("input", "response_format", "mp3", settings.max_speech_characters, openai=True)

    @routes.route("/tts", methods=["GET", "POST"])
    @routes.route("/tts/", methods=["GET", "POST"])
    @routes.route("/api/tts", methods=["GET", "POST"])
    def speak_plain() -> Response:
        read = body_fields if request.method == "POST" else query_fields
        return answer(speech_request(engine, catalogue, plain, read(request, plain.fields)))

    @routes.post("/v1/audio/speech")
    @routes.post("/v1/audio/speech/")
    def speak_openai() -> Response:
        return answer(speech_request(engine, catalogue, openai, json_fields(request)))

    def answer(wanted: SpeechRequest) -> Response:
        caller = _caller()
        speech = speaker.remembered(wanted, caller)
        note(
            request.environ,
            characters=len(wanted.text),
            voice=wanted.voice,
            sound_format=wanted.format.name,
            cache="miss" if speech is None else "hit",
        )
        sound: Speech | SpeechStream | None = speech
        # The answer is made when the request's context has ended.
        gone = partial(is_gone, request.environ)
        if sound is None and (wants_whole(request) or not wanted.format.streams):
            sound = speaker.whole(wanted, caller, gone)
        if sound is None:
            sound = speaker.stream(wanted, caller, gone)
        if wanted.events:
            return events_response(sound, len(wanted.text))
        if isinstance(sound, SpeechStream):
            return stream_response(request, sound, wanted.format)
        return whole_response(request, sound, wanted.format)


def _caller() -> str | None:
    """Who calls, as the gate in front says, or None; nobody hears from the cache what another one had made."""
    said = " ".join(request.headers.get(name, "") for name in ("X-Auth-Principal", "X-Auth-Key-Id"))
    return None if said == " " else said
