"""The relay's control socket: what clients of rtpengine send, what must be
answered, and what must not hurt."""

import re
import socket

import pytest

from harness import bencode
from harness.daemons import run
from harness.endpoint import talk
from harness.net import LOCAL, wait_for
from harness.ng import Error, Ng
from harness.relaycall import RelayCall

OFFER = dict(call_id="c", from_tag="f")


@pytest.fixture
def ng(relay):
    return relay.client()


@pytest.mark.parametrize("form", ("bencode", "json"))
@pytest.mark.parametrize("kind", ("unix", "udp"))
def test_a_call_by_each_form_and_socket(relay, endpoint, form, kind):
    ng = relay.client(getattr(relay, kind)(), form=form)
    assert ng("ping") == {"result": "pong"}
    c = RelayCall(ng, endpoint("dtls"), endpoint("rtp")).connect().talk()
    assert c.id["call_id"] in ng("list")["calls"]
    assert ng("statistics")["statistics"]
    c.delete()
    assert c.id["call_id"] not in ng("list")["calls"]


# request -> error-reason, word for word what the proxies match
ERRORS = {
    "no-command": ({}, 'Dictionary contains no key "command"'),
    "unknown": ({"command": "frobnicate"}, "Unrecognized command"),
    "offer-no-sdp": ({"command": "offer", "call-id": "x", "from-tag": "y"},
                     "No SDP body in message"),
    "offer-no-call": ({"command": "offer", "sdp": "v=0\r\n",
                       "from-tag": "y"}, "No call-id in message"),
    "offer-no-from": ({"command": "offer", "sdp": "v=0\r\n",
                       "call-id": "x"}, "No from-tag in message"),
    "answer-no-to": ({"command": "answer", "sdp": "v=0\r\n", "call-id": "x",
                      "from-tag": "y"}, "No to-tag in message"),
    "answer-unknown": ({"command": "answer", "sdp": "v=0\r\n", "from-tag":
                        "y", "to-tag": "z", "call-id": "nobody"},
                       "Unknown call-id"),
    "query-unknown": ({"command": "query", "call-id": "nobody"},
                      "Unknown call-id"),
    "offer-bad-sdp": ({"command": "offer", "sdp": "hello", "call-id": "x",
                       "from-tag": "y"}, "Failed to parse SDP"),
    "delete-fatal": ({"command": "delete", "call-id": "nobody",
                      "flags": ["fatal"]},
                     "Call-ID not found or tags didn't match"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(ng, case):
    request, reason = ERRORS[case]
    reply = ng.raw(ng.encode(request))
    assert reply["result"] == "error"
    assert reply["error-reason"] == reason


def test_delete_of_an_unknown_call_is_a_warning(ng):
    reply = ng.ask("delete", call_id="nobody")
    assert reply == {"result": "ok",
                     "warning": "Call-ID not found or tags didn't match"}


MALFORMED = [
    b"", b"d", b"e", b"x", b"de", b"{", b"{}", b"[]", b"d7:command4:pinge ",
    b"d7:command4:ping", b"d7:command999999999999999999:pinge",
    b"d7:command-1:pinge", b"d07:command4:pinge", b"d7:commandi1ee",
    b"d7:command4:ping7:command4:pinge", b"d1:ai-0ee", b"di1e4:pinge",
    b"d1:ai99999999999999999999ee", b"d" + b"1:ad" * 5000, b"l" * 60000,
    b"d1:a" + b"l" * 17 + b"e" * 18, b'{"command":"ping"', b'{"a":1e999}',
    b'{"command":"ping","command":"ping"}', b"[" * 60000,
    b'{"a":' * 10000, b'{"command":"\\ud800"}', b"\0" * 100, b"d" * 60000,
    b"d1:al" + b"0:" * 5000 + b"ee", b"d9223372036854775807:x",
]


def test_malformed_requests(relay):
    """Each gets an error with its own cookie, or silence; nothing dies, and
    the next request is answered."""
    ng = relay.client(relay.udp(), timeout=2)
    for i, payload in enumerate(MALFORMED):
        ng.send(b"m%d " % i + payload)
        ng.send(b"p%d d7:command4:pinge" % i)
        while True:
            cookie, _, reply = ng.receive().partition(b" ")
            if cookie == b"p%d" % i:
                assert ng.decode(reply)["result"] == "pong"
                break
            assert cookie == b"m%d" % i, (cookie, payload[:40])
            got = ng.decode(reply)
            assert got["result"] == "error" or b"ping" in payload, \
                (payload[:40], got)
    for junk in (b"", b" ", b"nocookie", b" d7:command4:pinge", bytes(100),
                 b"c" * 300 + b" d7:command4:pinge"):
        ng.send(junk)
    assert Ng(relay.udp())("ping")


def test_malformed_stream_closes_only_itself(relay):
    other = relay.client()
    for payload in MALFORMED:
        if not payload or payload.startswith((b"d", b"{")):
            continue
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(5)
        s.connect(relay.unix().partition(":")[2])
        try:
            s.sendall(b"c " + payload)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        s.close()
        assert other("ping")


def test_sdp_cut_at_every_octet(ng, endpoint):
    sdp = endpoint("sdes").sdp()
    for n in range(len(sdp)):
        reply = ng.ask("offer", call_id=f"cut{n}", from_tag="f", sdp=sdp[:n])
        assert reply["result"] in ("ok", "error")
        if reply["result"] == "ok":
            ng("delete", call_id=f"cut{n}")
    assert ng("list")["calls"] == []


def test_stream_in_pieces_and_two_at_once(relay):
    ng = relay.client()
    one = b"a1 d7:command4:pinge"
    for i in range(len(one)):
        ng.send(one[i:i + 1])
    assert ng.receive() == b"a1 d6:result4:ponge"
    ng.send(b"a2 d7:command4:pinge" + b'a3 {"command":"ping"}')
    assert ng.receive() == b"a2 d6:result4:ponge"
    assert ng.decode(ng.receive().partition(b" ")[2]) == {"result": "pong"}


def test_opensips_sends_no_cookie(relay):
    ng = relay.client()
    ng.send(b"d7:command4:pinge")
    assert ng.receive() == b"d6:result4:ponge"


def test_same_cookie_same_answer(relay, endpoint):
    """A retransmission gets the stored answer and makes nothing anew."""
    ng = relay.client(relay.udp())
    offer = ng.encode({"command": "offer", "call-id": "r", "from-tag": "f",
                       "sdp": endpoint().sdp()})
    replies = []
    for _ in range(4):
        ng.send(b"same " + offer)
        replies.append(ng.receive())
    assert len(set(replies)) == 1
    assert ng("list")["calls"] == ["r"]

    ng.send(b"same " + ng.encode({"command": "delete", "call-id": "r"}))
    assert b"error" in ng.receive(), "one cookie, two requests"
    assert ng("list")["calls"] == ["r"]


def test_cookie_of_another_source_is_not_answered_from_the_cache(relay):
    a, b = (relay.client(relay.udp()) for _ in "ab")
    a.send(b"shared " + a.encode({"command": "list"}))
    first = a.receive()
    b.send(b"shared d7:command4:pinge")
    assert b.receive() != first


def test_unknown_keys_and_flags_are_ignored(ng, endpoint):
    reply = ng("offer", **OFFER, sdp=endpoint().sdp(), repacketize="20",
               flags=["trust-address", "blah", "symmetric"],
               supports=["load limit"], replace=["session-connection"],
               **{"rtcp_mux": ["demux"], "received_from": ["IP4", LOCAL],
                  "sip_message_type": "sip_request"})
    assert "m=audio" in reply["sdp"]


@pytest.mark.parametrize("spelling", ("call-id", "call_id", "call id"))
def test_keys_with_space_hyphen_underscore(ng, endpoint, spelling):
    body = {"command": "offer", spelling: "s", "from-tag": "f",
            "sdp": endpoint().sdp(), "transport protocol": "RTP/SAVP"}
    assert " RTP/SAVP " in ng.raw(ng.encode(body))["sdp"]


def test_tags_of_kamailio_and_opensips_delete(ng, endpoint):
    """OpenSIPS deletes by call-id alone."""
    RelayCall(ng, endpoint(), endpoint(), "k").set_up()
    assert "totals" in ng("delete", call_id="k")


def test_sdp_octets_that_are_not_ours_stay(ng, endpoint):
    keep = ("a=x-unknown:\xe4 b c", "a=fmtp:101 0-15,66,70", "b=AS:80",
            "a=ptime:20", "a=mid:0", "a=label:1")
    out = ng("offer", **OFFER, sdp=endpoint().sdp(extra=keep))["sdp"]
    lines = out.split("\r\n")
    assert out.endswith("\r\n") and "" == lines[-1]
    positions = [lines.index(k) for k in keep]
    assert positions == sorted(positions)
    assert lines[0] == "v=0" and "s=-" in lines
    assert "a=rtpmap:101 telephone-event/8000" in lines


def test_rejected_media_stays_rejected(ng, endpoint):
    a, b = endpoint(), endpoint()
    two = a.sdp() + "m=video 40000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    offered = ng("offer", **OFFER, sdp=two)["sdp"]
    assert re.search(r"^m=video [1-9]\d* RTP/AVP 96\r$", offered, re.M)
    b.hear(offered.split("m=video")[0], offer=True)
    answered = ng("answer", **OFFER, to_tag="t", sdp=b.sdp(answer=True) +
                  "m=video 0 RTP/AVP 96\r\n")["sdp"]
    assert re.search(r"^m=video 0 ", answered, re.M)
    a.hear(answered.split("m=video")[0])
    talk(a, b)


def test_sessions_limit(start_relay, endpoint):
    ng = start_relay(**{"sessions-max": 2}).client()
    sdp = endpoint().sdp()
    for i in "12":
        ng("offer", call_id=i, from_tag="f", sdp=sdp)
    with pytest.raises(Error, match="^Parallel session limit reached$"):
        ng("offer", call_id="3", from_tag="f", sdp=sdp)
    reply = ng.ask("offer", call_id="3", from_tag="f", sdp=sdp,
                   supports=["load limit"])
    assert reply["result"] == "load limit" and reply["message"]
    ng("offer", call_id="2", from_tag="f", sdp=sdp)
    ng("delete", call_id="1")
    ng("offer", call_id="3", from_tag="f", sdp=sdp)


def test_ports_run_out_and_live_calls_live(start_relay, endpoint):
    ng = start_relay(ports=8).client()
    c = RelayCall(ng, endpoint("sdes"), endpoint()).connect().talk()
    sdp = endpoint().sdp()
    with pytest.raises(Error, match="^Ran out of ports$"):
        for i in range(4):
            ng("offer", call_id=f"full{i}", from_tag="f", sdp=sdp)
    c.talk()
    ng("delete", call_id="full0")
    wait_for(lambda: ng.ask("offer", call_id="again", from_tag="f", sdp=sdp)
             ["result"] == "ok", 2, why="ports go back when workers let go")


def sockets(relay):
    return [f for f in relay.fds() if f.startswith("socket:")]


def test_everything_is_given_back(relay, endpoint):
    """200 calls, one after the other: ports, descriptors and memory are as
    before. rtpengine 2164: 45,000 descriptors in 38 days."""
    ng = relay.client()
    a, b = endpoint("dtls"), endpoint("sdes")

    def cycle(n):
        for i in range(n):
            ng("offer", call_id=f"n{i}", from_tag="f", sdp=a.sdp(),
               transport_protocol="RTP/SAVP", DTLS="off")
            if i % 4:
                b.hear(ng("offer", call_id=f"n{i}", from_tag="f",
                          sdp=a.sdp(), transport_protocol="RTP/SAVP",
                          DTLS="off")["sdp"], offer=True)
                ng("answer", call_id=f"n{i}", from_tag="f", to_tag="t",
                   sdp=b.sdp(answer=True))
            if i >= 10:
                ng("delete", call_id=f"n{i - 10}")
        for i in range(max(0, n - 10), n):
            ng("delete", call_id=f"n{i}")

    cycle(20)
    assert ng("list")["calls"] == []
    before = len(sockets(relay))
    wait_for(lambda: len(sockets(relay)) <= before)
    rss = relay.rss_kib()
    cycle(200)
    assert ng("list")["calls"] == []
    wait_for(lambda: len(sockets(relay)) == before,
             why=lambda: f"{len(sockets(relay))} sockets, {before} before")
    assert relay.rss_kib() - rss < 40000
    RelayCall(ng, endpoint("dtls"), endpoint("sdes")).connect().talk()


def test_silent_call_is_taken_down(start_relay, endpoint):
    ng = start_relay(**{"silence-timeout": 1}).client()
    c = RelayCall(ng, endpoint("sdes"), endpoint()).connect().talk(5)
    wait_for(lambda: not ng("list")["calls"], 10)
    assert c.ng.ask("query", **c.id)["error-reason"] == "Unknown call-id"


def test_two_clients_do_not_disturb_each_other(relay, endpoint):
    one, two = relay.client(), relay.client(relay.udp(), form="json")
    c = RelayCall(one, endpoint("dtls"), endpoint()).connect()
    d = RelayCall(two, endpoint("rtp"), endpoint("sdes")).connect()
    one.close()
    c.talk()
    d.talk()
    assert len(two("list")["calls"]) == 2


BAD_CONFIGS = {
    "no such item": ('colour = "red"', 1),
    "port order": ('interface "x" {\n address = "127.0.0.1"\n'
                   'port-min = 2000\nport-max = 1000\n}', None),
    "address": ('interface "x" { address = "nowhere" }', None),
    "public control": ('control = {"udp:0.0.0.0:2223"}', None),
    "syntax": ("control = {", None),
}


@pytest.mark.parametrize("case", BAD_CONFIGS)
def test_configuration_is_refused_with_its_line(start_relay, tmp_path, case):
    text, line = BAD_CONFIGS[case]
    file = tmp_path / "bad.conf"
    file.write_text(text + "\n")
    for how in (("-n",), ()):
        done = run("countersign-relay", "-c", file, *how)
        assert done.returncode == 1, done
        assert re.search(rf"bad\.conf:{line or '[0-9]+'}\b", done.stderr), \
            done.stderr


def test_control_answers_are_bencode_as_asked(relay):
    ng = relay.client()
    ng.send(b"x d7:command4:liste")
    cookie, _, payload = ng.receive().partition(b" ")
    assert bencode.decode(payload)[0]["result"] == "ok"
