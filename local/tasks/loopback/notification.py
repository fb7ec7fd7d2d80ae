"""Has the kernel ask about each bind() and connect() of a process and all that it starts: seccomp user notification.

It needs Linux 5.5, and no rights: whoever starts a process may filter its system calls. No language, library or server
can pass it by, and none has to know.
"""

import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct
import sys

from own_addresses import V4, V6, OwnAddresses

# By machine: the kernel's name for the architecture, and the numbers of seccomp(), bind() and connect().
SYSTEM_CALLS = {"x86_64": (0xC000003E, 317, 49, 42), "aarch64": (0xC00000B7, 277, 200, 203)}
PIDFD_GETFD = 438
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_SET_MODE_FILTER, NEW_LISTENER, WAIT_KILLABLE_RECV = 1, 1 << 3, 1 << 5
ALLOW, ASK = 0x7FFF0000, 0x7FC00000
RECEIVE, SEND, STILL_VALID = 0xC0502100, 0xC0182101, 0x80082102
CONTINUE = 1
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06

libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def ask_about_me():
    """From here on this process waits for an answer at each bind() and connect(). Returns where the questions come."""
    if libc is None or platform.machine() not in SYSTEM_CALLS:
        raise OSError(errno.ENOSYS, f"not on {sys.platform} {platform.machine()}")
    architecture, seccomp, bind, connect = SYSTEM_CALLS[platform.machine()]
    # Offsets: 4 is the architecture of the call, 0 its number. A jump counts the lines that it leaves out.
    lines = [
        (LOAD, 0, 0, 4),
        (IF_EQUAL, 0, 3, architecture),
        (LOAD, 0, 0, 0),
        (IF_EQUAL, 2, 0, bind),
        (IF_EQUAL, 1, 0, connect),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, ASK),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(code)))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Linux 5.19 can keep a signal from asking twice.
    for flags in (NEW_LISTENER | WAIT_KILLABLE_RECV, NEW_LISTENER):
        listener = libc.syscall(seccomp, SECCOMP_SET_MODE_FILTER, flags, program)
        if listener >= 0 or ctypes.get_errno() != errno.EINVAL:
            break
    if listener < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return listener


class Answers:
    """The other end: brings the task's own addresses to where they lie on this machine."""

    def __init__(self, listener, own: OwnAddresses):
        self.listener = listener
        self.own = own
        self.bind = SYSTEM_CALLS[platform.machine()][2]

    def answer(self):
        """One question; they may come from many threads, and whoever asked may be gone."""
        question = bytearray(80)
        try:
            fcntl.ioctl(self.listener, RECEIVE, question)
        except OSError:
            return
        ident, thread, _, call, _, _, fd, pointer, length = struct.unpack_from("QIIiIQQQQ", question)
        value, flags = 0, CONTINUE
        try:
            with open(f"/proc/{thread}/mem", "r+b", buffering=0) as memory:
                self.check(ident)
                memory.seek(pointer)
                name = memory.read(min(length, 28))
                if call == self.bind:
                    result = self.answer_bind(ident, thread, fd, name, memory, pointer)
                    if result is not None:
                        value, flags = result, 0
                else:
                    target = self.own.of_connect(*parse(name))
                    if target is not None:
                        write(memory, pointer, name, target)
        except (OSError, ValueError):
            # Of another family, or gone, or not to be looked into: as it would have been without us.
            pass
        try:
            fcntl.ioctl(self.listener, SEND, struct.pack("QqiI", ident, 0, value, flags))
        except OSError:
            pass

    def answer_bind(self, ident, thread, fd, name, memory, pointer):
        """Binds on behalf of the caller; returns the negative error number, or None when the kernel is to go on."""
        family, host, port = parse(name)
        if self.own.of_bind(family, host, port) is None:
            return None
        try:
            theirs = duplicate(thread, fd)
        except OSError:
            # Containers often forbid that. Then the address is changed in the caller's memory, which suffices but for
            # sockets of IPv6 alone and for ports that the kernel chooses.
            target = self.own.of_bind(family, host, port)
            write(memory, pointer, name, target)
            self.own.note(family, host, port, *target)
            return None
        with theirs:
            self.check(ident)
            if theirs.type != socket.SOCK_STREAM:
                return None
            v6_only = family == V6 and theirs.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
            to_host, to_port = self.own.of_bind(family, host, port, v6_only)
            try:
                theirs.bind((socket.inet_ntop(family, to_host), to_port))
            except OSError as error:
                return -(error.errno or errno.EINVAL)
            real = theirs.getsockname()
            real_host = socket.inet_pton(family, real[0])
            # A port that the kernel chose is the app's own word from now on.
            self.own.note(family, host, port or real[1], real_host, real[1])
        return 0

    def check(self, ident):
        """A process id may have been given to another one since the question."""
        fcntl.ioctl(self.listener, STILL_VALID, struct.pack("Q", ident))


def parse(name):
    """Family, packed host and port of a `sockaddr`. Throws ValueError for other families."""
    family = int.from_bytes(name[:2], sys.byteorder)
    size = {V4: 8, V6: 24}.get(family)
    if size is None or len(name) < size:
        raise ValueError(f"family {family}")
    return family, bytes(name[4:8] if family == V4 else name[8:24]), int.from_bytes(name[2:4], "big")


def write(memory, pointer, name, target):
    """Puts host and port into a `sockaddr` of another process."""
    host, port = target
    at = 4 if int.from_bytes(name[:2], sys.byteorder) == V4 else 8
    memory.seek(pointer)
    memory.write(name[:2] + port.to_bytes(2, "big") + name[4:at] + host)


def duplicate(thread, fd):
    """The very socket of another process."""
    with open(f"/proc/{thread}/status") as file:
        group = next(int(line.split()[1]) for line in file if line.startswith("Tgid:"))
    process = os.pidfd_open(group)
    try:
        copy = libc.syscall(PIDFD_GETFD, process, ctypes.c_int(fd), 0)
        if copy < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return socket.socket(fileno=copy)
    finally:
        os.close(process)
