"""Tables (X-macro .def files): every row has a line of help and is named by a
test, no token stands twice."""

import re
import sys

import pytest

from tree import TOP, name, tracked

sys.path.insert(0, str(TOP / "doc"))
from tables import rows  # noqa: E402

# Tables of what operators see. The others (header names, reason phrases) are
# lists of names that standards define: they need no help and no test each.
SHOWN = [f for f in tracked() if f.suffix == ".def" and
         f.name not in ("header.def", "status.def", "field.def")]



def described(f):
    """(what makes a row unique, the word a test has to name, constant,
    help)."""
    for row in rows(f):
        if row.macro == "CONFIG_ITEM":
            yield (*row.strings[:2],), row.strings[1], "", row.help
        elif row.macro.endswith("_VERDICT"):
            # Two properties may share a token: the constant differs.
            word = row.args[0] + "_" + row.args[1]
            yield (row.macro, word), word, "", row.help
        else:
            yield (row.macro, row.token), row.token, row.ident, row.help


def all_tests():
    files = [f for f in tracked() if name(f).startswith(
        ("tests/unit/", "tests/flow/", "tests/ctl/")) and
        f.suffix in (".c", ".h", ".py", ".conf", ".xml")]
    return "\n".join(f.read_text(errors="replace") for f in files)


TESTS = all_tests()


def named(word, ident):
    """In quotes, as `word =` of a configuration, or as the enum's constant."""
    w = re.escape(word)
    if re.search(rf"""["'{{\s]{w}["']|^\s*\\?"?\s*{w}\s*=|\b{w}\s*=""",
                 TESTS, re.M):
        return True
    if "_" in word and re.search(rf"\b(REPORT_)?{w}\b", TESTS):
        return True
    return bool(ident and ident.isupper() and
                re.search(rf"\b[A-Z]+_{ident}\b", TESTS))


@pytest.mark.parametrize("table", SHOWN, ids=name)
def test_rows_have_help(table):
    found = list(described(table))
    assert found, f"no row was understood in {name(table)}"
    wrong = [word for _, word, _, help in found if len(help) < 4]
    assert not wrong, f"{name(table)}: no help: {wrong}"


@pytest.mark.parametrize("table", SHOWN, ids=name)
def test_tokens_are_unique(table):
    seen = [key for key, _, _, _ in described(table)]
    assert len(seen) == len(set(seen)), sorted(seen)


@pytest.mark.parametrize("table", SHOWN, ids=name)
def test_rows_are_named_by_a_test(table):
    wrong = [word for _, word, ident, _ in described(table)
             if not named(word, ident)]
    assert not wrong, f"{name(table)}: in no test: {wrong}"


def test_the_tables_are_found():
    found = {name(f) for f in SHOWN}
    assert {"relay/drop.def", "relay/counter.def", "b2bua/config.def",
            "ctl/command.def"} <= found
    assert (TOP / "relay/drop.def").exists()
