"""What the operator sees: both control sockets, countersignctl, the programs'
own options, and the record of each call."""

import json
import re
import socket

import pytest

from harness import config
from harness.config import Titled
from harness.daemons import program, run
from harness.endpoint import start, talk
from harness.net import LOCAL, wait_for
from harness.ng import Ng
from harness.sbc import plain_sdp
from harness.sip import Leg

DAEMONS = ("countersign-relay", "countersign-b2bua")
PROPERTIES = ("caller_identity", "called_identity", "media_privacy",
              "media_authentication", "signalling_confidentiality")


@pytest.fixture
def live(sbc, endpoint):
    """A call with media, DTLS to SDES: (sbc, leg a, leg b)."""
    s = sbc(media=("dtls", "sdes"))
    phones, carrier = s.pair()
    ea, eb = endpoint("dtls"), endpoint("sdes")
    a = Leg.call(phones, s.dest("phones"), carrier.user, sdp=ea.sdp())
    b = Leg.incoming(carrier)
    eb.hear(b.invite.sdp(), offer=True)
    b.accept(eb.sdp(answer=True))
    ea.hear(a.answered().sdp())
    start(ea, eb)
    talk(ea, eb)
    yield s, a, b
    a.send("BYE")
    b.hung_up()
    s.cdr()


def test_calls_and_call(live):
    s, a, b = live
    listed = s.client()("calls")["calls"]
    assert len(listed) == 1
    one = listed[0]
    assert {"id", "state", "from", "to", "trunk-in", "trunk-out"} <= set(one)
    assert (one["trunk-in"], one["trunk-out"]) == ("phones", "carrier")
    for name in (one["id"], a.call_id, b.call_id):
        call = s.client()("call", id=name)["call"]
        assert len(call["legs"]) == 2
        assert set(call["report"]["legs"]["a"]) == set(PROPERTIES)
    assert s.client().ask("call", id="nobody")["result"] == "error"


def test_countersignctl(live):
    s, a, _ = live
    listed = s.ctl("calls")
    assert listed.returncode == 0, listed
    assert "phones" in listed.stdout and "carrier" in listed.stdout
    as_json = json.loads(s.ctl("--json", "calls").stdout)
    call_id = as_json["calls"][0]["id"]
    shown = s.ctl("call", call_id).stdout
    for word in ("media privacy", "key-exposed", "hop", "clear"):
        assert word in shown.replace("_", " "), shown
    assert json.loads(s.ctl("--json", "call", call_id).stdout)
    assert s.ctl("stats").returncode == 0
    streams = s.ctl("streams")
    assert streams.returncode == 0
    for word in ("AES_CM_128_HMAC_SHA1_80", r"\b2[5-9] +2[5-9] +0\b"):
        assert re.search(word, streams.stdout), streams.stdout
    unknown = s.ctl("call", "nobody")
    assert unknown.returncode == 1 and unknown.stderr


def test_countersignctl_when_nobody_is_there(sbc, tmp_path):
    sbc()
    done = run("countersignctl", "--b2bua", f"unix:{tmp_path}/none.sock",
               "calls")
    assert done.returncode == 3 and "none.sock" in done.stderr


def test_finished_call_can_still_be_asked_for(sbc):
    s = sbc()
    phones, carrier = s.pair()
    a, _ = s.probe(phones, carrier)
    s.cdr()
    assert s.client()("call", id=a.call_id)["call"]["report"]


def test_record_of_a_call(sbc):
    """One line; the five properties of both legs, each by whose word."""
    s = sbc()
    phones, carrier = s.pair()
    s.probe(phones, carrier)
    cdr = s.cdr()
    report = cdr["report"]
    for leg in "ab":
        assert set(report["legs"][leg]) == set(PROPERTIES)
        for p in report["legs"][leg].values():
            assert p["verdict"] and p["by"] in (
                "nobody", "countersign", "configuration", "peer", "signer")
            assert isinstance(p["evidence"], dict)
    assert report["legs"]["b"]["called_identity"]["verdict"] == "routed"
    assert report["because"]
    assert {"body", "Contact"} <= {c["field"] for c in
                                   report["changed_here"]} or \
        report["chain"] == "none"
    key = re.compile(r"inline:|PRIVATE KEY")
    assert not key.search(json.dumps(cdr))


def test_records_survive_a_kill_of_the_call(sbc):
    """SIGTERM with calls up: each still has its line, peers hear BYE."""
    s = sbc()
    phones, carrier = s.pair()
    a = Leg.call(phones, s.dest("phones"), carrier.user,
                 sdp=plain_sdp(phones))
    b = Leg.incoming(carrier)
    b.accept(plain_sdp(carrier))
    a.answered()
    s.b2bua.stop()
    assert len(s.b2bua.cdrs()) == 1
    assert phones.take("BYE") or carrier.take("BYE")


def test_keys_are_nowhere_in_the_logs(live):
    s, a, b = live
    logs = s.relay.log() + s.b2bua.log()
    keys = re.findall(r"inline:([A-Za-z0-9+/]{20,})", b.invite.sdp())
    assert keys and not any(k in logs for k in keys)
    assert "inline:" not in logs and "PRIVATE" not in logs


def test_control_socket_is_not_for_everybody(relay):
    import os
    import stat
    mode = os.stat(relay.unix().partition(":")[2]).st_mode
    assert stat.S_ISSOCK(mode) and not mode & 0o007


MALFORMED = (b"", b"d", b"{", b"x", b"\0" * 50, b"d7:command4:ping",
             b'c {"command":', b"l" * 60000, b"[" * 60000)


def test_b2bua_control_takes_any_octets(sbc):
    s = sbc()
    for payload in MALFORMED:
        c = socket.socket(socket.AF_UNIX)
        c.settimeout(3)
        c.connect(s.b2bua.unix().partition(":")[2])
        try:
            c.sendall(b"c " + payload)
            c.shutdown(socket.SHUT_WR)
            while c.recv(65536):
                pass
        except OSError:
            pass
        c.close()
        assert Ng(s.b2bua.unix())("ping")["result"] == "pong"
    for command in ("frobnicate", "", "call", "why"):
        assert s.client().ask(command)["result"] == "error"
    commands = {c["command"] for c in s.client()("commands")["commands"]}
    assert {"calls", "call", "why", "stats", "ping"} <= commands


@pytest.mark.parametrize("name", DAEMONS)
def test_options(name, tmp_path):
    if not program(name):
        pytest.skip(f"{name} is not built")
    for option in ("-h", "--help", "-V", "-d"):
        done = run(name, option)
        assert done.returncode == 0 and done.stdout.strip(), option
    assert run(name, "--frobnicate").returncode != 0
    done = run(name, "-n", "-c", tmp_path / "none.conf")
    assert done.returncode == 1 and "none.conf" in done.stderr


def test_dumped_configuration_is_accepted(tmp_path):
    """-d shows every item with help and default."""
    for name, item in (("countersign-relay", "silence-timeout"),
                       ("countersign-b2bua", "sdes-over-cleartext")):
        if not program(name):
            pytest.skip(f"{name} is not built")
        assert item in run(name, "-d").stdout


BAD = {
    "unknown item": ('colour = "red"', 1),
    "unknown realm": ('trunk "x" {\n realm = "nowhere"\n}', None),
    "unknown trunk": ('route "x" {\n to = {"nobody"}\n}', None),
    "value": ('log-level = "loud"', 1),
    "listen": ('realm "s" {\n listen = {"pigeon:127.0.0.1:1"}\n}', None),
    "source": ('trunk "x" {\n realm = "r"\n sources = {"300.1.1.1"}\n}',
               None),
    "key": ('signer "s" {\n key = "/nonexistent"\n'
            ' certificate = "/nonexistent"\n info = "https://x.example/"\n}',
            None),
    "syntax": ('realm "s" {', None),
}


REST = ('relay "main" { control = "unix:/tmp/none.sock" }\n'
        'realm "r" { listen = {"udp:127.0.0.1:5999"} }\n')


@pytest.mark.parametrize("case", BAD)
def test_b2bua_configuration_is_refused_with_its_line(case, tmp_path):
    if not program("countersign-b2bua"):
        pytest.skip("countersign-b2bua is not built")
    text, line = BAD[case]
    file = tmp_path / "bad.conf"
    file.write_text(text + "\n" + REST if case != "syntax" else
                    REST + text + "\n")
    done = run("countersign-b2bua", "-n", "-c", file)
    assert done.returncode == 1, done
    assert re.search(rf"bad\.conf:{line or '[0-9]+'}\b", done.stderr), \
        done.stderr


def test_good_configuration_is_accepted(tmp_path):
    if not program("countersign-b2bua"):
        pytest.skip("countersign-b2bua is not built")
    file = tmp_path / "good.conf"
    file.write_text(config.write({
        "user": "", "realm": Titled(r={"listen": [f"udp:{LOCAL}:5999"]}),
        "relay": Titled(m={"control": "unix:/tmp/x.sock"}),
        "trunk": Titled(t={"realm": "r", "sources": ["127.0.0.1:5070"],
                           "address": "127.0.0.1:5070"})}) + "\n")
    done = run("countersign-b2bua", "-n", "-c", file)
    assert done.returncode == 0, done


def test_stats_count_calls(sbc):
    s = sbc()
    phones, carrier = s.pair()
    before = s.client()("stats")["stats"]
    s.probe(phones, carrier)
    s.cdr()
    after = s.client()("stats")["stats"]
    assert wait_for(lambda: after != before)
