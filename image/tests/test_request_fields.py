"""How the fields arrive: in queries, forms and JSON, in UTF-8 and nothing else."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

FORM = "application/x-www-form-urlencoded"
PLAIN = ["/tts", "/tts/", "/api/tts"]
GBK = "%C4%E3%BA%C3"


@pytest.mark.parametrize("path", PLAIN)
def test_query_form_and_json_say_the_same(client: FlaskClient, path: str) -> None:
    fields = {"text": "你好 world", "voice": "cmn-female", "speed": "1.5"}
    queried = client.get(path, query_string=fields)
    assert queried.status_code == 200
    assert client.post(path, data=fields).data == queried.data
    assert client.post(path, json=fields).data == queried.data
    assert client.post(path, json={**fields, "speed": 1.5}).data == queried.data


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/audio/speech/"])
def test_openai_s_route_takes_json_alone(client: FlaskClient, path: str) -> None:
    assert client.post(path, json={"input": "hello"}).status_code == 200
    refused = client.post(path, data={"input": "hello"})
    assert refused.status_code == 415
    assert (refused.json or {})["error"]["message"].endswith("Content-Type: application/json.")


@pytest.mark.parametrize("path", [*PLAIN, "/", "/healthz", "/v1/models", "/v1/audio/voices", "/nothing"])
@pytest.mark.parametrize("query", [f"text={GBK}", f"{GBK}=1", "a=%ff", "a=%ED%A0%80", "a=%C0%80"])
def test_a_query_that_is_not_utf_8_is_400_on_every_route(client: FlaskClient, path: str, query: str) -> None:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 400
    error = (answer.json or {})["error"]
    assert "The query is not UTF-8" in (error["message"] if path.startswith("/v1/") else error)


@pytest.mark.parametrize("path", PLAIN)
@pytest.mark.parametrize("body", [f"text={GBK}", "text=\udcc4\udce3", "text=a&voice=%ff", "text=a&other=%ff"])
def test_a_form_that_is_not_utf_8_is_400(client: FlaskClient, path: str, body: str) -> None:
    answer = client.post(path, data=body.encode("utf-8", "surrogateescape"), content_type=FORM)
    assert answer.status_code == 400
    assert (answer.json or {})["error"] == "The form is not UTF-8; percent-encode the text as UTF-8."


def test_utf_8_may_stand_raw_or_encoded(client: FlaskClient) -> None:
    wanted = client.post("/tts", json={"text": "你好 a+b"}).data
    for body in ("text=你好+a%2Bb", "text=%E4%BD%A0%E5%A5%BD%20a%2bb"):
        assert client.post("/tts", data=body.encode(), content_type=FORM).data == wanted


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", "UTF8", '"utf-8"', "utf_8", "csUTF8"])
@pytest.mark.parametrize("kind", ["application/json", FORM])
def test_utf_8_is_known_in_every_spelling(client: FlaskClient, kind: str, charset: str) -> None:
    body = '{"text": "你好"}' if kind != FORM else "text=你好"
    for content_type in (f"{kind}; charset={charset}", f"{kind};Charset={charset} "):
        assert client.post("/tts", data=body.encode(), content_type=content_type).status_code == 200, content_type


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "text is missing"),
        ("text=", "text is empty"),
        ("text=a&text=b", "text is given 2 times"),
        ("text=a&speed=x", "speed must be a number"),
        ("text=" + "a" * 501, "at most 500"),
        ("&".join(["text=a", *["b=c"] * 100]), "The form has more than 100 parameters."),
    ],
)
def test_a_wrong_form_is_refused_with_the_reason(client: FlaskClient, body: str, complaint: str) -> None:
    answer = client.post("/tts", data=body, content_type=FORM)
    assert answer.status_code == 400
    assert complaint in (answer.json or {})["error"]


@pytest.mark.parametrize("path", PLAIN)
def test_null_is_a_field_that_is_not_there(client: FlaskClient, path: str) -> None:
    wanted = client.post(path, json={"text": "hello"}).data
    nothing = {"voice": None, "speed": None, "format": None}
    assert client.post(path, json={"text": "hello", **nothing}).data == wanted
    empty = {"voice": "", "speed": "", "format": ""}
    assert client.get(path, query_string={"text": "hello", **empty}).data == wanted
    assert client.post(path, data={"text": "hello", **empty}).data == wanted
