"""A small server that tells what it was given, and ends as it is told."""

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# A process of its own that nobody stops but the container's end.
CHILD = subprocess.Popen(["sleep", "600"], start_new_session=True)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/exit":
            print("leaving as told")
            os._exit(3)
        body = json.dumps({"env": dict(os.environ), "cwd": os.getcwd(), "child": CHILD.pid}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def stop(*_):
    print("app stops")
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
print(f"app listens on {server.server_address[0]}")
server.serve_forever()
