"""Runs one container's main process, as a container runtime's shim does:

    python -I -S shim.py [--own-loopback ADDRESS FOLDER] -- COMMAND [ARGUMENT …]

With `--own-loopback`, what the container binds as 127.0.0.1 or 0.0.0.0 is brought to its task's ADDRESS, see
`loopback/own_addresses.py`. `shim.py --probe` says whether this machine can do that, and if not why.

Standard input is the line to the task manager. A signal's name on it (`SIGTERM`) is sent to the main process; `SIGKILL`
ends every process of the container; its end means that the manager is gone, and ends every process as well, so nothing
is left even when the manager itself was killed. When the main process exits, the rest of the container goes with it, as
with process 1 of a PID namespace. The shim's exit code is the main process's, or 128 + the signal that ended it.
"""

import ctypes
import os
import select
import signal
import socket
import sys
import time

# `-I` leaves the script's own folder out.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "loopback"))

import notification  # noqa: E402
from own_addresses import OwnAddresses  # noqa: E402

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform == "linux"


def prctl(option, value):
    if LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def start(command, channel):
    """Starts the main process; through `channel`, if there is one, it sends where the kernel's questions come."""
    shim = os.getpid()
    child = os.fork()
    if child != 0:
        return child
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != shim:
            os._exit(137)
        # Python ignores these two; what it starts must not inherit that.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        if channel is not None:
            listener = notification.ask_about_me()
            socket.send_fds(channel, [b"."], [listener])
            os.close(listener)
            channel.close()
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"cannot start {command[0]}: {error.strerror}\n".encode())
        os._exit(126 if isinstance(error, PermissionError) else 127)


def descendants():
    """Every process below this one. Orphans come to the shim, so the tree is whole."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The second field is a name in brackets that may hold anything.
                    parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
    found, below = [], [os.getpid()]
    while below:
        parent = below.pop()
        children = [pid for pid, its_parent in parents.items() if its_parent == parent]
        found += children
        below += children
    return found


def kill_all(child):
    while True:
        try:
            os.killpg(child, signal.SIGKILL)
        except OSError:
            pass
        for pid in descendants() if LINUX else []:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


def probe():
    """Whether a process can be asked about its addresses here: the answer is tried, not guessed."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            socket.send_fds(theirs, [b"yes"], [notification.ask_about_me()])
        except OSError as error:
            theirs.send(os.fsencode(error.strerror or str(error)))
        os._exit(0)
    theirs.close()
    answer, listeners, _, _ = socket.recv_fds(ours, 200, 1)
    os.waitpid(child, 0)
    print("yes" if listeners else os.fsdecode(answer) or "no answer")


def main():
    flags, command = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    wake_read, wake_write = os.pipe()
    for end in (wake_read, wake_write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    channel, inside = socket.socketpair() if flags else (None, None)
    child = start(command, inside)
    poller = select.poll()
    for end in (0, wake_read):
        poller.register(end, select.POLLIN)
    answers = None
    if channel is not None:
        inside.close()
        _, listeners, _, _ = socket.recv_fds(channel, 1, 1)
        channel.close()
        # None if the process could not be started.
        for listener in listeners:
            answers = notification.Answers(listener, OwnAddresses(*flags[1:]))
            poller.register(listener, select.POLLIN)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda received, _: os.kill(child, received))

    status, pending = None, b""
    while status is None:
        ready = dict(poller.poll())
        if answers is not None and answers.listener in ready:
            if ready[answers.listener] & select.POLLIN:
                answers.answer()
            else:
                # Nobody is left who could ask.
                poller.unregister(answers.listener)
        if wake_read in ready:
            os.read(wake_read, 4096)
        if 0 in ready:
            received = os.read(0, 4096)
            *lines, pending = (pending + received).split(b"\n")
            for line in [*lines, *([] if received else [b"SIGKILL"])]:
                if line == b"SIGKILL":
                    kill_all(child)
                    return 137
                try:
                    os.kill(child, signal.Signals[line.decode()])
                except OSError:
                    pass
        while True:
            try:
                pid, result = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid == child:
                status = result
    kill_all(child)
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(probe() if sys.argv[1:] == ["--probe"] else main())
