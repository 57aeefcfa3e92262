"""Budgets: what decays first is the file and the tail, not the typical
function. Files up to 700 lines, functions up to 70, lines up to 100 columns
(80 is the aim; the share of longer ones is held too)."""

import re

from tree import c_files, name, without_comments

FILE_MAX = 700
FUNCTION_MAX = 70
COLUMNS = 80
COLUMNS_MAX = 100
LONG_SHARE_MAX = 0.03
PRODUCT = ("lib", "relay", "b2bua", "ctl", "bench", "fuzz")


def columns(line):
    return len(line.expandtabs(8))


def functions(text):
    """(name, first line, lines) of each function: house style puts its braces
    in column 0."""
    lines = without_comments(text).splitlines()
    start = None
    for n, line in enumerate(lines, 1):
        if line == "{":
            start = n
        elif line.startswith("}") and start:
            head = " ".join(lines[max(0, start - 8):start - 1])
            names = re.findall(r"(\w+)\s*\(", head)
            yield (names[-1] if names else "?"), start, n - start + 1
            start = None


def test_files():
    wrong = [f"{name(f)}: {n} lines" for f in c_files()
             if (n := f.read_text().count("\n")) > FILE_MAX]
    assert not wrong, "\n".join(wrong)


def test_functions():
    wrong = [f"{name(f)}:{line}: {who} has {n} lines" for f in c_files()
             if f.suffix == ".c"
             for who, line, n in functions(f.read_text())
             if n > FUNCTION_MAX]
    assert not wrong, "\n".join(wrong)


def test_columns():
    wrong = [f"{name(f)}:{n}: {columns(line)} columns" for f in c_files()
             for n, line in enumerate(f.read_text().splitlines(), 1)
             if columns(line) > COLUMNS_MAX]
    assert not wrong, "\n".join(wrong)


def test_few_long_lines():
    lines = [line for f in c_files(*PRODUCT)
             for line in f.read_text().splitlines()]
    long = sum(columns(line) > COLUMNS for line in lines)
    assert long <= LONG_SHARE_MAX * len(lines), \
        f"{long} of {len(lines)} lines are longer than {COLUMNS} columns"


def test_no_blanks_at_line_ends():
    wrong = [f"{name(f)}:{n}" for f in c_files()
             for n, line in enumerate(f.read_text().split("\n"), 1)
             if line != line.rstrip()]
    assert not wrong, "\n".join(wrong)


def test_indented_with_tabs():
    wrong = [f"{name(f)}:{n}" for f in c_files() if f.suffix == ".c"
             for n, line in enumerate(
                 without_comments(f.read_text()).splitlines(), 1)
             if line.startswith("        ")]
    assert not wrong, "\n".join(wrong)
