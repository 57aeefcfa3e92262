"""The relay's control transports beside UDP and UNIX: TCP, HTTP, WebSocket;
and what it takes to ask from afar."""

import hashlib
import hmac
import re
import socket
import time

import pytest

from harness import web
from harness.daemons import run
from harness.net import LOCAL, free_port
from harness.ng import Ng
from harness.relaycall import RelayCall

PING = b"d7:command4:pinge"


@pytest.fixture
def ports():
    return {kind: f"{kind}:{LOCAL}:{free_port(LOCAL)}"
            for kind in ("tcp", "http")}


@pytest.fixture
def relay(start_relay, tmp_path, ports):
    return start_relay(control=[f"unix:{tmp_path}/r.sock", *ports.values()])


CLIENTS = {
    "tcp": lambda ports, form: Ng(ports["tcp"], form),
    "http": lambda ports, form: web.HttpNg(ports["http"], form),
    "http-plain": lambda ports, form: web.HttpNg(ports["http"], form, True),
    "ws": lambda ports, form: web.SocketNg(ports["http"], form),
    "ws-plain": lambda ports, form: web.SocketNg(ports["http"], form, True),
}


@pytest.mark.parametrize("form", ("bencode", "json"))
@pytest.mark.parametrize("kind", CLIENTS)
def test_a_call_by_each_transport(relay, ports, pen, endpoint, kind, form):
    ng = pen.add(CLIENTS[kind](ports, form))
    assert ng("ping") == {"result": "pong"}
    c = RelayCall(ng, endpoint("sdes"), endpoint("rtp")).connect().talk()
    assert c.id["call_id"] in ng("list")["calls"]
    c.delete()
    assert ng("list")["calls"] == []


@pytest.mark.parametrize("form", ("bencode", "json"))
def test_tcp_in_pieces_and_large(relay, ports, form):
    """An SDP of many kilobytes in small reads: rtpengine closes such a
    connection, and has no JSON on TCP at all."""
    ng = Ng(ports["tcp"], form)
    sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n" \
        "t=0 0\r\nm=audio 5000 RTP/AVP 0\r\n" + \
        "".join(f"a=x-{i}:{'y' * 100}\r\n" for i in range(200))
    request = b"big " + ng.encode({"command": "offer", "call-id": "c",
                                   "from-tag": "f", "sdp": sdp})
    for i in range(0, len(request), 997):
        ng.send(request[i:i + 997])
        time.sleep(0.002)
    cookie, _, reply = ng.receive().partition(b" ")
    assert cookie == b"big" and ng.decode(reply)["result"] == "ok"
    ng.send(b"".join(b"q%d " % i + PING for i in range(50)))
    assert [ng.receive() for _ in range(50)] == \
        [b"q%d d6:result4:ponge" % i for i in range(50)]


def test_tcp_that_never_ends_is_closed(relay, ports):
    ng = Ng(ports["tcp"])
    ng.send(b"c d7:command300000:")
    with pytest.raises(ConnectionError):
        while True:
            ng.send(b"x" * 8192)
            time.sleep(0.001)
    assert Ng(ports["tcp"])("ping")


def test_network_clients_leave_room_for_local_ones(relay, ports, tmp_path):
    to = (LOCAL, int(ports["tcp"].rsplit(":", 1)[1]))
    had = [socket.create_connection(to, 10) for _ in range(256)]
    assert web.ended(had[-1])           # more than there is room for
    assert Ng(f"unix:{tmp_path}/r.sock")("ping")
    for s in had:
        s.close()


def test_same_cookie_on_another_connection(relay, ports):
    """The first connection broke; the request is repeated on a second one:
    the answer is the first's."""
    offer = {"command": "offer", "call-id": "r", "from-tag": "f",
             "sdp": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
             "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n"}
    replies = set()
    for _ in range(2):
        ng = Ng(ports["tcp"])
        ng.send(b"same " + ng.encode(offer))
        replies.add(ng.receive())
        ng.close()
    assert len(replies) == 1


# request -> status
HTTP = {
    "get": (web.post("/ng", b"", "GET"), 405),
    "options": (web.post("/ng", b"", "OPTIONS"), 405),
    "path": (web.post("/", b"c " + PING), 404),
    "type": (web.post("/ng", b"c " + PING, Content_Type="text/plain"), 415),
    "no type": (web.post("/ng", b"c " + PING, Content_Type=None), 415),
    "a page of somebody's": (web.post("/ng", b"c " + PING,
                                      Origin="http://evil.example"), 403),
    "no cookie": (web.post("/ng", PING), 400),
    "chunked": (web.post("/ng", b"", Transfer_Encoding="chunked"), 400),
    "two lengths": (web.post("/ng", b"", content_length=5), 400),
    "long": (web.post("/ng", b"", Content_Length=1 << 20), 413),
    "head": (b"POST /ng HTTP/1.1\r\nX: " + b"y" * 10000, 413),
    "junk": (b"\0\1\2\3\r\n\r\n", 400),
}


@pytest.mark.parametrize("case", HTTP)
def test_http_refusals(relay, ports, case):
    request, status = HTTP[case]
    s = web.connect(ports["http"])
    s.sendall(request)
    got, fields, _, _ = web.read_response(s)
    assert got == status and fields["connection"] == "close"
    assert web.ended(s)
    assert web.HttpNg(ports["http"])("ping")


def test_http_pipelined_and_closed_as_asked(relay, ports):
    s, buf = web.connect(ports["http"]), b""
    s.sendall(web.post("/ng", b"a " + PING) + web.post("/ng-plain", PING) +
              web.post("/ng?x=y", b"c " + PING, Connection="close"))
    bodies = []
    for _ in range(3):
        status, fields, body, buf = web.read_response(s, buf)
        bodies.append(body)
        assert status == 200
    assert bodies == [b"a d6:result4:ponge", b"d6:result4:ponge",
                      b"c d6:result4:ponge"]
    assert fields["connection"] == "close" and not s.recv(10)


def test_socket_parts_pings_and_close(relay, ports):
    ws = web.Socket(ports["http"])
    assert ws.fields["sec-websocket-protocol"] == "ng.rtpengine.com"
    whole = b"c1 " + PING
    octets = ws.frame(whole[:5], 2, fin=False) + ws.frame(b"hello", 9) + \
        ws.frame(b"", 0, fin=False) + ws.frame(whole[5:], 0)
    for i in range(len(octets)):
        ws.sock.sendall(octets[i:i + 1])
    assert ws.receive() == (10, b"hello")
    assert ws.receive() == (2, b"c1 d6:result4:ponge")
    ws.sock.sendall(ws.frame(b"", 10) + ws.frame(b"\x03\xe8", 8))
    assert ws.closed() == 1000


# what a client sends, the status of the close
FRAMES = {
    "no mask": (lambda ws: ws.frame(b"x", mask=False), 1002),
    "reserved bit": (lambda ws: ws.frame(b"x", rsv=4), 1002),
    "reserved opcode": (lambda ws: ws.frame(b"x", 5), 1002),
    "continued nothing": (lambda ws: ws.frame(b"x", 0), 1002),
    "begun twice": (lambda ws: ws.frame(b"x", 1, fin=False) +
                    ws.frame(b"y", 1), 1002),
    "ping in parts": (lambda ws: ws.frame(b"x", 9, fin=False), 1002),
    "large": (lambda ws: ws.frame(b"x" * 300000), 1009),
    "large in parts": (lambda ws: ws.frame(b"x" * 200000, 1, fin=False) +
                       ws.frame(b"x" * 200000, 0), 1009),
    "no cookie": (lambda ws: ws.frame(PING), 1008),
}


@pytest.mark.parametrize("case", FRAMES)
def test_socket_refusals(relay, ports, case):
    make, status = FRAMES[case]
    ws = web.Socket(ports["http"])
    ws.sock.sendall(make(ws))
    assert ws.closed() == status
    assert web.SocketNg(ports["http"])("ping")


@pytest.mark.parametrize("over, status", (
    ({"Sec_WebSocket_Version": 8}, 400),
    ({"Sec_WebSocket_Key": "short"}, 400),
    ({"protocol": "chat"}, 400),
    ({"Connection": "close"}, 400),
    ({"Origin": "https://evil.example"}, 403),
))
def test_upgrades_that_are_refused(relay, ports, over, status):
    assert web.Socket(ports["http"], **over).status == status


# ---- from afar --------------------------------------------------------------

KEY = b"correct horse battery staple"


def signed(cookie, payload, key=KEY, at=None):
    rest = b"%d~" % (time.time() if at is None else at) + cookie + b" " + \
        payload
    return hmac.new(key, rest, hashlib.sha256).hexdigest().encode() + \
        b"~" + rest


@pytest.fixture
def guarded(start_relay, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(KEY + b"\n")
    ports = {k: f"{k}:0.0.0.0:{free_port(LOCAL)}"
             for k in ("udp", "tcp", "http")}
    start_relay(control=[f"unix:{tmp_path}/r.sock", *ports.values()],
                **{"control-allow": ["127.0.0.1", "127.0.1.0/24"],
                   "control-secret": secret})
    return {k: v.replace("0.0.0.0", LOCAL) for k, v in ports.items()}


UNSIGNED = {
    "plain": lambda: b"c1 " + PING,
    "key": lambda: signed(b"c1", PING, b"another key of some length"),
    "old": lambda: signed(b"c1", PING, at=time.time() - 60),
    "ahead": lambda: signed(b"c1", PING, at=time.time() + 60),
    "changed": lambda: signed(b"c1", PING).replace(b"ping", b"list"),
    "cookie": lambda: signed(b"c1", PING).replace(b"~c1", b"~c2"),
}


@pytest.mark.parametrize("case", UNSIGNED)
def test_unsigned_requests_get_nothing(guarded, case):
    ng = Ng(guarded["udp"], timeout=0.3)
    ng.send(UNSIGNED[case]())
    with pytest.raises(TimeoutError):
        ng.receive()
    ng = Ng(guarded["tcp"])
    ng.send(UNSIGNED[case]())
    with pytest.raises(ConnectionError):
        ng.receive()
    s = web.connect(guarded["http"])
    s.sendall(web.post("/ng", UNSIGNED[case]()))
    assert web.read_response(s)[0] == 403
    ws = web.Socket(guarded["http"])
    ws.sock.sendall(ws.frame(UNSIGNED[case]()))
    assert ws.closed() == 1008


def test_signed_requests_pass(guarded):
    for kind in ("udp", "tcp"):
        ng = Ng(guarded[kind])
        # some of them begin as bencode does: with a "d"
        for i in range(48):
            request = signed(b"c%d" % i, PING)
            ng.send(request)
            cookie = request.partition(b" ")[0]
            assert ng.receive() == cookie + b" d6:result4:ponge"
    s = web.connect(guarded["http"])
    s.sendall(web.post("/ng", signed(b"c2", PING)))
    assert web.read_response(s)[0] == 200
    s = web.connect(guarded["http"])
    s.sendall(web.post("/ng-plain", PING))
    assert web.read_response(s)[0] == 403


def test_a_request_seen_on_the_way_changes_nothing_again(guarded):
    """Sent once more by somebody without the key, from other sources."""
    sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n" \
        "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n"
    ng = Ng(guarded["udp"])
    names = {"call-id": "r", "from-tag": "f"}

    def ask(n, **keys):
        request = signed(b"c%d" % n, ng.encode(keys))
        ng.send(request)
        return request, ng.decode(ng.receive().partition(b" ")[2])

    offer, reply = ask(1, command="offer", sdp=sdp, **names)
    assert reply["result"] == "ok"
    assert ask(2, command="delete", **names)[1]["result"] == "ok"
    for where, bind in (("udp", None), ("udp", "127.0.1.77"), ("tcp", None)):
        other = Ng(guarded[where], bind=bind)
        other.send(offer)
        assert other.receive()
    assert ask(3, command="list")[1]["calls"] == []


def test_others_are_not_heard(guarded):
    ng = Ng(guarded["udp"], bind="127.0.2.1", timeout=0.3)
    ng.send(signed(b"c1", PING))
    with pytest.raises(TimeoutError):
        ng.receive()
    host, port = guarded["tcp"].partition(":")[2].rsplit(":", 1)
    s = socket.create_connection((host, int(port)), 5,
                                 source_address=("127.0.2.1", 0))
    s.sendall(signed(b"c1", PING))
    with pytest.raises(ConnectionError):
        if not s.recv(100):
            raise ConnectionResetError
    ng = Ng(guarded["udp"], bind="127.0.1.77")
    ng.send(signed(b"c1", PING))
    assert ng.receive().endswith(b"ponge")


@pytest.mark.parametrize("items", (
    'control = {"tcp:0.0.0.0:2223"}',
    'control = {"http:192.0.2.1:2223"}\ncontrol-allow = {"10.0.0.0/8"}',
    'control = {"udp:[::]:2223"}\ncontrol-secret = "SECRET"',
    'control-allow = {"10.0.0.1/8"}',
    'control-secret = "/nonexistent"',
    'control-secret = "SHORT"',
    'control = {"ftp:127.0.0.1:2223"}',
))
def test_public_sockets_need_both(tmp_path, items):
    (tmp_path / "secret").write_bytes(KEY)
    (tmp_path / "short").write_bytes(b"short")
    file = tmp_path / "relay.conf"
    file.write_text(items.replace("SECRET", f"{tmp_path}/secret")
                    .replace("SHORT", f"{tmp_path}/short") +
                    '\ninterface "x" { address = {"127.0.0.1"} }\n')
    done = run("countersign-relay", "-n", "-c", file)
    assert done.returncode == 1
    assert re.search(r"relay\.conf:\d+: ", done.stderr), done.stderr
