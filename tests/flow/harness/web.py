"""ng over HTTP and WebSocket, octets by hand so that they can be wrong."""

import base64
import hashlib
import os
import socket
import struct

from .ng import Ng

TYPE = "application/x-rtpengine-ng"
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def connect(target, timeout=5.0):
    host, port = target.partition(":")[2].rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout)


def ended(sock):
    """No more comes; what was not read there may reset it."""
    try:
        return not sock.recv(100)
    except ConnectionResetError:
        return True


def read_until(sock, buf, end):
    while end not in buf:
        got = sock.recv(65536)
        if not got:
            raise ConnectionResetError("closed by the daemon")
        buf += got
    head, _, rest = buf.partition(end)
    return head, rest


def read_response(sock, buf=b""):
    """(status, {field: value}, body, what follows)"""
    head, rest = read_until(sock, buf, b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = {k.lower(): v.strip() for k, _, v in
              (x.partition(":") for x in lines[1:])}
    n = int(fields.get("content-length", 0))
    while len(rest) < n:
        got = sock.recv(65536)
        if not got:
            raise ConnectionResetError("closed by the daemon")
        rest += got
    return int(lines[0].split(" ")[1]), fields, rest[:n], rest[n:]


def post(path, body, method="POST", **fields):
    fields = {"Host": "relay", "Content-Type": TYPE,
              "Content-Length": len(body),
              **{k.replace("_", "-"): v for k, v in fields.items()}}
    head = "".join(f"{k}: {v}\r\n" for k, v in fields.items()
                   if v is not None)
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


class HttpNg(Ng):
    """One connection, a POST per request."""

    def __init__(self, target, form="bencode", plain=False):
        self.target, self.form, self.plain = target, form, plain
        self.sock, self.buf = connect(target), b""

    def raw(self, payload, cookie=None):
        cookie = (cookie or self.cookie()).encode()
        body = payload if self.plain else cookie + b" " + payload
        self.send(post("/ng-plain" if self.plain else "/ng", body))
        status, fields, body, self.buf = read_response(self.sock, self.buf)
        assert status == 200 and fields["content-type"] == TYPE
        if not self.plain:
            got, _, body = body.partition(b" ")
            assert got == cookie
        return self.decode(body)


class Socket:
    """A WebSocket."""

    def __init__(self, target, protocol="ng.rtpengine.com", **fields):
        self.sock = connect(target)
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {"Host": "relay", "Upgrade": "websocket",
                  "Connection": "Upgrade", "Sec_WebSocket_Key": key,
                  "Sec_WebSocket_Version": 13,
                  "Sec_WebSocket_Protocol": protocol, **fields}
        head = "".join(f"{k.replace('_', '-')}: {v}\r\n"
                       for k, v in fields.items() if v is not None)
        self.sock.sendall(f"GET / HTTP/1.1\r\n{head}\r\n".encode())
        self.status, self.fields, _, self.buf = read_response(self.sock)
        if self.status == 101:
            want = hashlib.sha1((key + GUID).encode()).digest()
            assert self.fields["sec-websocket-accept"] == \
                base64.b64encode(want).decode()

    def frame(self, payload, opcode=1, fin=True, mask=True, rsv=0):
        head = bytes([fin << 7 | rsv << 4 | opcode])
        n = len(payload)
        bit = 128 if mask else 0
        if n < 126:
            head += bytes([bit | n])
        elif n < 65536:
            head += struct.pack(">BH", bit | 126, n)
        else:
            head += struct.pack(">BQ", bit | 127, n)
        if not mask:
            return head + payload
        key = os.urandom(4)
        return head + key + bytes(x ^ key[i % 4]
                                  for i, x in enumerate(payload))

    def need(self, n):
        while len(self.buf) < n:
            got = self.sock.recv(65536)
            if not got:
                raise ConnectionResetError("closed by the daemon")
            self.buf += got

    def receive(self):
        """(opcode, payload)"""
        self.need(2)
        n, at = self.buf[1], 2
        assert self.buf[0] & 0x80 and not n & 0x80
        if n == 126:
            self.need(4)
            n, at = struct.unpack(">H", self.buf[2:4])[0], 4
        elif n == 127:
            self.need(10)
            n, at = struct.unpack(">Q", self.buf[2:10])[0], 10
        self.need(at + n)
        opcode, payload = self.buf[0] & 15, self.buf[at:at + n]
        self.buf = self.buf[at + n:]
        return opcode, payload

    def closed(self):
        """The status of the close frame, behind which the connection ends."""
        opcode, payload = self.receive()
        assert opcode == 8 and ended(self.sock)
        return struct.unpack(">H", payload[:2])[0]

    def close(self):
        self.sock.close()


class SocketNg(Ng):
    def __init__(self, target, form="bencode", plain=False):
        self.target, self.form, self.plain = target, form, plain
        self.ws = Socket(target, "ng-plain.rtpengine.com" if plain
                         else "ng.rtpengine.com")
        assert self.ws.status == 101
        self.sock = self.ws.sock

    def raw(self, payload, cookie=None):
        cookie = (cookie or self.cookie()).encode()
        self.ws.sock.sendall(self.ws.frame(
            payload if self.plain else cookie + b" " + payload))
        opcode, reply = self.ws.receive()
        assert opcode == 1
        if not self.plain:
            got, _, reply = reply.partition(b" ")
            assert got == cookie
        return self.decode(reply)
