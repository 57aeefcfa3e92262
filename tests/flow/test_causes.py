"""Why calls end and what is counted: each row of b2bua/cause.def and
b2bua/counter.def, provoked. A record must name the cause, whose doing it was,
and the code that the caller saw."""

import os

import pytest

from harness.config import Titled
from harness.net import wait_for
from harness.sbc import plain_sdp
from harness.sip import Leg
from test_setup import connected, ringing


def place(s, phones, carrier, sdp=None, **how):
    return Leg.call(phones, s.dest("phones"), carrier.user,
                    sdp=plain_sdp(phones) if sdp is None else sdp, **how)


def refused(s, a, token, code, by="us"):
    """The call ended so before an answer; the record says it."""
    m = a.final(15)
    assert m.status == code
    cause = s.cdr()["cause"]
    assert (cause["token"], cause["code"], cause["by"]) == (token, code, by)
    return m


# ---- refused before anything leaves us ------------------------------------

@pytest.mark.parametrize("token, code, how", (
    ("no-route", 404, {}),
    ("bad-extension", 420, {"headers": [("Require", "100rel, frob")]}),
    ("bad-contact", 400, {"drop": ("Contact",)}),
    ("bad-sdp", 488, {"sdp": "v=0\r\nnonsense\r\n"}),
))
def test_refused_at_the_door(sbc, token, code, how):
    s = sbc(route={"from-phones": {"prefix": "+49"}}
            if token == "no-route" else {})
    phones, carrier = s.pair()
    m = refused(s, place(s, phones, carrier, **how), token, code)
    if token == "bad-extension":
        assert m.get("unsupported") == "100rel, frob"
    assert not carrier.log
    assert s.client()("stats")["stats"]["failed"] == 1


def test_bad_body(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a = place(s, phones, carrier, send=False)
    a.octets = a.octets.replace(b"application/sdp", b"text/plain")
    a.send_invite()
    assert refused(s, a, "bad-body", 415).get("accept") == "application/sdp"


def test_bad_uri(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a = place(s, phones, carrier, send=False)
    a.octets = a.octets.replace(b"INVITE sip:", b"INVITE sips:", 1)
    a.send_invite()
    refused(s, a, "bad-uri", 416)


def test_media_policy(sbc, endpoint):
    s = sbc(media=("dtls", "rtp"))
    phones, carrier = s.pair()
    refused(s, place(s, phones, carrier, endpoint("rtp").sdp()),
            "media-policy", 488)


def test_sdes_cleartext(sbc, endpoint):
    s = sbc(trunk={"phones": {"sdes-over-cleartext": False}})
    phones, carrier = s.pair()
    refused(s, place(s, phones, carrier, endpoint("sdes").sdp()),
            "sdes-cleartext", 488)


@pytest.mark.parametrize("token, over", (
    ("overload", {"calls-max": 1}),
    ("trunk-calls", {"trunk": {"phones": {"calls-max": 1}}}),
    ("trunk-rate", {"trunk": {"phones": {"calls-per-second": 1}}}),
))
def test_limits(sbc, token, over):
    """The second call is refused; the first does not notice."""
    s = sbc(**over)
    phones, carrier = s.pair()
    a, b = connected(s, phones, carrier)
    m = refused(s, place(s, phones, carrier), token, 503)
    assert m.get("retry-after")
    a.send("BYE")
    b.hung_up()
    assert s.cdr(2)["cause"]["token"] == "caller-bye"


def test_a_flood_leaves_no_records(sbc):
    """Of a trunk, or of who can write its address on a datagram."""
    s = sbc(trunk={"phones": {"calls-per-second": 5}})
    phones, carrier = s.pair()
    for _ in range(60):
        place(s, phones, carrier)
    wait_for(lambda: s.client()("stats")["stats"]["flooded"] >= 40)
    assert len(s.b2bua.cdrs()) <= 15
    assert phones.take(lambda m: m.status == 503)


# ---- by the called side ---------------------------------------------------

@pytest.mark.parametrize("said, token, code", (
    (486, "rejected", 486), (407, "challenged", 403),
    (401, "challenged", 403), (302, "redirected", 480)))
def test_refused_by_the_callee(sbc, said, token, code):
    s = sbc()
    phones, carrier = s.pair()
    a = place(s, phones, carrier)
    b = Leg.incoming(carrier)
    b.reply(said, "No", headers=[("WWW-Authenticate", 'Digest realm="x"'),
                                 ("Proxy-Authenticate", 'Digest realm="x"'),
                                 ("Contact", "<sip:else@127.0.0.7>")])
    b.expect("ACK")
    m = refused(s, a, token, code, by="called")
    assert not m.get("www-authenticate") and not m.get("proxy-authenticate")
    assert not m.get("contact")


def test_reason_of_a_refusal_is_carried(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a = place(s, phones, carrier)
    b = Leg.incoming(carrier)
    b.reply(486, "Busy", headers=[("Reason", 'Q.850;cause=17;text="busy"')])
    assert a.final().get("reason") == 'Q.850;cause=17;text="busy"'


@pytest.mark.parametrize("who, token", (("caller", "caller-bye"),
                                        ("called", "called-bye")))
def test_bye_and_its_reason(sbc, who, token):
    s = sbc()
    phones, carrier = s.pair()
    a, b = connected(s, phones, carrier)
    b.dest = s.dest("carrier")
    one, two = (a, b) if who == "caller" else (b, a)
    one.send("BYE", headers=[("Reason", "Q.850;cause=16")])
    bye = two.expect("BYE")
    assert bye.get("reason") == "Q.850;cause=16"
    two.reply(200, req=bye)
    cdr = s.cdr()
    assert cdr["cause"]["token"] == token
    assert cdr["cause"]["by"] == who and cdr["cause"]["code"] == 200
    assert cdr["answered"] and cdr["seconds"] >= 0


def test_cancelled(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a, b = ringing(s, phones, carrier)
    a.cancel()
    assert a.final().status == 487
    b.reply(200, req=b.expect("CANCEL"))
    b.reply(487)
    assert s.cdr()["cause"]["token"] == "cancelled"


def test_no_answer(sbc):
    s = sbc(trunk={"carrier": {"answer-timeout": 1}})
    phones, carrier = s.pair()
    a, b = ringing(s, phones, carrier)
    refused(s, a, "no-answer", 408)


def test_try_timeout(sbc):
    s = sbc(trunk={"carrier": {"try-timeout": 1}})
    phones, carrier = s.pair()
    refused(s, place(s, phones, carrier), "try-timeout", 408)


def test_unreachable(sbc):
    """Nobody listens for TCP there."""
    s = sbc(transport=("udp", "tcp"))
    phones = s.phone("phones")
    a = Leg.call(phones, s.dest("phones"), "+12155551213",
                 sdp=plain_sdp(phones))
    refused(s, a, "unreachable", 503)


def test_no_answer_sdp(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a = place(s, phones, carrier)
    b = Leg.incoming(carrier)
    b.reply(200, "OK")
    b.expect("ACK")
    b.hung_up()
    refused(s, a, "no-answer-sdp", 502)
    s.idle()


def test_ack_timeout(sbc):
    """64*T1 without an ACK: both legs are ended (RFC 3261 13.3.1.4)."""
    s = sbc()
    phones, carrier = s.pair()
    a = place(s, phones, carrier)
    b = Leg.incoming(carrier)
    b.reply(200, "OK", plain_sdp(carrier))
    b.expect("ACK")
    a.expect(200)
    b.reply(200, req=b.expect("BYE", 40))
    assert s.cdr()["cause"]["token"] == "ack-timeout"
    assert a.expect("BYE")


# ---- by the relay, by identity, by the end of the daemon --------------------

def test_relay_down(sbc):
    s = sbc()
    phones, carrier = s.pair()
    s.relay.stop()
    refused(s, place(s, phones, carrier), "relay-down", 503)
    assert s.client()("stats")["stats"]["relay-errors"] == 1


def test_relay_refused(sbc):
    """An interface that the relay does not have."""
    s = sbc(realm={"outside": {"media-interface": "nowhere"}})
    phones, carrier = s.pair()
    refused(s, place(s, phones, carrier), "relay-refused", 500)


def test_identity_is_required(sbc):
    s = sbc(trunk={"phones": {"verify": "require"}})
    phones, carrier = s.pair()
    refused(s, place(s, phones, carrier), "identity", 428)


def test_stopped(sbc):
    """Calls that are up and calls that ring when the daemon is told to stop:
    BYE, CANCEL, 503, and a record each."""
    s = sbc()
    phones, carrier = s.pair()
    a, b = connected(s, phones, carrier)
    c, d = ringing(s, phones, carrier)
    s.b2bua.popen.terminate()
    assert c.final().status == 503
    d.reply(200, req=d.expect("CANCEL"))
    d.reply(487)
    for leg in (a, b):
        leg.reply(200, req=leg.expect("BYE"))
    wait_for(lambda: len(s.b2bua.cdrs()) == 2)
    assert [r["cause"]["token"] for r in s.b2bua.cdrs()] == ["stopped"] * 2


# ---- what is counted ------------------------------------------------------

def test_counters(sbc):
    s = sbc()
    phones, carrier = s.pair()

    def count(token):
        return s.client()("stats")["stats"][token]

    def answered(octets, dest=None):
        leg.phone.send(octets, dest or s.dest("phones"))
        return leg.expect(lambda m: m.status >= 200).status

    leg = place(s, phones, carrier, send=False)
    invite = leg.octets
    assert answered(invite.replace(b"INVITE", b"OPTIONS")) == 200
    assert count("options") == 1
    assert answered(invite.replace(b"INVITE", b"PUBLISH")) == 405
    assert count("out-of-dialog") == 1
    assert answered(invite.replace(b"INVITE", b"INFO").replace(
        b"To: <sip:", b"To: <sip:x@y>;tag=nobody\r\nX: <")) == 481
    assert count("no-dialog") == 1

    a, b = connected(s, phones, carrier)
    a.send("INFO", cseq=0)
    a.expect(500)
    assert count("wrong-cseq") == 1
    eve = s.phone("phones", addr="127.0.0.9", port=a.phone.port)
    eve.send(a.request("BYE"), a.dest)
    assert eve.expect(403)
    assert count("wrong-flow") == 1
    a.send("BYE")
    b.hung_up()
    s.cdr()
    assert (count("calls"), count("answered"), count("failed"),
            count("records"), count("records-lost")) == (1, 1, 0, 1, 0)


def test_strangers_get_one_answer(sbc):
    s = sbc(trunk={"phones": {"sources": ["127.0.0.1/32"]}})
    eve = s.phone("phones", addr="127.0.0.9", port=0)
    said = set()
    for method in ("INVITE", "OPTIONS", "REGISTER", "BYE"):
        a = Leg.call(eve, s.dest("phones"), "x", sdp=plain_sdp(eve),
                     send=False)
        eve.send(a.octets.replace(b"INVITE", method.encode()), a.dest)
        m = a.expect(lambda m: m.status)
        said.add((m.status, m.reason))
    assert said == {(403, "Forbidden")}
    stats = s.client()("stats")["stats"]
    assert stats["strangers"] == 4 and stats["server-transactions-now"] == 0
    assert not s.b2bua.cdrs()


def test_failovers_are_counted(sbc):
    third = {"realm": "outside", "sources": ["127.0.0.3/32"],
             "address": "127.0.0.3:5071"}
    s = sbc(trunk={"third": third},
            route={"from-phones": {"to": ["carrier", "third"]}})
    phones, carrier = s.pair()
    last = s.phone("carrier", addr="127.0.0.3", port=5071)
    a = place(s, phones, carrier)
    Leg.incoming(carrier).reply(503)
    c = Leg.incoming(last)
    c.accept(plain_sdp(last))
    a.answered()
    a.send("BYE")
    c.hung_up()
    assert s.cdr()["legs"][1]["trunk"] == "third"
    assert s.client()("stats")["stats"]["failovers"] == 1


def test_not_verified_and_not_signed(sbc, demo_keys):
    """An Identity that is nonsense; a key of ours that has no authority."""
    s = sbc(trunk={"carrier": {"sign": "own", "signer": "sbc"}},
            signer=Titled(sbc={
                "method": "shaken", "key": f"{demo_keys}/sbc.key",
                "certificate": f"{demo_keys}/sbc.pem", "attest": "none",
                "info": "https://sbc.example/sbc.pem"}))
    phones, carrier = s.pair()
    a = place(s, phones, carrier, headers=[
        ("Identity", "a.b.c;info=<https://x.example/c.pem>;ppt=shaken")])
    b = Leg.incoming(carrier)
    assert not b.invite.all("identity")
    b.reply(486)
    a.final()
    stats = s.client()("stats")["stats"]
    assert (stats["not-verified"], stats["verified"]) == (1, 0)
    assert (stats["not-signed"], stats["signed"], stats["kept"]) == (1, 0, 0)


# ---- configuration that changes what a call does ----------------------------

def test_advertise_and_media_interface(sbc):
    s = sbc(realm={"outside": {"advertise": "sbc.example.net",
                               "media-interface": "default"}})
    phones, carrier = s.pair()
    a = place(s, phones, carrier)
    b = Leg.incoming(carrier)
    assert "sbc.example.net" in b.invite.get("via")
    assert "sbc.example.net" in b.invite.get("contact")
    b.reply(486)
    a.final()


@pytest.mark.parametrize("trusted, shown", ((True, True), (False, False)))
def test_trusted_is_who_may_assert(sbc, trusted, shown):
    s = sbc(trunk={"phones": {"trusted": trusted}})
    phones, carrier = s.pair()
    a = place(s, phones, carrier, headers=[
        ("P-Asserted-Identity", "<sip:+12155551201@example.org>")])
    b = Leg.incoming(carrier)
    assert bool(b.invite.all("p-asserted-identity")) == shown
    b.reply(486)
    a.final()


def test_privacy_id_stays_inside_the_trust(sbc):
    """RFC 3325 section 7: Privacy id, and the next hop is not trusted."""
    s = sbc(trunk={"phones": {"trusted": True}})
    phones, carrier = s.pair()
    a = place(s, phones, carrier, headers=[
        ("Privacy", "critical;id"),
        ("P-Asserted-Identity", "<sip:+12155551201@example.org>")])
    b = Leg.incoming(carrier)
    assert not b.invite.all("p-asserted-identity")
    b.reply(486)
    a.final()


def test_records_survive_rotation(sbc):
    """SIGHUP: the file anew, after it was moved away."""
    import signal
    s = sbc()
    phones, carrier = s.pair()
    s.probe(phones, carrier)
    s.cdr(1)
    os.rename(s.b2bua.cdr_path, s.b2bua.cdr_path + ".1")
    s.b2bua.popen.send_signal(signal.SIGHUP)
    wait_for(lambda: os.path.exists(s.b2bua.cdr_path))
    s.probe(phones, carrier)
    s.cdr(1)


def test_connection_is_gone_before_the_bye(sbc):
    """The caller's TCP connection was closed: its BYE comes by a new one, to
    the address in its Contact."""
    s = sbc(transport=("tcp", "udp"))
    phones, carrier = s.pair()
    a, b = connected(s, phones, carrier)
    b.dest = s.dest("carrier")
    phones.disconnect(s.dest("phones"))
    wait_for(lambda: s.client()("stats")["stats"]["connections-now"] == 0)
    b.send("BYE")
    b.expect(200)
    a.hung_up()
    s.cdr()
