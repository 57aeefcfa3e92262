"""The peers against each other, with nothing of ours between: what they can
do, and that the measures of the other tests tell right from wrong."""

import pytest

from harness.dtls import PROFILES
from harness.endpoint import connect, talk
from harness.net import wait_for
from harness.sbc import plain_sdp
from harness.sip import Leg, Phone
from harness.srtp import SUITES

KINDS = ("dtls", "sdes", "rtp")


@pytest.mark.parametrize("media", KINDS)
def test_baresip_to_baresip(baresip, media):
    alice = baresip("alice", media=media, tone=440)
    bob = baresip("bob", media=media, tone=1000)
    alice.dial(bob.aor)
    alice.established()
    bob.established()
    alice.wait_heard(1000)
    bob.wait_heard(440)
    assert not alice.heard(440) and not alice.heard(700)
    assert alice.rtp_received() > 20 and bob.rtp_received() > 20
    assert bool(alice.secure()) == (media != "rtp"), alice.tail()
    bob.hangup()
    alice.closed()


@pytest.mark.parametrize("transport", ("udp", "tcp"))
def test_sipp_to_sipp(sipp, transport):
    uas = sipp("uas", transport=transport)
    uac = sipp("uac", transport=transport, to=f"{uas.addr}:{uas.port}")
    uac.done()
    uas.done()


@pytest.mark.parametrize("transport", ("udp", "tcp"))
def test_baresip_hears_its_echo_from_sipp(baresip, sipp, transport):
    uas = sipp("uas", transport=transport, echo=True)
    alice = baresip("alice", transport=transport)
    alice.dial(f"sip:+12155550100@{uas.addr}:{uas.port}")
    alice.established()
    alice.wait_heard(440)
    alice.hangup()
    uas.done()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mux", (True, False))
def test_endpoints(endpoint, kind, mux):
    a, b = endpoint(kind, mux=mux), endpoint(kind, mux=mux)
    connect(a, b)
    talk(a, b)
    a.send_report()
    wait_for(lambda: b.reports)


@pytest.mark.parametrize("suite", SUITES)
def test_endpoints_sdes_suites(endpoint, suite):
    a, b = (endpoint("sdes", suites=(suite,)) for _ in "ab")
    connect(a, b)
    talk(a, b)
    b.send_report()
    wait_for(lambda: a.reports)
    b.send_raw(bytearray(b.packet())[:-1] + b"?")
    wait_for(lambda: a.errors)


@pytest.mark.parametrize("profile", PROFILES)
def test_endpoints_dtls_profiles(endpoint, profile):
    a, b = endpoint("dtls", profiles=(profile,)), endpoint("dtls")
    connect(a, b)
    talk(a, b)
    assert a.suite == b.suite == PROFILES[profile][0]


@pytest.mark.parametrize("transport", ("udp", "tcp"))
def test_phone_to_phone(pen, transport):
    one, two = (pen.add(Phone(transport=transport, user=u)) for u in "ab")
    a = Leg.call(one, (two.addr, two.port), "b", sdp=plain_sdp(one))
    b = Leg.incoming(two)
    assert b.invite.sdp() == plain_sdp(one)
    b.reply(180)
    b.reply(200, sdp=plain_sdp(two))
    a.answered()
    b.expect("ACK")
    b.dest = (one.addr, one.port)
    b.send("BYE")
    a.hung_up()
    b.expect(200)


@pytest.mark.parametrize("transport", ("udp", "tcp"))
def test_phone_to_sipp(pen, sipp, transport):
    uas = sipp("uas", transport=transport)
    one = pen.add(Phone(transport=transport))
    a = Leg.call(one, (uas.addr, uas.port), "b", sdp=plain_sdp(one))
    a.answered()
    a.bye()
    uas.done()
