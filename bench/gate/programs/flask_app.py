"""A Flask app that checks keys by a decorator and limits by Flask-Limiter."""

import functools
import hmac
import os

from flask import Flask, jsonify, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

KEYS = {os.environ["BENCH_KEY"]: "alice@example.com"}

app = Flask(__name__)
limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")


def require_api_key(view):
    """Let only requests with a known key through."""

    @functools.wraps(view)
    def guarded(*args, **kwargs):
        given = request.headers.get("X-API-Key", "")
        if not any(hmac.compare_digest(given.encode(), key.encode()) for key in KEYS):
            return jsonify(error="Unauthorized"), 401
        return view(*args, **kwargs)

    return guarded


@app.get("/")
@limiter.limit("1000000000 per minute")
@require_api_key
def hello():
    return jsonify(message="hello")
