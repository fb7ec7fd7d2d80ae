from __future__ import annotations

import pytest

from voicegate_tts.errors import ConfigurationError
from voicegate_tts.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environment({"PORT": "", "TTS_ENGINE": ""})
    assert settings == Settings()
    assert (settings.engine, settings.max_characters, settings.port) == ("espeak-ng", 500, 5000)
    assert (settings.workers, settings.threads, settings.timeout_seconds) == (2, 4, 120)


def test_an_unknown_engine_is_named_with_the_allowed_ones() -> None:
    with pytest.raises(
        ConfigurationError, match=r"TTS_ENGINE: 'festival' .*allowed values: espeak-ng, sambert-hifigan"
    ):
        Settings.from_environment({"TTS_ENGINE": "festival"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TTS_MAX_CHARACTERS", "0"),
        ("TTS_MAX_CHARACTERS", "many"),
        ("TTS_MAX_CHARACTERS", "٥٠٠"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("WEB_CONCURRENCY", "0"),
        ("GUNICORN_THREADS", "1.5"),
        ("GUNICORN_TIMEOUT", "0"),
    ],
)
def test_a_number_that_is_not_allowed_is_named_with_its_range(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}: must be a whole number from .* to .*, got '{value}'"):
        Settings.from_environment({name: value})
