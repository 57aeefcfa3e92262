"""Folders are the architecture: who may include whom (doc/coding.md)."""

import re

import pytest

from tree import TOP, c_files, name

# Folder (the longest that fits): what of ours it may include.
OURS = {
    "lib/base": ["lib/base"],
    "lib/pkt": ["lib/base", "lib/pkt"],
    "lib/io": ["lib/base", "lib/io"],
    "lib/ctl": ["lib/base", "lib/ctl"],
    "lib/conf": ["lib/base", "lib/conf"],
    "relay": ["lib", "relay"],
    "b2bua": ["lib/base", "lib/pkt/sdp.h", "lib/ctl", "lib/conf",
              "lib/io/addr.h", "b2bua"],
    "b2bua/sip": ["lib/base", "lib/io/addr.h", "b2bua/sip"],
    "b2bua/identity": ["lib/base", "lib/pkt/sdp.h", "b2bua/sip",
                       "b2bua/identity"],
    "ctl": ["lib", "ctl"],
    "bench": ["lib", "bench"],
}

# Header of another project: the folders that may use it.
THEIRS = {
    r"re(/.*)?\.h": ["b2bua"],
    r"srtp2?/.*": ["relay"],
    r"event2?/.*|event\.h": ["relay"],
    r"openssl/.*": ["relay", "b2bua/identity", "b2bua/main.c", "bench"],
    r"confuse\.h": ["lib/conf", "relay/config", "b2bua/config"],
    r"jansson\.h": ["lib/ctl", "b2bua/identity"],
    r"curl/.*": ["b2bua/identity"],
    r"systemd/.*": ["relay/main.c", "b2bua/main.c"],
    r"cap-ng\.h": ["relay/main.c", "b2bua/main.c"],
    r"intel-ipsec-mb\.h": ["relay/mb.c"],
    r"(xdp|bpf|linux/if_xdp).*": ["lib/io"],
}

# lib/pkt and lib/ctl do no I/O; lib/pkt allocates nothing.
FORBIDDEN = {
    "lib/pkt": r"\b(malloc|calloc|realloc|free|socket|recv\w*|send\w*|open|"
               r"read|write|fopen)\s*\(",
    "lib/ctl": r"\b(socket|connect|recv\w*|send\w*|fopen)\s*\(",
}


def allowed(path):
    best = max((d for d in OURS if path.startswith(d + "/")), key=len,
               default=None)
    return OURS.get(best)


def includes(f):
    for n, line in enumerate(f.read_text().splitlines(), 1):
        m = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if m:
            yield n, m.group(1), m.group(2)


def product_files():
    return [f for f in c_files("lib", "relay", "b2bua", "ctl", "bench")]


def starts(path, prefixes):
    return any(path == p or path.startswith(p.rstrip("/") + "/") or
               path.startswith(p + ".") or path.startswith(p + "_")
               for p in prefixes)


def test_own_includes():
    wrong = []
    for f in product_files():
        may = allowed(name(f))
        for n, kind, header in includes(f):
            if kind == '"' and header != "config.h" and \
                    not starts(header, may):
                wrong.append(f"{name(f)}:{n} includes {header}")
    assert not wrong, "\n".join(wrong)


def test_own_includes_are_rooted_and_exist():
    wrong = [f"{name(f)}:{n} {header}" for f in product_files()
             for n, kind, header in includes(f)
             if kind == '"' and header != "config.h" and
             not (TOP / header).is_file()]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("header", THEIRS)
def test_foreign_includes(header):
    wrong = [f"{name(f)}:{n} includes {h}" for f in product_files()
             for n, _, h in includes(f)
             if re.fullmatch(header, h) and
             not starts(name(f), THEIRS[header])]
    assert not wrong, "\n".join(wrong)


def test_queue_h_and_re_h_never_meet():
    wrong = [name(f) for f in product_files()
             if {"sys/queue.h", "re.h"} <= {h for _, _, h in includes(f)}]
    assert not wrong, wrong


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_no_io_where_none_belongs(folder):
    from tree import without_comments
    wrong = []
    for f in c_files(folder):
        text = without_comments(f.read_text())
        for n, line in enumerate(text.splitlines(), 1):
            if re.search(FORBIDDEN[folder], line) and \
                    not re.search(r"->\s*(read|write|free)\s*\(", line):
                wrong.append(f"{name(f)}:{n}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def test_headers_are_guarded_and_begin_with_their_intent():
    wrong = []
    for f in product_files():
        if f.suffix != ".h":
            continue
        text = f.read_text()
        if not text.startswith("/*"):
            wrong.append(f"{name(f)}: no comment at its head")
        if not re.search(r"^#ifndef \w+_H\n#define \w+_H$", text, re.M):
            wrong.append(f"{name(f)}: no include guard")
    assert not wrong, "\n".join(wrong)
