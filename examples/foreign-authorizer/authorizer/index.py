"""A Lambda authorizer as one writes it for an HTTP API: payload format 2.0, simple response."""

import hashlib
import hmac
import os


def handler(event: dict, _context: object) -> dict:
    token = event["headers"].get("authorization", "").removeprefix("Bearer ")
    digest = hashlib.sha256(token.encode()).hexdigest()
    return {
        "isAuthorized": hmac.compare_digest(digest, os.environ["TOKEN_SHA256"]),
        "context": {"principalId": "partner"},
    }
