"""Summaries for a HEP3 collector, read by a parser of the test's own."""

import json
import socket
import struct
import time

import pytest

from harness.net import LOCAL, stays, wait_for
from harness.relaycall import RelayCall


def chunks(datagram):
    """{chunk type: octets} of a HEP3 packet; its lengths must add up."""
    magic, length = struct.unpack_from("!4sH", datagram)
    assert magic == b"HEP3" and length == len(datagram)
    out, at = {}, 6
    while at < length:
        vendor, kind, n = struct.unpack_from("!HHH", datagram, at)
        assert vendor == 0 and n >= 6 and kind not in out
        out[kind] = datagram[at + 6:at + n]
        at += n
    assert at == length
    return out


class Collector:
    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((LOCAL, 0))
        self.sock.setblocking(False)
        self.port = self.sock.getsockname()[1]
        self.got = []

    def reports(self, call_id=None):
        while True:
            try:
                self.got.append(chunks(self.sock.recv(65536)))
            except BlockingIOError:
                break
        return [(c, json.loads(c[15])) for c in self.got
                if call_id is None or c[17] == call_id.encode()]

    def stop(self):
        self.sock.close()


@pytest.fixture
def collector(pen):
    return pen.add(Collector())


@pytest.fixture
def reporting(start_relay, collector):
    return start_relay(hep=f"{LOCAL}:{collector.port}",
                       **{"hep-id": 77, "hep-interval": 1})


@pytest.mark.parametrize("kinds", (("dtls", "rtp"), ("sdes", "sdes")),
                         ids="-".join)
def test_summary_of_a_call(reporting, collector, endpoint, kinds):
    c = RelayCall(reporting.client(), *map(endpoint, kinds)).connect().talk()
    ours = {x.port: c.leg(x)["streams"][0]["local port"] for x in (c.a, c.b)}
    c.a.packet()                         # one is lost, then more come
    c.a.send(9)
    c.delete()
    id = c.id["call_id"]
    wait_for(lambda: len(collector.reports(id)) >= 2)
    seen = {}
    for head, said in collector.reports(id):
        assert head[1] == b"\x02" and head[2] == b"\x11"
        assert head[3] == head[4] == socket.inet_aton(LOCAL)
        assert head[11] == b"\x05"
        assert struct.unpack("!I", head[12]) == (77,)
        when = struct.unpack("!I", head[9])[0]
        assert abs(when - time.time()) < 30
        assert said["sender_information"]["ntp_timestamp_sec"] == \
            when + 2208988800
        from_, to = (struct.unpack("!H", head[k])[0] for k in (7, 8))
        assert ours[to] == from_
        seen[to] = said                  # the last one, at the end
    a, b = seen[c.a.port], seen[c.b.port]
    assert a["type"] == b["type"] == 200 and a["report_count"] == 1
    block, = a["report_blocks"]
    assert block["source_ssrc"] == c.a.ssrc == b["ssrc"]
    assert block["packets_lost"] >= 1 and block["fraction_lost"] >= 1
    assert block["highest_seq_no"] & 0xffff == c.a.seq - 1 & 0xffff
    assert set(block) == {"source_ssrc", "highest_seq_no", "fraction_lost",
                          "ia_jitter", "packets_lost", "lsr", "dlsr"}
    n = a["sender_information"]["packets"]
    assert abs(n - len(c.a.packets)) <= 2
    assert b["report_blocks"][0]["source_ssrc"] == c.b.ssrc


def test_while_a_call_is_up_and_never_for_an_offer(reporting, collector,
                                                   endpoint):
    ng = reporting.client()
    ng("offer", call_id="only", from_tag="f", sdp=endpoint().sdp())
    c = RelayCall(ng, endpoint("rtp"), endpoint("rtp")).connect().talk()
    wait_for(lambda: len(collector.reports(c.id["call_id"])) >= 4)
    ng("delete", call_id="only")
    assert stays(lambda: not collector.reports("only"))


def test_no_collector_is_no_trouble(start_relay, collector, endpoint):
    """Nobody there (ICMP says so): calls go on, what was lost is counted."""
    collector.stop()
    relay = start_relay(hep=f"{LOCAL}:{collector.port}",
                        **{"hep-interval": 1, "log-level": "info"})
    c = RelayCall(relay.client(), endpoint("sdes"), endpoint("rtp"))
    c.connect().talk()
    time.sleep(2.5)
    c.talk()
    c.delete()
    assert relay.log().count("not sent") < 10


@pytest.mark.parametrize("value", ("nowhere", "127.0.0.1", "127.0.0.1:0"))
def test_collector_must_be_an_address(tmp_path, value):
    from harness import config
    from harness.daemons import run
    (tmp_path / "x.conf").write_text(config.write(
        {"hep": value,
         "interface": config.Titled(default={"address": LOCAL})}))
    r = run("countersign-relay", "-n", "-c", str(tmp_path / "x.conf"))
    assert r.returncode == 1 and "want ADDRESS:PORT" in r.stderr
