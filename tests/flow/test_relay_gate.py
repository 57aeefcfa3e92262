"""Media that is held back by command."""

import pytest

from harness.endpoint import rtp
from harness.net import stays, wait_for
from harness.ng import Error
from harness.relaycall import RelayCall


@pytest.fixture(params=("rtp", "sdes"))
def call(request, relay, endpoint):
    return RelayCall(relay.client(), endpoint("rtp"),
                     endpoint(request.param)).connect().talk(5)


def event(end, seq):
    end.send_raw((end.tx.protect if end.tx else bytes)(
        rtp(seq, b"\x05\x0a\x00\xa0", ssrc=4733, pt=101)))


def events(end):
    return [p for p in end.packets if len(p) == 16]


def quiet(end, act):
    """act() brings nothing to end; it did reach the relay."""
    had = len(end.packets)
    act()
    assert stays(lambda: len(end.packets) == had, 0.15)


def test_block_media(call):
    c = call
    c.ng("block media", call_id=c.id["call_id"])
    quiet(c.b, lambda: c.a.send(3))
    quiet(c.a, lambda: c.b.send(3))
    assert c.drops(c.a) == {"blocked": 3} and c.drops(c.b)["blocked"] == 3
    c.a.send_report(to=c.b)     # RTCP goes on
    assert c.query()["tags"][c.to_tag]["held back"] == ["media"]
    c.ng("unblock media", call_id=c.id["call_id"])
    c.talk(5)
    assert "held back" not in c.query()["tags"][c.to_tag]


def test_of_one_side_only(call):
    c = call
    c.ng("block-media", call_id=c.id["call_id"], from_tag=c.to_tag)
    quiet(c.a, lambda: c.b.send(3))
    had = len(c.b.packets)
    c.a.send(3)
    wait_for(lambda: len(c.b.packets) == had + 3)
    c.offer_again()             # a new offer does not end it
    c.answer()
    quiet(c.a, lambda: c.b.send(3))


def test_silence_media(call):
    c = call
    c.ng("silence media", call_id=c.id["call_id"])
    had = len(c.b.packets)
    c.a.send(3)
    wait_for(lambda: len(c.b.packets) == had + 3)
    for p in c.b.packets[had:]:
        assert p[12:] == b"\xff" * 160
    c.a.send_raw((c.a.tx.protect if c.a.tx else bytes)(
        rtp(1, b"opus?", ssrc=9, pt=111)))
    wait_for(lambda: c.drops(c.a) == {"blocked": 1})
    event(c.a, 1)               # digits are no speech
    wait_for(lambda: events(c.b))
    c.ng("unsilence media", call_id=c.id["call_id"])
    c.talk(5)


def test_block_dtmf(call):
    c = call
    c.ng("block DTMF", call_id=c.id["call_id"])
    quiet(c.b, lambda: event(c.a, 1))
    quiet(c.a, lambda: event(c.b, 1))
    c.talk(5)
    c.ng("unblock DTMF", call_id=c.id["call_id"])
    event(c.a, 2)
    wait_for(lambda: events(c.b))


def test_of_an_unknown_call(relay):
    with pytest.raises(Error, match="Unknown call-id"):
        relay.client()("block media", call_id="nobody")
