"""Fixtures: a directory per test, a pen for what it starts, daemons and peers.

COUNTERSIGN_BUILD names the build directory (default: build/check of the
source tree). Tests that need a daemon are skipped only if the build has no
such program at all; COUNTERSIGN_FLOW_STRICT=1 (set by ./check) makes that a
failure."""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness.baresip import Baresip          # noqa: E402
from harness.daemons import (                # noqa: E402
    BUILD, STRICT, B2bua, Relay, program)
from harness.endpoint import Endpoint        # noqa: E402
from harness.net import give_ports_back      # noqa: E402
from harness.proc import Pen                 # noqa: E402
from harness.sbc import Sbc                  # noqa: E402
from harness.sipp import Sipp                # noqa: E402


@pytest.fixture
def pen():
    """Whatever is put in is stopped after the test, and ours are judged."""
    p = Pen()
    yield p
    wrong = p.close()
    give_ports_back()
    assert not wrong, "\n\n".join(wrong)


@pytest.fixture
def baresip(pen, tmp_path):
    def start(name, **how):
        return pen.add(Baresip(tmp_path, name, **how))
    return start


@pytest.fixture
def sipp(pen, tmp_path):
    def start(scenario, **how):
        return pen.add(Sipp(tmp_path, scenario, **how))
    return start


@pytest.fixture
def endpoint(pen):
    def start(kind="rtp", **how):
        return pen.add(Endpoint(kind, **how))
    return start


def need(name):
    """Skips (or, when strict, fails) a test whose program is not built."""
    if not program(name):
        said = f"{name} is not in {BUILD} (COUNTERSIGN_BUILD)"
        (pytest.fail if STRICT else pytest.skip)(said)


@pytest.fixture
def start_relay(pen, tmp_path):
    need("countersign-relay")

    def start(name="relay", **over):
        return pen.add(Relay(tmp_path, name, **over))
    return start


@pytest.fixture
def relay(start_relay):
    return start_relay()


@pytest.fixture
def start_b2bua(pen, tmp_path):
    need("countersign-b2bua")

    def start(relay, name="b2bua", **over):
        return pen.add(B2bua(tmp_path, relay, name, **over))
    return start


@pytest.fixture
def sbc(pen, tmp_path):
    """sbc(media=(.., ..), transport=(.., ..), **items of b2bua.conf)"""
    need("countersign-relay")
    need("countersign-b2bua")

    def start(**how):
        return Sbc(pen, tmp_path, **how)
    return start


@pytest.fixture(scope="session")
def demo_keys(tmp_path_factory):
    """The keys of the demonstration (etc/demo/make-keys)."""
    folder = tmp_path_factory.mktemp("keys")
    subprocess.run([str(HERE.parents[1] / "etc/demo/make-keys"), str(folder)],
                   check=True, stdin=subprocess.DEVNULL,
                   capture_output=True)
    return folder
