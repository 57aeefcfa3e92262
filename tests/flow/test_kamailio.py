"""Kamailio on either side: what it signs we verify (SHAKEN by secsipid, RFC
4474 by auth_identity), what we sign it verifies."""

import pathlib

import pytest

from harness import kamailio
from harness.config import Titled
from harness.kamailio import Kamailio
from harness.sbc import plain_sdp
from harness.sip import Leg

HERE = pathlib.Path(__file__).resolve().parent
DEMO = HERE.parents[1] / "etc" / "demo" / "kamailio.cfg.in"
VERIFIER = HERE / "kamailio" / "verifier.cfg.in"

pytestmark = pytest.mark.skipif(
    not kamailio.present("secsipid", "auth_identity"),
    reason="kamailio with secsipid and auth_identity")


def identity(keys):
    return {"anchors": keys / "ca.pem", "certificate-map": [
        f"https://caller.example/shaken.pem {keys}/caller.pem",
        f"https://caller.example/4474.der {keys}/caller-4474.der"]}


@pytest.mark.parametrize("transport", ("udp", "tcp"))
@pytest.mark.parametrize("callee, method, verdict, chain", (
    ("+12155551213", "RFC 8224", "proven", "kept"),
    ("oldfriend", "RFC 4474", "proven", "ended-here")))
def test_baresip_behind_a_signing_proxy(sbc, pen, baresip, demo_keys, tmp_path,
                                        callee, method, verdict, chain,
                                        transport):
    """The whole chain: DTLS-SRTP user agent, its proxy signs, we verify
    (required), the callee has SDES; both hear each other; hang up through
    the route set."""
    s = sbc(media=("dtls", "sdes"), transport=(transport, transport),
            identity=identity(demo_keys),
            trunk={"phones": {"verify": "require"}})
    host, port = s.dest("phones")
    proxy = pen.add(Kamailio(tmp_path, DEMO, keys=demo_keys,
                             next=f"sip:{host}:{port};transport={transport}"))
    alice = baresip("alice", media="dtls", tone=440, transport=transport,
                    user="+12155551201", domain="example.org",
                    outbound=f"{proxy.addr}:{proxy.port}")
    bob = baresip("bob", media="sdes", tone=1000, transport=transport,
                  user=callee, port=s.ports["carrier"])
    alice.dial(f"sip:{callee}@example.org")
    alice.established()
    bob.established()
    alice.wait_heard(1000)
    bob.wait_heard(440)
    bob.hangup()
    alice.closed()
    report = s.cdr()["report"]
    assert report["identity"][0]["method"] == method
    assert report["identity"][0]["result"] == "valid"
    assert report["legs"]["a"]["caller_identity"]["verdict"] == verdict
    assert report["chain"] == chain
    s.idle()


@pytest.mark.parametrize("spoilt", (False, True))
def test_kamailio_verifies_what_we_sign(sbc, pen, demo_keys, tmp_path,
                                        spoilt):
    s = sbc(identity=identity(demo_keys),
            signer=Titled(sbc={
                "key": demo_keys / "sbc.key",
                "certificate": demo_keys / "sbc.pem",
                "info": "https://sbc.example/sbc.pem",
                "numbers": ["+1"], "domains": ["example.org"]}),
            trunk={"carrier": {"sign": "own", "signer": "sbc"}})
    other = demo_keys / ("caller.pem" if spoilt else "sbc.pem")
    pen.add(Kamailio(tmp_path, VERIFIER, port=s.ports["carrier"],
                     certificate=other))
    phones = s.phone("phones")
    a = Leg.call(phones, s.dest("phones"), "+12155551213",
                 sdp=plain_sdp(phones))
    assert a.final().status == (438 if spoilt else 486)
    s.cdr()
