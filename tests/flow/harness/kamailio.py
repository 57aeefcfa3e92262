"""Kamailio: a proxy, signer and verifier that we did not write."""

import glob
import os
import shutil

from .net import LOCAL, free_port, is_bound, wait_for
from .proc import Proc


def present(*modules):
    """Whether it is installed with these modules."""
    return shutil.which("kamailio") is not None and \
        all(os.path.exists(f"{modules_dir()}/{m}.so") for m in modules)


def modules_dir():
    found = glob.glob("/usr/lib/*/kamailio/modules") or \
        glob.glob("/usr/lib/kamailio/modules") or [""]
    return found[0]


class Kamailio(Proc):
    def __init__(self, dir, template, name="kamailio", port=None, **values):
        cwd = os.path.join(str(dir), name)
        os.makedirs(cwd, exist_ok=True)
        self.addr, self.port = LOCAL, port or free_port(LOCAL)
        with open(template) as f:
            text = f.read()
        values = {"modules": modules_dir(), "address": self.addr,
                  "port": self.port, **values}
        for key, value in values.items():
            text = text.replace(f"@{key.upper()}@", str(value))
        conf = os.path.join(cwd, "kamailio.cfg")
        with open(conf, "w") as f:
            f.write(text)
        super().__init__(name, ["kamailio", "-DD", "-E", "-f", conf,
                                "-Y", cwd, "-w", cwd, "-m", 32, "-M", 8],
                         cwd, env={"TZ": "GMT", "LC_ALL": "C"})
        wait_for(lambda: is_bound(self.port, "udp") or not self.alive(), 15,
                 why=self.tail)
        assert self.alive(), self.tail()
