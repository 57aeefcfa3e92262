"""Both daemons with two networks and a trunk in each: "phones" inside,
"carrier" outside. What comes from one goes to the other."""

from .config import Titled, merge
from .daemons import B2bua, Relay, ctl
from .net import LOCAL, free_port, wait_for
from .sip import Leg, Phone, hostport

MEDIA = {"dtls": "dtls-srtp", "sdes": "sdes-srtp", "rtp": "rtp", "pass": "pass",
         "any": "any"}


class Sbc:
    def __init__(self, pen, dir, media=("any", "any"),
                 transport=("udp", "udp"), relay=None, **over):
        self.pen, self.dir, self.transport = pen, dir, transport
        self.ports = {"phones": free_port(LOCAL), "carrier": free_port(LOCAL)}
        trunks, routes = Titled(), Titled()
        for i, (name, realm, other) in enumerate((
                ("phones", "inside", "carrier"),
                ("carrier", "outside", "phones"))):
            trunks[name] = {
                "realm": realm, "sources": ["127.0.0.0/8"],
                "address": f"{LOCAL}:{self.ports[name]}",
                "transport": transport[i], "media": MEDIA[media[i]],
                "sdes-over-cleartext": True, "verify": "check"}
            routes["from-" + name] = {"from": [name], "to": [other]}
        over = merge({"trunk": trunks, "route": routes}, over)
        self.relay = relay or pen.add(Relay(dir))
        self.b2bua = pen.add(B2bua(dir, self.relay, **over))
        self.b2bua_client = self.relay_client = None

    def dest(self, trunk):
        """Where that trunk's calls go to: our listening socket."""
        return hostport("@" + (self.b2bua.inside if trunk == "phones"
                               else self.b2bua.outside))

    def phone(self, trunk, **how):
        """A hand-made peer on the trunk's address (the second one anywhere
        on another port)."""
        i = ("phones", "carrier").index(trunk)
        how.setdefault("port", self.ports[trunk])
        how.setdefault("transport", self.transport[i])
        how.setdefault("user", "+12155551201" if not i else "+12155551213")
        return self.pen.add(Phone(**how))

    def pair(self):
        """(caller on phones, callee on carrier)"""
        return self.phone("phones"), self.phone("carrier")

    def client(self):
        if not self.b2bua_client:
            self.b2bua_client = self.b2bua.client()
        return self.b2bua_client

    def ctl(self, *args):
        return ctl(*args, relay=self.relay, b2bua=self.b2bua)

    def cdr(self, n=1, timeout=10):
        """The one record there must be (the n-th and last)."""
        wait_for(lambda: len(self.b2bua.cdrs()) >= n, timeout,
                 why=lambda: f"{n} call records, got {self.b2bua.cdrs()}\n"
                 f"{self.b2bua.tail(60)}")
        all_ = self.b2bua.cdrs()
        assert len(all_) == n, all_
        return all_[-1]

    def idle(self, timeout=10):
        """Nothing is left of any call, here and in the relay."""
        wait_for(lambda: not self.client()("calls")["calls"], timeout,
                 why=lambda: f"no calls: {self.client()('calls')}")
        if not self.relay_client:
            self.relay_client = self.relay.client()
        ng = self.relay_client
        wait_for(lambda: not ng("list")["calls"], timeout,
                 why=lambda: f"relay without calls: {ng('list')}")

    def probe(self, caller, callee, trunk="phones"):
        """A whole good call without asking for media: it works now."""
        a = Leg.call(caller, self.dest(trunk), callee.user,
                     sdp=plain_sdp(caller))
        b = Leg.incoming(callee)
        b.reply(180, "Ringing")
        b.accept(plain_sdp(callee))
        a.answered()
        a.send("BYE")
        b.hung_up()
        a.expect(200)
        return a, b


def plain_sdp(phone, port=40000):
    return (f"v=0\r\no=- 1 1 IN IP4 {phone.addr}\r\ns=-\r\n"
            f"c=IN IP4 {phone.addr}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n")
