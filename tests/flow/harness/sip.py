"""A SIP peer made by hand, octet by octet, for what well-behaved user agents
cannot be made to do. It keeps every message that came, and keeps no timers:
nothing is sent again unless the test says so."""

import itertools
import os
import re
import select
import socket
import threading
import time

from .net import LOCAL, free_port, wait_for

CRLF = b"\r\n"


class Message:
    """One received message; headers in order, compact names spelt out."""

    COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id",
               "m": "contact", "l": "content-length", "c": "content-type",
               "k": "supported", "y": "identity", "n": "identity-info"}

    def __init__(self, octets, source, flow):
        self.octets, self.source, self.flow = octets, source, flow
        head, _, self.body = octets.partition(CRLF * 2)
        lines = re.sub(rb"\r\n[ \t]+", b" ", head).decode(
            "utf-8", "surrogateescape").split("\r\n")
        self.start = lines[0]
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            self.headers.append((self.COMPACT.get(name, name), value.strip()))
        self.is_request = not self.start.startswith("SIP/2.0 ")
        self.status = 0 if self.is_request else int(self.start.split()[1])
        self.reason = "" if self.is_request else self.start.split(" ", 2)[2]
        self.method = self.start.split()[0] if self.is_request else \
            (self.get("cseq").split() or [""])[-1]
        self.uri = self.start.split()[1] if self.is_request else None

    def all(self, name):
        return [v for n, v in self.headers if n == name.lower()]

    def get(self, name):
        return next(iter(self.all(name)), "")

    def tag(self, name):
        m = re.search(r";tag=([^;>\s]+)", self.get(name))
        return m.group(1) if m else None

    def address(self, name="contact"):
        """The URI inside the header."""
        m = re.search(r"<([^>]*)>", self.get(name))
        return m.group(1) if m else self.get(name).split(";")[0].strip()

    def sdp(self):
        return self.body.decode()

    def __repr__(self):
        return f"<{self.start}>"


def hostport(uri):
    m = re.search(r"[:@]([\d.]+)(?::(\d+))?(?=[;>?]|$)", uri)
    return m.group(1), int(m.group(2) or 5060)


class Phone:
    """A socket (UDP) or listener and connections (TCP) on one address."""

    _serial = itertools.count(1)

    def __init__(self, addr=LOCAL, transport="udp", port=None, user="phone"):
        self.addr, self.transport, self.user = addr, transport, user
        self.port = free_port(addr) if not port else port
        kind = socket.SOCK_DGRAM if transport == "udp" else \
            socket.SOCK_STREAM
        self.sock = socket.socket(socket.AF_INET, kind)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((addr, self.port))
        if transport == "tcp":
            self.sock.listen(64)
        self.flows = {}                 # peer -> connection
        self.closed = []                # peers whose connection ended
        self.buffers = {}
        self.messages = []
        self.log = []
        self._cond = threading.Condition()
        self._wake = os.pipe()
        self._run = True
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    # ---- octets ------------------------------------------------------------
    def _loop(self):
        while self._run:
            socks = [self.sock, *list(self.flows.values())]
            try:
                ready, _, _ = select.select([*socks, self._wake[0]], [], [],
                                            1)
            except (ValueError, OSError):
                continue
            for s in ready:
                if s == self._wake[0]:
                    os.read(s, 1)
                elif s is self.sock and self.transport == "tcp":
                    c, peer = s.accept()
                    self.flows[peer] = c
                elif s is self.sock:
                    self._datagram(s)
                else:
                    self._stream(s)

    def _datagram(self, s):
        try:
            octets, source = s.recvfrom(65536)
        except OSError:                 # ECONNREFUSED of a former sendto
            return
        if octets.strip():
            self._arrived(Message(octets, source, None))

    def _stream(self, s):
        peer = next((p for p, c in list(self.flows.items()) if c is s), None)
        try:
            got = s.recv(65536)
        except OSError:
            got = b""
        if not got:
            self.flows.pop(peer, None)
            s.close()
            with self._cond:
                self.closed.append(peer)
                self._cond.notify_all()
            return
        buf = self.buffers.get(s, b"") + got
        while True:
            buf = buf.lstrip(CRLF)
            head, found, rest = buf.partition(CRLF * 2)
            m = re.search(rb"^(?:content-length|l)\s*:\s*(\d+)", head,
                          re.M | re.I)
            n = int(m.group(1)) if m else 0
            if not found or len(rest) < n:
                break
            self._arrived(Message(buf[:len(head) + 4 + n], peer, s))
            buf = rest[n:]
        self.buffers[s] = buf

    def _arrived(self, m):
        with self._cond:
            self.messages.append(m)
            self.log.append(m)
            self._cond.notify_all()

    def connect(self, dest, source=None):
        """A new TCP connection; later sends to dest use it."""
        c = socket.create_connection(dest, 5, (source or self.addr, 0))
        self.flows[dest] = c
        os.write(self._wake[1], b"x")
        return c

    def disconnect(self, dest):
        """Closes that connection; the reading thread lets go of it."""
        self.flows[dest].shutdown(socket.SHUT_RDWR)
        wait_for(lambda: dest not in self.flows)

    def send(self, octets, dest):
        if isinstance(octets, str):
            octets = octets.encode()
        if self.transport == "udp":
            self.sock.sendto(octets, dest)
        else:
            (self.flows.get(dest) or self.connect(dest)).sendall(octets)

    # ---- waiting -----------------------------------------------------------
    @staticmethod
    def _fits(m, what, call_id):
        if call_id and m.get("call-id") != call_id:
            return False
        if callable(what):
            return what(m)
        if isinstance(what, int):
            return m.status == what
        return m.is_request and m.method == what

    def take(self, what, call_id=None):
        """A message that is there already, or None. what: a status, a
        method, or a function of the message."""
        with self._cond:
            for m in self.messages:
                if self._fits(m, what, call_id):
                    self.messages.remove(m)
                    return m
        return None

    def expect(self, what, timeout=5.0, call_id=None):
        end = time.monotonic() + timeout
        with self._cond:
            while True:
                m = self.take(what, call_id)
                if m:
                    return m
                left = end - time.monotonic()
                assert left > 0, \
                    f"{self.user}: no {what} in {timeout} s; got {self.log}"
                self._cond.wait(left)

    # ---- making ------------------------------------------------------------
    def new_branch(self):
        return f"z9hG4bK-{os.getpid()}-{next(self._serial)}"

    def new_id(self):
        return f"{os.getpid()}-{next(self._serial)}-{os.urandom(4).hex()}"

    def via(self, branch=None):
        return f"SIP/2.0/{self.transport.upper()} {self.addr}:{self.port}" \
            f";branch={branch or self.new_branch()}"

    def contact(self):
        return f"<sip:{self.user}@{self.addr}:{self.port}" \
            f";transport={self.transport}>"

    def close(self):
        self._run = False
        os.write(self._wake[1], b"x")
        self._thread.join(5)
        self.sock.close()
        for c in list(self.flows.values()):
            c.close()
        for fd in self._wake:
            os.close(fd)

    stop = close


def write(start, headers, body=b""):
    """Octets of a message; Content-Length is added if it is not there."""
    if isinstance(body, str):
        body = body.encode()
    names = [n.lower() for n, _ in headers]
    lines = [start] + [f"{n}: {v}" for n, v in headers]
    if "content-length" not in names and "l" not in names:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") \
        + CRLF * 2 + body


class Leg:
    """A dialog as one of our phones sees it."""

    def __init__(self, phone, dest):
        self.phone, self.dest = phone, dest
        self.call_id = phone.new_id()
        self.tag = os.urandom(4).hex()
        self.cseq = 1
        self.remote_tag = None
        self.routes = []
        self.invite = None              # the message, sent or received

    # ---- calling -----------------------------------------------------------
    @classmethod
    def call(cls, phone, dest, user, sdp=None, headers=(), frm=None, to=None,
             caller=None, host="example.org", max_forwards=70, send=True,
             drop=()):
        """An INVITE to user@dest; `headers` are added (or replace)."""
        leg = cls(phone, dest)
        leg.uri = f"sip:{user}@{dest[0]}:{dest[1]}"
        leg.local = (frm or f"<sip:{caller or phone.user}@{host}>") \
            + f";tag={leg.tag}"
        leg.remote = to or f"<sip:{user}@{host}>"
        leg.branch = phone.new_branch()
        h = [("Via", phone.via(leg.branch)),
             ("Max-Forwards", str(max_forwards)),
             ("From", leg.local), ("To", leg.remote),
             ("Call-ID", leg.call_id), ("CSeq", "1 INVITE"),
             ("Contact", phone.contact())]
        if sdp is not None:
            h.append(("Content-Type", "application/sdp"))
        h = [x for x in h if x[0] not in drop]
        h += headers
        leg.octets = write(f"INVITE {leg.uri} SIP/2.0", h, sdp or b"")
        if send:
            leg.send_invite()
        return leg

    def send_invite(self):
        self.phone.send(self.octets, self.dest)

    def expect(self, what, timeout=5.0):
        return self.phone.expect(what, timeout, self.call_id)

    def final(self, timeout=10.0):
        """The final response to the INVITE (a failure is ACKed)."""
        m = self.expect(lambda m: m.status >= 200 and m.method == "INVITE",
                        timeout)
        self.remote_tag = m.tag("to")
        if m.status < 300:
            self.target = m.address()
            self.routes = m.all("record-route")[::-1]
        else:
            self.phone.send(self.request("ACK", branch=self.branch,
                                         uri=self.uri), self.dest)
        return m

    def answered(self, timeout=10.0):
        m = self.final(timeout)
        assert m.status == 200, m.octets.decode()
        self.ack()
        return m

    # ---- answering ---------------------------------------------------------
    @classmethod
    def incoming(cls, phone, timeout=10.0):
        m = phone.expect("INVITE", timeout)
        leg = cls(phone, m.source)
        leg.invite = m
        leg.call_id = m.get("call-id")
        leg.remote, leg.remote_tag = m.get("from"), m.tag("from")
        leg.local = m.get("to") + f";tag={leg.tag}"
        leg.target = m.address()
        leg.routes = m.all("record-route")
        return leg

    def reply(self, status, reason="", sdp=None, headers=(), req=None):
        req = req or self.invite
        h = [("Via", v) for v in req.all("via")]
        h += [("Record-Route", v) for v in req.all("record-route")]
        h += [("From", req.get("from"))]
        to = req.get("to")
        if status > 100 and ";tag=" not in to:
            to += f";tag={self.tag}"
        h += [("To", to), ("Call-ID", req.get("call-id")),
              ("CSeq", req.get("cseq"))]
        if status < 300 and req.method == "INVITE" and status > 100:
            h.append(("Contact", self.phone.contact()))
        if sdp is not None:
            h.append(("Content-Type", "application/sdp"))
        octets = write(f"SIP/2.0 {status} {reason or 'Reason'}",
                       [*h, *headers], sdp or b"")
        if req.flow:
            req.flow.sendall(octets)
        else:
            self.phone.send(octets, req.source)
        return octets

    def accept(self, sdp=None, headers=()):
        """200, and the ACK that must follow."""
        self.reply(200, "OK", sdp, headers)
        return self.expect("ACK")

    # ---- inside ------------------------------------------------------------
    def request(self, method, branch=None, uri=None, cseq=None, headers=(),
                body=b"", call_id=None, tag=None, remote_tag=None):
        if cseq is None:
            if method not in ("ACK", "CANCEL"):
                self.cseq += 1
            cseq = self.cseq
        local = re.sub(r";tag=.*", "", self.local)
        remote = re.sub(r";tag=.*", "", self.remote)
        rt = remote_tag or self.remote_tag
        h = [("Via", self.phone.via(branch)), ("Max-Forwards", "70"),
             *[("Route", r) for r in self.routes],
             ("From", f"{local};tag={tag or self.tag}"),
             ("To", remote + (f";tag={rt}" if rt else "")),
             ("Call-ID", call_id or self.call_id),
             ("CSeq", f"{cseq} {method}"), *headers]
        return write(f"{method} {uri or self.target} SIP/2.0", h, body)

    def send(self, method, dest=None, phone=None, **how):
        (phone or self.phone).send(self.request(method, **how),
                                   dest or self.dest)

    def ack(self):
        self.send("ACK", cseq=1)

    def cancel(self):
        tag, self.remote_tag, routes, self.routes = \
            self.remote_tag, None, self.routes, []
        self.send("CANCEL", branch=self.branch, uri=self.uri, cseq=1)
        self.remote_tag, self.routes = tag, routes

    def bye(self, expect=200):
        self.send("BYE")
        return self.expect(lambda m: m.status == expect and m.method == "BYE")

    def hung_up(self, timeout=5.0):
        """The other side's BYE, answered."""
        m = self.expect("BYE", timeout)
        self.reply(200, "OK", req=m)
        return m
