"""One request with two assertions: what we change breaks the one and not the
other. Each goes its own way."""

import pytest

from harness.identity import Passport, shaken_headers
from test_identity import (                                 # noqa: F401
    CALLED, CALLER, ca, certs, outcome, rfc4474_call, start)


@pytest.mark.parametrize("sign", ("keep", "resign"))
def test_what_holds_stays_what_we_broke_goes(start, certs, sign):  # noqa: F811
    """RFC 4474 signs Call-ID, Contact and body, which become ours; SHAKEN
    signs the numbers, which stay."""
    s, phones, carrier = start("require", sign=sign)
    token = shaken_headers(certs["caller"], CALLER, CALLED)[1][1]
    line = b"\r\nIdentity: " + token.encode()
    a = rfc4474_call(
        s, phones, carrier, certs["domain"],
        then=lambda o: o.replace(b"\r\n\r\n", line + b"\r\n\r\n", 1))
    status, m = outcome(s, a, carrier)
    assert status == 200, m.octets.decode()
    assert m.all("identity") == [token]
    assert not m.all("identity-info")
    Passport(m.get("identity")).verify(certs["caller"].cert)
    report = s.cdr()["report"]
    assert [v["method"] for v in report["identity"]] == \
        ["RFC 4474", "RFC 8224"]
    assert [v["left_as_it_came"] for v in report["identity"]] == [False, True]
    assert report["chain"] == "kept" and report["signed"] is None
    stats = s.client()("stats")["stats"]
    assert (stats["verified"], stats["kept"], stats["signed"]) == (1, 1, 0)


def test_headers_beyond_the_limit_do_not_pass(start, certs):  # noqa: F811
    """Sixteen are judged. A further one could sign what we changed, and would
    go on as if we had looked."""
    s, phones, carrier = start("check", sign="keep")
    filler = "a.b.c;info=<https://x.example/c>;ppt=other"
    a = rfc4474_call(
        s, phones, carrier, certs["domain"],
        then=lambda o: o.replace(
            b"\r\nIdentity:", (f"\r\nIdentity: {filler}" * 16).encode()
            + b"\r\nIdentity:", 1))
    status, m = outcome(s, a, carrier)
    assert status == 200, m.octets.decode()
    assert m.all("identity") == [filler] * 16
