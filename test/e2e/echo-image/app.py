"""Answers every request with what it received, as Flask sees it behind one trusted proxy."""

import os
import time

from flask import Flask, jsonify, request
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)


@app.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
@app.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
def echo(path: str):
    time.sleep(min(float(request.headers.get("X-Sleep", "0")), 30))
    return jsonify(
        pid=os.getpid(),
        path=path,
        query=request.query_string.decode(),
        headers=[[name, value] for name, value in request.headers],
        remote_addr=request.remote_addr,
        scheme=request.scheme,
        body=request.get_data(as_text=True),
    )


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "5000")), threaded=True)
