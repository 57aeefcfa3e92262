"""Calls in pcap files."""

import os
import struct

import pytest

from harness.net import wait_for
from harness.ng import Error
from harness.relaycall import RelayCall


def packets(path):
    """[(source port, destination port, payload)]"""
    with open(path, "rb") as f:
        data = f.read()
    magic, major, _, _, _, _, link = struct.unpack("=IHHIIII", data[:24])
    assert (magic, major, link) == (0xa1b2c3d4, 2, 101)
    out, at = [], 24
    while at < len(data):
        _, _, have, whole = struct.unpack("=IIII", data[at:at + 16])
        ip = data[at + 16:at + 16 + have]
        assert have == whole == struct.unpack("!H", ip[2:4])[0]
        out.append((*struct.unpack("!HH", ip[20:24]), ip[28:]))
        at += 16 + have
    return out


def closed(relay, name):
    wait_for(lambda: not [f for f in relay.fds() if name in f])


@pytest.fixture
def recorder(start_relay, tmp_path):
    folder = tmp_path / "recordings"
    folder.mkdir()
    return start_relay("recorder", **{"recording-dir": str(folder)}), folder


@pytest.mark.parametrize("kinds", (("dtls", "sdes"), ("rtp", "dtls")))
def test_both_ends_are_there(recorder, endpoint, kinds):
    relay, folder = recorder
    c = RelayCall(relay.client(), *map(endpoint, kinds)).connect().talk(5)
    name, = c.ng("start recording", **c.id)["recordings"]
    again, = c.ng("start recording", **c.id)["recordings"]
    assert name == again and os.listdir(folder) == [name]
    first = [e.sent for e in (c.a, c.b)]
    c.talk(20)
    c.a.send_report(to=c.b)
    c.ng("stop recording", **c.id)
    had = [e.sent for e in (c.a, c.b)]
    c.talk(5)
    closed(relay, name)
    got = packets(folder / name)
    for end, since, until in zip((c.a, c.b), first, had):
        want = [end.payload(i) for i in range(since, until)]
        assert [p[12:] for src, dst, p in got
                if p[12:].startswith(end.name.encode())
                and (src, dst) == (end.port, end.remote.port)] == want
    assert any(p[1] == 200 for _, _, p in got)
    assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert c.ng("statistics")["statistics"]["counters"]["recording-lost"] == 0


def test_the_end_of_the_call_closes_it(recorder, endpoint):
    relay, folder = recorder
    c = RelayCall(relay.client(), endpoint("rtp"), endpoint("rtp")).connect()
    name, = c.ng("start recording", **c.id)["recordings"]
    c.talk(5).delete()
    closed(relay, name)
    assert len(packets(folder / name)) == 10


def test_refusals(relay, recorder, endpoint):
    c = RelayCall(relay.client(), endpoint("rtp"), endpoint("rtp")).connect()
    with pytest.raises(Error, match="Recording is not configured"):
        c.ng("start recording", **c.id)
    with pytest.raises(Error, match="Unknown call-id"):
        c.ng("start recording", call_id="nobody")
    relay, folder = recorder
    c = RelayCall(relay.client(), endpoint("rtp"), endpoint("rtp")).connect()
    folder.rmdir()
    with pytest.raises(Error, match="Recording failed"):
        c.ng("start recording", **c.id)
    c.talk(5)
