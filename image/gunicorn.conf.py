"""gunicorn's settings. What can be changed comes from the environment: see `Settings`."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

FOLDER = Path(__file__).resolve().parent
if str(FOLDER) not in sys.path:
    sys.path.insert(0, str(FOLDER))

from voicegate_tts.errors import ConfigurationError  # noqa: E402
from voicegate_tts.json_log import GunicornLogger, log_event  # noqa: E402
from voicegate_tts.settings import Settings  # noqa: E402

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

try:
    settings = Settings.from_environment(os.environ)
except ConfigurationError as error:
    log_event("error", str(error))
    sys.exit(1)

bind = f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"
chdir = str(FOLDER)
worker_class = "gthread"
workers = settings.workers
threads = settings.threads
timeout = settings.timeout_seconds
graceful_timeout = settings.graceful_timeout_seconds

# The workers' heartbeat files are the only files that are written: in memory where the system offers that, so that the
# root file system can be read-only.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else tempfile.gettempdir()  # noqa: S108
control_socket_disable = True

# 500 Chinese characters percent-encoded are 4.5 KB, 500 emoji 6 KB; gunicorn's default of 4,094 would refuse them.
limit_request_line = 8190

logger_class = GunicornLogger
errorlog = "-"
# The app writes the request lines itself: it knows voice and characters, and leaves the query out.
accesslog = None

_loaded: dict[int, threading.Event] = {}


def post_fork(server: Arbiter, worker: Worker) -> None:  # noqa: ARG001
    """Keeps the heartbeat going while a large model loads, which may take longer than `timeout`."""
    loaded = _loaded[worker.pid] = threading.Event()

    def beat() -> None:
        for _ in range(settings.load_timeout_seconds):
            if loaded.wait(1):
                return
            worker.notify()

    threading.Thread(target=beat, daemon=True, name="heartbeat-while-loading").start()


def post_worker_init(worker: Worker) -> None:
    """From here on the worker's own loop keeps the heartbeat."""
    _loaded[worker.pid].set()
