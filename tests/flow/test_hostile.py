"""Octets from people who mean no good, at the living B2BUA: what is invalid is
refused, what is not theirs they do not get, and a good call works before,
between and after."""

import pathlib
import re
import socket
import time

import pytest

from harness.net import stays, wait_for
from harness.sbc import plain_sdp
from harness.sip import Leg

TORTURE = pathlib.Path(__file__).resolve().parent.parent / "data" / "rfc4475"

# RFC 4475: what must not be processed, and how it may be refused. Silence
# (None) is allowed where the answer has nowhere to go.
INVALID = {
    "badinv01": {400}, "clerr": {400}, "ncl": {400}, "scalar02": {400},
    "scalarlg": {400}, "quotbal": {400}, "ltgtruri": {400}, "lwsruri": {400},
    "lwsstart": {400}, "trws": {400}, "escruri": {400},
    "regbadct": {400, 403, 405}, "badaspec": {400}, "baddn": {400},
    "badvers": {400, 505}, "mismatch01": {400}, "mismatch02": {400, 501},
    "bigcode": None, "insuf": {400}, "mcl01": {400}, "multi01": {400},
}


@pytest.fixture
def s(sbc):
    return sbc()


def by_tcp(octets, dest):
    """The same octets over a connection of their own, to its end."""
    with socket.create_connection(dest, 5, ("127.0.0.2", 0)) as c:
        c.sendall(octets)
        c.shutdown(socket.SHUT_WR)
        c.settimeout(0.2)
        try:
            while c.recv(65536):
                pass
        except (TimeoutError, ConnectionResetError):
            pass


def test_torture_messages_of_rfc_4475(s):
    """The invalid ones, then all: nothing invalid goes further, and a good
    call works between and after."""
    phones, carrier = s.pair()
    bad = s.phone("phones", addr="127.0.0.2", port=0)
    s.probe(phones, carrier)
    files = sorted(TORTURE.glob("*.dat"), key=lambda f: f.stem not in INVALID)
    for file in files:
        octets = file.read_bytes()
        bad.send(octets, s.dest("phones"))
        by_tcp(octets, s.dest("phones"))
        if file.stem in INVALID:
            assert not carrier.take("INVITE"), f"{file.stem} was forwarded"
        assert s.b2bua.alive(), file.stem
    for phone in (phones, carrier):
        phone.messages.clear()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones), headers=[("Subject", "probe")])
    invite = carrier.expect(lambda m: m.get("subject") == "probe")
    b = Leg(carrier, invite.source)
    b.reply(486, req=invite)
    assert a.final().status == 486


@pytest.mark.parametrize("name", [n for n, w in INVALID.items() if w])
def test_invalid_message_is_refused(s, name):
    """With its top Via made reachable the refusal can be read."""
    octets = (TORTURE / (name + ".dat")).read_bytes()
    if b"\r\nVia:" not in octets and b"\r\nv:" not in octets \
            and b"\r\nVIA" not in octets.upper():
        pytest.skip("nowhere to answer to")
    phones, carrier = s.pair()
    octets = re.sub(rb"(?im)^((?:via|v)\s*:\s*SIP\s*/\s*2\.0\s*/\s*UDP\s+)"
                    rb"[^\s;]+", rb"\g<1>%s:%d" % (
                        phones.addr.encode(), phones.port), octets, 1)
    phones.send(octets, s.dest("phones"))
    stays(lambda: not phones.log, 0.7)      # silence is allowed, too
    for m in phones.log:
        assert m.status in INVALID[name], (name, m)
    assert not carrier.log
    assert not s.client()("calls")["calls"]


LENGTHS = {
    "wraps": "4294967296", "junk": "174x", "negative": "-174",
    "two": "174\r\nContent-Length: 0", "two alike, apart": "0\r\nl: 174",
    "empty": "", "hex": "0x10", "plus": "+10", "blank inside": "1 0",
    "comma": "10,20", "huge": "99999999999999999999", "65536": "65536",
}


@pytest.mark.parametrize("case", LENGTHS)
def test_no_second_request_is_smuggled(sbc, case):
    """threats 0.1: five of five variants execute a hidden request in libre's
    own framing. Here: 400 at most, the connection ends, nothing rings."""
    s = sbc(transport=("tcp", "udp"))
    phones, carrier = s.pair()
    hidden = Leg.call(phones, s.dest("phones"), carrier.user,
                      sdp=plain_sdp(phones), send=False)
    outer = Leg.call(phones, s.dest("phones"), carrier.user, send=False)
    octets = outer.octets.replace(b"INVITE", b"OPTIONS").replace(
        b"Content-Length: 0", b"Content-Length: " + LENGTHS[case].encode())
    phones.connect(s.dest("phones"))
    phones.send(octets + hidden.octets, s.dest("phones"))
    wait_for(lambda: phones.closed, 5, why="the connection is closed")
    assert not carrier.log
    assert all(m.status >= 400 for m in phones.log)
    s.probe(phones, carrier)


@pytest.mark.parametrize("what", ("extra", "short"))
def test_content_length_on_udp(s, what):
    """RFC 3261 18.3: more octets than said are cut, fewer are 400."""
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones), send=False)
    n = len(plain_sdp(phones))
    if what == "extra":
        a.octets += b"a=smuggled\r\n"
        a.send_invite()
        b = Leg.incoming(carrier)
        assert b"smuggled" not in b.invite.octets
        b.reply(486)
        a.final()
    else:
        a.octets = a.octets.replace(b"Content-Length: %d" % n,
                                    b"Content-Length: %d" % (n + 50))
        a.send_invite()
        assert a.expect(lambda m: m.status >= 400).status == 400
        assert not carrier.log


def test_pieces_of_any_size_over_tcp(sbc):
    """One octet at a time, and three messages in one segment."""
    s = sbc(transport=("tcp", "tcp"))
    phones, carrier = s.pair()
    c = phones.connect(s.dest("phones"))
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones), send=False)
    for i in range(len(a.octets)):
        c.sendall(a.octets[i:i + 1])
    b = Leg.incoming(carrier)
    b.accept(plain_sdp(carrier))
    a.answered()
    pings = [Leg.call(phones, s.dest("phones"), "x", send=False)
             for _ in range(3)]
    c.sendall(b"\r\n\r\n" + b"".join(
        p.octets.replace(b"INVITE", b"OPTIONS") for p in pings))
    for p in pings:
        p.expect(200)
    a.bye()


@pytest.mark.parametrize("cut", range(0, 700, 50))
def test_invite_over_tcp_then_close(sbc, cut):
    """CVE-2018-7286: the connection dies in the middle, or right behind."""
    s = sbc(transport=("tcp", "udp"))
    phones, carrier = s.pair()
    for _ in range(5):
        a = Leg.call(phones, s.dest("phones"), carrier.user,
                     sdp=plain_sdp(phones), send=False)
        c = socket.create_connection(s.dest("phones"))
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     b"\1\0\0\0\0\0\0\0")
        c.sendall(a.octets[:cut or None])
        c.close()
    for _ in range(5):
        m = carrier.take("INVITE")
        if m:
            Leg(carrier, m.source).reply(486, req=m)
    assert s.b2bua.alive()


def connected(s):
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    b.accept(plain_sdp(carrier))
    a.answered()
    return a, b


@pytest.mark.parametrize("method", ("BYE", "INVITE", "UPDATE", "INFO"))
@pytest.mark.parametrize("how", ("stranger", "tag", "to-tag", "call-id",
                                 "cseq", "other realm"))
def test_in_dialog_request_of_a_stranger(s, method, how):
    """Right identifiers from a wrong address, nearly right ones from the
    right address: refused, and the call stays up."""
    a, b = connected(s)
    phone, dest, over = a.phone, a.dest, {}
    if how == "stranger":
        phone = s.phone("phones", addr="127.0.0.9", port=0, user="eve")
    elif how == "tag":
        over = {"tag": a.tag + "x"}
    elif how == "to-tag":
        over = {"remote_tag": a.remote_tag[:-1]}
    elif how == "call-id":
        over = {"call_id": a.call_id + "x"}
    elif how == "cseq":
        over = {"cseq": 0}
    else:
        dest = s.dest("carrier")
    body = plain_sdp(a.phone) if method == "INVITE" else b""
    octets = a.request(method, headers=[("Contact", a.phone.contact())],
                       body=body, **over)
    own = f"{a.phone.addr}:{a.phone.port};branch"
    phone.send(octets.replace(own.encode(), (
        f"{phone.addr}:{phone.port};branch").encode()), dest)
    m = phone.expect(lambda m: m.status >= 200 and m.method == method)
    assert m.status in (403, 481, 500, 501, 405, 488), m
    if m.method == "INVITE":
        assert m.status >= 400
    assert stays(lambda: not b.phone.take(method), 0.3)
    a.bye()
    b.hung_up()
    s.cdr()


def test_cancel_of_a_stranger(s):
    phones, carrier = s.pair()
    eve = s.phone("phones", addr="127.0.0.9", port=0, user="eve")
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    b.reply(180)
    cancel = a.request("CANCEL", branch=a.branch, uri=a.uri, cseq=1)
    eve.send(cancel, a.dest)         # its Via is the caller's, too
    assert stays(lambda: not carrier.take("CANCEL"), 0.3)
    b.accept(plain_sdp(carrier))
    a.answered()
    a.bye()


def test_nobody_calls_without_a_trunk(sbc):
    """An unknown source learns nothing: the same for every user, no call."""
    trunk = {"sources": ["127.0.0.1/32"]}
    s = sbc(trunk={"phones": trunk, "carrier": trunk})
    carrier = s.phone("carrier")
    eve = s.phone("phones", addr="127.0.0.66", port=0, user="eve")
    answers = set()
    for user in ("+12155551213", "100", "admin", "no-such"):
        for method in (b"INVITE", b"OPTIONS", b"REGISTER"):
            a = Leg.call(eve, s.dest("phones"), user, send=False)
            eve.send(a.octets.replace(b"INVITE", method), a.dest)
    time_out = time.monotonic() + 1
    while time.monotonic() < time_out:
        m = eve.take(lambda m: True)
        if m:
            answers.add((m.status, m.reason))
    assert len(answers) <= 1 and not any(c < 300 for c, _ in answers)
    assert not carrier.log
    assert not s.client()("calls")["calls"]


SPELLINGS = ["X-Bypass : 1", "X-By\x01pass: 1", "X-Bypass\t: 1",
             "X-By pass: 1", "\x7fX: 1", "X: a\x00b", "X: a\x0bb"]


@pytest.mark.parametrize("line", SPELLINGS)
def test_odd_header_lines(s, line):
    """Control characters: 400. A blank before the colon is legal, but does
    not leave here."""
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones), send=False)
    a.octets = a.octets.replace(b"Content-Type", line.encode() +
                                b"\r\nContent-Type")
    a.send_invite()

    def done():
        return carrier.take("INVITE") or \
            phones.take(lambda m: m.status >= 300)
    m = wait_for(done, 5)
    if m.is_request:
        assert not re.search(rb"^[^:\r\n]*[ \t]:", m.octets, re.M)
        assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", m.octets)
    else:
        assert m.status == 400


def test_logs_and_records_are_one_line_per_event(s):
    phones, carrier = s.pair()
    evil = "\x1b[31mred\u202e\udcff<script>"
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones).replace("s=-", "s=\x1b[2J"),
                 headers=[("User-Agent", evil), ("Subject", evil)],
                 frm=f'"{evil}" <sip:x%0d%0aFAKE@example.org>')

    def ring():
        return carrier.take("INVITE") or phones.take(lambda m: m.status > 299)
    m = wait_for(ring, 5)
    if m.is_request:
        Leg(carrier, m.source).reply(486, "\x1b[5mBusy", req=m)
        a.final()
        s.cdr()
    with open(s.b2bua.log_path, "rb") as f:
        assert b"\x1b" not in f.read()
    assert "\x1b" not in s.ctl("calls").stdout


@pytest.mark.parametrize("mutation", ("max-forwards", "loop", "require",
                                      "huge", "headers", "sdp", "type"))
def test_refusals_of_rfc_3261(s, mutation):
    """Each has its own code."""
    phones, carrier = s.pair()
    how, want = {}, None
    if mutation == "max-forwards":
        how, want = {"max_forwards": 0}, 483
    elif mutation == "loop":
        how, want = {}, 482
    elif mutation == "require":
        how, want = {"headers": [("Require", "frobnicate")]}, 420
    elif mutation == "huge":
        how, want = {"headers": [("X", "a" * 9000)]}, 400
    elif mutation == "headers":
        how, want = {"headers": [(f"X{i}", "a") for i in range(300)]}, 400
    elif mutation == "sdp":
        how, want = {"headers": []}, 488   # or 400: it is no SDP at all
    elif mutation == "type":
        how, want = {"headers": []}, 415
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones), send=False, **how)
    if mutation == "sdp":
        a.octets = a.octets.replace(b"m=audio", b"m=audjo").replace(
            b"v=0", b"w=0")
    if mutation == "type":
        a.octets = a.octets.replace(b"application/sdp", b"text/plainsdp")
    if mutation == "loop":             # RFC 3261 8.2.2.2: a merged request
        other = a.octets.replace(a.branch.encode(),
                                 phones.new_branch().encode())
        a.send_invite()
        b = Leg.incoming(carrier)
        a.octets = other
        a.send_invite()
        assert a.expect(lambda m: m.status >= 300).status == want
        b.reply(486)
        return
    a.send_invite()
    m = a.expect(lambda m: m.status >= 300)
    assert m.status in (want, 400, 513), m.octets
    if mutation == "require":
        assert "frobnicate" in m.get("unsupported")
    if want in (483, 420, 415):
        assert m.status == want
    assert not carrier.log


def test_idle_and_slow_connections(sbc):
    """Two hundred idle ones and some that send a byte at a time: a call over
    UDP and one over a fresh connection go through."""
    s = sbc(transport=("udp", "tcp"))
    idle = []
    try:
        for _ in range(200):
            try:
                c = socket.create_connection(s.dest("phones"), 1,
                                             ("127.0.0.77", 0))
                c.sendall(b"INVITE sip:")
                idle.append(c)
            except OSError:
                break
        phones, carrier = s.pair()
        s.probe(phones, carrier)
        other = s.phone("phones", transport="tcp", port=0)
        s.probe(other, carrier)
    finally:
        for c in idle:
            c.close()
    fds = len(s.b2bua.fds())
    wait_for(lambda: len(s.b2bua.fds()) <= max(fds, 64), 10)


def test_random_octets(s):
    import random
    rng = random.Random(4475)
    phones, carrier = s.pair()
    good = Leg.call(phones, s.dest("phones"), carrier.user,
                    sdp=plain_sdp(phones), send=False).octets
    for _ in range(1500):
        p = bytearray(good.replace(b"INVITE", b"OPTIONS"))
        for _ in range(rng.randrange(1, 8)):
            i = rng.randrange(len(p))
            op = rng.randrange(3)
            if op == 0:
                p[i] = rng.randrange(256)
            elif op == 1:
                del p[i:i + rng.randrange(1, 20)]
            else:
                p[i:i] = rng.choice((b"\r\n", b";", b"<", b'"', b"%00",
                                     b",", b"\0", b"a" * 200))
        phones.send(bytes(p), s.dest("phones"))
    phones.messages.clear()
    carrier.messages.clear()
    s.probe(phones, carrier)
