"""Reads the project's tables: X-macro rows of .def files.

Used by doc/make-manual and by tests/check."""

import re

ROW = re.compile(r"^[A-Z][A-Z_]*\((?:[^()\"]|\"(?:\\.|[^\"\\])*\"|"
                 r"\([^()]*\))*\)", re.M)
STRING = re.compile(r'"((?:\\.|[^"\\])*)"')


class Row:
    """macro; args as written; strings: of each argument, its text or None."""

    def __init__(self, macro, args):
        self.macro, self.args = macro, args
        self.strings = [
            "".join(STRING.findall(a)).replace('\\"', '"').replace("\\\\",
                                                                   "\\")
            if a.lstrip().startswith('"') else None for a in args]
        self.help = self.strings[-1] or ""
        self.ident = next((a for a in args if re.fullmatch(r"\w+", a)), "")

    @property
    def token(self):
        """The word that people see."""
        texts = [s for s in self.strings[:-1] if s]
        if self.macro in ("CMD", "COMMAND") or not texts:
            return self.ident
        return texts[0]


def split(args):
    """Arguments at their top-level commas."""
    parts = [""]
    for piece in re.findall(r'"(?:\\.|[^"\\])*"|[^,"]+|,', args):
        if piece == ",":
            parts.append("")
        else:
            parts[-1] += piece
    return [p.strip() for p in parts]


def rows(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    text = re.sub(r"^[ \t]*#.*(\\\n.*)*$", "", text, flags=re.M)
    for m in ROW.finditer(text):
        macro, args = m.group(0)[:-1].split("(", 1)
        yield Row(macro, split(args))
