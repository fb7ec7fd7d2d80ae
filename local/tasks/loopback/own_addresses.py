"""Where a task's own addresses lie on this machine: tasks share its loopback, where in AWS each has one of its own.

What an app binds as 127.0.0.1, 0.0.0.0 or `::` is brought to its task's address within 127.64.0.0/10, and what it opens
to such an address is brought there if the task listens on that port; anything else, such as the emulated AWS, is this
machine's. A folder that all containers of the task share notes the ports: `4-5000` or `6-5000`, with the real address.
"""

import os
import socket

V4, V6 = socket.AF_INET, socket.AF_INET6
MAPPED = b"\0" * 10 + b"\xff\xff"
ANY4, LOOPBACK4 = b"\0" * 4, b"\x7f\0\0\1"
ANY6, LOOPBACK6 = b"\0" * 16, b"\0" * 15 + b"\1"


class OwnAddresses:
    """Hosts are packed, as `inet_pton` makes them."""

    def __init__(self, address, notes):
        self.task = socket.inet_aton(address)
        self.notes = notes

    def of_bind(self, family, host, port, v6_only=False):
        """Where a socket is to listen instead, as host and port; None if it is no address of the task's own."""
        if family == V4 and host in (ANY4, LOOPBACK4):
            return self.task, port
        if family == V6 and host in (MAPPED + ANY4, MAPPED + LOOPBACK4):
            return MAPPED + self.task, port
        if family == V6 and host == ANY6 and not v6_only:
            return MAPPED + self.task, port
        # Of IPv6 a machine has one loopback address for all: there the port is what tells tasks apart.
        return (LOOPBACK6, 0) if family == V6 and host in (ANY6, LOOPBACK6) else None

    def note(self, family, host, port, real_host, real_port):
        """Remembers that the task listens there, for those that connect."""
        families = [4] if family == V4 or host[:12] == MAPPED else [6]
        # A socket of both families: it was bound to `::`, and listens on the task's IPv4 address.
        if host == ANY6 and real_host[:12] == MAPPED:
            families = [4, 6]
        for each in families:
            target = real_host[-4:] if each == 4 else real_host
            temporary = os.path.join(self.notes, f".{each}-{port}-{os.getpid()}")
            with open(temporary, "w") as file:
                file.write(f"{target.hex()} {real_port}")
            os.replace(temporary, os.path.join(self.notes, f"{each}-{port}"))

    def of_connect(self, family, host, port):
        """Where a connection is to go instead, as host and port; None if it is not to the task itself."""
        if family == V4 and host in (ANY4, LOOPBACK4):
            return self.noted(4, port)
        if family == V6 and host in (MAPPED + ANY4, MAPPED + LOOPBACK4):
            found = self.noted(4, port)
            return found and (MAPPED + found[0], found[1])
        return self.noted(6, port) if family == V6 and host in (ANY6, LOOPBACK6) else None

    def noted(self, family, port):
        try:
            with open(os.path.join(self.notes, f"{family}-{port}")) as file:
                host, real_port = file.read().split()
        except (OSError, ValueError):
            return None
        return bytes.fromhex(host), int(real_port)
