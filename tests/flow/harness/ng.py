"""A client of the ng protocol: bencode or JSON, over UDP, TCP or a UNIX
stream; web.py has HTTP and WebSocket. Our own socket of the B2BUA speaks the same."""

import itertools
import json
import os
import re
import socket

from . import bencode


class Error(Exception):
    """The daemon answered result=error."""


class Ng:
    _serial = itertools.count(1)

    def __init__(self, target, form="bencode", bind=None, timeout=5.0):
        """target: udp:ADDRESS:PORT, tcp:ADDRESS:PORT or unix:PATH"""
        self.target, self.form = target, form
        kind, _, where = target.partition(":")
        if kind == "udp":
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sock.bind((bind or "127.0.0.1", 0))
            host, port = where.rsplit(":", 1)
            self.sock.connect((host, int(port)))
        elif kind == "tcp":
            host, port = where.rsplit(":", 1)
            self.sock = socket.create_connection((host, int(port)), timeout)
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(where)
        self.stream = kind != "udp"
        self.sock.settimeout(timeout)
        self.buf = b""

    def cookie(self):
        return f"{os.getpid()}_{next(self._serial)}"

    def encode(self, message):
        if self.form == "json":
            return json.dumps(message).encode()
        return bencode.encode(message)

    def decode(self, payload):
        if payload[:1] == b"{":
            return json.loads(payload)
        return bencode.decode(payload)[0]

    def send(self, octets):
        self.sock.sendall(octets)

    def receive(self):
        """One whole reply, octets."""
        if not self.stream:
            return self.sock.recv(65536)
        while True:
            if (end := self._complete()):
                reply, self.buf = self.buf[:end], self.buf[end:]
                return reply
            got = self.sock.recv(65536)
            if not got:
                raise ConnectionResetError("closed by the daemon")
            self.buf += got

    def _complete(self):
        # "d12a ..." is a cookie
        start = 0 if re.match(rb"\{|d\d+:", self.buf) else \
            self.buf.find(b" ") + 1
        if not start and not re.match(rb"\{|d\d+:", self.buf):
            return 0
        try:
            if self.buf[start:start + 1] == b"{":
                text = self.buf[start:].decode()
                return start + len(
                    text[:json.JSONDecoder().raw_decode(text)[1]].encode())
            return bencode.decode(self.buf, start)[1] if \
                self.buf[start:] else 0
        except (ValueError, UnicodeDecodeError):
            return 0

    def raw(self, payload, cookie=None):
        """Sends octets behind a cookie; the decoded reply."""
        cookie = (cookie or self.cookie()).encode()
        self.send(cookie + b" " + payload)
        got, _, reply = self.receive().partition(b" ")
        assert got == cookie, f"cookie {got} for {cookie}"
        return self.decode(reply)

    def ask(self, command, **keys):
        """The reply as it is. In keys, _ stands for -."""
        message = {"command": command}
        message.update({k.replace("_", "-"): v for k, v in keys.items()})
        return self.raw(self.encode(message))

    def __call__(self, command, **keys):
        """The reply; Error when it is one."""
        reply = self.ask(command, **keys)
        if reply.get("result") not in ("ok", "pong"):
            raise Error(reply.get("error-reason") or str(reply))
        return reply

    def close(self):
        self.sock.close()

    stop = close
