"""The peers against each other, with nothing of ours between: what they can
do, and that the measures of the other tests tell right from wrong."""

import pytest

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
    alice.dial(f"sip:+12155550100@{uas.addr}:{uas.port};transport={transport}")
    alice.established()
    alice.wait_heard(440)
    alice.hangup()
    uas.done()
