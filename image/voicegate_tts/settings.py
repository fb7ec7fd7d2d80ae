"""What the environment can change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .cpus import available_cpus
from .engines import ENGINE_NAMES
from .errors import ConfigurationError

# Engines with a model: one process holds it for all its threads.
_WORKERS = {"espeak-ng": 2}
_THREADS = {"espeak-ng": 4}


@dataclass(frozen=True)
class Settings:
    """The service's settings, each named after its environment variable.

    Attributes:
        engine: TTS_ENGINE, one of ENGINE_NAMES; default kokoro.
        model: TTS_MODEL, the model file of the kokoro engine, or the ModelScope model id (or folder) of the
            sambert-hifigan engine; by default the engine's own.
        speech_threads: TTS_THREADS, threads that compute one piece of speech in the kokoro engine; default: as many
            as the container has CPUs.
        max_text_characters: TTS_MAX_TEXT_CHARACTERS, the longest text of /tts after cleaning, in Unicode code points;
            default 500.
        max_speech_characters: TTS_MAX_SPEECH_CHARACTERS, the same of /v1/audio/speech; default 4,096, as OpenAI's.
        strict_names: TTS_STRICT_NAMES, whether an unknown model or voice is refused (true) or means the default
            (false); default true.
        cache_megabytes: TTS_CACHE_MEGABYTES, the memory of a process for speech that was made lately, in MiB; default
            32, 0 switches it off.
        cache_seconds: TTS_CACHE_SECONDS, how long it is remembered; default 600.
        whole_seconds: TTS_WHOLE_SECONDS, how long a file that should leave as a whole (WAV; a part of any, HEAD) is
            waited for, before it leaves while it is made; default 90.
        load_timeout_seconds: TTS_LOAD_TIMEOUT, how long an engine may take to load; default 900.
        host: HOST, the address to listen on; default 0.0.0.0.
        port: PORT, default 5000.
        workers: WEB_CONCURRENCY, processes; default 1, for espeak-ng 2.
        threads: GUNICORN_THREADS, threads a process, each for one listener; default 16, for espeak-ng 4.
        timeout_seconds: GUNICORN_TIMEOUT, after which a silent worker is replaced; default 120.
        graceful_timeout_seconds: GUNICORN_GRACEFUL_TIMEOUT, for requests in flight after TERM; default 30.
    """

    engine: str = ENGINE_NAMES[0]
    model: str | None = None
    speech_threads: int = field(default_factory=available_cpus)
    max_text_characters: int = 500
    max_speech_characters: int = 4_096
    strict_names: bool = True
    cache_megabytes: int = 32
    cache_seconds: int = 600
    whole_seconds: int = 90
    load_timeout_seconds: int = 900
    host: str = "0.0.0.0"  # noqa: S104 - a container's port is reached from outside of it
    port: int = 5000
    workers: int = 1
    threads: int = 16
    timeout_seconds: int = 120
    graceful_timeout_seconds: int = 30

    @property
    def max_body_bytes(self) -> int:
        """A JSON body needs up to 12 bytes a character (an escaped surrogate pair), and room for the other fields."""
        return 16 * 1024 + 12 * max(self.max_text_characters, self.max_speech_characters)

    @staticmethod
    def from_environment(environ: Mapping[str, str]) -> Settings:
        """Reads and checks the environment. An empty variable counts as absent.

        Raises:
            ConfigurationError: a value is not allowed.
        """
        engine = environ.get("TTS_ENGINE") or Settings.engine
        if engine not in ENGINE_NAMES:
            raise ConfigurationError(
                f"TTS_ENGINE: {engine!r} is not an engine; allowed values: {', '.join(ENGINE_NAMES)}."
            )
        return Settings(
            engine=engine,
            model=environ.get("TTS_MODEL") or None,
            speech_threads=_integer(environ, "TTS_THREADS", available_cpus(), 1, 256),
            max_text_characters=_integer(environ, "TTS_MAX_TEXT_CHARACTERS", Settings.max_text_characters, 1, 100_000),
            max_speech_characters=_integer(
                environ, "TTS_MAX_SPEECH_CHARACTERS", Settings.max_speech_characters, 1, 100_000
            ),
            strict_names=_boolean(environ, "TTS_STRICT_NAMES", Settings.strict_names),
            cache_megabytes=_integer(environ, "TTS_CACHE_MEGABYTES", Settings.cache_megabytes, 0, 65_536),
            cache_seconds=_integer(environ, "TTS_CACHE_SECONDS", Settings.cache_seconds, 1, 86_400),
            whole_seconds=_integer(environ, "TTS_WHOLE_SECONDS", Settings.whole_seconds, 0, 86_400),
            load_timeout_seconds=_integer(environ, "TTS_LOAD_TIMEOUT", Settings.load_timeout_seconds, 1, 86_400),
            host=environ.get("HOST") or Settings.host,
            port=_integer(environ, "PORT", Settings.port, 0, 65_535),
            workers=_integer(environ, "WEB_CONCURRENCY", _WORKERS.get(engine, Settings.workers), 1, 256),
            threads=_integer(environ, "GUNICORN_THREADS", _THREADS.get(engine, Settings.threads), 1, 256),
            timeout_seconds=_integer(environ, "GUNICORN_TIMEOUT", Settings.timeout_seconds, 1, 86_400),
            graceful_timeout_seconds=_integer(
                environ, "GUNICORN_GRACEFUL_TIMEOUT", Settings.graceful_timeout_seconds, 1, 86_400
            ),
        )


def _integer(environ: Mapping[str, str], name: str, default: int, minimum: int, maximum: int) -> int:
    given = environ.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,9}", given) or not minimum <= int(given) <= maximum:
        raise ConfigurationError(f"{name}: must be a whole number from {minimum} to {maximum}, got {given!r}.")
    return int(given)


def _boolean(environ: Mapping[str, str], name: str, default: bool) -> bool:
    given = environ.get(name) or str(default).lower()
    if given not in ("true", "false"):
        raise ConfigurationError(f"{name}: must be true or false, got {given!r}.")
    return given == "true"
