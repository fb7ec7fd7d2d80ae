"""Reads the fields that callers send: in a query, in a form, in a JSON object."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from flask import Request

from .errors import RequestError

Fields = dict[str, object]

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_MAX_PARAMETERS = 100

# The names that IANA has for UTF-8, and how they are commonly written; the gate counts no others.
_UTF8 = re.compile(r"(?:cs)?utf[-_]?8", re.IGNORECASE)


def query_fields(request: Request, names: Sequence[str]) -> Fields:
    """The named fields of the query string.

    Raises:
        RequestError: it is not UTF-8, or one of them is there twice.
    """
    return _urlencoded(request.query_string, names, "query")


def body_fields(request: Request, names: Sequence[str]) -> Fields:
    """The fields of a body that is a JSON object, or the named ones of a form.

    Raises:
        RequestError: it is neither of them in UTF-8, or names a field twice.
    """
    if request.mimetype == _FORM:
        _check_plain(request, f"{_JSON} or {_FORM}")
        return _urlencoded(request.get_data(cache=False), names, "form")
    return json_fields(request, f"{_JSON} or {_FORM}")


def json_fields(request: Request, allowed: str = _JSON) -> Fields:
    """The fields of a body that is a JSON object.

    Raises:
        RequestError: it is not UTF-8 JSON, not an object, or names a field twice.
    """
    if request.mimetype != _JSON:
        raise RequestError(f"The body must be in UTF-8 and sent with Content-Type: {allowed}.", status=415)
    _check_plain(request, allowed)
    try:
        body = json.loads(request.get_data(cache=False).decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RequestError("The body is not valid JSON in UTF-8.", code="invalid_json") from error
    if not isinstance(body, dict):
        raise RequestError('The body must be a JSON object, such as {"text": "…"}.', code="invalid_json")
    return body


def check_query_encoding(request: Request) -> None:
    """Refuses a query that is not UTF-8 once its percent escapes are decoded.

    Raises:
        RequestError: it is not.
    """
    _urlencoded(request.query_string, (), "query", count=False)


def _check_plain(request: Request, allowed: str) -> None:
    if not _UTF8.fullmatch(request.mimetype_params.get("charset", "utf-8")):
        raise RequestError(f"The body must be in UTF-8 and sent with Content-Type: {allowed}.", status=415)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestError("The body must be sent without Content-Encoding.", status=415)


def _urlencoded(data: bytes, names: Sequence[str], where: str, *, count: bool = True) -> Fields:
    if count and data.count(b"&") >= _MAX_PARAMETERS:
        raise RequestError(f"The {where} has more than {_MAX_PARAMETERS} parameters.", code="too_many_parameters")
    try:
        pairs = parse_qsl(data.decode("utf-8"), keep_blank_values=True, encoding="utf-8", errors="strict")
    except UnicodeDecodeError as error:
        raise RequestError(
            f"The {where} is not UTF-8; percent-encode the text as UTF-8.", code="invalid_encoding"
        ) from error
    fields: Fields = {}
    for name in names:
        values = [value for given, value in pairs if given == name]
        if len(values) > 1:
            raise RequestError(f"{name} is given {len(values)} times; give it once.", param=name, code="repeated")
        if values:
            fields[name] = values[0]
    return fields


def _unique(pairs: list[tuple[str, object]]) -> Fields:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RequestError("The body names a field twice; give each field once.", code="repeated")
    return fields
