"""The tree as one who clones it finds it."""

import os
import re

import pytest

from tree import TOP, name, tracked

# Put together here, so that this file does not find itself.
PLACES = re.compile("|".join(
    "/" + place for place in (r"work/\w", r"root\b", r"tmp/lead",
                              r"home/\w", r"Users/\w")))
TEXT_MAX = 1 << 20


def texts():
    for f in tracked():
        if f.stat().st_size > TEXT_MAX or "corpus" in f.parts or \
                f.name == "test_tree.py":
            continue
        octets = f.read_bytes()
        if b"\0" not in octets:
            yield f, octets.decode(errors="replace")


def test_no_place_of_somebodys_machine():
    wrong = [f"{name(f)}:{n}: {line.strip()[:100]}" for f, text in texts()
             for n, line in enumerate(text.splitlines(), 1)
             if PLACES.search(line)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("program", ["quickstart", "check", ".ci/run",
                                     "etc/demo/make-keys"])
def test_commands_can_be_run(program):
    assert os.access(TOP / program, os.X_OK)


def test_readme_names_the_two_commands():
    text = (TOP / "README.md").read_text()
    assert "./quickstart" in text and "./check" in text


def test_what_docs_name_is_there():
    """Files that README and doc/ put in back quotes exist."""
    wrong = []
    for f in [TOP / "README.md", *sorted((TOP / "doc").glob("*.md"))]:
        for path in re.findall(
                r"`((?:relay|b2bua|lib|ctl|tests|fuzz|doc|etc)/[\w./-]+)`",
                f.read_text()):
            if not (TOP / path).exists() and "NAME" not in path:
                wrong.append(f"{name(f)}: {path}")
    assert not wrong, "\n".join(wrong)


def test_every_fuzz_target_has_a_corpus():
    targets = [f for f in tracked() if name(f).startswith("fuzz/fuzz_")]
    assert targets
    wrong = [name(f) for f in targets
             if not list((TOP / "fuzz/corpus" / f.stem[5:]).glob("*"))]
    assert not wrong, wrong


def test_no_large_files():
    wrong = [f"{name(f)}: {f.stat().st_size} octets" for f in tracked()
             if f.stat().st_size > TEXT_MAX]
    assert not wrong, "\n".join(wrong)
