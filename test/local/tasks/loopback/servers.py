"""The same small app as servers in the wild run it: `python servers.py SERVER HOST PORT`."""

import sys


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


async def asgi(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


if __name__ == "__main__":
    server, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if server == "flask":
        import flask

        made = flask.Flask(__name__)
        made.add_url_rule("/", view_func=lambda: "flask")
        made.run(host=host, port=port)
    elif server == "http.server":
        import http.server

        http.server.test(http.server.SimpleHTTPRequestHandler, http.server.ThreadingHTTPServer, port=port, bind=host)
    elif server == "waitress":
        import waitress

        waitress.serve(app, host=host, port=port)
    elif server == "gunicorn":
        import os

        os.execvp(
            sys.executable,
            [sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", f"{host}:{port}", "servers:app"],
        )
    elif server in ("uvicorn", "uvloop"):
        import uvicorn

        uvicorn.run(asgi, host=host, port=port, loop="uvloop" if server == "uvloop" else "asyncio")
    elif server == "asking":
        # Listens, and asks itself as an app that warms up does.
        import http.server
        import threading
        import urllib.request

        made = http.server.ThreadingHTTPServer((host, port), http.server.SimpleHTTPRequestHandler)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        for name in ("127.0.0.1", "localhost"):
            print("itself:", urllib.request.urlopen(f"http://{name}:{made.server_port}/", timeout=5).status, flush=True)
        print("elsewhere:", urllib.request.urlopen(sys.argv[4], timeout=5).read().decode(), flush=True)
        threading.Event().wait()
