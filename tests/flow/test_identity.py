"""Who is calling, judged and signed by the B2BUA; made and checked here by
code that is not ours."""

import re
import time

import pytest

from harness.config import Titled
from harness.identity import (
    Authority, Passport, b64url, rfc4474_headers, rfc4474_verify,
    shaken_headers, tn_range, tn_spc)
from harness.net import free_port, wait_for
from harness.sbc import plain_sdp
from harness.sip import Leg

CALLER, CALLED = "12155551201", "12155551213"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def certs(ca, tmp_path_factory):
    stranger = Authority(tmp_path_factory.mktemp("other-ca"), "Unknown CA")
    tn = (tn_range("12155551200", 100),)
    return {
        "caller": ca.issue("caller", tn=tn),
        "spc": ca.issue("spc", tn=(tn_spc("1234"),)),
        "elsewhere": ca.issue("elsewhere", tn=(tn_range("49300000", 1000),)),
        "expired": ca.issue("expired", tn=tn, days=(-30, -1)),
        "untrusted": stranger.issue("untrusted", tn=tn),
        "unmapped": ca.issue("unmapped", tn=tn),
        "domain": ca.issue("domain", domains=("example.org",), rsa_bits=2048),
        "other-domain": ca.issue("other-domain", domains=("example.com",),
                                 rsa_bits=2048),
        "sbc": ca.issue("sbc", tn=(tn_spc("4321"),)),
        "sbc-4474": ca.issue("sbc-4474", domains=("sbc.example.net",
                                                  "example.org"),
                             rsa_bits=2048),
    }


@pytest.fixture
def start(sbc, ca, certs):
    """start(verify, sign="keep", signer=None): the daemons with these
    certificates known; returns (sbc, phones, carrier)."""
    def go(verify="require", sign="keep", signer="sbc", method="shaken",
           topology="hide", more=(), route=(), **over):
        s = sbc(
            identity={"anchors": ca.pem, "certificate-map":
                      [c.mapped() for n, c in certs.items()
                       if n != "unmapped"]},
            signer=Titled(sbc={
                "method": method, "key": certs[signer].key_pem,
                "certificate": certs[signer].pem, "info": certs[signer].url,
                "domains": ["sbc.example.net", "example.org"],
                "numbers": ["+1"], "attest": "B"}),
            trunk={"phones": {"verify": verify, **over.pop("phones", {})},
                   "carrier": {"sign": sign, "signer": "sbc",
                               "topology": topology, **over},
                   **dict(more)},
            route=dict(route))
        return s, *s.pair()
    return go


def place(s, phones, carrier, headers=(), **how):
    """An INVITE with SDP; how(...) as Leg.call."""
    return Leg.call(phones, s.dest("phones"), "+" + CALLED,
                    sdp=plain_sdp(phones), caller="+" + CALLER,
                    headers=list(headers), **how)


def outcome(s, a, carrier):
    """200 and the INVITE that rang, or the refusal's status and None."""
    box = {}

    def look():
        box["in"] = box.get("in") or carrier.take("INVITE")
        if box["in"]:
            return True
        box["no"] = a.phone.take(lambda m: m.status >= 300, a.call_id)
        return box["no"]
    wait_for(look, 10, why=lambda: f"{a.phone.log} {s.b2bua.tail(60)}")
    if box["in"]:
        b = Leg(carrier, box["in"].source)
        b.invite, b.call_id = box["in"], box["in"].get("call-id")
        b.accept(plain_sdp(carrier))
        a.answered()
        a.send("BYE")
        b.hung_up()
        a.expect(200)
        return 200, box["in"]
    return box["no"].status, box["no"]


def tampered(token):
    h, c, s = token.split(".")
    return f"{h}.{c[:-2]}{'A' if c[-2] != 'A' else 'B'}{c[-1]}.{s}"


def none_alg(token):
    import json
    h = b64url(json.dumps({"alg": "none", "ppt": "shaken", "typ": "passport",
                           "x5u": "https://certificates.example.org/"
                                  "caller.pem"}).encode())
    return h + "." + token.split(".")[1] + "."


# name: (arguments of shaken_headers, status with verify=require)
SHAKEN = {
    "good": ({}, 200),
    "good, spc certificate": ({"credential": "spc"}, 200),
    "good, extra claim": ({"claims": {"x": 1}}, 200),
    "signature spoilt": ({"spoil": lambda t: t[:-4] + (
        "AAAA" if t[-4:] != "AAAA" else "BBBB")}, 438),
    "claims changed after signing": ({"spoil": tampered}, 438),
    "alg none": ({"spoil": none_alg}, 438),
    "signed by another key": ({"signer": "elsewhere"}, 438),
    "orig is not From": ({"orig": "12155551299"}, 438),
    "dest is not To": ({"dest": "12155550000"}, 438),
    "iat old": ({"iat": -120, "date": -120}, 403),
    "iat in the future": ({"iat": 120, "date": 120}, 403),
    "orig missing": ({"drop": ("orig",)}, 438),
    "dest missing": ({"drop": ("dest",)}, 438),
    "iat missing": ({"drop": ("iat",)}, 438),
    "attest missing": ({"drop": ("attest",)}, 438),
    "number outside the certificate": ({"credential": "elsewhere"}, 437),
    "certificate expired": ({"credential": "expired"}, 437),
    "certificate of an unknown CA": ({"credential": "untrusted"}, 437),
    "certificate not to be had": ({"credential": "unmapped"}, 436),
    "x5u is not info": ({"header": {"x5u": "https://x.example/y"}}, 438),
    "unknown ppt": ({"ppt": "frob"}, 428),
    "garbage": ({"spoil": lambda t: "a.b.c"}, 438),
    "empty": ({"spoil": lambda t: ".."}, 438),
}


@pytest.mark.parametrize("case", SHAKEN)
def test_shaken_required(start, certs, case):
    how, want = SHAKEN[case]
    how = dict(how)
    cred = certs[how.pop("credential", "caller")]
    if "signer" in how:
        how["signer"] = certs[how["signer"]]
    for k in ("iat", "date"):
        if k in how:
            how[k] += int(time.time())
    s, phones, carrier = start("require")
    a = place(s, phones, carrier, shaken_headers(
        cred, how.pop("orig", CALLER), how.pop("dest", CALLED), **how))
    status, m = outcome(s, a, carrier)
    if how.get("drop") == ("attest",) or case == "number outside the " \
            "certificate":
        assert status in (437, 438), m.octets.decode()
    else:
        assert status == want, m.octets.decode()
    said = s.cdr()["report"]
    verdict = said["legs"]["a"]["caller_identity"]["verdict"]
    if want == 200:                    # a carrier's word, or the number's own
        assert verdict == ("attested-a" if "spc" in case else "proven")
        assert said["identity"][0]["result"] == "valid"
    else:
        assert verdict not in ("proven", "attested-a")
        assert said["identity"][0]["code"] == status or want == 428


@pytest.mark.parametrize("verify, want", (("require", 428), ("check", 200),
                                          ("off", 200)))
def test_no_identity(start, verify, want):
    s, phones, carrier = start(verify)
    assert outcome(s, place(s, phones, carrier), carrier)[0] == want
    said = s.cdr()["report"]["legs"]["a"]["caller_identity"]
    assert said["verdict"] in ("none", "trunk")


def test_check_lets_a_bad_one_through_and_says_so(start, certs):
    s, phones, carrier = start("check")
    a = place(s, phones, carrier, shaken_headers(
        certs["caller"], "12155551299", CALLED))
    assert outcome(s, a, carrier)[0] == 200
    report = s.cdr()["report"]
    assert report["legs"]["a"]["caller_identity"]["verdict"] == "invalid"
    assert report["identity"][0]["code"] == 438


def test_replay_is_refused(start, certs):
    """The same token a second time inside its window."""
    s, phones, carrier = start("require")
    headers = shaken_headers(certs["caller"], CALLER, CALLED)
    assert outcome(s, place(s, phones, carrier, headers), carrier)[0] == 200
    status, _ = outcome(s, place(s, phones, carrier, headers), carrier)
    assert status in (403, 438)
    s.cdr(2)


def test_two_headers_one_good(start, certs):
    """RFC 8224 6.2.1: invalid only if all are."""
    bad = shaken_headers(certs["untrusted"], CALLER, CALLED)[1]
    good = shaken_headers(certs["caller"], CALLER, CALLED)
    s, phones, carrier = start("require")
    status, m = outcome(s, place(s, phones, carrier, [bad, *good]), carrier)
    assert status == 200
    assert [v["result"] for v in s.cdr()["report"]["identity"]] == \
        ["unverifiable", "valid"]


def test_kept_octet_for_octet(start, certs):
    """SHAKEN survives topology hiding: nothing it signs is changed, so the
    original stays, in order and whole, and nothing is added."""
    headers = shaken_headers(certs["caller"], CALLER, CALLED)
    other = ("Identity", "e30.e30.AA;info=<https://x.example/>;ppt=frob")
    s, phones, carrier = start("require", sign="keep")
    _, m = outcome(s, place(s, phones, carrier, [*headers, other]), carrier)
    assert m.all("identity") == [headers[1][1], other[1]]
    assert m.get("date") == headers[0][1]
    Passport(m.all("identity")[0]).verify(certs["caller"].cert)
    assert s.cdr()["report"]["chain"] == "kept"


def test_signed_anew_by_us(start, certs):
    """sign=own: the outgoing token is ours and another verifier takes it."""
    s, phones, carrier = start("check", sign="own")
    _, m = outcome(s, place(s, phones, carrier), carrier)
    p = Passport(m.get("identity"))
    p.verify(certs["sbc"].cert)
    p.fits(m)
    assert p.ppt == "shaken" and p.info == certs["sbc"].url
    assert p.claims["attest"] in "BC" and p.claims["origid"]
    assert s.cdr()["report"]["signed"]["attest"] == p.claims["attest"]


@pytest.mark.parametrize("numbers, attest", (
    (["+121555512"], "A"), (["+1300"], "B"), ([], "C")))
def test_attestation_is_what_the_trunk_owns(start, numbers, attest):
    s, phones, carrier = start("check", sign="own",
                               phones={"numbers": numbers})
    _, m = outcome(s, place(s, phones, carrier), carrier)
    assert Passport(m.get("identity")).claims["attest"] == attest


def test_never_attests_what_failed(start, certs):
    s, phones, carrier = start("check", sign="own",
                               phones={"numbers": ["+1215"]})
    headers = shaken_headers(certs["caller"], "12155551299", CALLED)
    _, m = outcome(s, place(s, phones, carrier, headers), carrier)
    ours = [Passport(v) for v in m.all("identity")
            if certs["sbc"].url in v]
    assert all(p.claims["attest"] != "A" for p in ours)


def rfc4474_call(s, phones, carrier, cred, spoil=None, then=lambda o: o,
                 **how):
    """An INVITE signed by RFC 4474; then(octets) may change it after."""
    a = place(s, phones, carrier, send=False)
    head, _, body = a.octets.partition(b"\r\n\r\n")
    lines = [tuple(x.split(": ", 1)) for x in
             head.decode().split("\r\n")[1:]]
    more = rfc4474_headers(cred, lines, body, spoil=spoil, **how)
    text = "".join(f"\r\n{n}: {v}" for n, v in more).encode()
    a.octets = then(head + text + b"\r\n\r\n" + body)
    a.send_invite()
    return a


RFC4474 = {
    "good": ({}, "domain", 200),
    "spoilt": ({"spoil": lambda s: bytes([s[0] ^ 1]) + s[1:]}, "domain", 438),
    "another domain": ({}, "other-domain", 437),
    "not to be had": ({"url": "https://x.example/none.pem"}, "domain", 436),
    "scheme": ({"url": "gopher://x.example/none.pem"}, "domain", 436),
    "old": ({"date": -7200}, "domain", 438),
    "From": ({"then": lambda o: o.replace(b"5551201@", b"5551202@", 1)},
             "domain", 438),
    "Contact": ({"then": lambda o: o.replace(b"transport=udp", b"transport=tcp")},
                "domain", 438),
    "body": ({"then": lambda o: o.replace(b"s=-", b"s=x")}, "domain", 438),
    "Date": ({"then": lambda o: re.sub(
        rb"(\d\d):(\d\d):(\d\d) GMT",
        lambda m: m[1] + b":" + m[2] + b":%02d GMT" % (
            (int(m[3]) + 1) % 60), o)}, "domain", 438),
    "To": ({"then": lambda o: o.replace(b"To: <sip:+1", b"To: <sip:+2")},
           "domain", 438),
}


@pytest.mark.parametrize("case", RFC4474)
def test_rfc4474_required(start, certs, case):
    how, cert, want = RFC4474[case]
    how = dict(how)
    if "date" in how:
        how["date"] += time.time()
    s, phones, carrier = start("require")
    a = rfc4474_call(s, phones, carrier, certs[cert], **how)
    status, m = outcome(s, a, carrier)
    assert status == want, m.octets.decode()
    said = s.cdr()["report"]
    assert said["identity"][0]["method"] == "RFC 4474"
    assert said["identity"][0]["weak"] is True
    if want == 200:
        assert said["legs"]["a"]["caller_identity"]["verdict"] == "proven"


def test_rfc4474_replay_by_call_id(start, certs):
    s, phones, carrier = start("require")
    a = rfc4474_call(s, phones, carrier, certs["domain"])
    assert outcome(s, a, carrier)[0] == 200
    a.octets = a.octets.replace(a.branch.encode(), b"z9hG4bK-again").replace(
        a.tag.encode(), b"again")              # neither is signed
    a.send_invite()
    assert outcome(s, a, carrier)[0] == 438
    s.cdr(2)


def test_rfc4474_broken_by_us_is_said(start, certs):
    """Topology hiding breaks it: nothing false is passed on, and the record
    names each signed field that we changed."""
    s, phones, carrier = start("require", sign="keep")
    _, m = outcome(s, rfc4474_call(s, phones, carrier, certs["domain"]),
                   carrier)
    assert not m.get("identity-info")
    report = s.cdr()["report"]
    assert report["chain"] == "ended-here"
    changed = {c["field"] for c in report["changed_here"]}
    assert {"Call-ID", "Contact", "body"} <= changed, changed


def test_rfc4474_resigned(start, certs):
    """sign=resign with a domain key of ours: the new one verifies."""
    s, phones, carrier = start("require", sign="resign", signer="sbc-4474",
                               method="rfc4474")
    _, m = outcome(s, rfc4474_call(s, phones, carrier, certs["domain"]),
                   carrier)
    assert len(m.all("identity")) == 1 and len(m.all("identity-info")) == 1
    assert certs["sbc-4474"].url in m.get("identity-info")
    assert rfc4474_verify(certs["sbc-4474"].cert, m)
    report = s.cdr()["report"]
    assert report["chain"] == "re-signed"
    assert report["signed"]["method"] == "rfc4474"


def test_no_authority_no_signature(start, certs):
    """A caller of a domain that our key does not cover: not signed."""
    s, phones, carrier = start("check", sign="own", signer="sbc-4474",
                               method="rfc4474", topology="keep")
    _, m = outcome(s, place(s, phones, carrier, host="elsewhere.example"),
                   carrier)
    assert not m.get("identity")
    assert s.cdr()["report"]["signed"]["signer"] is None


def test_spoofed_headers_do_not_cross(start):
    """What only a verifier may say is not taken from a stranger's word,
    however the header's name is written."""
    s, phones, carrier = start("check")
    a = place(s, phones, carrier, [
        ("P-Asserted-Identity",
         "<sip:+12155551201;verstat=TN-Validation-Passed@x>"),
        ("P-Asserted-Identity ", "<sip:ceo@x>"),
        ("P-Attestation-Indicator", "A"), ("Attestation-Info", "A"),
        ("Origination-ID", "x"), ("p-asserted-identity\t", "<sip:cfo@x>")],
        frm=f"<sip:+{CALLER};verstat=TN-Validation-Passed@example.org>")
    _, m = outcome(s, a, carrier)
    assert b"verstat" not in m.octets
    assert b"sserted" not in m.octets.split(b"\r\n\r\n")[0].replace(
        b"P-Asserted-Service", b""), m.octets.decode()
    assert not m.get("attestation-info") and not m.get("origination-id")


@pytest.mark.parametrize("n", (1, 2, 3, 50))
def test_odd_identity_headers(start, certs, n):
    """Prefixes of a good header, quotes, nothing, fifty of them."""
    s, phones, carrier = start("check")
    good = shaken_headers(certs["caller"], CALLER, CALLED)[1][1]
    odd = {1: [""], 2: ['"', '""', ";", "..;", ";info=<>"],
           3: [good[:i] for i in range(1, len(good), 40)],
           50: [good] * 50}[n]
    calls = 0
    for group in [odd] if n == 50 else [[o] for o in odd]:
        a = place(s, phones, carrier, [("Identity", v) for v in group])
        status, _ = outcome(s, a, carrier)
        assert status in (200, 400)
        calls += 1
        s.cdr(calls)
    s.probe(phones, carrier)


def test_why_shows_both_forms(start, certs):
    s, phones, carrier = start("check")
    a = place(s, phones, carrier, shaken_headers(
        certs["caller"], CALLER, "12155550000"))
    outcome(s, a, carrier)
    s.cdr()
    why = s.client()("why", id=a.call_id)["why"][0]
    assert why["result"] == "invalid" and why["code"] == 438
    ours, theirs, at = why["ours"], why["theirs"], why["differs-at"]
    assert CALLED in ours and "12155550000" in theirs
    assert ours[:at] == theirs[:at] and ours[at] != theirs[at]
    shown = s.ctl("why", a.call_id)
    assert shown.returncode == 0 and "12155550000" in shown.stdout


def test_report_is_of_the_candidate_that_answered(start):
    """The first trunk of the route gets our signature and fails; the second
    is to get none, and the report does not claim one."""
    port = free_port("127.0.0.3")
    s, phones, carrier = start(
        verify="check", sign="own",
        more={"third": {"realm": "outside", "sources": [f"127.0.0.3:{port}"],
                        "address": f"127.0.0.3:{port}"}},
        route={"from-phones": {"to": ["carrier", "third"]}})
    last = s.phone("carrier", addr="127.0.0.3", port=port)
    a = place(s, phones, carrier)
    b = Leg.incoming(carrier)
    assert b.invite.get("identity")
    b.reply(503, "Service Unavailable")
    c = Leg.incoming(last)
    assert not c.invite.get("identity")
    c.accept(plain_sdp(last))
    a.answered()
    a.send("BYE")
    c.hung_up()
    report = s.cdr()["report"]
    assert report["signed"] is None and report["chain"] == "none"
    caller = report["legs"]["b"]["caller_identity"]
    assert caller["verdict"] == "none" and not caller["evidence"]
