"""The checking half of a full ICE agent, by hand: an end that speaks RTP or
SDES as `Endpoint` does, and checks the relay's candidate. And checks that no
agent should send."""

import os
import re
import secrets
import socket
import struct
import time
from types import SimpleNamespace

from aioice import stun

from .endpoint import Endpoint
from .net import wait_for


class Credentials(SimpleNamespace):
    """a=ice-ufrag and a=ice-pwd, and where to check: of an SDP."""

    @classmethod
    def of(cls, sdp):
        found = [re.search(pattern, sdp, re.M) for pattern in (
            r"^a=ice-ufrag:(\S+)", r"^a=ice-pwd:(\S+)",
            r"^a=candidate:\S+ 1 UDP \d+ (\S+) (\d+) typ host")]
        assert all(found), f"no ICE in\n{sdp}"
        return cls(ufrag=found[0].group(1), pwd=found[1].group(1),
                   to=(found[2].group(1), int(found[2].group(2))))


def check(theirs, mine="mine", pwd=None, user=None, use=False,
          controlled=False):
    """Octets of a Binding request to those credentials."""
    m = stun.Message(message_method=stun.Method.BINDING,
                     message_class=stun.Class.REQUEST)
    m.attributes["USERNAME"] = user or f"{theirs.ufrag}:{mine}"
    m.attributes["PRIORITY"] = 1845494271
    m.attributes["ICE-CONTROLLED" if controlled else "ICE-CONTROLLING"] = \
        secrets.randbits(63)
    if use:
        m.attributes["USE-CANDIDATE"] = None
    m.add_message_integrity((pwd or theirs.pwd).encode())
    return bytes(m)


class IceEnd(Endpoint):
    """Controlling, one candidate; the test says when it checks."""

    def __init__(self, kind="rtp", **how):
        self.restart()
        super().__init__(kind, mux=True, **how)

    def restart(self):
        self.ufrag, self.pwd = secrets.token_hex(4), secrets.token_hex(16)

    def sdp(self, answer=False, extra=()):
        return super().sdp(answer, [
            f"a=ice-ufrag:{self.ufrag}", f"a=ice-pwd:{self.pwd}",
            f"a=candidate:1 1 UDP 2130706431 {self.addr} {self.port} typ host",
            "a=candidate:2 1 TCP 1518280447 192.0.2.7 9 typ host "
            "tcptype active", *extra])

    def hear(self, sdp, offer=False):
        self.theirs = Credentials.of(sdp)
        self.raw.clear()        # answers() are those under these
        return super().hear(sdp, offer)

    def check(self, use=True, **how):
        self.socks[0].sendto(check(self.theirs, self.ufrag, use=use, **how),
                             self.theirs.to)

    def answers(self):
        """What came back, parsed; its integrity is checked."""
        return [stun.parse_message(p, integrity_key=self.theirs.pwd.encode())
                for _, p in list(self.raw) if p[:1] in (b"\0", b"\1")]

    def start(self):
        had = len(self.answers())
        for _ in range(20):
            self.check()
            try:
                wait_for(lambda: len(self.answers()) > had, 0.2)
                return super().start()
            except AssertionError:
                pass
        raise AssertionError("no answer to checks")


def flood(theirs, n, addr="127.0.0.5", **how):
    """n checks from a stranger; how many octets come back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((addr, 0))
        s.setblocking(False)
        got = 0
        one = check(theirs, **how)
        for i in range(n):
            s.sendto(one, theirs.to)
            if i % 200 == 199:
                time.sleep(0.005)
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            try:
                got += len(s.recv(2048))
            except BlockingIOError:
                time.sleep(0.01)
        return got


def junk_session(theirs, n, addr="127.0.0.5", seed=1):
    """Whole checks with some octets wrong, from a stranger; octets back."""
    rng = __import__("random").Random(seed)
    got = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((addr, 0))
        s.setblocking(False)
        for _ in range(n):
            p = bytearray(check(theirs, use=True, pwd=os.urandom(8).hex()))
            for _ in range(rng.randrange(4)):
                p[rng.randrange(len(p))] = rng.randrange(256)
            p = p[:rng.randrange(len(p))] if rng.random() < 0.3 else p
            if rng.random() < 0.3 and len(p) > 4:
                struct.pack_into("!H", p, 2, max(0, len(p) - 20))
            s.sendto(bytes(p), theirs.to)
        time.sleep(0.3)
        while True:
            try:
                got += len(s.recv(2048))
            except BlockingIOError:
                return got
