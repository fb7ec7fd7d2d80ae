"""What else runs this folder reads the Dockerfile: it must stay as simple as that reader."""

from __future__ import annotations

import json
import re

from .conftest import FOLDER

INSTRUCTIONS = [
    line.split(" ", 1) for line in (FOLDER / "Dockerfile").read_text("utf-8").splitlines() if re.match(r"[A-Z]+ ", line)
]


def values(instruction: str) -> list[str]:
    return [value for name, value in INSTRUCTIONS if name == instruction]


def test_the_command_is_one_array_and_runs_as_an_unprivileged_user() -> None:
    [command] = values("CMD")
    assert json.loads(command) == ["gunicorn", "--config", "gunicorn.conf.py", "voicegate_tts.app:create_app()"]
    [user] = values("USER")
    assert not user.startswith(("0", "root"))
    # The number has a name in the image, and so has its group: one of the same number, since it is no system user.
    uid, gid = user.split(":")
    [useradd] = [line.split() for line in values("RUN") if line.startswith("useradd ")]
    assert uid == gid == useradd[useradd.index("--uid") + 1]
    assert "--user-group" in useradd and "--system" not in useradd
    assert values("WORKDIR") == ["/app"]
    assert values("EXPOSE") == ["5000"]
    assert values("ENTRYPOINT") == []


def test_environment_lines_are_plain() -> None:
    assert all(re.fullmatch(r"[A-Z_]+=[A-Za-z0-9./_-]+", line) for line in values("ENV"))


def test_every_dependency_is_pinned_with_its_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (FOLDER / name).read_text("utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            marker = r"(?: ; [a-z_<>='0-9.* A-Z!]+)?"
            assert re.fullmatch(rf"#.*|[a-z0-9_-]+==[0-9.]+{marker}(?: +--hash=sha256:[0-9a-f]{{64}})+", line), line


def test_the_dependencies_are_made_from_those_that_are_named() -> None:
    def names(file: str) -> set[str]:
        return set(re.findall(r"(?m)^([a-z][a-z0-9-]*)", (FOLDER / file).read_text("utf-8")))

    assert names("requirements.in") <= names("requirements.txt")
    assert names("requirements-dev.in") | names("requirements.txt") <= names("requirements-dev.txt")


def test_the_image_holds_neither_tests_nor_their_tools() -> None:
    ignored = (FOLDER / ".dockerignore").read_text("utf-8").splitlines()
    assert {"tests", "requirements-dev.txt", "**/__pycache__"} <= set(ignored)
    needed = {"Dockerfile", "requirements.txt", "gunicorn.conf.py", "voicegate_tts"}
    assert not needed & set(ignored)
