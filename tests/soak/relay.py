#!/usr/bin/python3
"""Random offers, answers and deletes against a live relay: descriptions of
every kind and broken ones, forks, re-offers from both sides, answers to
nothing, packets at the ports. In the end all is deleted; then descriptors,
ports and memory must be what they were.

    COUNTERSIGN_BUILD=DIR tests/soak/relay.py [-n 10000] [-s SEED]
"""

import argparse
import base64
import os
import pathlib
import random
import re
import socket
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))

from harness.daemons import Relay  # noqa: E402
from harness.net import LOCAL, wait_for  # noqa: E402

PROTOS = ("RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF",
          "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF", "udptl", "TCP/MSRP")
SUITES = {"AES_CM_128_HMAC_SHA1_80": 30, "AES_256_CM_HMAC_SHA1_80": 46,
          "AEAD_AES_128_GCM": 28, "F8_128_HMAC_SHA1_80": 30}
FLAGS = ("passthrough", "passthrough-SDES", "strip-extmap", "generate-mid",
         "loop-protect", "nonsense", "SIP-source-address", "strict-source",
         "full-rtcp-attribute", "osrtp-offer", "osrtp-accept")
LIVE = 30


class Soak:
    def __init__(self, relay, seed):
        self.relay, self.ng = relay, relay.client(timeout=30)
        self.rnd = random.Random(seed)
        self.calls = {}         # call-id: (from-tag, to-tag, protos, sdp)
        self.made = 0
        self.results = {}
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    # ---- descriptions ----------------------------------------------------
    def keys(self, proto):
        rnd, lines = self.rnd, []
        if "TLS" in proto or rnd.random() < 0.1:
            lines += ["a=setup:" + rnd.choice(("actpass", "active", "passive")),
                      "a=fingerprint:sha-256 " + ":".join(
                          f"{b:02X}" for b in rnd.randbytes(32))]
        elif "SAVP" in proto or rnd.random() < 0.1:
            lines += [f"a=crypto:{i + 1} {s} inline:" + base64.b64encode(
                rnd.randbytes(n)).decode()
                for i, (s, n) in enumerate(SUITES.items())]
        if rnd.random() < 0.2:
            lines += ["a=ice-ufrag:" + rnd.randbytes(4).hex(),
                      "a=ice-pwd:" + rnd.randbytes(12).hex(),
                      f"a=candidate:1 1 udp 1 {LOCAL} 40000 typ host"]
        return lines

    def sdp(self, protos, chosen=None):
        rnd = self.rnd
        lines = ["v=0", f"o=- {rnd.randrange(9)} 1 IN IP4 {LOCAL}", "s=-",
                 f"c=IN IP4 {rnd.choice((LOCAL, LOCAL, '0.0.0.0'))}", "t=0 0"]
        for i, proto in enumerate(protos):
            port = 0 if rnd.random() < 0.1 else rnd.randrange(20000, 60000, 2)
            lines += [f"m={rnd.choice(('audio', 'video'))} {port} {proto} "
                      f"{'t38' if proto == 'udptl' else '0 101'}"] \
                if not chosen else [f"m={chosen[i]} {port} {proto} 0"]
            lines += self.keys(proto)
            if rnd.random() < 0.5:
                lines.append("a=rtcp-mux")
            if rnd.random() < 0.3:
                lines.append("a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid")
            lines.append("a=" + rnd.choice(("sendrecv", "sendonly",
                                            "recvonly", "inactive")))
        text = "\r\n".join(lines) + "\r\n"
        if rnd.random() < 0.03:
            text = text[:rnd.randrange(len(text))]
        return text

    def options(self):
        rnd, o = self.rnd, {}
        if rnd.random() < 0.5:
            o["transport-protocol"] = rnd.choice(PROTOS[:6])
        if rnd.random() < 0.5:
            o["flags"] = rnd.sample(FLAGS, rnd.randrange(4))
        if rnd.random() < 0.3:
            o["ICE"] = rnd.choice(("remove", "force", "default"))
        if rnd.random() < 0.3:
            o["rtcp-mux"] = [rnd.choice(("offer", "demux", "require",
                                         "accept", "reject"))]
        if rnd.random() < 0.2:
            o["replace"] = ["origin", "SDP-version"]
        if rnd.random() < 0.2:
            o["via-branch"] = "z9hG4bK" + str(rnd.randrange(3))
        if rnd.random() < 0.1:
            o["DTLS"] = rnd.choice(("off", "passive"))
        return o

    # ---- requests ---------------------------------------------------------
    def ask(self, command, **keys):
        reply = self.ng.ask(command, **keys)
        said = reply.get("error-reason") or reply["result"]
        self.results[said] = self.results.get(said, 0) + 1
        return reply

    def offer(self, again):
        rnd = self.rnd
        if again and self.calls:
            call_id = rnd.choice(list(self.calls))
            frm, to, protos, _ = self.calls[call_id]
            if rnd.random() < 0.5:
                frm, to = to, frm
            if rnd.random() < 0.3:
                protos = protos + [rnd.choice(PROTOS)]
        else:
            self.made += 1
            call_id, frm, to = f"soak-{self.made}", "f", f"t{rnd.randrange(3)}"
            protos = rnd.choices(PROTOS, k=rnd.choice((1, 1, 2, 3, 16, 17)))
        keys = {"call-id": call_id, "from-tag": frm, **self.options()}
        if again:
            keys["to-tag"] = to
        reply = self.ask("offer", sdp=self.sdp(protos), **keys)
        if reply["result"] == "ok":
            self.calls[call_id] = (frm, to, protos, reply["sdp"])

    def answer(self):
        rnd = self.rnd
        if not self.calls or rnd.random() < 0.05:
            self.ask("answer", sdp=self.sdp(["RTP/AVP"]), call_id="nobody",
                     from_tag="f", to_tag="t")
            return
        call_id = rnd.choice(list(self.calls))
        frm, to, _, sdp = self.calls[call_id]
        lines = re.findall(r"^m=(\S+) (\d+) (\S+)", sdp, re.M)
        protos = [rnd.choice(PROTOS) if rnd.random() < 0.05 else p
                  for _, _, p in lines]
        reply = self.ask("answer", sdp=self.sdp(
            protos, [t for t, _, _ in lines]), **{
                "call-id": call_id, "from-tag": frm, "to-tag": to,
                **self.options()})
        for port in re.findall(r"^m=\S+ (\d+)", reply.get("sdp", ""), re.M):
            if int(port):
                self.sock.sendto(rnd.randbytes(60), (LOCAL, int(port)))

    def other(self):
        call_id = self.rnd.choice(list(self.calls) or ["nobody"])
        self.ask(self.rnd.choice((
            "query", "block media", "unblock media", "silence media",
            "block DTMF", "list", "statistics")), call_id=call_id)

    def delete(self):
        call_id = self.rnd.choice(list(self.calls) or ["nobody"])
        self.calls.pop(call_id, None)
        self.ask("delete", call_id=call_id)

    def step(self):
        dice = self.rnd.random()
        if len(self.calls) >= LIVE or dice < 0.15:
            self.delete()
        elif dice < 0.5:
            self.offer(False)
        elif dice < 0.65:
            self.offer(True)
        elif dice < 0.95:
            self.answer()
        else:
            self.other()

    # ---- what is left -----------------------------------------------------
    def clear(self):
        """Deletes all; waits until every port is back."""
        while True:
            calls = self.ng("list", limit=1000)["calls"]
            if not calls:
                break
            for call_id in calls:
                self.ng("delete", call_id=call_id)
        self.calls.clear()
        wait_for(lambda: not self.used(), 20,
                 why=lambda: f"{self.used()} pairs of ports are not back")

    def used(self):
        said = self.ng("statistics")["statistics"]
        return sum(i["used"] for i in said["interfaces"])


def is_sanitized(relay):
    with open(f"/proc/{relay.pid}/maps") as f:
        return "asan" in f.read()


# Replies are kept for repeats, 30 to 60 s.
KEPT = 62


def rest(soak, settle):
    """All deleted, and replies that are kept forgotten."""
    soak.clear()
    for _ in range(2 if settle else 0):
        time.sleep(settle / 2)
        soak.ng("delete", call_id="nobody")
    return soak.relay.rss_kib()


def run(relay, n, seed, say=lambda text: None, settle=0):
    """AssertionError if anything is left. Memory is looked at only if there
    is time to settle: after the last third it must be what it was after the
    one before."""
    soak = Soak(relay, seed)
    soak.used()             # our own connection is there now
    fds = len(relay.fds())
    begin = time.monotonic()
    rss = []
    for _ in range(3):
        for _ in range(n // 3):
            soak.step()
        rss.append(rest(soak, settle))
    assert len(relay.fds()) == fds, f"{fds} descriptors became {len(relay.fds())}"
    grown = rss[2] - rss[1]
    say(f"{n} requests in {time.monotonic() - begin:.1f} s, seed {seed}: "
        f"{fds} descriptors, resident after each third {rss} kB")
    for said, times in sorted(soak.results.items(), key=lambda x: -x[1]):
        say(f"{times:8} {said}")
    # The sanitizer keeps what was freed; its own leak check is the exit.
    assert not settle or is_sanitized(relay) or grown < 2048, f"{grown} kB more"
    return soak.results


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("-n", type=int, default=10000, help="requests")
    p.add_argument("-s", "--seed", type=int, default=int(time.time()))
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        relay = Relay(folder, **{"log-level": "info"})
        try:
            run(relay, args.n, args.seed, print, KEPT)
        finally:
            relay.stop()
        wrong = relay.verdict()
        if wrong:
            sys.exit(wrong)


if __name__ == "__main__":
    main()
