"""The Flask application."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from .engine import SpeechEngine
from .engines import create_engine
from .errors import ClientGoneError, RequestError
from .json_log import log_event
from .request_fields import check_query_encoding
from .request_log import RequestLog
from .routes import create_routes
from .settings import Settings

_OPENAI_PREFIX = "/v1/"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
# Of an answer that werkzeug made, what an error in our shape must still say.
_KEPT_HEADERS = ("Allow", "Content-Range")


def create_app(environ: Mapping[str, str] | None = None, engine: SpeechEngine | None = None) -> Flask:
    """Makes the application.

    Args:
        environ: the settings' variables; the process's own by default.
        engine: the engine to speak through; the one that the settings name by default.

    Raises:
        ConfigurationError: the settings are wrong, or the engine cannot be loaded.
    """
    settings = Settings.from_environment(os.environ if environ is None else environ)
    # The page's files have names of their own (page.py).
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.url_map.merge_slashes = False
    app.register_blueprint(create_routes(engine or create_engine(settings), settings))
    app.before_request(lambda: check_query_encoding(request))
    app.register_error_handler(RequestError, _on_request_error)
    # nginx's number for it, which nobody but the log gets to see.
    app.register_error_handler(ClientGoneError, lambda _: Response(status=499))
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(Exception, _on_failure)
    app.after_request(_harden)
    # One proxy stands in front: its hop in X-Forwarded-For and X-Forwarded-Proto counts, whatever came before does not.
    app.wsgi_app = ProxyFix(RequestLog(app.wsgi_app), x_for=1, x_proto=1)  # type: ignore[method-assign]
    return app


def _on_request_error(error: RequestError) -> Response:
    return _error_response(error.status, error.message, error.param, error.code)


def _on_http_error(error: HTTPException) -> Response:
    given = error.get_response()
    status = error.code or 500
    if status < 400:
        return Response(given.get_data(), status, given.headers)
    message = f"{error.name}. {error.description or ''}".strip()
    if status == 413:
        limit = request.max_content_length
        message = f"Request Entity Too Large. The body may have at most {limit} bytes."
    response = _error_response(status, message)
    for name in _KEPT_HEADERS:
        if name in given.headers:
            response.headers[name] = given.headers[name]
    return response


def _on_failure(error: Exception) -> Response:
    log_event("error", "request failed", error, path=request.path[:256])
    return _error_response(500, "Internal Server Error. The service could not speak this; try again later.")


def _error_response(status: int, message: str, param: str | None = None, code: str | None = None) -> Response:
    """An error in the shape that the address's callers know: OpenAI's below /v1/, a plain one elsewhere."""
    if request.path.startswith(_OPENAI_PREFIX):
        kind = "server_error" if status >= 500 else "invalid_request_error"
        shaped = {"message": message, "type": kind, "param": param, "code": code}
        response = jsonify({"error": shaped, "requestId": _request_id()})
    else:
        response = jsonify({"error": message, "requestId": _request_id()})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _request_id() -> str:
    """The gate's name of the request, which its log has too."""
    given = request.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _harden(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
