"""A headless Chromium as one end of a call: a page of ours makes the
RTCPeerConnection; its SDP, and what getStats() says, come by HTTP."""

import http.server
import json
import os
import shutil
import signal
import subprocess
import threading

from .net import wait_for

PROGRAM = shutil.which("chromium")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-dev-shm-usage",
         "--use-fake-device-for-media-stream",
         "--use-fake-ui-for-media-stream",
         # on a host with loopback only, ICE stays "new" without it
         "--allow-loopback-in-peer-connection"]

PAGE = b"""<!doctype html><title>call</title><script>
const say = (what, body) => fetch(what, {method: "POST", body});
(async () => {
  const pc = new RTCPeerConnection();
  const mic = await navigator.mediaDevices.getUserMedia({audio: true});
  for (const track of mic.getTracks()) pc.addTrack(track, mic);
  const gathered = () => new Promise(done => {
    if (pc.iceGatheringState == "complete") return done();
    pc.onicegatheringstatechange = () =>
      pc.iceGatheringState == "complete" && done();
  });
  if (location.hash == "#answer") {
    const offer = await (await fetch("offer")).text();
    await pc.setRemoteDescription({type: "offer", sdp: offer});
    await pc.setLocalDescription();
    await gathered();
    await say("answer", pc.localDescription.sdp);
  } else {
    await pc.setLocalDescription();
    await gathered();
    await say("offer", pc.localDescription.sdp);
    const answer = await (await fetch("answer")).text();
    await pc.setRemoteDescription({type: "answer", sdp: answer});
  }
  setInterval(async () => {
    const all = [];
    (await pc.getStats()).forEach(s => all.push(s));
    say("stats", JSON.stringify(all));
  }, 300);
})().catch(e => say("error", String(e)));
</script>"""


class Chromium:
    kind = "dtls"

    def __init__(self, dir, answer=False):
        self.posted = {}            # what the page said last, by name
        self.given = {}             # what it will hear
        self._changed = threading.Condition()
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        port = self.server.server_address[1]
        log = os.path.join(str(dir), f"chromium-{port}.log")
        self._log = open(log, "wb")
        self.process = subprocess.Popen(
            [PROGRAM, *FLAGS, f"--user-data-dir={dir}/chromium-{port}",
             f"http://127.0.0.1:{port}/" + ("#answer" if answer else "")],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            start_new_session=True)

    def _handler(self):
        end = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _reply(self, body, kind="text/plain"):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                name = self.path.strip("/")
                if not name:
                    return self._reply(PAGE, "text/html")
                with end._changed:
                    end._changed.wait_for(lambda: name in end.given, 30)
                return self._reply(end.given.get(name, "").encode())

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with end._changed:
                    end.posted[self.path.strip("/")] = body.decode()
                    end._changed.notify_all()
                self._reply(b"")

            def log_message(self, *args):
                pass
        return Handler

    def _said(self, name):
        with self._changed:
            self._changed.wait_for(
                lambda: name in self.posted or "error" in self.posted, 30)
        assert name in self.posted, f"page: {self.posted.get('error')}"
        return self.posted[name]

    def sdp(self, answer=False):
        return self._said("answer" if answer else "offer")

    def hear(self, sdp, offer=False):
        with self._changed:
            self.given["offer" if offer else "answer"] = sdp
            self._changed.notify_all()

    def stats(self, kind):
        assert "error" not in self.posted, self.posted["error"]
        all_ = json.loads(self.posted.get("stats", "[]"))
        return [s for s in all_ if s["type"] == kind]

    def connected(self, timeout=20):
        """The transport's report, when DTLS is done."""
        wait_for(lambda: [t for t in self.stats("transport")
                          if t.get("dtlsState") == "connected"], timeout,
                 why=lambda: f"Chromium: {self.stats('transport')}")
        return self.stats("transport")[0]

    def heard(self):
        return sum(s.get("packetsReceived", 0)
                   for s in self.stats("inbound-rtp"))

    def stop(self):
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sig)
                self.process.wait(5)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.server.shutdown()
        self.server.server_close()
        self._log.close()
