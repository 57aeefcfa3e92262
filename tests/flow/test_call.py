"""The call of the product: real user agents through both daemons."""

import itertools
import re

import pytest

from harness.endpoint import start, talk
from harness.net import wait_for
from harness.sip import Leg, hostport

TRANSPORTS = ("udp", "tcp")
KINDS = ("dtls", "sdes", "rtp")
PRIVACY = {"dtls": "hop", "sdes": "key-exposed", "rtp": "clear"}
MEDIA_AUTH = {"dtls": "unsigned-key", "sdes": "shared-key", "rtp": "none"}


def uri(user, dest):
    """baresip adds the transport of its account."""
    return f"sip:{user}@{dest[0]}:{dest[1]}"


@pytest.mark.parametrize("transport, ender", (("udp", "caller"),
                                              ("tcp", "callee")))
@pytest.mark.parametrize("direction", ("out", "back"))
@pytest.mark.parametrize("other", ("sdes", "rtp"))
def test_the_call(sbc, baresip, other, direction, transport, ender):
    """baresip with DTLS-SRTP calls baresip with SDES or plain RTP, and back;
    each hears the other's tone."""
    s = sbc(media=("dtls", other), transport=(transport, transport))
    alice = baresip("alice", media="dtls", tone=440, transport=transport,
                    port=s.ports["phones"])
    bob = baresip("bob", media=other, tone=1000, transport=transport,
                  port=s.ports["carrier"])
    caller, callee, trunk = (alice, bob, "phones") if direction == "out" \
        else (bob, alice, "carrier")
    caller.dial(uri(callee.user, s.dest(trunk)))
    caller.established()
    callee.established()
    alice.wait_heard(1000)
    bob.wait_heard(440)
    assert alice.secure() and bool(bob.secure()) == (other == "sdes")

    calls = s.client()("calls")["calls"]
    assert len(calls) == 1
    (caller if ender == "caller" else callee).hangup()
    (callee if ender == "caller" else caller).closed()
    cdr = s.cdr()
    kinds = {"out": ("dtls", other), "back": (other, "dtls")}[direction]
    for leg, kind in zip("ab", kinds):
        said = cdr["report"]["legs"][leg]
        assert said["media_privacy"]["verdict"] == PRIVACY[kind]
        assert said["media_authentication"]["verdict"] == MEDIA_AUTH[kind]
        assert said["signalling_confidentiality"]["verdict"] == "clear"
    s.idle()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_call_to_sipp(sbc, baresip, sipp, transport):
    """DTLS-SRTP in, plain RTP out to an echo: the caller hears itself."""
    s = sbc(media=("dtls", "rtp"), transport=(transport, transport))
    uas = sipp("uas", transport=transport, port=s.ports["carrier"], echo=True)
    alice = baresip("alice", media="dtls", transport=transport,
                    port=s.ports["phones"])
    alice.dial(uri("+12155551213", s.dest("phones")))
    alice.established()
    alice.wait_heard(440)
    alice.hangup()
    uas.done()
    s.cdr()
    s.idle()


@pytest.mark.parametrize("inside, outside",
                         itertools.product(TRANSPORTS, TRANSPORTS))
def test_sipp_to_sipp(sbc, sipp, inside, outside):
    s = sbc(transport=(inside, outside))
    uas = sipp("uas", transport=outside, port=s.ports["carrier"], calls=5)
    host, port = s.dest("phones")
    sipp("uac", transport=inside, to=f"{host}:{port}", calls=5).done()
    uas.done()
    s.cdr(5)
    s.idle()


def connect(s, endpoint, kind_a, kind_b, caller, callee, trunk="phones"):
    """A call of two hand-made user agents; their endpoints, secured."""
    ea, eb = endpoint(kind_a), endpoint(kind_b)
    a = Leg.call(caller, s.dest(trunk), callee.user, sdp=ea.sdp())
    b = Leg.incoming(callee)
    eb.hear(b.invite.sdp(), offer=True)
    b.accept(eb.sdp(answer=True))
    ea.hear(a.answered().sdp())
    start(ea, eb)
    return a, b, ea, eb


@pytest.mark.parametrize("kind_b", KINDS)
@pytest.mark.parametrize("kind_a", KINDS)
def test_each_media_to_each(sbc, endpoint, kind_a, kind_b):
    """Both directions of one pair of trunks; the record tells each leg."""
    s = sbc(media=(kind_a, kind_b))
    phones, carrier = s.pair()
    for n, trunk in enumerate(("phones", "carrier"), 1):
        kinds, ends = (kind_a, kind_b), (phones, carrier)
        if trunk == "carrier":
            kinds, ends = kinds[::-1], ends[::-1]
        a, b, ea, eb = connect(s, endpoint, *kinds, *ends, trunk)
        talk(ea, eb)
        assert (eb.remote.addr, eb.remote.port) != (ea.addr, ea.port)
        b.bye()
        a.hung_up()
        cdr = s.cdr(n)
        for leg, kind in zip("ab", kinds):
            said = cdr["report"]["legs"][leg]
            assert said["media_privacy"]["verdict"] == PRIVACY[kind]
            assert said["media_authentication"]["verdict"] == MEDIA_AUTH[kind]
        assert cdr["report"]["secure_to_claimed_identity"] is False
    s.idle()


def test_ports_and_memory_come_back(sbc, endpoint):
    s = sbc(media=("dtls", "sdes"))
    phones, carrier = s.pair()

    def cycle(n):
        for _ in range(n):
            a, b, ea, eb = connect(s, endpoint, "dtls", "sdes", phones,
                                   carrier)
            talk(ea, eb, 2)
            a.send("BYE")
            b.hung_up()
            a.expect(200)
            ea.close()
            eb.close()
            phones.messages.clear()
            carrier.messages.clear()
        s.idle()

    def fds():
        return [[re.sub(r"\d", "", f) for f in d.fds()]
                for d in (s.relay, s.b2bua)]
    cycle(3)
    before = fds()
    cycle(20)
    wait_for(lambda: fds() == before, why=lambda: f"{before} -> {fds()}")
    s.cdr(23)


def test_topology_is_hidden(sbc, endpoint):
    s = sbc()
    phones, carrier = s.pair()
    a, b, *_ = connect(s, endpoint, "rtp", "rtp", phones, carrier)
    invite = b.invite
    seen = invite.octets.decode()
    assert invite.get("call-id") != a.call_id
    assert str(phones.port) not in seen, "the caller's port"
    assert len(invite.all("via")) == 1
    host, port = hostport(invite.address("contact"))
    assert f"{host}:{port}" == s.b2bua.outside
    a.bye()


def test_topology_is_kept_when_told(sbc, endpoint):
    s = sbc(trunk={"carrier": {"topology": "keep"}})
    phones, carrier = s.pair()
    a, b, *_ = connect(s, endpoint, "rtp", "rtp", phones, carrier)
    assert b.invite.get("call-id") == a.call_id
    assert b.invite.get("cseq") == "1 INVITE"
    a.send("BYE")
    b.hung_up()


def test_headers_that_no_policy_names_pass(sbc):
    s = sbc()
    phones, carrier = s.pair()
    keep = [("Subject", "caf\udcc3\udca9  two  blanks"), ("X-Vendor", "a,b;c"),
            ("Priority", "urgent"), ("User-Agent", "hand made")]
    a = Leg.call(phones, s.dest("phones"), carrier.user, headers=keep)
    b = Leg.incoming(carrier)
    for name, value in keep[:3]:
        assert f"\r\n{name}: {value}\r\n".encode("utf-8", "surrogateescape") \
            in b.invite.octets, name
    b.reply(486)
    assert a.final().status == 486


@pytest.mark.parametrize("offer", ("rtp", "sdes"))
def test_policy_refuses_the_wrong_media(sbc, endpoint, offer):
    """A trunk that must use DTLS-SRTP offers less: 488, nobody rings."""
    s = sbc(media=("dtls", "rtp"))
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=endpoint(offer).sdp())
    assert a.final().status == 488
    assert not carrier.log
    assert s.cdr()


def test_downgraded_answer_is_refused(sbc, endpoint):
    """We offer SRTP, the callee answers plain RTP: no call."""
    s = sbc(media=("rtp", "sdes"))
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=endpoint("rtp").sdp())
    b = Leg.incoming(carrier)
    b.accept(endpoint("rtp").sdp())
    b.hung_up()
    assert a.final().status in (488, 502, 503, 500)
    s.cdr()
    s.idle()


def test_sdes_needs_permission_without_tls(sbc, endpoint):
    """No key in clear text on a hop whose policy forbids it."""
    s = sbc(media=("rtp", "sdes"),
            trunk={"carrier": {"sdes-over-cleartext": False}})
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=endpoint("rtp").sdp())
    assert a.final().status >= 400
    assert not any(b"a=crypto" in m.octets for m in carrier.log)


def test_wrong_fingerprint_in_a_call(sbc, endpoint):
    from harness.dtls import Certificate
    s = sbc(media=("dtls", "rtp"))
    phones, carrier = s.pair()
    ea = endpoint("dtls", fingerprint=Certificate("x").fingerprint())
    ea.trust = False
    eb = endpoint("rtp")
    a = Leg.call(phones, s.dest("phones"), carrier.user, sdp=ea.sdp())
    b = Leg.incoming(carrier)
    eb.hear(b.invite.sdp(), offer=True)
    b.accept(eb.sdp(answer=True))
    ea.hear(a.answered().sdp())
    ea.start()
    d = ea.dtls[ea.socks[0]]
    wait_for(lambda: d.done or d.error)
    for _ in range(10):
        eb.send(3)
    assert not ea.packets and not eb.packets
    a.send("BYE")
    b.hung_up()
    auth = s.cdr()["report"]["legs"]["a"]["media_authentication"]
    assert auth["verdict"] == "none"
