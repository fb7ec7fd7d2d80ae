from __future__ import annotations

import os
from pathlib import Path

import pytest

from voicegate_tts.cpus import available_cpus
from voicegate_tts.errors import ConfigurationError
from voicegate_tts.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environment({"PORT": "", "TTS_ENGINE": ""})
    assert settings == Settings()
    assert (settings.engine, settings.model, settings.strict_names) == ("kokoro", None, True)
    assert (settings.max_text_characters, settings.max_speech_characters) == (500, 4_096)
    assert (settings.port, settings.timeout_seconds) == (5000, 120)
    assert settings.speech_threads == available_cpus()


@pytest.mark.parametrize(
    ("engine", "processes"), [("kokoro", (1, 16)), ("espeak-ng", (2, 4)), ("sambert-hifigan", (1, 16))]
)
def test_an_engine_with_a_model_has_one_process_for_all_listeners(engine: str, processes: tuple[int, int]) -> None:
    settings = Settings.from_environment({"TTS_ENGINE": engine})
    assert (settings.workers, settings.threads) == processes


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_a_container_has_as_many_cpus_as_its_quota(tmp_path: Path, files: dict[str, str], cpus: int | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert available_cpus(tmp_path) == (cpus or len(os.sched_getaffinity(0)))


def test_an_unknown_engine_is_named_with_the_allowed_ones() -> None:
    with pytest.raises(
        ConfigurationError, match=r"TTS_ENGINE: 'festival' .*allowed values: kokoro, espeak-ng, sambert-hifigan"
    ):
        Settings.from_environment({"TTS_ENGINE": "festival"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TTS_MAX_TEXT_CHARACTERS", "0"),
        ("TTS_MAX_TEXT_CHARACTERS", "many"),
        ("TTS_MAX_SPEECH_CHARACTERS", "٥٠٠"),
        ("TTS_CACHE_MEGABYTES", "-1"),
        ("TTS_CACHE_SECONDS", "0"),
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


def test_a_switch_is_true_or_false() -> None:
    assert not Settings.from_environment({"TTS_STRICT_NAMES": "false"}).strict_names
    with pytest.raises(ConfigurationError, match="TTS_STRICT_NAMES: must be true or false, got 'no'"):
        Settings.from_environment({"TTS_STRICT_NAMES": "no"})
