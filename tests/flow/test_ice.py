"""Legs with ICE: aiortc as a full agent, and checks made by hand."""

import re

import pytest

from harness.endpoint import start, talk
from harness.config import Titled
from harness.ice import Credentials, IceEnd, check, flood, junk_session
from harness.net import free_port, stays, wait_for
from harness.relaycall import RelayCall
from harness.webrtc import WebRtc


@pytest.fixture
def ng(relay):
    return relay.client()


@pytest.fixture
def webrtc(pen):
    return lambda: pen.add(WebRtc())


@pytest.fixture
def ice_end(pen):
    return lambda kind="rtp", **how: pen.add(IceEnd(kind, **how))


def ask(call, **over):
    """Offer and answer, ICE towards whoever does it."""
    wants = isinstance(call.b, (WebRtc, IceEnd))
    # aiortc wants a=rtcp with an address, or none
    over = {"ICE": "force" if wants else "remove",
            "rtcp_mux": ["offer" if wants else "demux"],
            "flags": ["no rtcp attribute"], **over}
    call.b.hear(call.offer(**over), offer=True)
    call.a.hear(call.answer(ICE="default", flags=["no rtcp attribute"]))
    return call


def ice_of(call, end):
    return call.leg(end).get("ICE")


# ---- a real peer -----------------------------------------------------------
@pytest.mark.parametrize("kind", ("rtp", "sdes"))
def test_webrtc_calls_others(ng, webrtc, endpoint, kind):
    c = ask(RelayCall(ng, webrtc(), endpoint(kind)))
    c.a.connected()
    wait_for(lambda: len(c.b.packets) > 25, 10)
    c.b.send(50, gap=0.02)
    c.a.hears(10)
    leg = c.leg(c.a)
    assert leg["security"] == "dtls-srtp"
    assert leg["ICE"]["state"] == "selected"
    assert leg["streams"][0]["DTLS"]["verified"]
    assert leg["streams"][0]["endpoint learned"]
    assert "ICE" in leg["flags"] and "ICE" not in c.leg(c.b)["flags"]


@pytest.mark.parametrize("kind", ("rtp", "sdes"))
def test_others_call_webrtc(ng, webrtc, endpoint, kind):
    c = ask(RelayCall(ng, endpoint(kind), webrtc()))
    c.b.connected()
    wait_for(lambda: len(c.a.packets) > 25, 10)
    c.a.send(50, gap=0.02)
    c.b.hears(10)
    assert ice_of(c, c.b)["state"] == "selected"


def test_webrtc_to_webrtc(ng, webrtc):
    c = ask(RelayCall(ng, webrtc(), webrtc()))
    c.a.connected()
    c.b.connected()
    c.a.hears()
    c.b.hears()
    for end in (c.a, c.b):
        assert ice_of(c, end)["checks"] > 0
        assert c.streams(end)[0]["DTLS"]["verified"]


# ---- SDP -------------------------------------------------------------------
def lines(sdp, pattern):
    return re.findall(pattern, sdp, re.M)


def test_what_an_offer_says(ng, endpoint):
    c = RelayCall(ng, endpoint("rtp"), endpoint("sdes"))
    sdp = c.offer(ICE="force")
    port = int(lines(sdp, r"^m=audio (\d+)")[0])
    head, _, media = sdp.partition("m=")
    assert "a=ice-lite\r\n" in head and "ice-lite" not in media
    assert len(lines(media, r"^a=ice-ufrag:\w{12}\r$")) == 1
    assert len(lines(media, r"^a=ice-pwd:\w{32}\r$")) == 1
    assert lines(media, r"^a=candidate:\S+ (\d) UDP \d+ 127.0.0.1 (\d+) typ host\r$"
                 ) == [("1", str(port)), ("2", str(port + 1))]
    assert "a=end-of-candidates" in media
    # one candidate with rtcp-mux only, none at all if ICE goes
    sdp = c.offer(ICE="force-relay", rtcp_mux=["require"])
    assert len(lines(sdp, "^a=candidate:")) == 1
    assert not lines(c.offer(ICE="remove"), "ice|candidate")
    assert not lines(c.offer(ICE="default"), "ice|candidate")
    assert lines(c.offer(ICE="optional"), "^a=ice-lite")


def test_default_is_as_the_offer_has_it(ng, ice_end, endpoint):
    c = RelayCall(ng, ice_end("rtp"), endpoint("rtp"))
    sdp = c.offer(ICE="default")
    assert lines(sdp, "^a=ice-lite") and not lines(sdp, c.a.ufrag)
    assert not lines(c.offer(ICE="remove"), "ice|candidate")
    sdp = c.offer(flags=["reject ICE"], ICE="default")
    assert not lines(sdp, "ice|candidate")
    c.b.hear(sdp, offer=True)
    assert not lines(c.answer(ICE="default"), "ice|candidate")


def test_re_offer_that_changes_nothing(ng, ice_end, endpoint):
    c = ask(RelayCall(ng, ice_end("rtp"), ice_end("rtp")))
    start(c.a, c.b)
    talk(c.a, c.b)
    before = c.a.theirs, c.b.theirs
    c.b.hear(c.offer_again(ICE="force"), offer=True)
    c.a.hear(c.answer(ICE="default"))
    assert (c.a.theirs, c.b.theirs) == before
    talk(c.a, c.b)


def test_restart(ng, ice_end, endpoint):
    c = ask(RelayCall(ng, ice_end("sdes"), endpoint("rtp")))
    start(c.a, c.b)
    talk(c.a, c.b)
    before = c.a.theirs
    c.a.restart()
    c.b.hear(c.offer_again(), offer=True)
    c.a.hear(c.answer(ICE="default"))
    assert c.a.theirs.ufrag != before.ufrag and c.a.theirs.pwd != before.pwd
    talk(c.a, c.b)              # media goes on where it was
    old = len(c.a.answers())
    c.a.theirs, new = before, c.a.theirs
    c.a.check()
    assert stays(lambda: len(c.a.answers()) == old, 0.3)
    c.a.theirs = new
    c.a.start()
    talk(c.a, c.b)


def test_answer_without_ice(ng, endpoint, ice_end):
    c = ask(RelayCall(ng, ice_end("rtp"), endpoint("rtp")), ICE="force")
    start(c.a, c.b)
    talk(c.a, c.b)
    assert ice_of(c, c.b) is None


def test_lite_peer_is_where_its_sdp_says(ng, endpoint):
    lite = endpoint("rtp")
    plain = lite.sdp
    lite.sdp = lambda answer=False: plain(answer).replace(
        "t=0 0", "t=0 0\r\na=ice-lite") + (
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
        f"a=candidate:1 1 UDP 1 {lite.addr} {lite.port} typ host\r\n")
    c = ask(RelayCall(ng, lite, endpoint("rtp")))
    talk(c.a, c.b)
    assert not lines(c.a.remote.text, "ice|candidate")
    c = ask(RelayCall(ng, endpoint("rtp"), lite), ICE="force")
    talk(c.a, c.b)


def test_trickled_fragments_are_taken(ng, ice_end, endpoint):
    c = ask(RelayCall(ng, ice_end("rtp"), endpoint("rtp")))
    fragment = (f"a=ice-ufrag:{c.a.ufrag}\r\na=ice-pwd:{c.a.pwd}\r\n"
                "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
                "a=candidate:9 1 UDP 7 192.0.2.9 7 typ host\r\n"
                "a=end-of-candidates\r\n")
    reply = ng("offer", **c.id, sdp=fragment, flags=["fragment"])
    assert "sdp" not in reply
    assert ng.ask("offer", call_id="nobody", from_tag="x", sdp=fragment,
                  flags=["fragment"])["error-reason"] == "Unknown call-id"
    start(c.a, c.b)
    talk(c.a, c.b)


# ---- strangers -------------------------------------------------------------
def test_wrong_password_gets_nothing(ng, ice_end, endpoint):
    c = ask(RelayCall(ng, ice_end("rtp"), endpoint("rtp")))
    start(c.a, c.b)
    before = c.streams(c.a)[0]["endpoint"]
    theirs = c.a.theirs
    assert flood(theirs, 5000, mine=c.a.ufrag, pwd="wrong", use=True) == 0
    assert flood(theirs, 500, user="nobody:here") == 0
    assert flood(theirs, 500, mine="another", use=True) == 0
    assert junk_session(theirs, 3000) == 0
    drops = c.drops(c.a)
    assert drops["ice-integrity"] > 1000 and drops["ice-username"] > 100
    assert drops["stun-malformed"] > 100
    assert c.streams(c.a)[0]["endpoint"] == before
    talk(c.a, c.b)


def test_media_before_checks_goes_nowhere(ng, ice_end, endpoint):
    c = ask(RelayCall(ng, ice_end("rtp"), endpoint("rtp")))
    c.a.send(5)
    c.b.send(5)
    wait_for(lambda: c.drops(c.a).get("source") == 5)
    wait_for(lambda: c.drops(c.b).get("no-peer") == 5)
    assert not c.a.packets and not c.b.packets
    assert ice_of(c, c.a)["state"] == "waiting"


def test_role_conflict(ng, ice_end, endpoint):
    c = ask(RelayCall(ng, ice_end("rtp"), endpoint("rtp")))
    c.a.check(controlled=True)
    wait_for(c.a.answers)
    assert c.a.answers()[0].attributes["ERROR-CODE"][0] == 487
    stats = ng("statistics")["statistics"]
    assert "ice-role-conflicts" in str(stats)
    start(c.a)
    assert "ice-checks" in str(ng("statistics"))


def test_fresh_in_every_call(ng, endpoint):
    seen = set()
    for _ in range(20):
        c = RelayCall(ng, endpoint("rtp"), endpoint("rtp"))
        of = Credentials.of(c.offer(ICE="force"))
        seen |= {of.ufrag, of.pwd}
        c.delete()
    assert len(seen) == 40


# ---- shared ports ----------------------------------------------------------
@pytest.fixture
def shared(start_relay):
    """A relay of two workers, whose ICE legs share a port each."""
    first = free_port(width=2)
    relay = start_relay(interface=Titled(default={"shared-port": first}))
    relay.shared = {first, first + 1}
    return relay


def test_many_legs_on_one_port(shared, ice_end):
    calls = [ask(RelayCall(shared.client(), ice_end("sdes"), ice_end("rtp")))
             for _ in range(20)]
    assert {e.theirs.to[1] for c in calls for e in (c.a, c.b)} == shared.shared
    for c in calls:
        assert c.a.theirs.to == c.b.theirs.to     # one worker per call
        start(c.a, c.b)
    for c in calls:
        talk(c.a, c.b, 10)
        c.a.send_report(to=c.b)
        # what comes from nobody it knows
        flood(c.a.theirs, 3, pwd="wrong", mine=c.a.ufrag)
        c.b.socks[0].sendto(b"\x80" + bytes(40), c.a.theirs.to)
    used = shared.client()("statistics")["statistics"]["interfaces"][0]["used"]
    assert used == 0
    # Half of them end, the others do not notice.
    for c in calls[::2]:
        c.delete()
    for c in calls[1::2]:
        talk(c.a, c.b, 5)
        c.a.restart()
        c.b.hear(c.offer_again(ICE="force"), offer=True)
        c.a.hear(c.answer(ICE="default"))
        c.a.start()
        talk(c.a, c.b, 5)
    stranger = ice_end("rtp")
    stranger.theirs = calls[0].a.theirs           # of a call that is over
    stranger.check()
    assert stays(lambda: not stranger.raw, 0.3)
    assert "unknown-peer" in str(shared.client()("statistics"))


def test_webrtc_on_a_shared_port(shared, webrtc):
    c = ask(RelayCall(shared.client(), webrtc(), webrtc()))
    c.a.connected()
    c.b.connected()
    c.a.hears()
    c.b.hears()
    ports = {c.streams(e)[0]["local port"] for e in (c.a, c.b)}
    assert len(ports) == 1 and ports <= shared.shared


def test_no_leg_takes_anothers_peer(shared, ice_end, endpoint):
    ng = shared.client()
    c = ask(RelayCall(ng, ice_end("rtp"), ice_end("rtp")))
    start(c.a, c.b)
    talk(c.a, c.b)
    # B, who knows the password of its own leg, as if it were at A's address
    c.a.socks[0].sendto(check(c.b.theirs, c.b.ufrag, use=True), c.a.theirs.to)
    wait_for(lambda: c.drops(c.b).get("ice-address-taken") == 1)
    talk(c.a, c.b)


def test_a_shared_port_needs_ice(shared, ice_end, endpoint):
    c = RelayCall(shared.client(), endpoint("rtp"), endpoint("rtp"))
    c.b.hear(c.offer(ICE="force"), offer=True)
    assert c.ng.ask("answer", **c.id, to_tag=c.to_tag, sdp=c.b.sdp())[
        "error-reason"] == "ICE and rtcp-mux are needed here"
    # The offerer's leg without: ports of its own, nothing to refuse.
    c = ask(RelayCall(shared.client(), endpoint("rtp"), ice_end("rtp")))
    assert c.streams(c.a)[0]["local port"] not in shared.shared
    start(c.b)
    talk(c.a, c.b)
