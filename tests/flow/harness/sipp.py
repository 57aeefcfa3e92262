"""SIPp: a SIP peer that we did not write, driven by tests/flow/sipp/*.xml."""

import os
import pathlib

from .net import LOCAL, PEER_PORTS, free_port, is_bound, wait_for
from .proc import Proc

SCENARIOS = pathlib.Path(__file__).resolve().parent.parent / "sipp"


class Sipp(Proc):
    """One scenario, one call (calls=N for more). Exit 0: every message came
    as the scenario says. As UAS it answers until `calls` have ended."""

    count = 0

    def __init__(self, dir, scenario, to=None, user="+12155550100",
                 transport="udp", addr=LOCAL, port=None, calls=1,
                 timeout=30, keys=None, echo=False, rate=10):
        Sipp.count += 1
        name = f"sipp-{scenario}-{Sipp.count}"
        cwd = os.path.join(str(dir), name)
        os.makedirs(cwd, exist_ok=True)
        self.addr, self.port = addr, port or free_port(addr)
        self.media_port = free_port(addr, PEER_PORTS, 4)
        argv = ["sipp", "-sf", SCENARIOS / (scenario + ".xml"),
                "-i", addr, "-p", self.port, "-mi", addr,
                "-mp", self.media_port, "-t", {"udp": "u1", "tcp": "t1"}[transport],
                "-m", calls, "-r", rate, "-s", user, "-nostdin",
                "-timeout", timeout, "-timeout_error", "-recv_timeout", timeout * 1000,
                "-trace_err", "-error_file", "errors.log",
                "-trace_msg", "-message_file", "messages.log"]
        if echo:
            argv.append("-rtp_echo")
        for key, value in (keys or {}).items():
            argv += ["-key", key, value]
        if to:
            argv.append(to)
        super().__init__(name, argv, cwd)
        if not to:
            wait_for(lambda: is_bound(self.port, transport) or
                     not self.alive(), why=self.tail)

    def _read(self, name):
        try:
            with open(os.path.join(self.cwd, name), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def messages(self):
        return self._read("messages.log")

    def done(self, timeout=30.0):
        """Waits for the end; the scenario must have gone as written."""
        rc = self.wait_exit(timeout)
        assert rc == 0, f"{self.name}: exit {rc}\n{self._read('errors.log')}\n" \
            f"{self.messages()[-4000:]}"
        return self
