"""Pass mode (RFC 7879): keys stay with the ends, the relay carries octets.
And m-lines that are no RTP, carried the same way."""

import re
import socket

import pytest

from harness.endpoint import Endpoint, start, talk
from harness.net import LOCAL, PEER_PORTS, free_port, wait_for
from harness.ng import Error
from harness.relaycall import RelayCall

PASS = {"transport_protocol": "", "flags": ["passthrough"]}
ZRTP = bytes([16, 0, 0, 1]) + b"ZRTP" + bytes(range(24))
KEYS = ("a=setup:", "a=fingerprint:", "a=tls-id:", "a=crypto:",
        "a=zrtp-hash:", "a=key-mgmt:")


def key_lines(sdp):
    return [x for x in sdp.splitlines() if x.startswith(KEYS)]


class Extra(Endpoint):
    """An endpoint with lines of its own in its SDP."""
    extra = ()

    def sdp(self, answer=False):
        return super().sdp(answer, self.extra)


@pytest.fixture
def call(relay):
    made = []

    def make(kind, **how):
        ends = [Extra(kind, **how) for _ in range(2)]
        made.extend(ends)
        return RelayCall(relay.client(), *ends)
    yield make
    for e in made:
        e.close()


def set_up(c, **over):
    """Offer and answer; the SDPs as each end heard them."""
    to_b = c.offer(**{**PASS, "DTLS": "", "SDES": "", **over})
    c.b.hear(to_b, offer=True)
    to_a = c.answer(**({"flags": over["flags"]} if "flags" in over else PASS))
    c.a.hear(to_a)
    return to_b, to_a


@pytest.mark.parametrize("mux", (True, False), ids=("mux", "pair"))
def test_dtls_is_end_to_end(call, mux):
    c = call("dtls", mux=mux)
    c.a.extra = ("a=tls-id:0123456789abcdefghij",)
    to_b, to_a = set_up(c)
    assert key_lines(to_b) == key_lines(c.a.sdp())
    assert key_lines(to_a) == key_lines(c.b.sdp(answer=True))
    start(c.a, c.b)     # each has checked the other's own fingerprint
    assert c.b.remote.fingerprint[1] == c.a.fingerprint
    assert c.a.remote.fingerprint[1] == c.b.fingerprint
    talk(c.a, c.b, 25)
    c.a.send_report(to=c.b)
    c.b.send_report(to=c.a)
    for end in (c.a, c.b):
        assert not end.errors
        leg = c.leg(end)
        assert leg["security"] == "pass"
        assert "DTLS" not in leg["streams"][0]
        assert leg["streams"][0]["stats"]["packets"] >= 25


def test_dtls_without_the_flag_ends_here(call):
    c = call("dtls")
    to_b, _ = set_up(c, flags=[])
    assert c.a.fingerprint not in to_b
    assert c.leg(c.a)["security"] == "dtls-srtp"


def test_key_instead_of_flag(call):
    c = call("dtls")
    to_b, _ = set_up(c, flags=[], passthrough="on")
    assert c.a.fingerprint in to_b


def test_sdes_only_when_asked_for_as_well(call):
    c = call("sdes")
    to_b = c.offer(**{**PASS, "DTLS": ""})
    assert key_lines(to_b) != key_lines(c.a.sdp())
    c = call("sdes")
    to_b, to_a = set_up(c, flags=["passthrough-SDES"])
    assert key_lines(to_b) == key_lines(c.a.sdp())
    assert key_lines(to_a) == key_lines(c.b.sdp(answer=True))
    talk(c.a, c.b, 25)
    assert c.leg(c.a)["security"] == "pass"


def test_zrtp(call):
    c = call("rtp")
    c.a.extra = ("a=zrtp-hash:1.10 aa",)
    c.b.extra = ("a=zrtp-hash:1.10 bb",)
    to_b, to_a = set_up(c)
    assert "a=zrtp-hash:1.10 aa" in to_b and "a=zrtp-hash:1.10 bb" in to_a
    for x, y in ((c.a, c.b), (c.b, c.a)):
        x.send_raw(ZRTP)
        wait_for(lambda y=y: ZRTP in [p for _, p in y.raw])
    talk(c.a, c.b, 10)


def test_zrtp_hash_goes_where_keys_end(call):
    c = call("rtp")
    c.a.extra = ("a=zrtp-hash:1.10 aa",)
    assert "zrtp" not in c.offer(flags=[])


def test_all_or_none(call):
    """One m-line that cannot be passed: none is."""
    c = call("dtls")
    c.a.extra = (f"m=video {c.a.port + 40} RTP/AVP 96",)
    to_b = c.offer(**{**PASS, "DTLS": "", "SDES": ""})
    assert c.a.fingerprint not in to_b
    c = call("dtls")
    c.a.extra = ("m=video 0 RTP/AVP 96",)
    to_b = c.offer(**{**PASS, "DTLS": "", "SDES": ""})
    assert c.a.fingerprint in to_b


def test_another_transport_is_not_passed(call):
    c = call("dtls")
    to_b = c.offer(flags=["passthrough"], transport_protocol="RTP/SAVP",
                   DTLS="off", SDES="")
    assert c.a.fingerprint not in to_b and "a=crypto:" in to_b


def test_answer_must_be_of_the_kind(call):
    c = call("dtls")
    c.offer(**{**PASS, "DTLS": "", "SDES": ""})
    plain = Extra("rtp")
    with pytest.raises(Error, match="SRTP was offered and RTP answered"):
        c.answer(sdp=plain.sdp(answer=True))
    bare = re.sub("a=fingerprint.*\r\n", "", c.b.sdp(answer=True))
    with pytest.raises(Error, match="No usable fingerprint"):
        c.answer(sdp=bare)
    plain.close()


def test_strangers_neither_hear_nor_speak(call):
    c = call("dtls")
    set_up(c)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.66", 0))
        for port in (c.a.remote.port, c.b.remote.port):
            for p in (bytes([0x80]) + bytes(171), bytes([22]) + bytes(100)):
                s.sendto(p, (LOCAL, port))
        start(c.a, c.b)
        talk(c.a, c.b, 10)
        s.settimeout(0.2)
        with pytest.raises(TimeoutError):
            s.recvfrom(2048)
    assert c.drops(c.a)["source"] == 2 and c.drops(c.b)["source"] == 2


def test_pass_and_back(call):
    """A re-offer without the flag ends the keys here, and media goes on."""
    c = call("dtls")
    set_up(c)
    start(c.a, c.b)
    talk(c.a, c.b, 10)
    for e in (c.a, c.b):
        e.tx = e.rx = None
        for name in ("rtcp_tx", "rtcp_rx"):
            e.__dict__.pop(name, None)
    c.b.hear(c.offer_again(transport_protocol=""), offer=True)
    c.a.hear(c.answer())
    start(c.a, c.b)
    talk(c.a, c.b, 10)
    assert c.leg(c.a)["security"] == "dtls-srtp"


# ---- no RTP -----------------------------------------------------------------

def fax(port, proto="udptl", fmt="t38"):
    return (f"v=0\r\no=- 1 1 IN IP4 {LOCAL}\r\ns=-\r\nc=IN IP4 {LOCAL}\r\n"
            f"t=0 0\r\nm=image {port} {proto} {fmt}\r\n"
            "a=T38FaxVersion:0\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n")


class Fax:
    def __init__(self, addr=LOCAL):
        self.port = free_port(addr, PEER_PORTS)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((addr, self.port))
        self.sock.settimeout(2)

    def close(self):
        self.sock.close()


@pytest.fixture
def faxes():
    v = [Fax(), Fax()]
    yield v
    for f in v:
        f.close()


def image_port(sdp):
    return int(re.search(r"^m=image (\d+) udptl t38\r$", sdp, re.M).group(1))


def test_t38(relay, faxes):
    a, b = faxes
    ng = relay.client()
    ids = {"call_id": "fax@test", "from_tag": "f", "replace": ["origin"]}
    to_b = ng("offer", **ids, sdp=fax(a.port))["sdp"]
    to_a = ng("answer", **ids, to_tag="t", sdp=fax(b.port))["sdp"]
    for sdp in (to_a, to_b):
        assert "a=T38FaxUdpEC:t38UDPRedundancy\r\n" in sdp
        assert "a=rtcp" not in sdp
    sides = ((a, image_port(to_a), b), (b, image_port(to_b), a))
    for i in range(3):
        for x, port, y in sides:
            for p in (bytes([0, i, 1, 6, 0]), bytes([22]) * 20,
                      bytes([0x80]) + bytes(40), b"z"):
                x.sock.sendto(p, (LOCAL, port))
                assert y.sock.recvfrom(2048)[0] == p
    other = Fax()       # the same host, another port: strict
    other.sock.sendto(b"x" * 20, (LOCAL, sides[0][1]))
    b.sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        b.sock.recvfrom(2048)
    other.close()
    tags = ng("query", **ids)["tags"]
    assert tags["f"]["medias"][0]["security"] == "opaque"
    assert tags["f"]["medias"][0]["streams"][0]["stats"]["packets"] == 12
    ng("delete", **ids)


def test_audio_becomes_fax(relay, endpoint, faxes):
    """The usual way: a call, then a re-INVITE to T.38, in its m-line."""
    c = RelayCall(relay.client(), endpoint("rtp"), endpoint("sdes")).connect()
    c.talk()
    a, b = faxes
    to_b = c.offer_again(sdp=fax(a.port), transport_protocol="")
    to_a = c.answer(sdp=fax(b.port))
    a.sock.sendto(b"fax", (LOCAL, image_port(to_a)))
    assert b.sock.recvfrom(100)[0] == b"fax"
    b.sock.sendto(b"fax too", (LOCAL, image_port(to_b)))
    assert a.sock.recvfrom(100)[0] == b"fax too"


def test_tcp_is_refused_politely(relay):
    """An m-line over TCP gets port 0, the others live."""
    ng = relay.client()
    sdp = fax(40000).replace("m=image 40000 udptl t38",
                             "m=message 40000 TCP/MSRP *")
    out = ng("offer", call_id="msrp@test", from_tag="f", sdp=sdp)["sdp"]
    assert "m=message 0 TCP/MSRP *" in out
