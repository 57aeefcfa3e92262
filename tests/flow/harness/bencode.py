"""bencode, for the ng client."""


def encode(v):
    if isinstance(v, bool):
        v = int(v)
    if isinstance(v, int):
        return b"i%de" % v
    if isinstance(v, str):
        v = v.encode()
    if isinstance(v, bytes):
        return b"%d:%s" % (len(v), v)
    if isinstance(v, (list, tuple)):
        return b"l" + b"".join(map(encode, v)) + b"e"
    return b"d" + b"".join(encode(k) + encode(x) for k, x in v.items()) + b"e"


def decode(b, at=0):
    """(value, where it ends). Strings as str (latin-1 never fails)."""
    c = b[at:at + 1]
    if c == b"i":
        end = b.index(b"e", at)
        return int(b[at + 1:end]), end + 1
    if c in (b"l", b"d"):
        items, at = [], at + 1
        while b[at:at + 1] != b"e":
            v, at = decode(b, at)
            items.append(v)
        if c == b"l":
            return items, at + 1
        return dict(zip(items[::2], items[1::2])), at + 1
    colon = b.index(b":", at)
    n = int(b[at:colon])
    if len(b) < colon + 1 + n:
        raise ValueError("short")
    return b[colon + 1:colon + 1 + n].decode("utf-8", "replace"), colon + 1 + n
