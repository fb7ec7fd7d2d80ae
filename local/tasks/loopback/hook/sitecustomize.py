"""Python's start-up hook: the fallback where the kernel cannot be asked (see `notification.py`).

Reaches what Python itself binds: Flask, gunicorn, waitress, uvicorn. Not servers written in Rust or C.
"""

import importlib.machinery
import importlib.util
import os
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = {"": "0.0.0.0", "localhost": "127.0.0.1"}


def install(own):
    original_bind, original_connect, original_connect_ex = (
        socket.socket.bind,
        socket.socket.connect,
        socket.socket.connect_ex,
    )

    def parsed(sock, address):
        """Family, packed host and port, or None for what is no address of IP."""
        if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
            return None
        host, port = address[0], address[1]
        host = (
            NAMES.get(host, host) if sock.family == socket.AF_INET else {"": "::", "localhost": "::1"}.get(host, host)
        )
        try:
            return sock.family, socket.inet_pton(sock.family, host), port
        except OSError:
            return None

    def rewritten(target, address):
        family = socket.AF_INET if len(target[0]) == 4 else socket.AF_INET6
        return (socket.inet_ntop(family, target[0]), target[1], *address[2:])

    def bind(self, address):
        found = parsed(self, address)
        v6_only = self.family == socket.AF_INET6 and self.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
        target = found and own.of_bind(*found, v6_only)
        if not target:
            return original_bind(self, address)
        original_bind(self, rewritten(target, address))
        real = self.getsockname()
        own.note(found[0], found[1], found[2] or real[1], socket.inet_pton(found[0], real[0]), real[1])
        return None

    def redirected(sock, address):
        found = parsed(sock, address)
        target = found and own.of_connect(*found)
        return rewritten(target, address) if target else address

    socket.socket.bind = bind
    socket.socket.connect = lambda self, address: original_connect(self, redirected(self, address))
    socket.socket.connect_ex = lambda self, address: original_connect_ex(self, redirected(self, address))


def next_one():
    """The sitecustomize that this one hides, if there is any."""
    path = [folder for folder in sys.path if os.path.abspath(folder or ".") != HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if "VOICEGATE_TASK_ADDRESS" in os.environ:
    sys.path.insert(0, os.path.dirname(HERE))
    import own_addresses

    sys.path.pop(0)
    install(own_addresses.OwnAddresses(os.environ["VOICEGATE_TASK_ADDRESS"], os.environ["VOICEGATE_TASK_PORTS"]))
next_one()
