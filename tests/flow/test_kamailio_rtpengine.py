"""A real proxy drives the relay: Kamailio with its rtpengine module, which
has never heard of us. Real user agents on both sides hear each other."""

import pathlib

import pytest

from harness import kamailio
from harness.kamailio import Kamailio
from harness.net import wait_for

TEMPLATE = pathlib.Path(__file__).resolve().parent / "kamailio" / \
    "rtpengine.cfg.in"
COMMON = "replace-origin replace-session-connection ICE=remove " \
    "trust-address repacketize=20 "
FLAGS = {"rtp": "RTP/AVP", "sdes": "RTP/SAVP DTLS=off",
         "dtls": "transport-protocol=UDP/TLS/RTP/SAVPF SDES-off"}

pytestmark = pytest.mark.skipif(not kamailio.present("rtpengine"),
                                reason="kamailio with rtpengine")


@pytest.mark.parametrize("a", ("dtls", "sdes", "rtp"))
@pytest.mark.parametrize("b", ("dtls", "sdes", "rtp"))
def test_a_call(relay, pen, baresip, tmp_path, a, b):
    bob = baresip("bob", media=b, tone=1000)
    proxy = pen.add(Kamailio(
        tmp_path, TEMPLATE, relay=relay.udp(), flags=COMMON + FLAGS[b],
        next=f"sip:{bob.addr}:{bob.port}"))
    alice = baresip("alice", media=a, tone=440,
                    outbound=f"{proxy.addr}:{proxy.port}")
    ng = relay.client()
    wait_for(lambda: ng("statistics")["statistics"]["totalstatistics"]
             ["requests"] >= 2, why="Kamailio pings its rtpengine")
    alice.dial(f"sip:{bob.user}@example.org")
    alice.established()
    bob.established()
    alice.wait_heard(1000)
    bob.wait_heard(440)
    calls = ng("list")["calls"]
    assert len(calls) == 1
    tags = ng("query", call_id=calls[0])["tags"]
    assert {t["medias"][0]["security"] for t in tags.values()} == \
        {{"dtls": "dtls-srtp", "sdes": "sdes", "rtp": "none"}[k]
         for k in (a, b)}
    bob.hangup()
    alice.closed()
    wait_for(lambda: not ng("list")["calls"], why="Kamailio's delete")


@pytest.mark.parametrize("flags", (
    "via-branch=auto", "SDES-only-AES_CM_128_HMAC_SHA1_80 generate-mid "
    "codec-strip-PCMA loop-protect TOS=184 media-handover single-codec "
    "OSRTP-accept label=a full-rtcp-attribute"))
def test_flags_as_kamailio_passes_them_on(relay, pen, baresip, tmp_path,
                                          flags):
    bob = baresip("bob", media="sdes", tone=1000)
    proxy = pen.add(Kamailio(
        tmp_path, TEMPLATE, relay=relay.udp(),
        flags=f"{COMMON}{FLAGS['sdes']} {flags}",
        next=f"sip:{bob.addr}:{bob.port}"))
    alice = baresip("alice", tone=440, outbound=f"{proxy.addr}:{proxy.port}")
    ng = relay.client()
    alice.dial(f"sip:{bob.user}@example.org")
    alice.established()
    bob.established()
    alice.wait_heard(1000)
    bob.wait_heard(440)
    assert len(ng("list")["calls"]) == 1
    bob.hangup()
    alice.closed()
    wait_for(lambda: not ng("list")["calls"], why="Kamailio's delete")


def test_the_limit_moves_kamailio_on(start_relay, pen, baresip, tmp_path):
    """`Parallel session limit reached`: the proxy asks the next relay."""
    full = start_relay("full", **{"sessions-max": 1})
    free = start_relay("free")
    full.client()("offer", call_id="x", from_tag="y",
                  sdp="v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
                  "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n")
    bob = baresip("bob", tone=1000)
    proxy = pen.add(Kamailio(
        tmp_path, TEMPLATE, flags=COMMON + "RTP/AVP",
        relay=f"{full.udp()}=1000 {free.udp()}=1",
        next=f"sip:{bob.addr}:{bob.port}"))
    alice = baresip("alice", tone=440, outbound=f"{proxy.addr}:{proxy.port}")
    alice.dial(f"sip:{bob.user}@example.org")
    alice.established()
    alice.wait_heard(1000)
    assert len(free.client()("list")["calls"]) == 1
    bob.hangup()
    alice.closed()
