"""Tells what a Flask app reads from requests: one JSON line in, one out, until standard input ends."""

import base64
import io
import json
import sys

from flask import Flask, request

app = Flask(__name__)


@app.route("/", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def read():
    """Looks for the field in every way that an app may, and notes each text that it finds."""
    field = request.environ["reader.field"]
    found = request.environ["reader.found"]

    def look(name, values):
        for value in values:
            found.append([name, len(value) if isinstance(value, str) else None])

    def member(value):
        return [value[field]] if isinstance(value, dict) and field in value else []

    look("args", request.args.getlist(field))
    # Before the form is parsed, so that the body can still be read.
    look("json whatever the type", member(request.get_json(force=True, silent=True)))
    look("json", member(request.get_json(silent=True)))
    look("form", request.form.getlist(field))
    return ""


for line in sys.stdin:
    asked = json.loads(line)
    body = base64.b64decode(asked["body"])
    environ = {
        "REQUEST_METHOD": asked["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        # As WSGI servers give it: the bytes, each as a character.
        "QUERY_STRING": asked["query"].encode("utf-8").decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "reader.field": asked["field"],
        "reader.found": [],
    }
    for name, value in asked["headers"]:
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    statuses = []
    for _ in app.wsgi_app(environ, lambda status, headers, exc=None: statuses.append(status)):
        pass
    print(json.dumps({"status": int(statuses[0][:3]), "found": environ["reader.found"]}), flush=True)
