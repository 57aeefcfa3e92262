"""What strangers and liars get from the relay: nothing."""

import random
import time

import pytest

from harness.dtls import Certificate, Dtls, PROFILES, certificate
from harness.endpoint import rtp, start, talk
from harness.net import stays, wait_for
from harness.relaycall import RelayCall
from harness.stranger import Stranger

KINDS = ("dtls", "sdes", "rtp")


@pytest.fixture
def call(relay, endpoint):
    ng = relay.client()

    def make(kind_a, kind_b, a=None, b=None, **how):
        return RelayCall(ng, endpoint(kind_a, **{**how, **(a or {})}),
                         endpoint(kind_b, **{**how, **(b or {})}))
    return make


@pytest.fixture
def stranger(pen):
    return pen.add(Stranger())


@pytest.mark.parametrize("liar", ("caller", "callee"))
@pytest.mark.parametrize("other", ("rtp", "sdes"))
def test_wrong_fingerprint(call, liar, other):
    """The certificate is not the one of the SDP: no octet of media passes."""
    wrong = {"fingerprint": Certificate("another").fingerprint()}
    c = call("dtls", other, a=wrong) if liar == "caller" else \
        call(other, "dtls", b=wrong)
    bad, good = (c.a, c.b) if liar == "caller" else (c.b, c.a)
    bad.trust = False
    c.set_up()
    start(good)
    bad.start()
    d = bad.dtls[bad.socks[0]]
    wait_for(lambda: d.done or d.error, why="the liar's handshake ends")
    if not bad.tx:                    # it was refused in the handshake
        from harness import srtp
        suite = "AES_CM_128_HMAC_SHA1_80"
        bad._install(suite, srtp.key_new(suite), srtp.key_new(suite))
    for _ in range(5):
        bad.send(5)
        good.send(5)
    assert stays(lambda: not good.packets and not bad.packets)
    dtls = c.streams(bad)[0]["DTLS"]
    assert dtls["state"] == "failed" and not dtls.get("verified")
    assert not good.packets and not bad.packets
    assert not [p for _, p in good.raw if p[0] >> 6 == 2], "RTP leaked"


@pytest.mark.parametrize("kind_b", KINDS)
@pytest.mark.parametrize("kind_a", ("dtls", "sdes"))
def test_bad_tag(call, kind_a, kind_b):
    c = call(kind_a, kind_b).connect().talk(5)
    had = len(c.b.packets)
    for i in range(50):
        p = bytearray(c.a.packet())
        p[random.randrange(12, len(p)) if i % 2 else -1] ^= 1 << i % 8
        c.a.send_raw(bytes(p))
    wait_for(lambda: c.drops(c.a).get("auth") == 50,
             why=lambda: f"50 dropped for their tag: {c.drops(c.a)}")
    assert len(c.b.packets) == had
    c.talk(5)


@pytest.mark.parametrize("kind_b", KINDS)
@pytest.mark.parametrize("kind_a", ("dtls", "sdes"))
def test_replay(call, kind_a, kind_b):
    """Each packet once more, at once and all again later."""
    c = call(kind_a, kind_b).connect().talk(1)
    first = c.a.sent
    packets = [c.a.packet() for _ in range(100)]
    for p in packets:
        c.a.send_raw(p)
        c.a.send_raw(p)
        time.sleep(0.001)
    for p in packets:
        c.a.send_raw(p)
        time.sleep(0.001)
    wait_for(lambda: c.drops(c.a).get("replay") == 200,
             why=lambda: f"200 replays dropped: {c.drops(c.a)}")
    assert c.b.heard_from(c.a)[-100:] == list(range(first, first + 100))
    c.a.send_report()
    talk(c.a, c.b, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_bleed(relay, call, stranger, kind):
    """ES2017-04: packets from strangers over the whole port range, before,
    while and after the peers talk, bring them nothing and change nothing."""
    packet = rtp(1, bytes(160), ssrc=0xbad)
    c = call(kind, kind)
    c.set_up()
    stranger.spray(packet, "127.0.0.1", relay.ports)
    start(c.a, c.b)
    c.talk(5)
    stranger.spray(packet, "127.0.0.1", relay.ports)
    c.talk(25)
    stranger.spray(b"\x80\xc8\0\1" + bytes(4), "127.0.0.1", relay.ports)
    c.talk(5)
    assert stays(lambda: stranger.received() == 0)
    for end in (c.a, c.b):
        assert not [p for p in end.packets if p[8:12] == b"\0\0\x0b\xad"]
        assert c.streams(end)[0]["endpoint"]["address"] == end.addr
    c.delete()
    stranger.spray(packet, "127.0.0.1", relay.ports)
    assert stays(lambda: stranger.received() == 0, 0.3)


@pytest.mark.parametrize("kind", KINDS)
def test_inject_from_another_address(call, stranger, kind):
    """The right SSRC, the next sequence numbers, from a stranger's address
    and, with plain RTP, from another port of the peer's own host."""
    c = call(kind, kind).connect().talk(10)
    ports = [c.a.remote.port]
    had, lost = len(c.b.packets), sum(c.drops(c.a).values())
    for i in range(1, 4):
        stranger.spray(rtp(c.a.seq + i, b"evil" * 40, c.a.ssrc),
                       c.a.remote.addr, ports)
    other = Stranger(("127.0.0.1",))
    other.spray(rtp(c.a.seq + 5, b"evil" * 40, c.a.ssrc), c.a.remote.addr,
                ports)
    assert stays(lambda: len(c.b.packets) == had)
    assert sum(c.drops(c.a).values()) == lost + 10, c.drops(c.a)
    c.talk(10)
    assert stranger.received() == 0 and other.received() == 0
    other.close()


@pytest.mark.parametrize("kind", ("dtls", "sdes"))
def test_plain_rtp_on_a_secured_leg(call, kind):
    c = call(kind, "rtp").connect().talk(5)
    had, lost = len(c.b.packets), sum(c.drops(c.a).values())
    for _ in range(20):
        c.a.send_raw(c.a.packet(protect=False))
    wait_for(lambda: sum(c.drops(c.a).values()) == lost + 20)
    assert len(c.b.packets) == had


def test_client_hellos_from_strangers(relay, call, stranger):
    """CVE-2023-49786 and its kin: alien handshakes neither hurt the real one
    nor get more octets than they brought."""
    hello = Dtls(False, certificate("stranger"), tuple(PROFILES)).step()
    calls = [call("dtls", "rtp").set_up() for _ in range(5)]
    for c in calls:
        for h in hello:
            for _ in range(20):
                stranger.spray(h, "127.0.0.1", [c.a.remote.port])
    for c in calls:
        start(c.a, c.b)
        c.talk(5)
    for c in calls:
        for h in hello:
            stranger.spray(h, "127.0.0.1", [c.a.remote.port])
        c.talk(5)
    assert stranger.received() <= stranger.sent


def test_handshake_by_a_stranger_brings_no_keys(call, endpoint):
    """A whole, correct handshake with another certificate from another
    address: the call's own peer goes on undisturbed."""
    c = call("dtls", "rtp").set_up()
    eve = endpoint("dtls", addr="127.0.0.5", cert=Certificate("eve"))
    eve.trust = False
    eve.setup = "active"
    eve.hear(c.a.remote.text).start()
    start(c.a, c.b)
    c.talk(10)
    if eve.tx:
        eve.send(10)
    c.talk(10)
    assert not c.b.heard_from(eve) and not eve.packets
    assert not [p for _, p in eve.raw if p[0] >> 6 == 2]


@pytest.mark.parametrize("kind", KINDS)
def test_odd_datagrams(relay, call, kind):
    """Every length of every first octet class, as RTP and RTCP."""
    c = call(kind, "rtp", mux=False).connect().talk(5)
    heads = [bytes([h]) for h in (0x80, 0x90, 0xa0, 0xbf, 0xff, 0, 3, 20, 22,
                                  63, 64, 127)]
    for head in heads:
        for n in range(0, 40, 3):
            for body in (b"\xff" * n, bytes(n), b"\xc8" * n):
                c.a.send_raw(head + body)
                c.a.send_raw(head + body, rtcp=True)
    c.a.send_raw(b"")
    c.a.send_raw(b"\x80" + bytes(8000))
    c.talk(25)
    assert relay.alive()


def test_flood_of_bad_tags_is_not_logged_line_by_line(relay, call):
    c = call("sdes", "rtp").connect().talk(5)
    before = len(relay.log().splitlines())
    bad = c.a.packet()[:-1] + b"x"
    for i in range(3000):
        c.a.send_raw(bad)
        if not i % 20:
            time.sleep(0.001)
    c.talk(25)
    assert len(relay.log().splitlines()) - before < 100
