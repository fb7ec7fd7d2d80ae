"""The app that the documentation shows to whoever brings an image is one that Flask takes."""

import io
import re
from pathlib import Path
from typing import Any

import flask
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["docs/your-image.md", "docs/zh-CN/your-image.md"])
def test_the_app_of_the_page_is_ready_and_speaks(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"```python\n(from flask.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    assert found is not None
    monkeypatch.setattr(flask.Flask, "run", lambda *_, **__: None)
    names: dict[str, Any] = {"__name__": "app", "speak": lambda text: io.BytesIO(text.encode())}
    exec(compile(found[1], page, "exec"), names)  # noqa: S102
    client = names["app"].test_client()
    assert client.get("/").status_code == 200
    answer = client.post("/tts", json={"text": "hello"})
    assert (answer.data, answer.mimetype) == (b"hello", "audio/wav")
