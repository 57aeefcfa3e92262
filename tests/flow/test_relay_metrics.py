"""The page for Prometheus: its format, its numbers, its door."""

import re
import socket
import time

import pytest

from harness.config import Titled
from harness.daemons import run
from harness.net import LOCAL, free_port, wait_for
from harness.relaycall import RelayCall

PREFIX = "countersign_relay_"
NAMES = {
    "drops_total": "counter", "sessions": "gauge", "legs": "gauge",
    "port_pairs": "gauge", "port_pairs_used": "gauge",
    "bandwidth_bits_per_second": "gauge", "workers": "gauge",
    "uptime_seconds": "gauge", "sessions_created_total": "counter",
    "sessions_silent_total": "counter", "offers_total": "counter",
    "answers_total": "counter", "refused_total": "counter",
    "limited_total": "counter", "dtls_datagrams_total": "counter",
    "dtls_refused_total": "counter", "dtls_malformed_total": "counter",
    "dtls_cookies_total": "counter", "dtls_limited_total": "counter",
    "dtls_attempts_total": "counter", "dtls_done_total": "counter",
    "dtls_failed_total": "counter", "dtls_milliseconds_total": "counter",
    "hep_sent_total": "counter", "hep_lost_total": "counter",
}
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)*)\})?'
                    r' (\d+)$')


@pytest.fixture
def scraped(start_relay):
    port = free_port(LOCAL)
    relay = start_relay(metrics=f"{LOCAL}:{port}")
    relay.scrape_port = port
    return relay


def exchange(port, octets, timeout=10.0):
    with socket.create_connection((LOCAL, port), timeout=timeout) as s:
        s.sendall(octets)
        out = b""
        while chunk := s.recv(65536):
            out += chunk
    return out


def scrape(relay):
    """{(name, label values...): number}, {name: type}; the format is held."""
    time.sleep(0.11)            # a page is made ten times a second at most
    octets = exchange(relay.scrape_port,
                      b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = octets.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: text/plain; version=0.0.4" in head
    assert f"Content-Length: {len(body)}".encode() in head
    values, types, helped = {}, {}, set()
    for line in body.decode().splitlines():
        if line.startswith("# HELP "):
            name, text = line[7:].split(" ", 1)
            assert name not in helped and len(text) > 4
            helped.add(name)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name in helped and name not in types
            types[name] = kind
        else:
            m = SAMPLE.match(line)
            assert m, line
            assert m[1] in types and m[1].startswith(PREFIX)
            labels = re.findall(r'="((?:[^"\\]|\\.)*)"', m[2] or "")
            key = (m[1][len(PREFIX):], *labels)
            assert key not in values, line
            values[key] = int(m[3])
    return values, {n[len(PREFIX):]: t for n, t in types.items()}


def test_every_metric_is_there_with_its_type(scraped):
    values, types = scrape(scraped)
    assert {n: types.get(n) for n in NAMES} == NAMES
    sums = scraped.client()("statistics")["statistics"]
    for token in sums["counters"]:
        assert types[token.replace("-", "_") + "_total"] == "counter"
    assert {k[1] for k in values if k[0] == "drops_total"} == set(
        sums["drops"])
    assert {k[0] for k in values} == set(types)


def test_numbers_of_a_call(scraped, endpoint):
    ng = scraped.client()
    c = RelayCall(ng, endpoint("dtls"), endpoint("rtp")).connect().talk()
    c.b.send_raw(b"\x00junk")
    wait_for(lambda: c.drops(c.b))
    reasons = c.drops(c.b)
    v, _ = scrape(scraped)
    assert v["sessions",] == 1 and v["workers",] == 2
    assert v["legs", "dtls-srtp"] == 1 and v["legs", "none"] == 1
    assert v["dtls_done_total",] >= 1
    assert v["offers_total",] == v["answers_total",] == 1
    assert v["port_pairs_used", "default", LOCAL] == 2
    assert v["port_pairs", "default", LOCAL] == 200
    assert v["rtp_in_total",] >= len(c.a.packets) + len(c.b.packets)
    for reason, n in reasons.items():
        assert v["drops_total", reason] >= n
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        c.a.send()
    assert scrape(scraped)[0]["bandwidth_bits_per_second",] > 100000
    c.delete()
    assert scrape(scraped)[0]["sessions",] == 0


def test_failed_handshakes_by_reason(scraped, endpoint):
    liar = endpoint("dtls", fingerprint=":".join(["AB"] * 32))
    liar.trust = False
    c = RelayCall(scraped.client(), liar, endpoint("rtp")).set_up()
    liar.start()
    wait_for(lambda: c.streams(liar)[0]["DTLS"].get("error"))
    v, _ = scrape(scraped)
    reasons = {k[1]: n for k, n in v.items() if k[0] == "dtls_failed_total"}
    assert reasons["fingerprint"] >= 1
    assert v["dtls_done_total",] == v["dtls_milliseconds_total",] == 0


@pytest.mark.parametrize("line, status", (
    ("GET / HTTP/1.1", 404), ("POST /metrics HTTP/1.1", 405),
    ("nonsense", 400), ("GET /metrics HTTP/3.0", 505),
    ("GET /" + "a" * 5000 + " HTTP/1.1", 431)))
def test_refused_requests(scraped, line, status):
    out = exchange(scraped.scrape_port, f"{line}\r\n\r\n".encode())
    assert out.startswith(f"HTTP/1.1 {status} ".encode())
    scrape(scraped)


def test_head_has_no_body(scraped):
    out = exchange(scraped.scrape_port, b"HEAD /metrics HTTP/1.0\r\n\r\n")
    assert out.endswith(b"\r\n\r\n") and b"Content-Length: " in out


def test_slow_clients_are_few_and_end(scraped):
    """One that trickles is cut after 5 s in all; 16 are the most."""
    socks = [socket.create_connection((LOCAL, scraped.scrape_port))
             for _ in range(40)]
    time.sleep(0.2)
    open_, start = [], time.monotonic()
    for s in socks:
        s.settimeout(0.05)
        try:
            assert s.recv(1) == b""
        except (TimeoutError, ConnectionResetError) as e:
            if isinstance(e, TimeoutError):
                open_.append(s)
    assert len(open_) == 16
    drip, gone = open_[0], False
    while not gone and time.monotonic() - start < 9:
        try:
            drip.sendall(b"G")
            gone = drip.recv(1) == b""
        except TimeoutError:
            time.sleep(0.2)
        except OSError:
            gone = True
    assert gone and time.monotonic() - start < 8
    for s in socks:
        s.close()
    wait_for(lambda: scrape(scraped))


def test_half_closed_client_still_gets_the_page(scraped):
    for _ in range(40):         # and leaves its place at once: there are 16
        with socket.create_connection((LOCAL, scraped.scrape_port)) as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            s.shutdown(socket.SHUT_WR)
            out = b""
            while chunk := s.recv(65536):
                out += chunk
        assert out.startswith(b"HTTP/1.1 200 ") and out.endswith(b"\n")


@pytest.mark.parametrize("items, said", (
    ({"metrics": "192.0.2.1:9900"}, "not loopback"),
    ({"metrics": "127.0.0.1"}, "want ADDRESS:PORT"),
    ({"metrics": "0.0.0.0:9900", "metrics-public": False}, "metrics-public"),
))
def test_where_it_may_listen(tmp_path, items, said):
    from harness import config
    text = config.write({**items, "interface": Titled(
        default={"address": LOCAL})})
    (tmp_path / "x.conf").write_text(text)
    r = run("countersign-relay", "-n", "-c", str(tmp_path / "x.conf"))
    assert r.returncode == 1 and said in r.stderr
    assert re.search(r"x\.conf:\d+: ", r.stderr)


def test_public_if_said_so(start_relay):
    port = free_port("0.0.0.0")
    relay = start_relay(metrics=f"0.0.0.0:{port}",
                        **{"metrics-public": True})
    relay.scrape_port = port
    assert scrape(relay)[0]["sessions",] == 0
