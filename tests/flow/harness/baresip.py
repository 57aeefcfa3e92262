"""baresip: a user agent that we did not write. It speaks a tone of its own
and writes down what it hears, so a test can tell who was heard.

Debian's 1.0.0: RTP sockets are bound to 0.0.0.0, so it lives on 127.0.0.1;
SIP port P takes P+1 for TLS too; the call ends with the audio file."""

import array
import glob
import json
import math
import os
import re
import socket
import wave

from .net import LOCAL, PEER_PORTS, free_port, wait_for, window
from .proc import Proc

MEDIA = {"dtls": "dtls_srtp", "sdes": "srtp-mand", "rtp": None}
RATE = 8000
CONFIG = """\
sip_listen {addr}:{port}
net_interface {addr}
call_local_timeout 120
call_max_calls 8
module_path {modules}
audio_source aufile,{dir}/tone.wav
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp_first}-{rtp_last}
rtcp_mux {mux}
rtp_stats yes
module g711.so
module aufile.so
module sndfile.so
snd_path {dir}
module srtp.so
module dtls_srtp.so
dtls_srtp_use_ec prime256v1
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {addr}:{ctrl}
"""


def tone_write(path, hertz, seconds=90):
    one = [int(8000 * math.sin(2 * math.pi * hertz * i / RATE))
           for i in range(RATE)]
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(array.array("h", one).tobytes() * seconds)


def tone_level(samples, hertz):
    """Amplitude of one tone in 16-bit samples."""
    if not samples:
        return 0.0
    w = 2 * math.pi * hertz / RATE
    re_, im = 0.0, 0.0
    for i, x in enumerate(samples):
        re_ += x * math.cos(w * i)
        im += x * math.sin(w * i)
    return 2 * math.hypot(re_, im) / len(samples)


class Baresip(Proc):
    def __init__(self, dir, name, media="rtp", tone=440, transport="udp",
                 answer="auto", outbound=None, mux=False, port=None,
                 user=None, domain=None):
        self.dir = os.path.join(str(dir), name)
        os.makedirs(self.dir, exist_ok=True)
        self.user, self.media, self.tone = user or name, media, tone
        self.addr = LOCAL
        self.port = port or free_port()
        self.ctrl = free_port()
        self.aor = f"sip:{self.user}@" + (
            domain or f"{self.addr}:{self.port}")
        self._config(transport, answer, outbound, mux)
        super().__init__(name, ["baresip", "-4", "-f", self.dir, "-v"],
                         self.dir)
        self.wait_log("baresip is ready")
        self._sock = socket.create_connection((self.addr, self.ctrl), 5)
        self._buf = b""
        self.events = []

    def _config(self, transport, answer, outbound, mux):
        tone_write(os.path.join(self.dir, "tone.wav"), self.tone)
        first, last = window(PEER_PORTS, 200)
        conf = CONFIG.format(
            addr=self.addr, port=self.port, ctrl=self.ctrl, dir=self.dir,
            rtp_first=first, rtp_last=last, mux="yes" if mux else "no",
            modules=os.environ.get("BARESIP_MODULES",
                                   "/usr/lib/baresip/modules"))
        account = [f"<{self.aor};transport={transport}>", "regint=0",
                   f"answermode={answer}"]
        if MEDIA[self.media]:
            account.append(f"mediaenc={MEDIA[self.media]}")
        if outbound:
            account.append(f'outbound="sip:{outbound};transport={transport}"')
        for file, text in (("config", conf), ("accounts", ";".join(account)),
                           ("contacts", "")):
            with open(os.path.join(self.dir, file), "w") as f:
                f.write(text + "\n")

    # ---- control ---------------------------------------------------------
    def _read(self, timeout):
        """Takes what ctrl_tcp said (netstrings of JSON)."""
        self._sock.settimeout(timeout)
        try:
            got = self._sock.recv(65536)
        except (TimeoutError, BlockingIOError):
            return []
        self._buf += got
        said = []
        while (m := re.match(rb"(\d+):", self._buf)):
            end = m.end() + int(m.group(1))
            if len(self._buf) <= end:
                break
            said.append(json.loads(self._buf[m.end():end]))
            self._buf = self._buf[end + 1:]
        self.events += [e for e in said if e.get("event")]
        return said

    def command(self, command, params=""):
        text = json.dumps({"command": command, "params": params,
                           "token": command}).encode()
        self._sock.sendall(b"%d:%s," % (len(text), text))
        return wait_for(
            lambda: next((s for s in self._read(0.2) if s.get("response")),
                         None), why=f"{self.name}: answer to {command}")

    def event(self, type, timeout=10.0):
        """The first event of that type, taken off the list."""
        def look():
            self._read(0.05)
            for e in self.events:
                if e["type"] == type:
                    self.events.remove(e)
                    return e
            return None
        return wait_for(look, timeout,
                        why=lambda: f"{type} at {self.name}, got "
                        f"{[e['type'] for e in self.events]}\n{self.tail()}")

    def dial(self, uri):
        self.command("dial", uri)

    def hangup(self):
        self.command("hangup")

    def accept(self):
        self.command("accept")

    def established(self, timeout=10.0):
        return self.event("CALL_ESTABLISHED", timeout)

    def closed(self, timeout=10.0):
        """Why the call ended, as baresip puts it."""
        return self.event("CALL_CLOSED", timeout)["param"]

    # ---- what it heard ----------------------------------------------------
    def rtp_received(self):
        said = self.command("audio_debug").get("data", "")
        return sum(int(n) for n in re.findall(r"rcvd=(\d+)", said))

    def heard(self, hertz, seconds=0.3):
        """Whether the last `seconds` of decoded audio are that tone, clean."""
        dumps = sorted(glob.glob(os.path.join(self.dir, "dump-*-dec.wav")))
        if not dumps:
            return False
        with open(dumps[-1], "rb") as f:
            raw = f.read()[44:]
        need = int(seconds * RATE)
        samples = array.array("h", raw[:len(raw) // 2 * 2])[-need:]
        if len(samples) < need:
            return False
        return tone_level(samples, hertz) > 6000

    def wait_heard(self, hertz, timeout=10.0):
        wait_for(lambda: self.heard(hertz), timeout, pause=0.1,
                 why=lambda: f"{self.name} hears {hertz} Hz; "
                 f"{self.rtp_received()} packets\n{self.tail(60)}")

    def secure(self):
        """The SRTP suites it agreed on, as it logs them (may be empty)."""
        return re.findall(r"(?:Profile=|SRTP is Enabled \(cryptosuite=)(\S+?)\)?\s",
                          self.log())

    def stop(self, timeout=5.0):
        try:
            self._sock.close()
        except AttributeError:
            pass
        return super().stop(timeout)
