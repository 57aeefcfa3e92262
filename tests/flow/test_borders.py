"""What may cross from one network to the other, and what the report may then
say: asserted headers, addresses, keys, and media that get weaker on the way."""

import os
import signal

import pytest

from harness.config import Titled
from harness.net import stays, wait_for
from harness.sbc import plain_sdp
from harness.sip import Leg

FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)
KEY = "AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40


def secure_sdp(phone, kind="dtls", port=40000):
    """An offer of that kind. Nobody will shake hands behind it."""
    proto, lines = {
        "dtls": ("UDP/TLS/RTP/SAVP", f"a=fingerprint:{FINGERPRINT}\r\n"
                 "a=setup:actpass\r\n"),
        "sdes": ("RTP/SAVP", f"a=crypto:1 {KEY}\r\n")}[kind]
    return plain_sdp(phone, port).replace("RTP/AVP", proto) + lines


def privacy(record, leg):
    return record["report"]["legs"][leg]["media_privacy"]["verdict"]


# Whose word they are is the network's, not the caller's.
ASSERTED = ["P-Asserted-Identity: <sip:+19005550100@example.org>",
            "P-Preferred-Identity: <sip:+19005550100@example.org>",
            "p-asserted-identity : <sip:+19005550100@example.org>",
            "Remote-Party-ID: <sip:+19005550100@example.org>;screen=yes",
            "remote-party-id\t: <sip:+19005550100@example.org>",
            "P-Asserted-Service: urn:urn-7:3gpp-service.ims.icsi.mmtel",
            "P-Served-User: <sip:+19005550100@example.org>",
            "P-Charge-Info: <sip:+19005550100@example.org>",
            "P-Charging-Vector: icid-value=1;icid-generated-at=192.0.2.1",
            "P-Charging-Function-Addresses: ccf=192.0.2.1",
            "P-Access-Network-Info: 3GPP-E-UTRAN;network-provided",
            "P-Attestation-Indicator: A", "Attestation-Info: A",
            "Origination-ID: 1-2-3",
            "Diversion: <sip:+19005550100@example.org>;reason=unconditional",
            "History-Info: <sip:+19005550100@example.org>;index=1"]


@pytest.mark.parametrize("line", ASSERTED)
@pytest.mark.parametrize("trusted", (False, True))
def test_asserted_headers(sbc, line, trusted):
    s = sbc(trunk=Titled(phones={"trusted": trusted}))
    phones, carrier = s.pair()
    name, _, value = line.partition(":")
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones), headers=[(name, value)])
    b = Leg.incoming(carrier)
    passed = bool(b.invite.all(name.strip()))
    assert passed == (trusted and "Preferred" not in name)
    b.reply(486)
    a.final()


@pytest.mark.parametrize("kind", ("dtls", "sdes"))
def test_reinvite_may_not_weaken_media_below_the_trunk(sbc, kind):
    s = sbc(media=(kind, "rtp"))
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=secure_sdp(phones, kind))
    b = Leg.incoming(carrier)
    b.accept(plain_sdp(carrier))
    a.answered()
    a.send("INVITE", headers=[("Contact", phones.contact()),
                              ("Content-Type", "application/sdp")],
           body=plain_sdp(phones))
    m = a.expect(lambda m: m.method == "INVITE" and m.status >= 200)
    assert m.status == 488
    stays(lambda: not carrier.take("INVITE"), 0.3)
    a.bye()
    b.hung_up()
    assert privacy(s.cdr(), "a") != "clear"


def test_reinvite_that_weakens_media_is_told(sbc):
    """Where the trunk allows anything: the report says the weakest there
    was, not what the call began with."""
    s = sbc(media=("any", "rtp"))
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=secure_sdp(phones))
    b = Leg.incoming(carrier)
    b.accept(plain_sdp(carrier))
    a.answered()
    for sdp in (plain_sdp(phones), secure_sdp(phones)):
        a.send("INVITE", headers=[("Contact", phones.contact()),
                                  ("Content-Type", "application/sdp")],
               body=sdp)
        again = carrier.expect("INVITE")
        b.reply(200, "OK", plain_sdp(carrier), req=again)
        a.expect(lambda m: m.method == "INVITE" and m.status == 200)
        a.send("ACK", cseq=a.cseq)
        carrier.expect("ACK")
    a.bye()
    b.hung_up()
    assert privacy(s.cdr(), "a") == "clear"


def test_one_clear_stream_makes_a_leg_clear(sbc):
    s = sbc()
    phones, carrier = s.pair()

    def both(phone):
        clear = plain_sdp(phone, 40010).partition("m=")
        return secure_sdp(phone) + "m=" + clear[2]
    a = Leg.call(phones, s.dest("phones"), carrier.user, sdp=both(phones))
    b = Leg.incoming(carrier)
    b.accept(both(carrier).replace("actpass", "active"))
    a.answered()
    a.bye()
    b.hung_up()
    record = s.cdr()
    assert privacy(record, "a") == privacy(record, "b") == "clear"


@pytest.mark.parametrize("side", ("phones", "carrier"))
def test_keys_of_a_late_offer_stay_off_clear_hops(sbc, side):
    """An offer in the 200 is held to what each trunk allows, as one in the
    INVITE is."""
    s = sbc(trunk=Titled(**{side: {"sdes-over-cleartext": False}}))
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user)
    b = Leg.incoming(carrier)
    b.accept(secure_sdp(carrier, "sdes"))
    assert a.final().status == 488
    b.hung_up()
    assert s.cdr()["cause"]["token"] == "sdes-cleartext"


def test_late_offer_is_of_the_trunks_media(sbc):
    s = sbc(media=("rtp", "dtls"))
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user)
    b = Leg.incoming(carrier)
    b.accept(plain_sdp(carrier))
    assert a.final().status == 488
    b.hung_up()
    assert s.cdr()["cause"]["token"] == "media-policy"


def test_refusal_of_a_reinvite_shows_no_address(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    b.accept(plain_sdp(carrier))
    a.answered()
    a.send("INVITE", headers=[("Contact", phones.contact()),
                              ("Content-Type", "application/sdp")],
           body=plain_sdp(phones))
    again = carrier.expect("INVITE")
    secret = plain_sdp(carrier).replace("127.0.0.1", "192.0.2.77")
    b.reply(488, "Not Acceptable Here", secret, req=again,
            headers=[("Warning", '304 192.0.2.77:5060 "no"')])
    m = a.expect(lambda m: m.status == 488)
    assert b"192.0.2.77" not in m.octets
    a.bye()
    b.hung_up()


def test_200_without_contact_leaves_nothing(sbc):
    s = sbc(transport=("udp", "tcp"))
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    octets = b.reply(180, "Ringing")
    octets = octets.replace(b"180 Ringing", b"200 OK")
    octets = b"\r\n".join(line for line in octets.split(b"\r\n")
                          if not line.startswith(b"Contact"))
    b.invite.flow.sendall(octets)
    assert a.final().status >= 500
    s.cdr()
    wait_for(lambda: not s.client()("stats")["stats"]["legs-now"], 3,
             why="no leg is left")


def test_bye_before_the_answer(sbc):
    """RFC 3261 15.1.2: the INVITE is answered with 487."""
    s = sbc()
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    b.reply(180, "Ringing")
    ringing = a.expect(180)
    a.remote_tag, a.target = ringing.tag("to"), ringing.address()
    a.bye()
    assert a.final().status == 487
    cancel = carrier.expect("CANCEL")
    b.reply(200, "OK", req=cancel)
    b.reply(487, "Request Terminated")
    assert s.cdr()["cause"]["code"] == 487


def test_callee_hangs_up_before_the_caller_hears_of_it(sbc):
    """Between its 200 and ours, while the relay thinks."""
    s = sbc()
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    os.kill(s.relay.pid, signal.SIGSTOP)
    b.reply(200, "OK", plain_sdp(carrier))
    b.send("BYE")
    b.expect(lambda m: m.method == "BYE" and m.status == 200)
    os.kill(s.relay.pid, signal.SIGCONT)
    assert a.final().status == 480
    assert s.cdr()["cause"]["token"] == "called-bye"
    s.idle()


INSIDE = "10.9.8.7"


def leaky(phone):
    """Everything that may name an address, naming one."""
    sdp = plain_sdp(phone).replace("IN IP4 127.0.0.1\r\ns=",
                                   f"IN IP4 {INSIDE}\r\ns=")
    return sdp + (
        f"a=rtcp:40001 IN IP4 {INSIDE}\r\na=ice-ufrag:abcd\r\n"
        "a=ice-pwd:0123456789012345678901\r\n"
        f"a=candidate:1 1 UDP 1 {INSIDE} 40000 typ host\r\n"
        f"a=remote-candidates:1 {INSIDE} 40000\r\n")


def test_no_address_crosses(sbc):
    """Both directions, in requests and answers, and later in the dialog."""
    s = sbc()
    phones, carrier = s.pair()
    names = [("Warning", f'399 {INSIDE} "x"'),
             ("Record-Route", f"<sip:{INSIDE};lr>")]
    via = f"SIP/2.0/UDP {INSIDE};branch=z9hG4bKinside"
    a = Leg.call(phones, s.dest("phones"), carrier.user, sdp=leaky(phones),
                 frm=f"<sip:+12155551201@{INSIDE}>", send=False,
                 headers=[("Via", via), *names])
    a.octets = a.octets.replace(a.call_id.encode(),
                                a.call_id.encode() + b"@10.9.8.7")
    a.call_id += "@" + INSIDE
    a.send_invite()
    b = Leg.incoming(carrier)
    b.invite.headers = [h for h in b.invite.headers
                        if h[0] != "record-route"]
    b.reply(183, "Progress", leaky(carrier), headers=names[:1])
    b.accept(leaky(carrier), headers=names[:1])
    a.answered()
    for one, other in ((a, b), (b, a)):
        h = [("Contact", one.phone.contact()), *names[:1],
             ("Content-Type", "application/sdp")]
        one.send("INVITE", headers=h, body=leaky(one.phone))
        again = other.phone.expect("INVITE")
        other.reply(200, "OK", leaky(other.phone), req=again,
                    headers=names[:1])
        one.phone.expect(lambda m: m.method == "INVITE" and m.status == 200
                         and m.get("cseq") == f"{one.cseq} INVITE")
        one.send("ACK", cseq=one.cseq)
        other.phone.expect("ACK")
    a.bye()
    b.hung_up()
    for m in carrier.log:
        assert INSIDE.encode() not in m.octets, m.octets.decode()
    for m in phones.log:                # its own, given back to it
        text = m.octets.decode()
        for n, v in m.headers:
            if n in ("via", "record-route", "route", "from", "to",
                     "call-id"):
                text = text.replace(v, "")
        assert INSIDE not in text, m.octets.decode()


@pytest.mark.parametrize("user", ("+1-215-555.1213", "%2B1(215)5551213",
                                  "+%31215555%31213;npdi"))
def test_routes_know_a_number_by_any_spelling(sbc, user):
    s = sbc(route=Titled(**{"from-phones": {"prefix": "+1215555"}}))
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), user, sdp=plain_sdp(phones),
                 to="<sip:x@example.org>")
    b = Leg.incoming(carrier)
    b.reply(486)
    a.final()


def test_strangers_hold_no_connection(sbc):
    """One request is no reason to keep a stranger's connection."""
    s = sbc(trunk=Titled(phones={"sources": ["127.0.0.1"]}))
    eve = s.phone("phones", addr="127.0.0.9", transport="tcp", port=0)
    eve.connect(s.dest("phones"))
    a = Leg.call(eve, s.dest("phones"), "x", send=False)
    try:
        eve.send(a.octets.replace(b"INVITE", b"OPTIONS"), s.dest("phones"))
    except OSError:
        pass
    wait_for(lambda: eve.closed, 3, why="the connection ends")
    assert not s.client()("stats")["stats"]["connections-now"]
