"""The systemd units: well formed, and as tight as they claim."""

import shutil
import subprocess

import pytest

from tree import BUILD, TOP

EXPOSURE_MAX = 15  # of 100; an unhardened service has 96


@pytest.mark.parametrize("daemon", ["relay", "b2bua"])
def test_exposure_is_low(daemon, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here (apt-get install systemd)")
    unit = tmp_path / f"countersign-{daemon}.service"
    text = (BUILD / "etc/systemd" / unit.name).read_text()
    assert "@" not in text.split("[Service]")[1].replace("=@system", "") \
        .replace("~@privileged", ""), "a directory was not filled in"
    unit.write_text(text)
    r = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager",
         f"--threshold={EXPOSURE_MAX}", unit],
        capture_output=True, text=True)
    assert r.returncode == 0, r.stdout[-400:] + r.stderr


def test_units_start_what_is_installed():
    for daemon in ("relay", "b2bua"):
        text = (TOP / f"etc/systemd/countersign-{daemon}.service.in") \
            .read_text()
        assert "Type=notify" in text
        assert f"ExecStart=@sbindir@/countersign-{daemon} -c " in text
