"""How calls end that are not answered, and the crossings and repetitions of
RFC 3261 on both legs."""

import time

import pytest

from harness.net import free_port, stays, wait_for
from harness.sbc import plain_sdp
from harness.sip import Leg

TRANSPORTS = ("udp", "tcp")


def ringing(s, phones, carrier, **how):
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones), **how)
    b = Leg.incoming(carrier)
    b.reply(180, "Ringing")
    a.expect(180)
    return a, b


def connected(s, phones, carrier):
    a, b = ringing(s, phones, carrier)
    b.accept(plain_sdp(carrier))
    a.answered()
    return a, b


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_cancel(sbc, transport):
    s = sbc(transport=(transport, transport))
    phones, carrier = s.pair()
    a, b = ringing(s, phones, carrier)
    a.cancel()
    assert a.expect(lambda m: m.method == "CANCEL").status == 200
    b.reply(200, "OK", req=b.expect("CANCEL"))
    b.reply(487, "Request Terminated")
    b.expect("ACK")
    assert a.final().status == 487
    assert s.cdr()["cause"]["code"] == 487
    s.idle()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_cancel_by_sipp(sbc, sipp, transport):
    s = sbc(transport=(transport, transport))
    uas = sipp("uas_wait", transport=transport, port=s.ports["carrier"])
    host, port = s.dest("phones")
    sipp("uac_cancel", transport=transport, to=f"{host}:{port}").done()
    uas.done()
    s.cdr()
    s.idle()


def test_cancel_before_the_callee_says_anything(sbc):
    """RFC 3261 9.1: our CANCEL waits for a provisional response."""
    s = sbc()
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    a.cancel()
    a.expect(lambda m: m.method == "CANCEL" and m.status == 200)
    assert a.final().status == 487
    assert stays(lambda: not carrier.take("CANCEL"), 0.3)
    b.reply(180)
    b.reply(200, req=b.expect("CANCEL"))
    b.reply(487)
    b.expect("ACK")
    s.cdr()
    s.idle()


def test_cancel_crosses_200(sbc):
    """The callee answers all the same: it gets ACK and BYE."""
    s = sbc()
    phones, carrier = s.pair()
    a, b = ringing(s, phones, carrier)
    a.cancel()
    b.expect("CANCEL")
    b.reply(200, "OK", plain_sdp(carrier))
    b.expect("ACK")
    b.hung_up()
    assert a.final().status == 487
    s.cdr()
    s.idle()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("status", (486, 480, 403, 404, 600, 603, 488))
def test_failures_are_carried_across(sbc, status, transport):
    s = sbc(transport=(transport, transport))
    phones, carrier = s.pair()
    a, b = ringing(s, phones, carrier)
    b.reply(status, "As I Say")
    b.expect("ACK")
    m = a.final()
    assert (m.status, m.reason) == (status, "As I Say")
    assert s.cdr()["cause"]["code"] == status
    s.idle()


def test_busy_by_sipp(sbc, sipp):
    s = sbc()
    uas = sipp("uas_busy", port=s.ports["carrier"])
    host, port = s.dest("phones")
    sipp("uac_refused", to=f"{host}:{port}").done()
    uas.done()
    s.cdr()


def test_baresip_callee_declines(sbc, baresip):
    s = sbc(media=("dtls", "rtp"))
    alice = baresip("alice", media="dtls", port=s.ports["phones"])
    bob = baresip("bob", answer="manual", port=s.ports["carrier"])
    host, port = s.dest("phones")
    alice.dial(f"sip:bob@{host}:{port}")
    bob.event("CALL_INCOMING")
    bob.hangup()
    assert "486" in alice.closed()
    s.cdr()
    s.idle()


def test_no_answer(sbc):
    """The callee rings for ever: CANCEL to it, 408 or 480 to the caller."""
    s = sbc(trunk={"carrier": {"answer-timeout": 1}})
    phones, carrier = s.pair()
    a, b = ringing(s, phones, carrier)
    b.reply(200, req=b.expect("CANCEL"))
    b.reply(487)
    assert a.final().status in (408, 480)
    s.cdr()
    s.idle()


def test_dead_callee_and_failover(sbc):
    """The first trunk is silent, the second refuses with 503, the third
    answers; the caller notices nothing but the time."""
    port = free_port("127.0.0.3")
    third = {"realm": "outside", "sources": [f"127.0.0.3:{port}"],
             "address": f"127.0.0.3:{port}", "sdes-over-cleartext": True}
    s = sbc(trunk={"silent": {**third, "address": "127.0.0.9:9",
                              "try-timeout": 1},
                   "third": third, "carrier": {}},
            route={"from-phones": {"to": ["silent", "carrier", "third"]}})
    phones, carrier = s.pair()
    last = s.phone("carrier", addr="127.0.0.3", port=port)
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    b.reply(503, "Service Unavailable")
    b.expect("ACK")
    c = Leg.incoming(last)
    c.accept(plain_sdp(last))
    a.answered()
    a.send("BYE")
    c.hung_up()
    assert len(phones.log) == len({m.octets for m in phones.log})
    s.cdr()
    s.idle()


def test_nobody_can_be_reached(sbc):
    s = sbc(trunk={"carrier": {"try-timeout": 1}})
    phones = s.phone("phones")
    a = Leg.call(phones, s.dest("phones"), "+12155551213",
                 sdp=plain_sdp(phones))
    assert a.final().status in (408, 503, 504)
    s.cdr()
    s.idle()


def test_no_route(sbc):
    s = sbc(route={"from-phones": {"prefix": "+49"}})
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), "+12155551213",
                 sdp=plain_sdp(phones))
    assert a.final().status == 404
    assert not carrier.log
    s.cdr()


def test_100_trying_comes_soon(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    a.expect(100, 1)
    b.reply(486)
    a.final()


@pytest.mark.parametrize("who", ("caller", "callee"))
def test_bye_crossing(sbc, who):
    """Both hang up at once: each BYE is answered, one record."""
    s = sbc()
    phones, carrier = s.pair()
    a, b = connected(s, phones, carrier)
    b.dest = s.dest("carrier")
    first, second = (a, b) if who == "caller" else (b, a)
    first.send("BYE")
    second.send("BYE")
    for leg in (first, second):
        m = leg.expect(lambda m: m.method == "BYE" and not m.is_request)
        assert m.status in (200, 481)
    for leg in (a, b):
        bye = leg.phone.take("BYE", leg.call_id)
        if bye:
            leg.reply(200, req=bye)
    s.cdr()
    s.idle()


def test_retransmitted_invite_makes_one_call(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a, b = ringing(s, phones, carrier)
    for _ in range(3):
        a.send_invite()
    wait_for(lambda: sum(m.status == 180 for m in phones.log) >= 4,
             why=lambda: phones.log)
    b.accept(plain_sdp(carrier))
    a.answered()
    a.send_invite()
    assert stays(lambda: not carrier.take("INVITE"), 0.3)
    a.bye()
    b.hung_up()
    s.cdr()


def test_lost_ack_repeats_the_200(sbc):
    """RFC 3261 13.3.1.4, with T1 as it is: 200 again after 0.5, 1.5 s."""
    s = sbc()
    phones, carrier = s.pair()
    a, b = ringing(s, phones, carrier)
    b.accept(plain_sdp(carrier))
    first = a.final()
    again = a.expect(200, 1.5)
    assert again.octets == first.octets
    a.ack()
    seen = len(phones.log)
    assert stays(lambda: len(phones.log) == seen, 1.5)
    a.send("BYE")
    b.hung_up()


def test_repeated_200_gets_its_ack_again(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a, b = ringing(s, phones, carrier)
    octets = b.reply(200, "OK", plain_sdp(carrier))
    acks = [b.expect("ACK")]
    a.answered()
    for _ in range(3):
        carrier.send(octets, b.dest)
        acks.append(b.expect("ACK"))
    assert len({m.octets for m in acks}) == 1
    assert not phones.take(200)
    a.send("BYE")
    b.hung_up()


def test_retransmitted_bye(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a, b = connected(s, phones, carrier)
    bye = a.request("BYE")
    phones.send(bye, a.dest)
    b.hung_up()
    one = a.expect(200)
    phones.send(bye, a.dest)
    two = a.expect(200)
    assert one.octets == two.octets
    assert not carrier.take("BYE")
    s.cdr()


def test_late_offer(sbc):
    """INVITE without SDP: the callee offers, the ACK answers."""
    s = sbc()
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user)
    b = Leg.incoming(carrier)
    b.reply(200, "OK", plain_sdp(carrier))
    ok = a.final()
    if ok.status == 200:
        assert "m=audio" in ok.sdp()
        a.send("ACK", cseq=1, headers=[("Content-Type", "application/sdp")],
               body=plain_sdp(phones))
        assert "m=audio" in b.expect("ACK").sdp()
        a.send("BYE")
        b.hung_up()
    else:
        assert ok.status == 488
    s.cdr()


def test_early_media_sdp_is_anchored(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    b.reply(183, "Session Progress", plain_sdp(carrier, 41000))
    progress = a.expect(183)
    assert "m=audio" in progress.sdp() and "41000" not in progress.sdp()
    b.accept(plain_sdp(carrier, 41000))
    assert a.answered().sdp().split("m=")[1].split()[1] == \
        progress.sdp().split("m=")[1].split()[1]
    a.send("BYE")
    b.hung_up()


@pytest.mark.parametrize("side", ("caller", "callee"))
def test_reinvite(sbc, side):
    """Hold by re-INVITE, from either end; the session stays anchored."""
    s = sbc()
    phones, carrier = s.pair()
    a, b = connected(s, phones, carrier)
    b.dest = s.dest("carrier")
    one, two = (a, b) if side == "caller" else (b, a)
    hold = plain_sdp(one.phone) + "a=sendonly\r\n"
    one.send("INVITE", headers=[("Contact", one.phone.contact()),
                                ("Content-Type", "application/sdp")],
             body=hold)
    re_ = two.expect("INVITE")
    assert "a=sendonly" in re_.sdp() and " 40000 " not in re_.sdp()
    two.reply(200, "OK", plain_sdp(two.phone) + "a=recvonly\r\n", req=re_)
    ok = one.expect(lambda m: m.status == 200 and m.method == "INVITE")
    assert "a=recvonly" in ok.sdp()
    one.send("ACK", cseq=one.cseq)
    two.expect("ACK")
    one.send("BYE")
    two.hung_up()
    s.cdr()
    s.idle()


def test_options_is_answered_to_trunks(sbc):
    s = sbc()
    phones = s.phone("phones")
    leg = Leg.call(phones, s.dest("phones"), "ping", send=False)
    phones.send(leg.octets.replace(b"INVITE", b"OPTIONS"), leg.dest)
    m = leg.expect(200)
    assert "INVITE" in m.get("allow")


@pytest.mark.parametrize("method", ("REGISTER", "SUBSCRIBE", "MESSAGE",
                                    "PUBLISH", "REFER", "FROBNICATE"))
def test_other_methods_are_refused(sbc, method):
    s = sbc()
    phones, carrier = s.pair()
    leg = Leg.call(phones, s.dest("phones"), "x", send=False)
    phones.send(leg.octets.replace(b"INVITE", method.encode()), leg.dest)
    m = leg.expect(lambda m: m.status >= 200)
    assert m.status in (403, 405, 481, 501)
    assert not carrier.log


def test_relay_is_gone(sbc):
    """Calls that need media are refused in time, and it comes back."""
    s = sbc()
    phones, carrier = s.pair()
    s.probe(phones, carrier)
    s.cdr(1)
    s.relay.stop()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    began = time.monotonic()
    assert a.final(15).status in (500, 503, 504)
    assert time.monotonic() - began < 10
    s.cdr(2)


def test_many_calls_at_once(sbc):
    s = sbc(transport=("udp", "tcp"))
    phones, carrier = s.pair()
    legs = [Leg.call(phones, s.dest("phones"), carrier.user,
                     sdp=plain_sdp(phones)) for _ in range(30)]
    for _ in legs:
        b = Leg.incoming(carrier)
        b.reply(200, "OK", plain_sdp(carrier))
    for a in legs:
        a.answered()
    assert len(s.client()("calls")["calls"]) == 30
    for a in legs:
        a.send("BYE")
    for _ in legs:
        bye = carrier.expect("BYE")
        Leg(carrier, bye.source).reply(200, req=bye)
    for a in legs:
        a.expect(lambda m: m.method == "BYE" and m.status == 200)
    s.cdr(30)
    s.idle()
