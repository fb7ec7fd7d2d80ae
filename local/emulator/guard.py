"""Who may call the emulated AWS: programs of this machine that name the access key of this start, and no web page.

MiniStack asks for no credential, ignores `Host` and lets every origin read its answers: a page in the developer's
browser that found the port could create a function and run it. The access key id is random and new with each start, so
it is as good as a password here; signatures are not checked.
"""

import hmac
import json
import os
import re
from urllib.parse import parse_qs

from ministack import app
from ministack.core import lambda_runtime
from ministack.core.router import extract_access_key_id
from ministack.services import lambda_svc, sts

# Where a custom resource's function, or who holds a wait condition's handle, puts its answer: that holder has no key,
# and the path itself cannot be guessed.
CALLBACK = re.compile(r"/_ministack/cfn-(?:response|signal)/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Browsers alone send these. `Sec-Fetch-Mode` is not among them, since Node's `fetch` sends it as well.
BROWSER_HEADERS = frozenset({b"origin", b"sec-fetch-site", b"sec-fetch-dest", b"sec-fetch-user"})
PREFLIGHT = b"access-control-request-"
CORS = b"access-control-"


class Guard:
    """An ASGI application around MiniStack's."""

    def __init__(self, inner, port: str, access_key: str) -> None:
        self.inner = inner
        self.hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}
        self.access_key = access_key

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            why = self.refusal(scope)
            if why is None:
                await self.inner(scope, receive, without_cors(send))
            else:
                await answer(scope, send, why)
        elif scope["type"] == "websocket":
            # No service of this system speaks over one.
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self.inner(scope, receive, send)

    def refusal(self, scope) -> str | None:
        """Why the request is not served, as a sentence; None if it is."""
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        names = {name for name, _ in headers}
        if not BROWSER_HEADERS.isdisjoint(names) or any(name.startswith(PREFLIGHT) for name in names):
            return "web pages may not call the emulated AWS"
        if scope["method"] == "OPTIONS":
            return "the emulated AWS answers no OPTIONS"
        hosts = [value.lower() for name, value in headers if name == b"host"]
        if len(hosts) != 1 or hosts[0] not in self.hosts or not scope["path"].startswith("/"):
            return "the emulated AWS answers to its own loopback address only, named by one Host header"
        if CALLBACK.fullmatch(scope["path"]) and scope["method"] == "PUT":
            return None
        if not self.knows(access_key_of(scope, headers)):
            return "the access key is not the one of this start: running.json in the state folder has it"
        return None

    def knows(self, access_key: str) -> bool:
        """Whether it is this start's own, or that of a session which its own key has opened."""
        if hmac.compare_digest(access_key.encode(), self.access_key.encode()):
            return True
        session = sts._sessions.get(access_key)
        return session is not None and not sts._session_expired(session)


def access_key_of(scope, headers) -> str:
    """As MiniStack finds it: signed headers, or the query of a presigned URL. Two of a header name no key."""
    texts = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return extract_access_key_id({"authorization": texts[0]} if len(texts) == 1 else {}, query)


def without_cors(send):
    async def filtered(message) -> None:
        if message["type"] == "http.response.start":
            kept = [header for header in message.get("headers", []) if not header[0].lower().startswith(CORS)]
            message = {**message, "headers": kept}
        await send(message)

    return filtered


async def answer(scope, send, why: str) -> None:
    """A refusal in the protocol of the request, so that every SDK and the AWS CLI show the sentence."""
    headers = dict(scope["headers"])
    if b"/s3/aws4_request" in headers.get(b"authorization", b""):
        kind, body = b"application/xml", f"<Error><Code>AccessDenied</Code><Message>{why}</Message></Error>"
    elif headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
        error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{why}</Message></Error>"
        kind, body = b"text/xml", f"<ErrorResponse>{error}</ErrorResponse>"
    else:
        kind, body = b"application/json", json.dumps({"__type": "AccessDeniedException", "message": why})
    head = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-errortype", b"AccessDeniedException"),
        # What is left of a refused body is not read.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": head})
    await send({"type": "http.response.body", "body": body.encode()})


def install() -> None:
    access_key = os.environ["AWS_ACCESS_KEY_ID"]
    # MiniStack gives functions the number of their account as access key.
    own = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    for module in (lambda_runtime, lambda_svc):
        module.execution_credentials = lambda _config: {**own, "AWS_SESSION_TOKEN": ""}
    app.app = Guard(app.app, os.environ["GATEWAY_PORT"], access_key)
