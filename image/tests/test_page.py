from __future__ import annotations

import hashlib
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
    script = (PACKAGE / "static" / "words.js").read_text("utf-8")
    english, chinese = (
        set(re.findall(r"^    (\w+):", part, re.M)) for part in re.split(r"^  zh: ", script, flags=re.M)
    )
    assert english == chinese
    assert set(re.findall(r'data-i18n(?:-placeholder|-label)?="(\w+)"', client.get("/").text)) <= english


def test_the_files_of_the_page_may_be_kept_forever_since_their_names_tell_their_content(client: FlaskClient) -> None:
    addresses = re.findall(r'(?:src|href)="([^"]+)"', client.get("/").text)
    for address in addresses:
        answer = client.get(address)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert address.split(".")[1] == hashlib.sha256(answer.data).hexdigest()[:16]
    # One script: a class that opens the page together must not ask for many files at once.
    assert [address.split(".")[-1] for address in addresses] == ["svg", "css", "js"]


def test_the_script_is_whole(client: FlaskClient) -> None:
    address = re.search(r'src="([^"]+)"', client.get("/").text)
    assert address
    script = client.get(address[1]).text
    assert not re.search(r"^(import|export) ", script, re.M)
    for path in (PACKAGE / "static").glob("*.js"):
        for name in re.findall(r"^export (?:const|class|function|async function) (\w+)", path.read_text("utf-8"), re.M):
            assert len(re.findall(rf"^(?:const|class|function|async function) {name}\b", script, re.M)) == 1


def test_a_page_of_another_version_gets_its_files_though_not_for_keeping(client: FlaskClient) -> None:
    answer = client.get("/voicegate-page/app.0123456789abcdef.js")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    for name in (
        "app.js",
        "words.0123456789abcdef.js",
        "words.0123456789abcdef.css",
        "none.0123456789abcdef.js",
        "page.0123456789abcdef.py",
    ):
        assert client.get(f"/voicegate-page/{name}").status_code == 404


def test_the_page_says_who_is_signed_in_and_asks_for_no_key(client: FlaskClient) -> None:
    session = re.compile(r'<div id="session" class="session"( hidden)?>')
    field = re.compile(r'<div class="field"( hidden)?>\s*<label for="key"')
    for headers, signed_in in (({}, False), ({"X-Auth-Session": "open"}, True), ({"X-Auth-Session": "x"}, False)):
        page = client.get("/", headers=headers).text
        assert [part.group(1) is None for part in session.finditer(page)] == [signed_in]
        assert [part.group(1) is None for part in field.finditer(page)] == [not signed_in]


def test_the_icon_is_an_svg(client: FlaskClient) -> None:
    icon = client.get("/favicon.ico")
    assert (icon.status_code, icon.mimetype) == (200, "image/svg+xml")
