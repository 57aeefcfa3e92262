"""Manual pages say what the programs say."""

import os
import re
import subprocess

import pytest

from tree import BUILD, TOP, program

PAGES = sorted(p for p in (TOP / "doc").iterdir()
               if re.fullmatch(r".*\.[1578]", p.name))


def test_all_pages_are_there():
    assert [p.name for p in PAGES] == [
        "b2bua.conf.5", "countersign-b2bua.8", "countersign-control.7",
        "countersign-relay.8", "countersignctl.1", "relay.conf.5"]


def test_generated_parts_are_what_the_programs_print():
    r = subprocess.run([TOP / "doc" / "make-manual", "--check", BUILD],
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_page_is_well_formed(page):
    r = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page],
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stdout + r.stderr


@pytest.mark.parametrize("name", ["countersign-relay", "countersign-b2bua",
                                  "countersignctl"])
def test_every_option_of_the_help_is_in_the_page(name):
    help = subprocess.run([program(name), "--help"], capture_output=True,
                          text=True).stdout
    options = set(re.findall(r"(?<![\w-])--?([a-zA-Z][\w-]*)", help))
    page = next(p for p in PAGES if p.name.startswith(name + "."))
    text = page.read_text().replace("\\-", "-")
    said = set(re.findall(r"Fl -?([\w-]+)", text))
    assert options, help
    assert options <= said, options - said


@pytest.mark.parametrize("daemon", ["relay", "b2bua"])
def test_sample_configuration_is_accepted(daemon):
    r = subprocess.run([program(f"countersign-{daemon}"), "-n", "-c",
                        TOP / "etc" / f"{daemon}.conf"],
                       capture_output=True, text=True,
                       env={**os.environ, "LC_ALL": "C"})
    assert r.returncode == 0, r.stderr


@pytest.mark.parametrize("daemon", ["relay", "b2bua"])
def test_what_d_prints_is_accepted_where_it_can_be(daemon):
    """Each item that -d prints is an item that -n knows."""
    dump = subprocess.run([program(f"countersign-{daemon}"), "-d"],
                          capture_output=True, text=True, check=True).stdout
    assert dump.count("=") > 5
    lines = [line for line in dump.splitlines() if line.strip()]
    for above, line in zip(lines, lines[1:]):
        if "=" in line and not line.strip().startswith("#"):
            assert above.strip().startswith("# "), f"no help: {line}"
