"""countersign-relay, countersign-b2bua and countersignctl of one build."""

import json
import os
import pathlib
import subprocess

from . import config
from .config import Titled
from .net import LOCAL, RELAY_PORTS, free_port, window
from .ng import Ng
from .proc import Daemon

SOURCE = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("COUNTERSIGN_BUILD")
                     or SOURCE / "build" / "check")
STRICT = os.environ.get("COUNTERSIGN_FLOW_STRICT") == "1"


def program(name):
    """Path of a program of the build, None if it was not built."""
    for folder in ("relay", "b2bua", "ctl", "bench", "."):
        path = BUILD / folder / name
        if os.access(path, os.X_OK) and path.is_file():
            return path
    return None


def run(name, *args, timeout=20):
    """One of our programs, to its end; the CompletedProcess."""
    return subprocess.run([str(program(name)), *map(str, args)],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=timeout)


class Configured(Daemon):
    """A daemon with a generated configuration and a control socket."""

    program = None

    def __init__(self, dir, name, items):
        self.dir = os.path.join(str(dir), name)
        os.makedirs(self.dir, exist_ok=True)
        self.items = items
        self.conf = os.path.join(self.dir, name + ".conf")
        with open(self.conf, "w") as f:
            f.write(config.write(items) + "\n")
        super().__init__(name, [program(self.program), "-c", self.conf],
                         self.dir)
        self._clients = []
        self.wait_log(r"\bready\b", 20)

    def unix(self):
        return next(c for c in self.items["control"] if c.startswith("unix:"))

    def udp(self):
        return next(c for c in self.items["control"] if c.startswith("udp:"))

    def client(self, target=None, **how):
        c = Ng(target or self.unix(), **how)
        self._clients.append(c)
        return c

    def stop(self, timeout=20.0):
        for c in self._clients:
            c.close()
        return super().stop(timeout)


class Relay(Configured):
    program = "countersign-relay"

    def __init__(self, dir, name="relay", ports=400, address=LOCAL, **over):
        first, last = window(RELAY_PORTS, ports)
        self.ports = range(first, last + 1)
        items = config.merge({
            "control": [f"unix:{dir}/{name}.sock",
                        f"udp:{LOCAL}:{free_port(LOCAL)}"],
            "user": "",
            "log-level": "debug",
            "workers": 2,
            "interface": Titled(default={
                "address": address, "port-min": first, "port-max": last}),
        }, over)
        super().__init__(dir, name, items)


class B2bua(Configured):
    """Two realms, "inside" and "outside"; the trunks come from the test."""

    program = "countersign-b2bua"

    def __init__(self, dir, relay, name="b2bua", **over):
        self.cdr_path = os.path.join(str(dir), name, "cdr.jsonl")
        self.inside = f"{LOCAL}:{free_port(LOCAL)}"
        self.outside = f"{LOCAL}:{free_port(LOCAL)}"
        items = config.merge({
            "control": [f"unix:{dir}/{name}.sock"],
            "user": "",
            "log-level": "debug",
            "cdr": self.cdr_path,
            "relay": Titled(main={"control": relay.unix()}),
            "realm": Titled(
                inside={"listen": [f"udp:{self.inside}",
                                   f"tcp:{self.inside}"],
                        "domains": ["example.org"]},
                outside={"listen": [f"udp:{self.outside}",
                                    f"tcp:{self.outside}"],
                         "domains": ["sbc.example.net"]}),
        }, over)
        super().__init__(dir, name, items)

    def cdrs(self):
        """The call records so far, parsed; each line must be one object."""
        try:
            with open(self.cdr_path) as f:
                text = f.read()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.split("\n")[:-1]]


def ctl(*args, relay=None, b2bua=None):
    """countersignctl towards these daemons."""
    options = []
    for name, daemon in (("--relay", relay), ("--b2bua", b2bua)):
        if daemon:
            options += [name, daemon.unix()]
    return run("countersignctl", *options, *args)
