"""DTLS-SRTP beyond a good handshake: renewed certificates, roles and
fingerprints that change inside a call, loss, and floods."""

import os
import random
import re
import select
import socket
import subprocess
import sys
import time

import pytest

from harness.dtls import PROFILES, Certificate, Dtls, certificate
from harness.endpoint import start
from harness.net import LOCAL, wait_for
from harness.relaycall import RelayCall


@pytest.fixture
def call(relay, endpoint):
    ng = relay.client()

    def make(kind_a, kind_b, a=None, b=None, ng=ng, **how):
        return RelayCall(ng, endpoint(kind_a, **{**how, **(a or {})}),
                         endpoint(kind_b, **{**how, **(b or {})}))
    return make


def dtls(c, end):
    return c.streams(end)[0]["DTLS"]


def test_certificate_is_renewed(start_relay, call):
    """A call keeps the certificate that its SDP names, even if the handshake
    comes after the change; the next one gets the new."""
    relay = start_relay("renewing", **{"certificate-age": 1})
    ng = relay.client()
    old = call("dtls", "dtls", ng=ng).set_up()
    had = relay.log().count("new certificate sha-256")
    wait_for(lambda: relay.log().count("new certificate sha-256") > had)
    start(old.a, old.b)             # each checks what its SDP said
    old.talk(5)
    new = call("dtls", "dtls", ng=ng).connect().talk(5)
    said = {c: {e.remote.fingerprint for e in (c.a, c.b)} for c in (old, new)}
    assert all(len(s) == 1 for s in said.values()), "one per session"
    assert said[old] != said[new]
    for c in (old, new):
        assert dtls(c, c.a)["fingerprint"].upper().endswith(
            c.a.remote.fingerprint[1])
    before = old.b.remote.fingerprint
    again = old.offer_again()
    assert before[1] in again.upper()
    old.answer()
    old.talk(5)


def associate_again(c):
    """The offerer's leg makes a new association, until packets pass."""
    c.offer_again()
    c.a.tx = None
    c.a.__dict__.pop("rtcp_tx", None)
    c.a.hear(c.answer())
    start(c.a)
    had = len(c.b.packets)
    for _ in range(50):
        c.a.send(1, gap=0.02)
        if len(c.b.packets) > had:
            break
    wait_for(lambda: dtls(c, c.a)["state"] == "done")
    c.talk(10)


@pytest.mark.parametrize("first", ("active", "passive"))
def test_role_changes(call, first):
    """RFC 8842: another role is another association, on that leg only."""
    other = {"active": "passive", "passive": "active"}[first]
    c = call("dtls", "dtls", a={"setup": first}).connect().talk(5)
    assert dtls(c, c.a)["role"] == other
    c.a.setup = other
    associate_again(c)
    assert dtls(c, c.a)["role"] == first
    assert dtls(c, c.b)["state"] == "done"


def test_fingerprint_changes(call):
    """The peer hands over to another device: the old keys are good for
    nothing then."""
    c = call("dtls", "dtls", a={"setup": "active"}).connect().talk(5)
    was = c.a.tx
    c.a.cert = Certificate("another device")
    c.a.fingerprint = c.a.cert.fingerprint()
    associate_again(c)
    assert dtls(c, c.a)["peer fingerprint"].endswith(c.a.fingerprint)
    had, good = len(c.b.packets), c.a.tx
    c.a.tx = was
    for _ in range(5):
        c.a.send_raw(c.a.packet())
    c.a.tx = good
    wait_for(lambda: sum(c.drops(c.a).values()) >= 5)
    assert len(c.b.packets) == had


# ---- peers of a few lines: many, or on a bad line --------------------------

def sdp(port, dtls=None, setup="active"):
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1",
             "t=0 0"]
    if dtls:
        lines += [f"m=audio {port} UDP/TLS/RTP/SAVPF 0", "a=rtcp-mux",
                  f"a=setup:{setup}",
                  f"a=fingerprint:sha-256 {dtls.fingerprint()}"]
    else:
        lines += [f"m=audio {port} RTP/AVP 0"]
    return "\r\n".join(lines) + "\r\n"


GIVE_UP = 12    # s; the relay forgets a handshake after 10


class Peer:
    """The DTLS side of a call whose other side is plain and silent."""

    def __init__(self, ng, call_id, setup="active", loss=0.0, mtu=1200,
                 begin=True):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((LOCAL, 0))
        self.sock.setblocking(False)
        self.loss, self.longest = loss, 0
        port = self.sock.getsockname()[1]
        cert = certificate("peer")
        keys = {"call_id": call_id, "from_tag": "a", "ICE": "remove"}
        ng("offer", sdp=sdp(port, cert, setup), transport_protocol="RTP/AVP",
           **keys)
        answer = ng("answer", sdp=sdp(9), to_tag="b", **keys)["sdp"]
        if isinstance(answer, bytes):
            answer = answer.decode()
        self.to = LOCAL, int(re.search(r"m=audio (\d+)", answer)[1])
        self._new = lambda: Dtls(setup == "passive", cert, tuple(PROFILES),
                                 mtu)
        if begin:
            self.begin()

    def begin(self):
        self.dtls, self.began = self._new(), time.monotonic()
        self._send(self.dtls.step())

    def _send(self, datagrams):
        for d in datagrams:
            if random.random() >= self.loss:
                self.sock.sendto(d, self.to)

    def drain(self):
        while True:
            try:
                d = self.sock.recv(4096)
            except BlockingIOError:
                return
            self.longest = max(self.longest, len(d))
            if random.random() >= self.loss:
                self._send(self.dtls.feed(d))

    def tick(self):
        if self.done:
            return
        if time.monotonic() - self.began > GIVE_UP:
            self.begin()
        else:
            self._send(self.dtls.timeout())

    @property
    def done(self):
        return self.dtls.done


def run(peers, seconds):
    """Until all are up, or time is over."""
    end = time.monotonic() + seconds
    socks = {p.sock: p for p in peers}
    tick = 0.0
    while time.monotonic() < end and not all(p.done for p in peers):
        for s in select.select(list(socks), [], [], 0.05)[0]:
            socks[s].drain()
        if time.monotonic() - tick > 0.1:
            tick = time.monotonic()
            for p in peers:
                p.tick()
    for p in peers:
        assert not p.dtls.error, p.dtls.error
    return sum(p.done for p in peers)


@pytest.mark.parametrize("setup", ("active", "passive"))
def test_loss(relay, setup):
    """One datagram in seven is lost, both ways; ours fit into any path, and
    those of a peer may come in small pieces."""
    ng = relay.client()
    random.seed(setup)
    peers = [Peer(ng, f"loss-{setup}-{i}", setup, 0.14,
                  mtu=(300, 600, 1200)[i % 3]) for i in range(12)]
    assert run(peers, 60) == len(peers)
    assert 0 < max(p.longest for p in peers) <= 1200


FLOOD = """
import os, socket, sys, time
ports = [int(p) for p in sys.argv[1].split(",")]
hello = bytearray.fromhex(sys.argv[2])
socks = []
for i in range(16):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((f"127.0.0.{20 + i}", 0))
    socks.append(s)
print("on", flush=True)
start, n = time.monotonic(), 0
while os.getppid() == int(sys.argv[3]) and time.monotonic() - start < 120:
    for _ in range(100):
        hello[27:59] = os.urandom(32)       # ClientHello.random
        try:
            socks[n % 16].sendto(hello, ("127.0.0.1", ports[n % len(ports)]))
        except OSError:
            pass
        n += 1
    late = start + n / 10000 - time.monotonic()
    if late > 0:
        time.sleep(late)
    if n % 2000 == 0:
        print(n, time.monotonic() - start, flush=True)
"""


def test_client_hello_flood(start_relay):
    """10,000 ClientHellos a second from strangers, while 200 calls set up."""
    relay = start_relay("flooded", ports=1000)
    ng = relay.client()
    hello = Dtls(False, certificate("stranger"), tuple(PROFILES)).step()[0]
    first, last = relay.ports[0], relay.ports[-1]
    ports = ",".join(str(p) for p in range(first, last, 2))
    flood = subprocess.Popen(
        [sys.executable, "-c", FLOOD, ports, hello.hex(), str(os.getpid())],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        assert flood.stdout.readline() == "on\n"
        peers = [Peer(ng, f"flood-{i}", begin=False) for i in range(200)]
        wait_for(lambda: ng("statistics")["statistics"]["handshakes"]
                 ["cookies"] > 1000, 30)
        for p in peers[:100]:           # all at once, then one by one
            p.begin()
        up = run(peers[:100], 60)
        for p in peers[100:]:
            p.begin()
            up += run([p], 10)
        assert flood.poll() is None
    finally:
        flood.kill()
        said = flood.communicate()[0].split("\n")
    assert up == len(peers)
    sent, took = said[-2].split() if len(said) > 1 else (0, 1)
    # 10,000 where the machine has nothing else to do
    assert int(sent) / float(took) > 1000, "this machine made no flood"
    got = ng("statistics")["statistics"]["handshakes"]
    assert got["done"] == len(peers)
    assert got["attempts"] < 2 * len(peers), "strangers cost no TLS state"
