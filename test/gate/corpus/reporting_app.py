"""A Flask app that tells how it sees a request: once as it comes, once behind Werkzeug's ProxyFix at its most trusting."""

from flask import Flask, Response, jsonify, request
from werkzeug.middleware.proxy_fix import ProxyFix


def reporting_app() -> Flask:
    app = Flask(__name__)

    @app.before_request
    def report() -> Response:
        return jsonify(
            method=request.method,
            path=request.path,
            query=request.query_string.decode("latin-1"),
            remoteAddr=request.remote_addr,
            scheme=request.scheme,
            host=request.host,
            scriptRoot=request.root_path,
            rawTarget=request.environ.get("RAW_URI"),
            environ={
                name: value
                for name, value in request.environ.items()
                if name.startswith("HTTP_") and isinstance(value, str)
            },
        )

    return app


bare = reporting_app()
trusting = reporting_app()
trusting.wsgi_app = ProxyFix(trusting.wsgi_app, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1)
