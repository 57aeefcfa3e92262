"""Each reason for which the relay lets a datagram go, provoked from outside
and read in `query`. (What needs a broken kernel or engine is a unit test's.)
"""

import struct

import pytest

from harness.dtls import PROFILES, Dtls, certificate
from harness.endpoint import rtcp_rr, rtp, start, talk
from harness.net import stays, wait_for
from harness.relaycall import RelayCall

STUN = struct.pack("!HHI", 1, 0, 0x2112a442) + bytes(12)


def hello():
    return Dtls(False, certificate("x"), tuple(PROFILES)).step()[0]


# reason: (kind of the sender's leg, mux, datagram, is it for the RTCP port)
DATAGRAMS = {
    "long": ("rtp", False, lambda e: rtp(1, bytes(30000)), False),
    "demux": ("rtp", False, lambda e: b"\x50" + bytes(40), False),
    "stun-malformed": ("rtp", False, lambda e: b"\0\1\0\7abc", False),
    "stun": ("rtp", False, lambda e: STUN, False),
    "dtls": ("sdes", False, lambda e: hello(), False),
    "not-rtcp": ("rtp", False, lambda e: e.packet(), True),
    "not-rtp": ("rtp", False, lambda e: rtcp_rr(e.ssrc), False),
    "rtp-malformed": ("rtp", False, lambda e: b"\x8f\0\0\1" + bytes(20),
                      False),
    "rtcp-malformed": ("rtp", False, lambda e: b"\x80\xc8\0\x20" + bytes(8),
                       True),
    "auth": ("sdes", False, lambda e: e.packet()[:-1] + b"\0\0", False),
}


@pytest.fixture
def call(relay, endpoint):
    ng = relay.client()

    def make(kind_a, kind_b, **how):
        return RelayCall(ng, endpoint(kind_a, **how), endpoint(kind_b, **how))
    return make


def dropped(c, end, reason, n=1):
    wait_for(lambda: c.drops(end).get(reason) == n,
             why=lambda: f"{n} {reason}: {c.drops(end)}")


@pytest.mark.parametrize("reason", DATAGRAMS)
def test_datagram(call, reason):
    kind, mux, make, rtcp = DATAGRAMS[reason]
    c = call(kind, "rtp", mux=mux).connect().talk(5)
    heard = len(c.b.raw)
    for _ in range(3):
        c.a.send_raw(make(c.a), rtcp=rtcp)
    dropped(c, c.a, reason, 3)
    assert len(c.b.raw) == heard
    c.talk(5)


def test_muxed(call):
    c = call("rtp", "rtp", mux=True).connect()
    c.a.socks[0].sendto(rtcp_rr(1), (c.a.remote.addr, c.a.remote.port + 1))
    assert stays(lambda: not c.b.raw, 0.2)
    assert c.drops(c.a).get("muxed", 1) == 1


def test_source(call, endpoint):
    c = call("rtp", "rtp").connect().talk(5)
    eve = endpoint("rtp", addr="127.0.0.8")
    eve.hear(c.a.remote.text)
    eve.send(3)
    dropped(c, c.a, "source", 3)
    assert not c.b.heard_from(eve)


def test_no_key_in_and_out(call):
    c = call("rtp", "dtls").set_up()
    c.a.send(3)
    dropped(c, c.a, "no-key-out", 3)
    c.b.send_raw(rtp(1, bytes(170)))
    dropped(c, c.b, "no-key-in", 1)
    start(c.b)
    c.talk(5)


def test_ssrcs(call):
    """Authenticated, but too many: the first ones go on."""
    c = call("sdes", "rtp").connect().talk(5)
    for i in range(200):
        c.a.send_raw(c.a.tx.protect(rtp(1, bytes(160), 0x5000 + i)))
    wait_for(lambda: c.drops(c.a).get("ssrcs"))
    c.talk(5)


@pytest.mark.parametrize("attribute, may_send", (
    ("sendonly", True), ("recvonly", False), ("inactive", False)))
def test_direction(call, attribute, may_send):
    c = call("rtp", "rtp")
    answer = {"sendonly": "recvonly", "recvonly": "sendonly",
              "inactive": "inactive"}[attribute]

    def facing(end, what):
        sdp = end.sdp
        end.sdp = lambda **how: sdp(**how).replace("a=sendrecv",
                                                   "a=" + what)
    facing(c.a, attribute)
    facing(c.b, answer)
    c.connect()
    c.a.send(3)
    if may_send:
        wait_for(lambda: c.b.heard_from(c.a) == [0, 1, 2])
    else:
        dropped(c, c.a, "direction", 3)
        assert not c.b.packets


def test_no_peer(call):
    """The answerer rejects the stream with port 0: nowhere to send."""
    c = call("rtp", "rtp")
    c.b.hear(c.offer(), offer=True)
    sdp = c.b.sdp(answer=True).replace(f"m=audio {c.b.port} ", "m=audio 0 ")
    c.ng("answer", **c.id, to_tag=c.to_tag, sdp=sdp)
    c.a.remote = c.b.remote
    assert stays(lambda: not c.b.raw, 0.2)


def test_hold_by_zero_address(call):
    """c=0.0.0.0, the hold of RFC 2543: nothing is sent, nobody is hurt."""
    c = call("rtp", "rtp").connect().talk(5)
    sdp = c.a.sdp
    c.a.sdp = lambda **how: sdp(**how).replace("c=IN IP4 127.0.0.1",
                                               "c=IN IP4 0.0.0.0")
    c.offer_again()
    c.answer()
    c.b.send(3)
    assert stays(lambda: len(c.a.packets) == 5, 0.3)
    assert c.drops(c.b).get("no-peer", 0) + c.drops(c.b).get(
        "direction", 0) == 3, c.drops(c.b)
    c.a.sdp = sdp
    c.offer_again()
    c.answer()
    talk(c.a, c.b, 5)


def test_send(call):
    """An address that the kernel cannot reach from our socket."""
    c = call("rtp", "rtp")
    sdp = c.a.sdp
    c.a.sdp = lambda **how: sdp(**how).replace("127.0.0.1", "192.0.2.77")
    c.set_up()
    c.b.send(3)
    dropped(c, c.b, "send", 3)


def test_statistics_sum_up(relay, call):
    c = call("sdes", "rtp").connect().talk(5)
    for _ in range(7):
        c.a.send_raw(c.a.packet()[:-1] + b"\0\0")
    dropped(c, c.a, "auth", 7)
    text = str(c.ng("statistics"))
    assert "'auth': 7" in text, text
    c.delete()
    assert "'auth': 7" in str(c.ng("statistics"))
