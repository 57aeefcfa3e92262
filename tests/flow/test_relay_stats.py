"""What the relay says about its streams, against what was really sent."""

import struct
import time

import pytest

from harness.daemons import ctl
from harness.net import wait_for
from harness.relaycall import RelayCall


@pytest.fixture
def call(relay, endpoint):
    ng = relay.client()

    def make(kind_a, kind_b, **how):
        return RelayCall(ng, endpoint(kind_a, **how), endpoint(kind_b, **how))
    return make


def rtcp_sr(ssrc, ntp, blocks=b"", n=0):
    sr = struct.pack("!BBHIIIIII", 0x80 | n, 200, 6 + 6 * n, ssrc,
                     ntp >> 16, (ntp & 0xffff) << 16, 0, 0, 0) + blocks
    return sr + struct.pack("!BBHI", 0x81, 202, 3, ssrc) + b"\x01\x04test\0\0"


def block(about, lsr, dlsr, fraction=0, jitter=0):
    return struct.pack("!IIIIII", about, fraction << 24, 0, jitter, lsr, dlsr)


def report(end, octets):
    """RTCP from an endpoint, as it protects it."""
    tx = getattr(end, "rtcp_tx", end.tx)
    end.send_raw(tx.protect_rtcp(octets) if tx else octets, rtcp=True)


@pytest.mark.parametrize("kinds", (("rtp", "rtp"), ("dtls", "sdes")),
                         ids="-".join)
def test_query_has_mos_and_round_trip_per_ssrc(call, kinds):
    """rtpengine's SSRC dictionary, from reports that we know all of."""
    c = call(*kinds).connect().talk()
    a, b = str(c.a.ssrc), c.b
    report(c.a, rtcp_sr(c.a.ssrc, 0xabcd1234))
    time.sleep(0.6)         # as if B had it for 0.5 s: the round trip is 0.1
    report(b, rtcp_sr(b.ssrc, 0x5555,
                      block(c.a.ssrc, 0xabcd1234, 0x8000, 13, 160), 1))
    wait_for(lambda: "average MOS" in c.query()["SSRC"].get(a, {}))
    ssrc = c.query()["SSRC"][a]
    assert ssrc["clock rate"] == 8000 and ssrc["cumulative loss"] == 0
    assert ssrc["average MOS"]["samples"] == 1
    for which in ("average MOS", "lowest MOS", "highest MOS"):
        q = ssrc[which]
        assert q["packet loss"] == 5 and q["jitter"] == 20, which
        assert 95000 <= q["round-trip time leg"] <= 400000
        assert q["round-trip time"] == q["round-trip time leg"]
        assert 36 <= q["MOS"] <= 40
    for which in ("lowest MOS", "highest MOS"):
        assert abs(ssrc[which]["reported at"] - time.time()) < 30
    assert 95000 <= c.streams(b)[0]["round-trip time"] <= 400000
    assert c.streams(c.a)[0]["round-trip time"] == 0
    assert c.streams(c.a)[0]["MOS"] == ssrc["average MOS"]["MOS"]
    assert a in c.delete()["SSRC"]


def test_lost_jitter_and_age(call):
    """Without reports: from what comes in here."""
    c = call("sdes", "rtp").connect().talk()
    before = c.streams(c.a)[0]["lost"]
    for i in range(60):
        if i % 10 == 5:
            c.a.packet()            # made, numbered, never sent
        c.a.send(gap=0.04)          # 20 ms of speech every 40 ms
    s = c.streams(c.a)[0]
    assert s["lost"] - before == 6
    assert 8000 <= s["jitter_us"] <= 25000
    assert s["jitter"] == s["jitter_us"] // 1000
    assert 10 <= s["MOS"] <= 42
    time.sleep(0.3)
    assert 250 <= c.streams(c.a)[0]["last packet ms"] <= 5000
    sums = c.ng("statistics")["statistics"]["counters"]
    assert sums["mos-samples"] >= 1 and sums["mos-sum"] >= 100


def test_streams_in_countersignctl(relay, call):
    c = call("dtls", "rtp").connect().talk()
    c.a.send(110, gap=0.02)
    r = ctl("streams", relay=relay)
    assert r.returncode == 0, r.stderr
    lines = r.stdout.splitlines()
    assert "keys" in lines[1] and "DTLS" in lines[2]
    head, = (n for n, x in enumerate(lines) if "jitter ms" in x)
    assert {"lost", "mos", "age"} <= set(lines[head].split())
    assert "dtls ms" in lines[head] and "audio RTP" in lines[head + 1]
