"""The service's addresses."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template, request

from .audio import Audio
from .engine import SpeechEngine
from .errors import RequestError
from .request_log import note
from .settings import Settings
from .speech_request import SpeechRequest, json_fields, query_fields, speech_request

# What engines give for text in which there is nothing to say, such as a full stop.
_SILENCE_SECONDS = 0.02

_OPENAI_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
_OPENAI_SAMPLE_RATE = 24_000

_PAGE_POLICY = (
    "default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def create_routes(engine: SpeechEngine, settings: Settings) -> Blueprint:
    """The routes, speaking through the given engine."""
    routes = Blueprint("voicegate_tts", __name__)

    @routes.get("/")
    def page() -> Response:
        page = Response(
            render_template(
                "index.html",
                voices=engine.voices,
                max_characters=settings.max_characters,
                slowest=engine.speeds[0],
                fastest=engine.speeds[1],
            ),
            mimetype="text/html",
        )
        page.headers["Content-Security-Policy"] = _PAGE_POLICY
        page.headers["Referrer-Policy"] = "no-referrer"
        page.headers["Cache-Control"] = "no-cache"
        return page

    @routes.get("/favicon.ico")
    def favicon() -> Response:
        return current_app.send_static_file("favicon.svg")

    @routes.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok", "engine": engine.name}

    @routes.get("/tts")
    def speak_query() -> Response:
        fields = query_fields(request, ("text", "voice", "speed"))
        return _wav(_speak(speech_request(engine, fields, max_characters=settings.max_characters)))

    @routes.post("/tts")
    def speak_json() -> Response:
        fields = json_fields(request)
        return _wav(_speak(speech_request(engine, fields, max_characters=settings.max_characters)))

    @routes.post("/v1/audio/speech")
    def speak_openai() -> Response:
        fields = json_fields(request)
        _check_openai(engine, fields)
        wanted = speech_request(engine, fields, max_characters=settings.max_characters, text_field="input")
        audio = _speak(wanted, text_field="input")
        if fields.get("response_format") == "pcm":
            return _sound(audio.resampled(_OPENAI_SAMPLE_RATE).pcm, "audio/pcm", "speech.pcm")
        return _wav(audio)

    def _speak(wanted: SpeechRequest, text_field: str = "text") -> Audio:
        note(request.environ, characters=len(wanted.text), voice=wanted.voice)
        audio = Audio(b"".join(engine.speak(wanted.text, wanted.voice, wanted.speed)), engine.sample_rate)
        if audio.seconds < _SILENCE_SECONDS:
            raise RequestError(
                f"{text_field} holds nothing that the voice {wanted.voice} can speak; send words.",
                param=text_field,
                code="nothing_to_speak",
            )
        return audio

    return routes


def _check_openai(engine: SpeechEngine, fields: dict[str, object]) -> None:
    """Checks the fields that only OpenAI's speech API has.

    `instructions` is accepted and has no effect, as with OpenAI's own tts-1. Without `response_format` the answer is
    WAV: OpenAI's default, MP3, would need an encoder.
    """
    models = (*_OPENAI_MODELS, engine.name)
    if fields.get("model") not in models:
        raise RequestError(
            f"model must be one of {', '.join(models)}; they all mean this service's engine, {engine.name}.",
            param="model",
            code="model_not_found",
        )
    if fields.get("response_format", "wav") not in ("wav", "pcm"):
        raise RequestError(
            "response_format must be wav or pcm, no other format is supported; pass response_format: "
            '"wav" (a file) or "pcm" (16-bit little-endian mono samples at 24 kHz).',
            param="response_format",
            code="unsupported_response_format",
        )
    if fields.get("stream_format", "audio") != "audio":
        raise RequestError(
            "stream_format must be audio, events are not supported; leave it out.",
            param="stream_format",
            code="unsupported_stream_format",
        )


def _wav(audio: Audio) -> Response:
    return _sound(audio.to_wav(), "audio/wav", "speech.wav")


def _sound(data: bytes, mimetype: str, filename: str) -> Response:
    response = Response(data, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'inline; filename="{filename}"'
    response.headers["Cache-Control"] = "no-store"
    return response
