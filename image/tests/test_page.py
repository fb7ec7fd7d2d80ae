from __future__ import annotations

import re

from flask.testing import FlaskClient

from voicegate_tts.espeak_engine import EspeakEngine

from .conftest import FOLDER

PACKAGE = FOLDER / "voicegate_tts"


def test_the_page_offers_every_voice_and_the_limit(client: FlaskClient, engine: EspeakEngine) -> None:
    page = client.get("/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    for voice in engine.voices:
        assert f'<option value="{voice.id}"' in page.text
    assert 'data-max="500"' in page.text


def test_the_page_answers_head(client: FlaskClient) -> None:
    answer = client.head("/")
    assert (answer.status_code, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_the_page_needs_nothing_that_a_strict_policy_forbids(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'; media-src 'self' blob:;")
    assert not re.search(r"<script(?![^>]* src=)|<style|\son[a-z]+=|\sstyle=|javascript:|https?://", page.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert client.get(address).status_code == 200, address


def test_every_field_has_a_label(client: FlaskClient) -> None:
    page = client.get("/").text
    fields = re.findall(r'<(?:textarea|select|input)[^>]* id="([^"]+)"', page) + re.findall(
        r'<textarea id="([^"]+)"', page
    )
    assert {"text", "voice", "speed", "key"} <= set(fields)
    for field in fields:
        assert f'<label for="{field}"' in page


def test_every_word_of_the_page_exists_in_both_languages(client: FlaskClient) -> None:
    script = (PACKAGE / "static" / "app.js").read_text("utf-8")
    english, chinese = (
        set(re.findall(r"^      (\w+):", part, re.M)) for part in re.split(r"^    zh: ", script, flags=re.M)
    )
    assert english == chinese
    assert set(re.findall(r'data-i18n(?:-placeholder)?="(\w+)"', client.get("/").text)) <= english


def test_the_icon_is_an_svg(client: FlaskClient) -> None:
    icon = client.get("/favicon.ico")
    assert (icon.status_code, icon.mimetype) == (200, "image/svg+xml")
