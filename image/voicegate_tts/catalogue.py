"""What callers may name: models and voices, and how leniently the names are read."""

from __future__ import annotations

import json
import re

from .engine import SpeechEngine
from .errors import RequestError

# OpenAI's, so that its clients work unchanged; they all mean the engine.
_OPENAI_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
# OpenAI's models have dated versions: tts-1-1106, gpt-4o-mini-tts-2025-12-15.
_DATE = re.compile(r"-(?:[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2})")
# Clients show it at most; the same for all, so that all tasks give the same list.
_CREATED = 1_764_374_400

_MAX_QUOTED = 40


class Catalogue:
    """The models and voices of an engine.

    Args:
        engine: has the voices.
        strict: whether an unknown name is refused; otherwise it means the default.
    """

    def __init__(self, engine: SpeechEngine, *, strict: bool) -> None:
        self._engine = engine
        self._strict = strict
        self._models = tuple(dict.fromkeys((*_OPENAI_MODELS, engine.name)))
        self._voices = {voice.id.lower(): voice.id for voice in engine.voices}
        for alias, voice in engine.voice_aliases.items():
            self._voices.setdefault(alias.lower(), voice)

    def model(self, given: object) -> str:
        """The model that is meant; without a name the engine's own.

        Raises:
            RequestError: there is none of that name.
        """
        if given is None or given == "":
            return self._engine.name
        found = self._known_model(given) if isinstance(given, str) else None
        if found is None and (self._strict or not isinstance(given, str)):
            raise RequestError(
                f"model: {quoted(given)} is not a model of this service; allowed are {', '.join(self._models)}, "
                f"which all mean its engine, {self._engine.name}. Or leave it out.",
                param="model",
                code="model_not_found",
            )
        return found or self._engine.name

    def voice(self, given: object) -> str:
        """The id of the voice that is meant; without a name the default's.

        Raises:
            RequestError: there is none of that name.
        """
        name = given.get("id") if isinstance(given, dict) else given
        if name is None or name == "":
            return self._engine.voices[0].id
        found = self._voices.get(name.lower()) if isinstance(name, str) else None
        if found is None and (self._strict or not isinstance(name, str)):
            raise RequestError(
                f"voice: {quoted(given)} is not a voice of this service; allowed are "
                f"{', '.join(voice.id for voice in self._engine.voices)}, "
                f"and as other names of them {', '.join(sorted(self._engine.voice_aliases))}.",
                param="voice",
                code="invalid_voice",
            )
        return found or self._engine.voices[0].id

    def models(self) -> dict[str, object]:
        """OpenAI's list of models."""
        return {"object": "list", "data": [_model_object(model) for model in self._models]}

    def model_object(self, name: str) -> dict[str, object]:
        """OpenAI's description of a model.

        Raises:
            RequestError: there is none of that name.
        """
        found = self._known_model(name)
        if found is None:
            raise RequestError(
                f"There is no model of that name; there are {', '.join(self._models)}.",
                param="model",
                code="model_not_found",
                status=404,
            )
        return _model_object(found)

    def audio_models(self) -> dict[str, object]:
        """The models as Open WebUI asks for them."""
        return {"models": [{"id": model} for model in self._models]}

    def audio_voices(self) -> dict[str, object]:
        """The voices as Open WebUI asks for them, OpenAI's names last."""
        own = [{"id": voice.id, "name": voice.label} for voice in self._engine.voices]
        return {"voices": [*own, *({"id": alias, "name": alias} for alias in sorted(self._engine.voice_aliases))]}

    def _known_model(self, given: str) -> str | None:
        name = given.lower()
        for model in self._models:
            if name == model or (name.startswith(model) and _DATE.fullmatch(name, len(model))):
                return model
        return None


def quoted(given: object) -> str:
    """A value that a caller sent, as it may be shown to the same caller."""
    text = json.dumps(given, ensure_ascii=False)
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"


def _model_object(model: str) -> dict[str, object]:
    return {"id": model, "object": "model", "created": _CREATED, "owned_by": "voicegate"}
