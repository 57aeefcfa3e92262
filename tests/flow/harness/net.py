"""Addresses, free ports and waiting: nothing here is fixed, nothing sleeps
blindly, so that several test runs can share one machine."""

import contextlib
import fcntl
import os
import random
import socket
import tempfile
import time

LOCAL = "127.0.0.1"
SIP_PORTS = range(20000, 25000)
RELAY_PORTS = range(10000, 19900)
PEER_PORTS = range(25000, 32000)

_rng = random.Random()
_given = set()
# Byte N of this file is port N: locked by the process whose tests use it.
_table = os.open(os.path.join(tempfile.gettempdir(),
                              f"countersign-flow-{os.getuid()}.ports"),
                 os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _take(block):
    """Reserves the ports for this process; whether they were to be had."""
    if any(p in _given for p in block):
        return False
    try:
        fcntl.lockf(_table, fcntl.LOCK_EX | fcntl.LOCK_NB, len(block),
                    block[0])
    except OSError:
        return False
    _given.update(block)
    return True


def _give(block):
    fcntl.lockf(_table, fcntl.LOCK_UN, len(block), block[0])
    _given.difference_update(block)


def give_ports_back():
    """At the end of a test."""
    fcntl.lockf(_table, fcntl.LOCK_UN)
    _given.clear()


def wait_for(what, timeout=10.0, pause=0.02, why="condition"):
    """The first true answer of what(); AssertionError after `timeout` s."""
    end = time.monotonic() + timeout
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > end:
            said = why() if callable(why) else why
            raise AssertionError(f"not within {timeout} s: {said}")
        time.sleep(pause)


def stays(what, for_s=0.5, pause=0.02):
    """Whether what() is true from now on, for `for_s` seconds."""
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        if not what():
            return False
        time.sleep(pause)
    return bool(what())


def _is_free(addr, port):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with contextlib.closing(socket.socket(socket.AF_INET, kind)) as s:
            if kind == socket.SOCK_STREAM:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((addr, port))
            except OSError:
                return False
    return True


def free_port(addr="0.0.0.0", ports=SIP_PORTS, width=2):
    """An even port, free for UDP and TCP together with the width-1 after it
    (baresip takes two: SIP and SIPS)."""
    for _ in range(1000):
        port = _rng.randrange(ports.start, ports.stop - width, 2)
        block = range(port, port + width)
        if not _take(block):
            continue
        if all(_is_free(addr, p) for p in block):
            return port
        _give(block)
    raise AssertionError("no free port")


def window(ports, width):
    """A stretch of ports of our own; a short one is probed, in a long one the
    user of it finds enough."""
    for _ in range(1000):
        first = _rng.randrange(ports.start, ports.stop - width, 2)
        block = range(first, first + width)
        if not _take(block):
            continue
        if width > 64 or all(_is_free("0.0.0.0", p) for p in block):
            return first, block[-1]
        _give(block)
    raise AssertionError("no free stretch of ports")


def is_bound(port, kind):
    """Whether somebody listens on that local port (kind "udp" or "tcp")."""
    with open(f"/proc/net/{kind}") as f:
        rows = [line.split() for line in f][1:]
    return any(int(r[1].split(":")[1], 16) == port and
               (kind == "udp" or r[3] == "0A") for r in rows)
