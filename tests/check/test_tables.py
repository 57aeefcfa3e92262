"""Tables (X-macro .def files): every row has a line of help and is named by a
test, no token stands twice."""

import re

import pytest

from tree import TOP, name, tracked

# Tables of what operators see. The others (header names, reason phrases) are
# lists of names that standards define: they need no help and no test each.
SHOWN = [f for f in tracked() if f.suffix == ".def" and
         f.name not in ("header.def", "status.def", "field.def")]

ROW = re.compile(r"^(?P<macro>[A-Z][A-Z_]*)\((?P<args>(?:[^()\"]|\"(?:\\.|"
                 r"[^\"\\])*\"|\((?:[^()])*\))*)\)", re.M)
STRING = re.compile(r'"((?:\\.|[^"\\])*)"')


def code(f):
    """Without comments and without the lines that only define macros."""
    text = re.sub(r"/\*.*?\*/", "", f.read_text(), flags=re.S)
    return re.sub(r"^#.*(\\\n.*)*$", "", text, flags=re.M)


def split(args):
    """Arguments at their top-level commas."""
    parts = [""]
    for piece in re.findall(r'"(?:\\.|[^"\\])*"|[^,"]+|,', args):
        if piece == ",":
            parts.append("")
        else:
            parts[-1] += piece
    return [p.strip() for p in parts]


def rows(f):
    """(macro, the word a test has to name, scope, help) of each row."""
    for m in ROW.finditer(code(f)):
        args = split(m.group("args"))
        strings = [STRING.findall(a) for a in args]
        help = "".join(strings[-1]) if strings[-1] else ""
        ident = next((a for a in args if re.fullmatch(r"\w+", a)), "")
        if m.group("macro") == "CONFIG_ITEM":
            yield m.group("macro"), strings[1][0], strings[0][0], help
        elif m.group("macro").endswith("_VERDICT"):
            # Two properties may share a token: the constant tells them apart.
            yield m.group("macro"), args[0] + "_" + args[1], "", help
        elif m.group("macro") in ("COMMAND", "COMMAND_ROW"):
            yield m.group("macro"), ident or strings[0][0], "", help
        else:
            token = next((s[0] for s in strings if s), ident)
            yield m.group("macro"), token, ident, help


def tests_text():
    files = [f for f in tracked() if name(f).startswith(
        ("tests/unit/", "tests/flow/", "tests/ctl/")) and
        f.suffix in (".c", ".h", ".py", ".conf", ".xml")]
    return "\n".join(f.read_text(errors="replace") for f in files)


TESTS = tests_text()


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
    found = list(rows(table))
    assert found, f"no row was understood in {name(table)}"
    wrong = [word for _, word, _, help in found if len(help) < 4]
    assert not wrong, f"{name(table)}: no help: {wrong}"


@pytest.mark.parametrize("table", SHOWN, ids=name)
def test_tokens_are_unique(table):
    seen = [(macro, word, scope if macro == "CONFIG_ITEM" else "")
            for macro, word, scope, _ in rows(table)]
    assert len(seen) == len(set(seen)), sorted(seen)


@pytest.mark.parametrize("table", SHOWN, ids=name)
def test_rows_are_named_by_a_test(table):
    wrong = [word for _, word, scope, _ in rows(table)
             if not named(word, scope)]
    assert not wrong, f"{name(table)}: in no test: {wrong}"


def test_the_tables_are_found():
    found = {name(f) for f in SHOWN}
    assert {"relay/drop.def", "relay/counter.def", "b2bua/config.def",
            "ctl/command.def"} <= found
    assert (TOP / "relay/drop.def").exists()
