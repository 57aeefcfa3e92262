"""Addresses, free ports and waiting: nothing here is fixed, nothing sleeps
blindly, so that several test runs can share one machine."""

import contextlib
import random
import socket
import time

LOCAL = "127.0.0.1"
SIP_PORTS = range(20000, 25000)
RELAY_PORTS = range(10000, 19900)
PEER_PORTS = range(25000, 32000)

_rng = random.Random()
_given = set()


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
        if any(p in _given for p in block):
            continue
        if all(_is_free(addr, p) for p in block):
            _given.update(block)
            return port
    raise AssertionError("no free port")


def window(ports, width):
    """A stretch of ports of our own; a short one is probed, in a long one the
    user of it finds enough."""
    for _ in range(1000):
        first = _rng.randrange(ports.start, ports.stop - width, 2)
        block = range(first, first + width)
        if width > 64 or all(_is_free("0.0.0.0", p) for p in block):
            return first, block[-1]
    raise AssertionError("no free stretch of ports")


def is_bound(port, kind):
    """Whether somebody listens on that local port (kind "udp" or "tcp")."""
    with open(f"/proc/net/{kind}") as f:
        rows = [line.split() for line in f][1:]
    return any(int(r[1].split(":")[1], 16) == port and
               (kind == "udp" or r[3] == "0A") for r in rows)
