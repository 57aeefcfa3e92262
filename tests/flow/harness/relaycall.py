"""A call through the relay alone: the test is both the proxy that speaks ng
and the two peers."""

import itertools

from .endpoint import start, talk

# What a proxy asks for so that the far leg is of that kind.
WANT = {
    "rtp": {"transport_protocol": "RTP/AVP"},
    "sdes": {"transport_protocol": "RTP/SAVP", "DTLS": "off"},
    "dtls": {"transport_protocol": "UDP/TLS/RTP/SAVPF", "SDES": ["off"]},
}


class RelayCall:
    _serial = itertools.count(1)

    def __init__(self, ng, a, b, call_id=None):
        self.ng, self.a, self.b = ng, a, b
        n = next(self._serial)
        self.id = {"call_id": call_id or f"call-{n}@test",
                   "from_tag": f"from-{n}"}
        self.to_tag = f"to-{n}"

    def offer(self, **over):
        keys = {**self.id, "sdp": self.a.sdp(), "ICE": "remove",
                **WANT[self.b.kind], **over}
        return self.ng("offer", **keys)["sdp"]

    def offer_again(self, **over):
        """Inside the dialog: with the to-tag, as a re-INVITE has it."""
        return self.offer(to_tag=self.to_tag, **over)

    def answer(self, **over):
        keys = {**self.id, "to_tag": self.to_tag,
                "sdp": self.b.sdp(answer=True), "ICE": "remove", **over}
        return self.ng("answer", **keys)["sdp"]

    def set_up(self, **over):
        """Offer and answer; no media yet."""
        self.b.hear(self.offer(**over), offer=True)
        self.a.hear(self.answer())
        return self

    def connect(self, **over):
        """... and secured on both legs."""
        self.set_up(**over)
        start(self.a, self.b)
        return self

    def talk(self, n=25):
        talk(self.a, self.b, n)
        return self

    def query(self):
        return self.ng("query", **self.id)

    def legs(self):
        """{tag: the first media of that tag} as query tells it."""
        return {tag: t["medias"][0] for tag, t in self.query()["tags"].items()}

    def leg(self, end):
        tag = self.id["from_tag"] if end is self.a else self.to_tag
        return self.legs()[tag]

    def streams(self, end):
        return self.leg(end)["streams"]

    def drops(self, end):
        """Reasons and numbers of what came from `end` and went no further."""
        out = {}
        for s in self.streams(end):
            for reason, n in s.get("drops", {}).items():
                out[reason] = out.get(reason, 0) + n
        return out

    def delete(self):
        return self.ng("delete", **self.id)
