from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from voicegate_tts.mask import mask_keys

# What the other parts of Voicegate hold themselves to; not beside an image that stands alone.
VECTORS = Path(__file__).resolve().parents[2] / "test/contract/mask-vectors.json"
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"


def encoded(text: str, times: int) -> str:
    return "".join(f"%{'25' * (times - 1)}{ord(character):02X}" for character in text) if times else text


@pytest.mark.parametrize(("text", "masked"), json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"])
def test_the_rule_is_that_of_gate_and_edge(text: str, masked: str) -> None:
    assert mask_keys(text) == masked


@pytest.mark.parametrize("prefix", ["vg_", "Vg_", "vg-", "acme_", "%76g_", "%2576g%255F"])
@pytest.mark.parametrize("times", [0, 1, 2, 3])
@pytest.mark.parametrize("case", [str, str.upper, str.lower])
def test_no_line_holds_a_key_that_somebody_pasted(
    client: FlaskClient, capsys: pytest.CaptureFixture[str], prefix: str, times: int, case: type[str]
) -> None:
    key = prefix + encoded("AbCdEfGhIjKl", times) + prefix[-1] + encoded(case(LETTERS), times)
    client.get(f"/static/{key}", headers={"X-Auth-Principal": key, "X-Forwarded-For": key}, buffered=True)
    client.get(f"/{key}/x?text={key}&voice={key}", buffered=True)
    client.open(f"/tts?{key}", method="GET", headers={key.replace("%", "."): key}, buffered=True)
    output = capsys.readouterr().out
    assert len(output.splitlines()) == 3
    plain = output.lower()
    for _ in range(3):
        plain = plain.replace("%25", "%")
    assert case(LETTERS).lower()[:25] not in plain
    assert encoded(case(LETTERS), 1).lower()[:75] not in plain
