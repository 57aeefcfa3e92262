"""What the checks of this folder share: the files of the project, and the
build that they were compiled in."""

import os
import pathlib
import re
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("COUNTERSIGN_BUILD",
                                    TOP / "build" / "check"))
SOURCES = ("lib", "relay", "b2bua", "ctl", "bench", "fuzz", "tests/unit")


def made(path):
    """Whether it is no source: git's own, or made by a build or a run."""
    first = path.parts[0]
    return first == ".git" or first.startswith(("build", "demo", "autom4te")) \
        or "__pycache__" in path.parts


def tracked():
    """Every file of the project: git's list, or in a tarball all there is."""
    try:
        out = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-co",
             "--exclude-standard"],
            cwd=TOP, capture_output=True, text=True, check=True).stdout
        files = [TOP / line for line in out.splitlines()]
    except (OSError, subprocess.CalledProcessError):
        files = [f for f in TOP.rglob("*") if not made(f.relative_to(TOP))]
    return sorted(f for f in files if f.is_file())


def c_files(*folders):
    """The .c, .h and .def files under these folders."""
    return [f for f in tracked() if f.suffix in (".c", ".h", ".def") and
            str(f.relative_to(TOP)).startswith(
                tuple(x + "/" for x in folders or SOURCES))]


def name(f):
    return str(f.relative_to(TOP))


def without_comments(text):
    """C without comments and without what stands in strings; lines kept."""
    def blank(m):
        s = m.group(0)
        if s.startswith('"'):
            return '""'
        if s.startswith("'"):
            return "' '"
        return "\n" * s.count("\n") if s.startswith("/*") else ""
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'
                  r"'(?:\\.|[^'\\\n])+'", blank, text, flags=re.S)


def program(name):
    """Where the build has it."""
    folder = {"countersignctl": "ctl"}.get(name, name.split("-")[-1])
    return BUILD / folder / name
