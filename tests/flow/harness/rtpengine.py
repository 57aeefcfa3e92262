"""Debian's rtpengine, to compare with: in user space, in the foreground, with
ports of its own and no kernel table."""

import os
import shutil

from .net import LOCAL, RELAY_PORTS, free_port, wait_for, window
from .ng import Ng
from .proc import Proc

PROGRAM = shutil.which("rtpengine")


class Rtpengine(Proc):
    def __init__(self, dir, interfaces, ports=1600):
        first, last = window(RELAY_PORTS, ports)
        self.control = f"{LOCAL}:{free_port(LOCAL)}"
        argv = [PROGRAM, "--config-file=none", "--table=-1", "--foreground",
                "--log-stderr", f"--listen-ng={self.control}",
                f"--port-min={first}", f"--port-max={last}",
                "--log-level=5", "--delete-delay=0", "--num-threads=1"]
        argv += [f"--interface={name}/{address}"
                 for name, addresses in interfaces.items()
                 for address in addresses]
        os.makedirs(dir, exist_ok=True)
        super().__init__("rtpengine", argv, dir)
        self._client = None
        wait_for(self._answers, 10, why=self.tail)

    def _answers(self):
        ng = Ng("udp:" + self.control, timeout=0.3)
        try:
            return ng.ask("ping")["result"] == "pong"
        except OSError:
            return False
        finally:
            ng.close()

    def client(self):
        self._client = Ng("udp:" + self.control)
        return self._client

    def stop(self, timeout=10.0):
        if self._client:
            self._client.close()
        return super().stop(timeout)
