"""One end of a media session, made by hand: an RTP and an RTCP socket, an SDP
offer or answer for them, SRTP by SDES or DTLS, and a memory of everything
that came in. It sends marked packets, so a test knows which were let through.
"""

import base64
import itertools
import os
import re
import select
import socket
import struct
import threading
import time

from . import srtp
from .dtls import PROFILES, Dtls, certificate
from .net import LOCAL, PEER_PORTS, free_port, wait_for

PROTO = {"rtp": "RTP/AVP", "sdes": "RTP/SAVP", "dtls": "UDP/TLS/RTP/SAVPF"}
PAYLOAD = 160


def rtp(seq, payload, ssrc=0x1234, ts=None, pt=0, marker=False):
    ts = seq * PAYLOAD if ts is None else ts
    return struct.pack("!BBHII", 0x80, pt | marker << 7, seq & 0xffff,
                       ts & 0xffffffff, ssrc) + payload


def rtcp_rr(ssrc, about=0):
    """An RTCP compound: empty SR and SDES CNAME."""
    sr = struct.pack("!BBHIQIII", 0x80, 200, 6, ssrc, 0, 0, 0, 0)
    sdes = struct.pack("!BBHI", 0x81, 202, 3, ssrc) + b"\x01\x04test\0\0"
    return sr + sdes


class Remote:
    """What the other side's SDP says about its one audio stream."""

    def __init__(self, sdp):
        if isinstance(sdp, bytes):
            sdp = sdp.decode()
        self.text = sdp
        m = re.search(r"^m=audio (\d+) (\S+)", sdp, re.M)
        assert m, f"no audio in\n{sdp}"
        self.port, self.proto = int(m.group(1)), m.group(2)
        self.addr = re.findall(r"^c=IN IP4 ([\d.]+)", sdp, re.M)[-1]
        self.mux = "a=rtcp-mux" in sdp
        r = re.search(r"^a=rtcp:(\d+)", sdp, re.M)
        self.rtcp_port = self.port if self.mux else \
            int(r.group(1)) if r else self.port + 1
        self.crypto = re.findall(
            r"^a=crypto:(\d+) (\S+) inline:([A-Za-z0-9+/=]+)", sdp, re.M)
        f = re.search(r"^a=fingerprint:(\S+) (\S+)", sdp, re.M)
        self.fingerprint = (f.group(1).lower(), f.group(2).upper()) if f \
            else None
        s = re.search(r"^a=setup:(\w+)", sdp, re.M)
        self.setup = s.group(1) if s else None


class Endpoint:
    _ssrc = itertools.count(0x10001)

    def __init__(self, kind="rtp", addr=LOCAL, name=None, mux=False,
                 suites=("AES_CM_128_HMAC_SHA1_80",), setup=None, cert=None,
                 profiles=tuple(PROFILES), claim_addr=None,
                 fingerprint=None, proto=None, mki=None):
        self.kind, self.addr, self.mux = kind, addr, mux
        self.claim_addr = claim_addr or addr
        self.ssrc = next(self._ssrc)
        self.name = name or f"e{self.ssrc:x}"
        self.suites, self.profiles = suites, profiles
        self.crypto = [(i + 1, s, srtp.key_new(s))
                       for i, s in enumerate(suites)]
        self.mki = mki                 # (value, octets) that we send with
        self.setup = setup
        self.cert = cert or certificate("endpoint")
        self.fingerprint = fingerprint or self.cert.fingerprint()
        self.proto = proto or PROTO[kind]
        self.port = free_port(addr, PEER_PORTS)
        self.socks = [self._socket(self.port)]
        self.left = []
        if not mux:
            self.socks.append(self._socket(self.port + 1))
        self.remote = None
        self.tx = self.rx = None       # SRTP sessions
        self.suite = None              # what was agreed
        self.dtls = {}                 # socket -> association
        self.trust = True              # check the other side's fingerprint
        self.seq = int.from_bytes(os.urandom(2), "big") & 0x7fff
        self.sent = 0
        self.unheard = 0
        self.raw = []                  # (source, datagram)
        self.packets = []              # decrypted RTP
        self.reports = []              # decrypted RTCP
        self.errors = []               # what did not decrypt
        self._lock = threading.RLock()
        self._wake = os.pipe()
        self._run = True
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def _socket(self, port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind((self.addr, port))
        s.setblocking(False)
        return s

    # ---- SDP --------------------------------------------------------------
    def sdp(self, answer=False, extra=()):
        lines = ["v=0", f"o=- {self.ssrc} 1 IN IP4 {self.claim_addr}", "s=-",
                 f"c=IN IP4 {self.claim_addr}", "t=0 0",
                 f"m=audio {self.port} {self.proto} 0 101",
                 "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000",
                 "a=sendrecv"]
        if self.mux:
            lines.append("a=rtcp-mux")
        if self.kind == "sdes":
            chosen = self.crypto
            if answer:
                chosen = [c for c in self.crypto if c[1] == self.suite]
            lines += [f"a=crypto:{self.tags[s] if answer else t} {s} inline:"
                      f"{base64.b64encode(k).decode()}"
                      + ("|2^20|%d:%d" % self.mki if self.mki else "")
                      for t, s, k in chosen]
        if self.kind == "dtls":
            setup = self.setup or ("active" if answer else "actpass")
            lines += [f"a=setup:{setup}",
                      f"a=fingerprint:sha-256 {self.fingerprint}"]
        return "\r\n".join([*lines, *extra]) + "\r\n"

    def hear(self, sdp, offer=False):
        """Takes the other side's SDP; `offer`: it offers, we shall answer."""
        self.remote = Remote(sdp)
        r = self.remote
        if self.kind == "sdes":
            assert r.crypto, f"no a=crypto in\n{r.text}"
            mine = {s: k for _, s, k in self.crypto}
            tag, self.suite, key = next(c for c in r.crypto if c[1] in mine)
            self.tags = {s: t for t, s, _ in r.crypto}
            self._install(self.suite, mine[self.suite],
                          base64.b64decode(key + "=" * (-len(key) % 4)))
            theirs = re.search(rf"^a=crypto:{tag} .*\|(\d+):(\d+)", r.text,
                               re.M)
            self.peer_mki = theirs and (int(theirs[1]), int(theirs[2]))
            if self.mki:
                self.tx = srtp.Mki(self.tx, self.suite,
                                   self.mki[0].to_bytes(self.mki[1], "big"))
            if theirs:
                self.rx = srtp.Mki(self.rx, self.suite, self.peer_mki[0]
                                   .to_bytes(self.peer_mki[1], "big"))
        elif self.kind == "dtls":
            assert r.fingerprint, f"no a=fingerprint in\n{r.text}"
            mine = self.setup or ("active" if offer else None)
            server = {"active": False, "passive": True}.get(
                mine, r.setup == "active")
            for s in self.socks:
                self.dtls[s] = Dtls(server, self.cert, self.profiles)
        return self

    def _install(self, suite, mine, theirs):
        self.suite = suite
        self.tx = srtp.session(suite, mine, True)
        self.rx = srtp.session(suite, theirs, False)

    def to(self, sock):
        return (self.remote.addr, self.remote.port if sock is self.socks[0]
                else self.remote.rtcp_port)

    def start(self):
        """Begins the handshake, if there is one."""
        with self._lock:
            for s, d in self.dtls.items():
                for out in d.step():
                    s.sendto(out, self.to(s))
        return self

    def secure(self, timeout=10.0):
        """Waits until media can flow."""
        def ready():
            return self.tx and (self.mux or not self.trust or
                                hasattr(self, "rtcp_tx"))
        if self.kind == "dtls":
            wait_for(ready, timeout,
                     why=lambda: f"{self.name}: DTLS; "
                     f"{[str(d.error) for d in self.dtls.values()]}, "
                     f"{len(self.raw)} datagrams")
        return self

    # ---- receiving (own thread) -------------------------------------------
    def _loop(self):
        tick = time.monotonic()
        while self._run:
            ready, _, _ = select.select([*self.socks, self._wake[0]], [], [],
                                        0.1)
            with self._lock:
                for s in ready:
                    if s in self.socks:
                        self._drain(s)
                if time.monotonic() - tick > 0.1:
                    tick = time.monotonic()
                    for s, d in self.dtls.items():
                        if not d.done and self.remote:
                            self._send_all(s, d.timeout())

    def _send_all(self, s, datagrams, to=None):
        for out in datagrams:
            try:
                s.sendto(out, to or self.to(s))
            except OSError:
                pass

    def _drain(self, s):
        while True:
            try:
                p, source = s.recvfrom(65536)
            except (BlockingIOError, OSError):
                return
            self.raw.append((source, p))
            if not p:
                continue
            if 20 <= p[0] <= 63:
                self._handshake(s, p)
            elif 128 <= p[0] <= 191:
                self._media(p)

    def _handshake(self, s, p):
        d = self.dtls.get(s)
        if not d:
            return
        was = d.done
        self._send_all(s, d.feed(p))
        if not d.done or was:
            return
        if self.trust and d.fingerprint() != self.remote.fingerprint[1]:
            self.errors.append("fingerprint")
            return
        if s is self.socks[0]:
            self._install(*d.keys())
        else:
            suite, mine, theirs = d.keys()
            self.rtcp_tx = srtp.session(suite, mine, True)
            self.rtcp_rx = srtp.session(suite, theirs, False)

    def _media(self, p):
        is_rtcp = len(p) > 1 and 192 <= p[1] <= 223
        try:
            if self.rx:
                rx = getattr(self, "rtcp_rx", self.rx) if is_rtcp else self.rx
                p = rx.unprotect_rtcp(p) if is_rtcp else rx.unprotect(p)
            elif self.kind != "rtp":
                self.errors.append("no keys yet")
                return
        except srtp.Error as e:
            self.errors.append(str(e))
            return
        (self.reports if is_rtcp else self.packets).append(p)

    # ---- sending -----------------------------------------------------------
    def payload(self, i):
        return f"{self.name}:{i}|".encode().ljust(PAYLOAD, b"\xd5")

    def packet(self, protect=True):
        """The next marked packet, protected as agreed, not sent."""
        p = rtp(self.seq, self.payload(self.sent), self.ssrc)
        self.seq = (self.seq + 1) & 0xffff
        self.sent += 1
        with self._lock:
            return self.tx.protect(p) if protect and self.tx else p

    def send_raw(self, datagram, rtcp=False):
        s = self.socks[-1 if rtcp else 0]
        s.sendto(datagram, self.to(s))

    def send(self, n=1, gap=0.002):
        for _ in range(n):
            self.send_raw(self.packet())
            time.sleep(gap)

    def move(self):
        """RTP by another port from now on, as after a change of networks;
        nothing is signalled."""
        self.left.append(self.socks[0])
        self.socks[0] = self._socket(free_port(self.addr))

    def send_report(self, to=None):
        """One RTCP compound; with `to`, until that endpoint has one."""
        while to:
            had = len(to.reports)
            self.send_report()
            try:
                return wait_for(lambda: len(to.reports) > had, 0.2)
            except AssertionError:
                self.unheard += 1
                assert self.unheard < 20, f"{to.name}: no RTCP, {to.errors}"
        p = rtcp_rr(self.ssrc)
        with self._lock:
            tx = getattr(self, "rtcp_tx", self.tx)
            self.send_raw(tx.protect_rtcp(p) if tx else p, rtcp=True)

    # ---- judging -----------------------------------------------------------
    def rtp_received(self):
        return len(self.packets)

    def heard_from(self, other):
        """Which of the other's marked packets arrived, in order, as sent."""
        marks = []
        for p in list(self.packets):
            m = re.match(rb"%s:(\d+)\|" % other.name.encode(), p[12:])
            if m:
                marks.append(int(m.group(1)))
        return marks

    def close(self):
        if not self._run:
            return
        self._run = False
        os.write(self._wake[1], b"x")
        self._thread.join(5)
        for s in self.socks + self.left:
            s.close()
        for fd in self._wake:
            os.close(fd)

    stop = close


def connect(a, b):
    """Offer and answer with nothing between."""
    b.hear(a.sdp(), offer=True)
    a.hear(b.sdp(answer=True))
    start(a, b)


def start(*ends):
    for e in ends:
        e.start()
    for e in ends:
        e.secure()


def warm_up(x, y):
    """Until the first packet passes: at the end of a DTLS handshake a peer may
    be ready a moment before the other side's keys are where packets are."""
    for _ in range(50):
        x.send(1, gap=0)
        try:
            return wait_for(lambda: y.heard_from(x), 0.1, 0.005)
        except AssertionError:
            pass
    raise AssertionError(f"{x.name}({x.kind}) -> {y.name}({y.kind}): nothing "
                         f"passes; raw {len(y.raw)}, errors {y.errors[-5:]}")


def talk(a, b, n=25):
    """n packets each way; every one must arrive once, in order and whole."""
    for x, y in ((a, b), (b, a)):
        if not y.heard_from(x) and "dtls" in (x.kind, y.kind):
            warm_up(x, y)
        had = len(y.heard_from(x))
        first = x.sent
        x.send(n)
        want = list(range(first, first + n))
        wait_for(lambda: y.heard_from(x)[had:] == want, 5,
                 why=lambda: f"{x.name}({x.kind}) -> {y.name}({y.kind}): sent "
                 f"{n}, arrived {y.heard_from(x)[had:]}, raw {len(y.raw)}, "
                 f"errors {y.errors[-5:]}")
