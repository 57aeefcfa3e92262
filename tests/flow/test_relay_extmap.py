"""Header extensions pass if both ends agreed on them and nobody strips them;
rtcp-mux on one side only."""

import pytest

from harness.endpoint import Endpoint, rtp, start, talk
from harness.net import wait_for
from harness.relaycall import RelayCall

MID = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid"
LEVEL = "a=extmap:2/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level"
WITH = bytes([0xbe, 0xde, 0, 1, 0x10, 7, 0x20, 8])


class End(Endpoint):
    extra = ()

    def sdp(self, answer=False):
        return super().sdp(answer, self.extra)


@pytest.fixture
def call(relay, pen):
    def make(a, b, **how):
        ends = [pen.add(End(kind, **how)) for kind in (a, b)]
        return RelayCall(relay.client(), *ends)
    return make


def sent_through(c, x, y):
    """One packet with both extensions: what y gets of them."""
    p = rtp(9, b"payload!" * 4, ssrc=77)
    p = bytes([p[0] | 0x10]) + p[1:12] + WITH + p[12:]
    x.send_raw(x.tx.protect(p) if x.tx else p)
    mine = lambda: [q for q in y.packets if b"payload!" in q]
    wait_for(mine)
    got = mine()[-1]
    y.packets.clear()
    return got[12:got.index(b"payload!")]


@pytest.mark.parametrize("kind", ("rtp", "sdes"))
@pytest.mark.parametrize("a, b, over, left", (
    ((MID, LEVEL), (MID, LEVEL), {}, WITH),
    ((MID, LEVEL), (MID,), {}, bytes([0xbe, 0xde, 0, 1, 0x10, 7, 0, 0])),
    ((MID,), (MID, LEVEL), {}, bytes([0xbe, 0xde, 0, 1, 0x10, 7, 0, 0])),
    ((), (), {}, b""),
    ((MID, LEVEL), (MID, LEVEL), {"flags": ["strip-extmap"]}, b""),
), ids=("both", "answerer-one", "offerer-one", "none", "stripped"))
def test_agreed_ones_pass(call, kind, a, b, over, left):
    c = call("rtp", kind)
    c.a.extra, c.b.extra = a, b
    c.connect(**over)
    assert sent_through(c, c.a, c.b) == left
    assert sent_through(c, c.b, c.a) == left


@pytest.mark.parametrize("kind_b", ("rtp", "sdes", "dtls"))
@pytest.mark.parametrize("kind_a", ("rtp", "sdes", "dtls"))
@pytest.mark.parametrize("muxed", ("offerer", "answerer"))
def test_mux_on_one_side(relay, pen, kind_a, kind_b, muxed):
    a = pen.add(Endpoint(kind_a, mux=muxed == "offerer"))
    b = pen.add(Endpoint(kind_b, mux=muxed == "answerer"))
    c = RelayCall(relay.client(), a, b)
    c.set_up(rtcp_mux=["demux" if muxed == "offerer" else "offer"])
    assert a.remote.mux == (muxed == "offerer")
    assert b.remote.mux == (muxed == "answerer")
    start(a, b)
    talk(a, b, 10)
    a.send_report(to=b)
    b.send_report(to=a)
    assert not a.errors and not b.errors
