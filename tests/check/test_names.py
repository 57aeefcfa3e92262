"""Names: libre's are never taken (a function of the same name in our program
silently replaces libre's), and no typedef hides a struct."""

import re
import subprocess

import pytest

from tree import BUILD, c_files, name, program, without_comments

PREFIXES = """sip sdp rtp rtcp srtp stun ice dtls tls udp tcp sa dns http json
conf list hash mem mbuf tmr pl uri fmt msg dbg str base64 rand aes hmac md5
sha net sys lock thread mqueue main re poll fd""".split()
LIBRE_USERS = ("lib", "b2bua")


def symbols(*words, kinds="TDBRVW"):
    out = subprocess.run(["nm", "--defined-only", "-P", *words],
                         capture_output=True, text=True).stdout
    for line in out.splitlines():
        parts = line.split()
        if len(parts) >= 2 and parts[1] in kinds:
            yield parts[0].split("@")[0]


def libre():
    """The shared object that the daemon runs with."""
    out = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True,
                         env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}).stdout
    m = re.search(r"libre\.so\S* .*=> (\S+)", out)
    return m.group(1) if m else None


def archives(*folders):
    found = [a for d in folders for a in (BUILD / d).glob("*.a")]
    if not found:
        pytest.fail(f"nothing is built in {BUILD} (COUNTERSIGN_BUILD)")
    return [str(a) for a in found]


def test_no_symbol_of_libre_is_ours():
    theirs = set(symbols("-D", libre()))
    assert "sip_alloc" in theirs
    ours = set(symbols(*archives("lib", "b2bua")))
    assert not ours & theirs


def test_no_prefix_of_libre_is_ours():
    ours = set(symbols(*archives("lib", "b2bua"))) - {"main"}
    wrong = sorted(s for s in ours if s.split("_")[0] in PREFIXES)
    assert not wrong, wrong


def test_the_program_replaces_nothing_of_libre():
    b2bua = program("countersign-b2bua")
    if not b2bua.exists():
        pytest.fail(f"{b2bua} is not built")
    # Functions: data that the linker copies from a library is no theft.
    ours = set(symbols("-D", str(b2bua), kinds="TW"))
    assert not ours & set(symbols("-D", libre(), kinds="TW")) - \
        {"_init", "_fini", "_start"}


def test_no_typedef_of_structs():
    wrong = []
    for f in c_files():
        text = without_comments(f.read_text())
        for m in re.finditer(r"^\s*typedef\s+(struct|union|enum)\b[^;(]*[;{]",
                             text, re.M):
            wrong.append(f"{name(f)}: {m.group(0).strip()}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_to_do():
    wrong = []
    for f in c_files():
        for n, line in enumerate(f.read_text().splitlines(), 1):
            if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
                wrong.append(f"{name(f)}:{n}: {line.strip()}")
            if re.match(r"\s*#\s*if\s+0\b", line):
                wrong.append(f"{name(f)}:{n}: dead code")
    assert not wrong, "\n".join(wrong)
