"""RTP bleed and inject, in every mode that has SRTP: three strangers send over
the whole range of ports before, while and after a call is there. They get not
one octet, and nobody gets one of theirs."""

import pytest

from harness.config import Titled
from harness.endpoint import Endpoint, rtp, rtcp_rr, start
from harness.ice import Credentials, IceEnd, check
from harness.net import free_port, stays, wait_for
from harness.relaycall import RelayCall
from harness.stranger import Stranger

PASS = {"transport_protocol": "", "SDES": "", "DTLS": "",
        "flags": ["passthrough", "passthrough-SDES"]}
FORCE = {"ICE": "force", "rtcp_mux": ["offer"]}
MUX = {"rtcp_mux": ["demux"]}

# name: caller, callee, what the offer asks for, whether ICE shares ports
MODES = {
    **{f"{a}-{b}": ((Endpoint, a), (Endpoint, b), {}, False)
       for a in ("dtls", "sdes") for b in ("dtls", "sdes", "rtp")},
    "pass dtls": ((Endpoint, "dtls"), (Endpoint, "dtls"), PASS, False),
    "pass sdes": ((Endpoint, "sdes"), (Endpoint, "sdes"), PASS, False),
    "ice sdes-rtp": ((IceEnd, "sdes"), (Endpoint, "rtp"), MUX, False),
    "ice sdes-sdes": ((IceEnd, "sdes"), (IceEnd, "sdes"), FORCE, False),
    "ice dtls-dtls": ((IceEnd, "dtls"), (IceEnd, "dtls"), FORCE, False),
    "shared sdes-sdes": ((IceEnd, "sdes"), (IceEnd, "sdes"), FORCE, True),
    "shared dtls-sdes": ((IceEnd, "dtls"), (IceEnd, "sdes"), FORCE, True),
}


def media(end):
    """How many datagrams of RTP and RTCP came, whatever they hold."""
    return sum(1 for _, p in list(end.raw) if p and p[0] >> 6 == 2)


class Attack:
    def __init__(self, relay, stranger):
        self.ports = [*relay.ports, *getattr(relay, "shared", ())]
        self.stranger, self.more = stranger, []

    def fire(self, *ends):
        """Everything to everywhere; nothing arrives anywhere."""
        had = [media(e) for e in ends]
        for p in (rtp(1, b"evil" * 40, ssrc=0xbad), rtcp_rr(0xbad),
                  *self.more):
            self.stranger.spray(p, "127.0.0.1", self.ports)
        assert stays(lambda: not self.stranger.received() and
                     [media(e) for e in ends] == had, 0.2)


@pytest.fixture
def attack(pen, start_relay, request):
    over = {}
    if MODES[request.node.callspec.params["mode"]][3]:
        port = free_port(width=2)
        over = {"interface": Titled(default={"shared-port": port})}
    relay = start_relay(**over)
    if over:
        relay.shared = (port, port + 1)
    a = Attack(relay, pen.add(Stranger()))
    a.relay = relay
    return a


@pytest.mark.parametrize("mode", MODES)
def test_nothing_bleeds_and_nothing_is_injected(attack, pen, mode):
    (make_a, a), (make_b, b), asks, shared = MODES[mode]
    c = RelayCall(attack.relay.client(), pen.add(make_a(a)),
                  pen.add(make_b(b)))
    attack.fire(c.a, c.b)                       # before there is a call
    to_b = c.offer(**asks)
    attack.fire(c.a, c.b)                       # before it is answered
    c.b.hear(to_b, offer=True)
    c.a.hear(c.answer(**({"ICE": "default"} if "ICE" in asks or
                         make_a is IceEnd else
                         {"flags": asks.get("flags", [])})))
    attack.fire(c.a, c.b)                       # before media
    start(c.a, c.b)
    c.talk(10)
    seen = c.a.packet()                         # and what a wire shows
    c.a.send_raw(seen)
    wait_for(lambda: c.b.heard_from(c.a)[-1] == c.a.sent - 1)
    # the next of A's numbers, and B's, without their keys
    attack.more = [seen, rtp(c.a.seq + 1, b"evil" * 40, c.a.ssrc),
                   rtp(c.b.seq + 1, b"evil" * 40, c.b.ssrc)]
    if make_a is IceEnd:
        theirs = Credentials.of(c.a.remote.text)
        attack.more += [check(theirs, "mine", "wrong", use=True)]
    attack.fire(c.a, c.b)                       # while it talks
    assert shared or min(sum(c.drops(e).values()) for e in (c.a, c.b)) >= 15
    c.talk(10)
    c.delete()
    attack.fire(c.a, c.b)                       # when it is over
