"""countersignctl against a daemon made of a few lines: what it sends, what it
prints, and what it says when nobody answers."""

import json
import os
import pathlib
import socket
import subprocess
import threading

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("COUNTERSIGN_BUILD",
                                    SOURCE / "build" / "check"))


def bencode(v):
    if isinstance(v, int):
        return b"i%de" % v
    if isinstance(v, str):
        v = v.encode()
    if isinstance(v, bytes):
        return b"%d:%s" % (len(v), v)
    if isinstance(v, list):
        return b"l" + b"".join(map(bencode, v)) + b"e"
    return b"d" + b"".join(bencode(k) + bencode(v[k]) for k in v) + b"e"


class Daemon:
    """Answers each question with what `replies` has for its command; None:
    silence. Keeps the questions."""

    def __init__(self, sock, replies):
        self.sock, self.replies, self.asked = sock, replies, []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def answer(self, octets):
        cookie, payload = octets.split(b" ", 1)
        self.asked.append(payload)
        for command, reply in self.replies.items():
            if payload.startswith(b"{"):
                write, hit = (lambda r: json.dumps(r).encode(),
                              json.loads(payload)["command"] == command)
            else:
                write, hit = bencode, (bencode("command") +
                                       bencode(command) in payload)
            if hit and isinstance(reply, bytes):
                return reply
            if hit and reply is not None:
                return cookie + b" " + write(reply)
        return None

    def run(self):
        if self.sock.type == socket.SOCK_DGRAM:
            return self.run_datagrams()
        self.sock.listen()
        while True:
            conn, _ = self.sock.accept()
            threading.Thread(target=self.serve, args=(conn,),
                             daemon=True).start()

    def run_datagrams(self):
        while True:
            octets, peer = self.sock.recvfrom(65536)
            reply = self.answer(octets)
            if reply:
                self.sock.sendto(reply, peer)

    def serve(self, conn):
        while octets := conn.recv(65536):
            reply = self.answer(octets)
            # In two pieces: the client must not take a piece for the whole.
            if reply:
                conn.sendall(reply[:5])
                conn.sendall(reply[5:])
        conn.close()


@pytest.fixture
def ctl(tmp_path):
    where = {"relay": f"unix:{tmp_path}/relay.sock",
             "b2bua": f"unix:{tmp_path}/b2bua.sock"}

    def daemon(name, replies, udp=False):
        if udp:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind(("127.0.0.1", 0))
            where[name] = "udp:127.0.0.1:%d" % sock.getsockname()[1]
        else:
            sock = socket.socket(socket.AF_UNIX)
            sock.bind(str(tmp_path / f"{name}.sock"))
        return Daemon(sock, replies)

    def run(*words):
        return subprocess.run(
            [BUILD / "ctl" / "countersignctl", "--relay", where["relay"],
             "--b2bua", where["b2bua"], *words],
            capture_output=True, text=True, timeout=30)

    run.daemon = daemon
    run.where = where
    return run


CALLS = {"result": "ok", "calls": [
    {"id": "1f", "state": "talk", "from": "+12155551212",
     "to": "+12155551213", "seconds": 12},
    {"id": "20", "state": "dial", "from": "alice\x1b[31m\n\u202e",
     "to": "+12155551213", "seconds": 3}]}

QUERY = {"result": "ok", "tags": {"atag": {"medias": [{
    "index": 1, "type": "audio", "protocol": "UDP/TLS/RTP/SAVPF",
    "streams": [{"local port": 30000,
                 "endpoint": {"address": "192.0.2.1", "port": 5004},
                 "crypto suite": "AES_CM_128_HMAC_SHA1_80",
                 "security": "dtls-srtp",
                 "stats": {"packets": 150}, "stats_out": {"packets": 148},
                 "lost": 4, "jitter_us": 3249, "round-trip time": 41000,
                 "MOS": 41, "last packet ms": 1260,
                 "DTLS": {"state": "done", "ms": 12},
                 "drops": {"bad-tag": 2, "replay": 1}}]}]}}}


def test_ping_names_both_daemons(ctl):
    ctl.daemon("relay", {"ping": {"result": "pong"}})
    ctl.daemon("b2bua", {"ping": {"result": "pong"}})
    r = ctl("ping")
    assert r.returncode == 0, r.stderr
    assert r.stdout == "relay  pong\nb2bua  pong\n"


def test_ping_json_is_one_object(ctl):
    ctl.daemon("relay", {"ping": {"result": "pong"}})
    r = ctl("--json", "ping")
    assert r.returncode == 3
    assert json.loads(r.stdout) == {"relay": {"result": "pong"}}


def test_over_udp_a_lost_datagram_is_sent_again(ctl):
    d = ctl.daemon("relay", {"ping": None}, udp=True)

    def later():
        d.replies["ping"] = {"result": "pong"}
    threading.Timer(0.5, later).start()
    ctl.daemon("b2bua", {"ping": {"result": "pong"}})
    r = ctl("ping")
    assert r.returncode == 0, r.stderr
    assert len(d.asked) == 2


def test_calls_is_a_table_and_outside_octets_are_escaped(ctl):
    ctl.daemon("b2bua", {"calls": CALLS})
    r = ctl("calls")
    assert r.returncode == 0, r.stderr
    lines = r.stdout.splitlines()
    assert lines[1].split() == ["id", "state", "from", "to", "seconds"]
    assert len(lines) == 4
    assert "\x1b" not in r.stdout
    assert "alice\\u001b[31m\\u000a" in lines[3]


def test_calls_fit_the_terminal(ctl):
    ctl.daemon("b2bua", {"calls": {"result": "ok", "calls": [
        {"id": "x" * 100, "to": "y" * 100, "n": 1}]}})
    r = ctl("--width", "60", "calls")
    assert all(len(x) <= 60 for x in r.stdout.splitlines()), r.stdout
    assert "~" in r.stdout


def test_no_calls(ctl):
    ctl.daemon("b2bua", {"calls": {"result": "ok", "calls": []}})
    assert ctl("calls").stdout == "no calls\n"


def test_streams_of_all_calls(ctl):
    ctl.daemon("relay", {"list": {"result": "ok", "calls": ["c1", "gone"]},
                         "query": QUERY})
    r = ctl("streams")
    assert r.returncode == 0, r.stderr
    lines = r.stdout.splitlines()
    assert lines[0] == "media streams of c1"
    assert lines[1].split() == [
        "leg", "stream", "port", "peer", "keys", "cipher", "in", "out",
        "drop"]
    assert lines[2].split() == [
        "atag", "audio", "RTP", "30000", "192.0.2.1:5004", "DTLS",
        "AES_CM_128_HMAC_SHA1_80", "150", "148", "3"]
    assert lines[3] == "dropped at port 30000: bad-tag=2, replay=1"
    assert lines[4].split() == [
        "leg", "stream", "lost", "jitter", "ms", "rtt", "ms", "mos", "age",
        "s", "dtls", "ms"]
    assert lines[5].split() == [
        "atag", "audio", "RTP", "4", "3.2", "41.0", "4.1", "1.2", "12"]


def test_stats_of_both(ctl):
    ctl.daemon("relay", {"statistics": {
        "result": "ok", "statistics": {"sessions": {"now": 3}}}})
    ctl.daemon("b2bua", {"stats": {"result": "ok", "stats": {"calls": 4}}})
    r = ctl("stats")
    assert "sessions" in r.stdout and "now  3" in r.stdout
    assert "calls  4" in r.stdout


def test_call_shows_legs_streams_and_report(ctl):
    prop = {"verdict": "attested-a", "by": "signer", "by_name": "Caller",
            "evidence": {"attest": "A"}}
    d = ctl.daemon("b2bua", {"call": {"result": "ok", "call": {
        "id": "1f", "state": "talk", "relay-call-id": "m1",
        "legs": [{"leg": "a", "trunk": "phones"},
                 {"leg": "b", "trunk": "carrier"}],
        "report": {"chain": "re-signed", "secure_to_claimed_identity": 0,
                   "because": "we hold the keys",
                   "legs": {"a": {"caller_identity": prop},
                            "b": {"caller_identity": prop}},
                   "changed_here": [{"field": "Contact", "was": "sip:a@b",
                                     "now": "sip:c", "breaks": "RFC 4474",
                                     "reason": "topology hiding"}]}}}})
    relay = ctl.daemon("relay", {"query": QUERY})
    r = ctl("call", "1f")
    assert r.returncode == 0, r.stderr
    assert json.loads(d.asked[0]) == {"command": "call", "id": "1f"}
    assert json.loads(relay.asked[0])["call-id"] == "m1"
    for word in ("caller identity", "attested-a", "by signer Caller", "attest=A",
                 "re-signed",
                 "Contact: sip:a@b -> sip:c (topology hiding; breaks", "AES_CM_128_HMAC_SHA1_80",
                 "carrier"):
        assert word in r.stdout, r.stdout


def test_why_marks_the_first_differing_octet(ctl):
    ctl.daemon("b2bua", {"why": {"result": "ok", "why": [
        {"method": "RFC 8224", "result": "invalid", "ours": '{"dest":1}',
         "theirs": '{"dest":2}', "differs-at": 8}]}})
    lines = ctl("why", "1f").stdout.splitlines()
    ours = next(x for x in lines if x.startswith("  ours"))
    mark = next(x for x in lines if "^ octet 8" in x)
    theirs = lines[lines.index(ours) + 1]
    at = mark.index("^")
    assert ours[at] == "1" and theirs[at] == "2", "\n".join(lines)


def test_a_refusal_is_said_and_exits_1(ctl):
    ctl.daemon("b2bua", {"why": {"result": "error",
                                 "error-reason": "no such call"}})
    r = ctl("why", "zz")
    assert r.returncode == 1
    assert r.stderr == "countersignctl: b2bua: no such call\n"


def test_nobody_there_says_what_to_do(ctl):
    r = ctl("calls")
    assert r.returncode == 3
    assert "b2bua" in r.stderr and "is the daemon running?" in r.stderr


def test_silence_times_out(ctl):
    ctl.daemon("b2bua", {"calls": None})
    r = ctl("--timeout", "1", "calls")
    assert r.returncode == 3
    assert "no answer in time" in r.stderr


@pytest.mark.parametrize("reply", [b"nonsense", b"x d3:abce", b"\xff" * 300])
def test_nonsense_is_no_reply(ctl, reply):
    ctl.daemon("b2bua", {"calls": reply})
    r = ctl("--timeout", "1", "calls")
    assert r.returncode == 3
    assert r.stdout == ""


@pytest.mark.parametrize("words", [[], ["nope"], ["call"], ["ping", "x"],
                                   ["--timeout", "x", "ping"], ["--what"]])
def test_usage(ctl, words):
    r = ctl(*words)
    assert r.returncode == 2
    assert r.stderr


def test_json_is_raw(ctl):
    ctl.daemon("b2bua", {"calls": CALLS})
    r = ctl("--json", "calls")
    assert json.loads(r.stdout) == CALLS
    assert "\x1b" not in r.stdout
