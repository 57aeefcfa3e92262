"""The relay with media of three kinds on either leg, told by ng."""

import pytest

from harness.dtls import PROFILES
from harness.endpoint import start, talk
from harness.net import wait_for
from harness.relaycall import RelayCall
from harness.srtp import SUITES

KINDS = ("dtls", "sdes", "rtp")
SECURITY = {"dtls": "dtls-srtp", "sdes": "sdes", "rtp": "none"}


@pytest.fixture
def call(relay, endpoint):
    """call(kind, kind, a={...}, b={...}): a RelayCall not yet set up."""
    ng = relay.client()

    def make(kind_a, kind_b, a=None, b=None, ng=ng, **how):
        return RelayCall(ng, endpoint(kind_a, **{**how, **(a or {})}),
                         endpoint(kind_b, **{**how, **(b or {})}))
    return make


@pytest.mark.parametrize("mux", (True, False), ids=("mux", "pair"))
@pytest.mark.parametrize("kind_b", KINDS)
@pytest.mark.parametrize("kind_a", KINDS)
def test_each_kind_to_each(call, kind_a, kind_b, mux):
    c = call(kind_a, kind_b, mux=mux).connect().talk()
    c.a.send_report(to=c.b)
    c.b.send_report(to=c.a)

    c.a.peer, c.b.peer = c.b, c.a
    for end in (c.a, c.b):
        leg = c.leg(end)
        assert leg["protocol"] == end.proto
        assert leg["security"] == SECURITY[end.kind]
        rtp = leg["streams"][0]
        for way, e in (("stats", end.peer), ("stats_out", end)):
            n = len(e.packets)          # with mux, RTCP may count
            assert n <= rtp[way]["packets"] <= n + mux * len(e.reports)
        assert rtp["endpoint"] == {"family": "IPv4", "address": end.addr,
                                   "port": end.port}
        if end.suite:
            assert rtp["crypto suite"] == end.suite
    assert not c.a.errors and not c.b.errors
    done = c.delete()
    sum_ = len(c.a.packets) + len(c.b.packets)
    assert sum_ <= done["totals"]["RTP"]["packets"] <= sum_ + 40 * mux
    assert c.ng.ask("query", **c.id)["error-reason"] == "Unknown call-id"


@pytest.mark.parametrize("suite", (
    "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_256_GCM"))
@pytest.mark.parametrize("mki", ((1, 1), (0x0102, 4), (7, 128)))
def test_mki(call, suite, mki):
    """Who offers an MKI gets it back, and speaks and hears it; the other side
    knows nothing of it. And an answer may have one for its own key."""
    c = call("sdes", "sdes", suites=(suite,), a={"mki": mki}, b={"mki": mki})
    c.connect(SDES=["only-" + suite]).talk()
    assert c.a.peer_mki == mki
    assert c.b.peer_mki is None
    c.a.send_report()
    wait_for(lambda: c.b.reports)
    c.b.send_report()
    wait_for(lambda: c.a.reports)


@pytest.mark.parametrize("suite", SUITES)
def test_each_sdes_suite(call, suite):
    c = call("sdes", "sdes", suites=(suite,))
    c.connect(SDES=["only-" + suite]).talk()
    assert c.a.suite == c.b.suite == suite
    c.a.send_report()
    wait_for(lambda: c.b.reports)


def test_sdes_offer_without_null_or_f8(call):
    sdp = call("rtp", "sdes").offer()
    offered = [line.split()[1] for line in sdp.splitlines()
               if line.startswith("a=crypto:")]
    assert offered and len(offered) == len(set(offered))
    assert not [s for s in offered if "NULL" in s or s.startswith("F8")]


def test_sdes_keys_differ_per_leg_and_offer(call):
    c = call("sdes", "sdes").connect()
    keys = [k for e in (c.a, c.b) for _, _, k in e.remote.crypto]
    keys += [k for _, _, k in call("sdes", "sdes").connect().b.remote.crypto]
    assert len(keys) == len(set(keys)), "a key was given out twice"


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("setup", ("active", "passive"))
def test_each_dtls_profile_and_role(call, profile, setup):
    """The peer is client, server; as offerer and as answerer."""
    c = call("dtls", "dtls", setup=setup, profiles=(profile,))
    c.connect().talk()
    assert c.a.suite == c.b.suite == PROFILES[profile][0]
    for end in (c.a, c.b):
        dtls = c.streams(end)[0]["DTLS"]
        assert dtls["state"] == "done" and dtls["verified"] in (1, True)
        assert dtls["version"] == "DTLSv1.2"
        assert dtls["role"] == {"active": "passive",
                                "passive": "active"}[setup]
        assert dtls["peer fingerprint"].endswith(end.fingerprint)
        assert "ms" in dtls


def test_dtls_before_the_answer(call):
    """RFC 5763: the callee's handshake may come before its SDP has."""
    c = call("dtls", "dtls", b={"setup": "active"})
    c.b.hear(c.offer(), offer=True).start()
    wait_for(lambda: any(20 <= p[0] <= 63 for _, p in c.b.raw),
             why="the relay answers the callee's early ClientHello")
    c.a.hear(c.answer())
    start(c.a, c.b)
    c.talk()


@pytest.mark.parametrize("kind", ("sdes", "dtls"))
@pytest.mark.parametrize("first", (65530, 65535))
def test_sequence_number_wraps(call, kind, first):
    c = call(kind, kind).connect()
    for end in (c.a, c.b):
        end.seq = first
    c.talk(40)


@pytest.mark.parametrize("kind_b", ("rtp", "sdes"))
def test_renegotiation_keeps_media(call, kind_b):
    """A second offer and answer of the same session: same ports, no gap."""
    c = call("dtls", kind_b).connect().talk()
    before = c.a.remote.port, c.b.remote.port
    dtls = dict(c.a.dtls)
    c.offer_again()
    sdp = c.answer()
    assert (c.a.remote.port, c.b.remote.port) == before
    assert f"m=audio {before[0]} " in sdp
    assert dtls == c.a.dtls
    talk(c.a, c.b, 25)


def test_peer_behind_another_port(call):
    """Symmetric RTP: same host as in the SDP, but another port."""
    c = call("rtp", "dtls").set_up()
    start(c.b)
    told, c.a.port = c.a.port, None
    other = c.a._socket(0)
    c.a.socks[0], old = other, c.a.socks[0]
    c.a.socks.append(old)
    c.talk()
    assert c.streams(c.a)[0]["endpoint"]["port"] == other.getsockname()[1]
    assert told != other.getsockname()[1]
