"""Two descriptions that say the same though their ports, keys and names
differ: each becomes a set of lines with those taken out."""

import base64
import re
from collections import Counter

KEY_SALT = {"AEAD_AES_256_GCM": 44, "AEAD_AES_128_GCM": 28,
            "AES_256_CM_HMAC_SHA1_80": 46, "AES_256_CM_HMAC_SHA1_32": 46,
            "AES_192_CM_HMAC_SHA1_80": 38, "AES_192_CM_HMAC_SHA1_32": 38}


def _crypto(value, answer):
    tag, suite, rest = value.split(" ", 2)
    key, *more = rest.removeprefix("inline:").split("|")
    bare = key.rstrip("=")
    octets = base64.b64decode(bare + "=" * (-len(bare) % 4))
    assert len(octets) == KEY_SALT.get(suite, 30), value
    pad = "=" if len(bare) % 4 and key != bare else ""
    tag = tag + " " if answer else ""
    return f"crypto:{tag}{suite} KEY{''.join('|' + m for m in more)}", pad


def _candidate(value):
    word = value.split(" ")
    related = " raddr" if "raddr" in word else ""
    return f"{word[1]} {word[2]} {word[4]} {' '.join(word[6:8])}{related}"


def _attribute(value, port, answer):
    name, _, arg = value.partition(":")
    if name == "crypto":
        return _crypto(arg, answer)[0]
    if name == "rtcp" and arg:
        at, _, where = arg.partition(" ")
        return f"rtcp:{'port' if int(at) == port else 'next'} {where}".strip()
    if name == "fingerprint":
        return f"fingerprint:{arg.split(' ')[0].lower()}"
    if name in ("ice-ufrag", "ice-pwd", "tls-id"):
        return name
    if name == "candidate":
        return "candidate:" + _candidate(arg)
    return value


class Part:
    """The session part or that of an m-line."""

    def __init__(self, name):
        self.name, self.lines, self.suites = name, Counter(), []
        self.padded = False

    def add(self, line):
        self.lines[line] += 1


def parts(sdp, answer):
    out, port = [Part("session")], 0
    for line in sdp.replace("\r\n", "\n").split("\n"):
        if line.startswith("m="):
            kind, at, rest = line[2:].split(" ", 2)
            port = int(at)
            out.append(Part("media"))
            line = f"m={kind} {'P' if port else 0} {rest}"
        elif line.startswith("a=crypto:"):
            out[-1].suites.append(line.split(" ")[1])
            out[-1].padded |= bool(_crypto(line[9:], answer)[1])
        if line.startswith("a="):
            line = "a=" + _attribute(line[2:], port, answer)
        if line:
            out[-1].add(line)
    return out


def _order(x, y):
    common = set(x.suites) & set(y.suites)
    return [s for s in x.suites if s in common] != \
        [s for s in y.suites if s in common]


def _part(x, y):
    for line in sorted((x.lines - y.lines)):
        yield f"{x.name} ours {line}"
    for line in sorted((y.lines - x.lines)):
        yield f"{x.name} theirs {line}"
    if _order(x, y):
        yield f"{x.name} order of suites"
    if x.padded != y.padded:
        yield f"{x.name} padded keys {'ours' if x.padded else 'theirs'}"


def differences(ours, theirs, answer):
    """Of two descriptions: "session|media ours|theirs LINE", a line that only
    one of them has."""
    x, y = parts(ours, answer), parts(theirs, answer)
    if len(x) != len(y):
        yield f"m-lines {len(x) - 1} {len(y) - 1}"
    for a, b in zip(x, y):
        yield from _part(a, b)
