"""Trunks with media = "pass": the ends' keys stay theirs (RFC 7879), so that a
signature over them still holds at the far end, and the report says so."""

import re

import pytest

from harness.endpoint import start, talk
from harness.identity import Authority, Passport, shaken_headers, tn_range
from harness.sip import Leg

CALLER, CALLED = "12155551201", "12155551213"


def verdicts(cdr, name):
    return [cdr["report"]["legs"][leg][name]["verdict"] for leg in "ab"]


def far_sdp(s, endpoint, caller, callee, headers=(), kind="dtls"):
    """A call of hand-made ends up to its media; (legs, ends, INVITE)."""
    ea, eb = endpoint(kind), endpoint(kind)
    a = Leg.call(caller, s.dest("phones"), "+" + CALLED, sdp=ea.sdp().encode(),
                 caller="+" + CALLER, headers=list(headers))
    b = Leg.incoming(callee)
    eb.hear(b.invite.sdp(), offer=True)
    b.accept(eb.sdp(answer=True).encode())
    ea.hear(a.answered().sdp())
    start(ea, eb)
    return a, b, ea, eb


def end(s, a, b):
    a.send("BYE")
    b.hung_up()
    a.expect(200)
    return s.cdr()


def test_two_baresips(sbc, baresip):
    """User agents that we did not write check each other's certificate."""
    s = sbc(media=("pass", "pass"))
    alice = baresip("alice", media="dtls", tone=440, port=s.ports["phones"])
    bob = baresip("bob", media="dtls", tone=1000, port=s.ports["carrier"])
    host, port = s.dest("phones")
    alice.dial(f"sip:bob@{host}:{port}")
    alice.established()
    bob.established()
    alice.wait_heard(1000)
    bob.wait_heard(440)
    assert alice.secure() and bob.secure()
    for ua in (alice, bob):
        assert re.search(r"verified sha-256 fingerprint OK", ua.log(), re.I)
    ng = s.relay.client()
    call = ng("query", call_id=ng("list")["calls"][0])
    for tag in call["tags"].values():
        assert tag["medias"][0]["security"] == "pass"
        assert "DTLS" not in tag["medias"][0]["streams"][0]
    alice.hangup()
    bob.closed()
    cdr = s.cdr()
    assert verdicts(cdr, "media_privacy") == ["end-to-end"] * 2
    assert verdicts(cdr, "media_authentication") == ["unsigned-key"] * 2
    assert [leg["security"] for leg in cdr["legs"]] == ["pass"] * 2
    prints = [cdr["report"]["legs"][x]["media_authentication"]["evidence"]
              ["fingerprint"] for x in "ab"]
    assert prints[0] != prints[1]
    s.idle()


@pytest.fixture
def signed(sbc, endpoint, tmp_path):
    """A call whose keys are signed (mky), up: (sbc, legs, ends, cert, mky)"""
    ca = Authority(tmp_path)
    cert = ca.issue("caller", tn=(tn_range("12155551200", 100),))
    s = sbc(media=("pass", "pass"),
            identity={"anchors": ca.pem, "certificate-map": [cert.mapped()]},
            trunk={"phones": {"verify": "require"},
                   "carrier": {"sign": "keep"}})
    phones, carrier = s.pair()
    probe = endpoint("dtls")
    mky = [{"alg": "sha-256", "dig": probe.fingerprint.replace(":", "")}]
    headers = shaken_headers(cert, CALLER, CALLED, claims={"mky": mky})
    return s, *far_sdp(s, endpoint, phones, carrier, headers), cert, mky


def test_signed_keys_hold_at_the_far_end(signed):
    """RFC 8225 mky: what the caller signed is what the callee checks."""
    s, a, b, ea, eb, cert, mky = signed
    talk(ea, eb, 20)
    assert eb.remote.fingerprint[1] == ea.fingerprint
    assert ea.remote.fingerprint[1] == eb.fingerprint
    token = Passport(b.invite.get("identity"))
    token.verify(cert.cert)
    token.fits(b.invite)
    assert token.claims["mky"] == mky
    report = end(s, a, b)["report"]
    assert report["chain"] == "kept"
    legs = report["legs"]
    assert legs["a"]["media_authentication"]["verdict"] == "signed-key"
    assert legs["a"]["media_privacy"]["verdict"] == "end-to-end"
    assert legs["b"]["media_privacy"]["verdict"] == "end-to-end"
    assert report["secure_to_claimed_identity"] is (
        legs["a"]["caller_identity"]["verdict"] == "proven")


def test_another_key_is_no_signed_key(signed):
    """RFC 5763 8.6: a re-INVITE carries no Identity, so whoever sits between
    could put a key of its own into it."""
    s, a, b, ea, eb, _, _ = signed
    offer = re.sub(r"(a=fingerprint:sha-256 )\S+",
                   r"\g<1>" + ":".join(["AB"] * 32), ea.sdp())
    a.send("INVITE", headers=[("Contact", a.phone.contact()),
                              ("Content-Type", "application/sdp")],
           body=offer)
    again = b.phone.expect("INVITE")
    b.reply(200, "OK", eb.sdp(answer=True), req=again)
    assert a.expect(lambda m: m.method == "INVITE" and m.status >= 200
                    ).status == 200
    a.send("ACK", cseq=a.cseq)
    report = end(s, a, b)["report"]
    auth = report["legs"]["a"]["media_authentication"]
    assert auth["verdict"] == "unsigned-key"
    assert report["secure_to_claimed_identity"] is False


@pytest.mark.parametrize("media", (("pass", "dtls"), ("dtls", "pass")))
def test_one_trunk_is_not_enough(sbc, endpoint, media):
    s = sbc(media=media)
    phones, carrier = s.pair()
    a, b, ea, eb = far_sdp(s, endpoint, phones, carrier)
    talk(ea, eb, 10)
    assert eb.remote.fingerprint[1] != ea.fingerprint
    assert verdicts(end(s, a, b), "media_privacy") == ["hop"] * 2


def test_pass_takes_dtls_only(sbc, endpoint):
    s = sbc(media=("pass", "pass"))
    phones, _ = s.pair()
    a = Leg.call(phones, s.dest("phones"), "+" + CALLED,
                 sdp=endpoint("rtp").sdp().encode(), caller="+" + CALLER)
    assert a.final().status == 488


def test_late_offer(sbc, endpoint):
    """The INVITE brings no SDP: the called side's offer is passed."""
    s = sbc(media=("pass", "pass"))
    phones, carrier = s.pair()
    eb = endpoint("dtls")
    a = Leg.call(phones, s.dest("phones"), "+" + CALLED, caller="+" + CALLER)
    b = Leg.incoming(carrier)
    b.reply(200, "OK", eb.sdp().encode())
    assert eb.fingerprint in a.final().sdp()
