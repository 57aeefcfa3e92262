"""tests/soak/relay.py, a short run of it."""

import importlib.util
import pathlib

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "soak" / "relay.py"


def test_relay_gives_all_back(relay):
    spec = importlib.util.spec_from_file_location("soak_relay", SCRIPT)
    soak = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(soak)
    results = soak.run(relay, 1500, 1)
    assert results["ok"] > 300
