"""Starts MiniStack with what it lacks for this system. Configured by the environment, see emulator.ts.

Its standard input is a pipe that its parent holds: when the parent is gone, however it ended, the pipe closes and the
emulator saves its state and stops.
"""

import os
import signal
import sys
import threading
import time

from ministack import app
from ministack.core.persistence import save_all

import alarms
import bucket_tags
import certificates
import elastic_load_balancing
import guard
import protocols
import resource_types
import secret_resources
import task_definitions
import unfinished_stacks
import web_acls

SAVE_EVERY_SECONDS = 30
STOP_SECONDS = 8


def stop_with_parent() -> None:
    """End well when the pipe from the parent closes, and in any case."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.killpg(0, signal.SIGKILL)


def save_now_and_then() -> None:
    """MiniStack saves when it stops; a machine that loses power would lose the whole deployment."""
    while True:
        time.sleep(SAVE_EVERY_SECONDS)
        try:
            save_all(app._build_persistence_save_dict())
        except RuntimeError:
            # A table changed while it was copied; the next round has it.
            continue


def main() -> None:
    for part in (
        alarms,
        bucket_tags,
        certificates,
        elastic_load_balancing,
        protocols,
        resource_types,
        secret_resources,
        task_definitions,
        unfinished_stacks,
        web_acls,
        # Last: around all that the others have changed.
        guard,
    ):
        part.install()
    threading.Thread(target=stop_with_parent, daemon=True).start()
    threading.Thread(target=save_now_and_then, daemon=True).start()
    # Private keys of certificates and hashes of API keys are in the state.
    os.umask(0o077)
    try:
        app.main()
    finally:
        # The Lambda workers; they are in this process's group.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)


if __name__ == "__main__":
    main()
