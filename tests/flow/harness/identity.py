"""Identity made and judged by other code than ours: certificates, PASSporTs
(RFC 8225, SHAKEN) and RFC 4474, with python3-cryptography."""

import base64
import datetime
import email.utils
import json
import os
import re
import time
import uuid

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature, encode_dss_signature)
from cryptography.x509.oid import NameOID

TN_AUTH_LIST = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")


# ---- certificates ----------------------------------------------------------
def _der(tag, content):
    n = len(content)
    size = bytes([n]) if n < 128 else b"\x81" + bytes([n])
    return bytes([tag]) + size + content


def tn_spc(code):
    return _der(0xa0, _der(0x16, code.encode()))


def tn_range(start, count):
    number = count.to_bytes(count.bit_length() // 8 + 1, "big")
    return _der(0xa1, _der(0x30, _der(0x16, start.encode())
                           + _der(0x02, number)))


def tn_one(number):
    return _der(0xa2, _der(0x16, number.encode()))


class Authority:
    """A certification authority in a directory of its own."""

    def __init__(self, dir, name="Test CA"):
        self.dir = str(dir)
        os.makedirs(self.dir, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.cert = self._build(self.name, self.key.public_key(), True)
        self.pem = os.path.join(self.dir, "ca.pem")
        with open(self.pem, "wb") as f:
            f.write(self.cert.public_bytes(serialization.Encoding.PEM))

    def _build(self, subject, public, ca, days=(-1, 30), more=()):
        now = datetime.datetime.utcnow()
        b = (x509.CertificateBuilder().subject_name(subject)
             .issuer_name(self.name).public_key(public)
             .serial_number(x509.random_serial_number())
             .not_valid_before(now + datetime.timedelta(days=days[0]))
             .not_valid_after(now + datetime.timedelta(days=days[1]))
             .add_extension(x509.BasicConstraints(ca, None), True)
             .add_extension(x509.KeyUsage(
                 not ca, False, False, False, False, ca, ca, False, False),
                 True))
        for extension in more:
            b = b.add_extension(extension, False)
        return b.sign(self.key, hashes.SHA256())

    def issue(self, name, tn=(), domains=(), rsa_bits=0, days=(-1, 30)):
        """A Credential: NAME.key and NAME.pem."""
        key = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else \
            ec.generate_private_key(ec.SECP256R1())
        more = []
        if tn:
            more.append(x509.UnrecognizedExtension(
                TN_AUTH_LIST, _der(0x30, b"".join(tn))))
        if domains:
            more.append(x509.SubjectAlternativeName(
                [x509.DNSName(d) for d in domains]))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        cert = self._build(subject, key.public_key(), False, days, more)
        return Credential(self.dir, name, key, cert)


class Credential:
    def __init__(self, dir, name, key, cert):
        self.name, self.key, self.cert = name, key, cert
        self.pem = os.path.join(dir, name + ".pem")
        self.key_pem = os.path.join(dir, name + ".key")
        self.url = f"https://certificates.example.org/{name}.pem"
        with open(self.pem, "wb") as f:
            f.write(cert.public_bytes(serialization.Encoding.PEM))
        with open(os.open(self.key_pem, os.O_CREAT | os.O_WRONLY, 0o600),
                  "wb") as f:
            f.write(key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))

    def mapped(self):
        """The row of identity.certificate-map."""
        return f"{self.url} {self.pem}"


# ---- PASSporT --------------------------------------------------------------
def b64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(obj):
    return json.dumps(obj, separators=(",", ":"), sort_keys=True).encode()


def passport(credential, orig, dest, header=None, claims=None, drop=(),
             signer=None, iat=None):
    """(token, info URL): SHAKEN, full form. header and claims are laid over
    what is right; `drop` takes claims out."""
    h = {"alg": "ES256", "ppt": "shaken", "typ": "passport",
         "x5u": credential.url, **(header or {})}
    c = {"attest": "A", "dest": {"tn": [dest]},
         "iat": int(time.time()) if iat is None else iat,
         "orig": {"tn": orig}, "origid": str(uuid.uuid4()), **(claims or {})}
    h = {k: v for k, v in h.items() if v is not None}
    c = {k: v for k, v in c.items() if k not in drop}
    signed = b64url(compact(h)) + "." + b64url(compact(c))
    der = (signer or credential).key.sign(signed.encode(),
                                          ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(der)
    return signed + "." + b64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def shaken_headers(credential, orig, dest, ppt="shaken", date=None, url=None,
                   spoil=None, **how):
    """Date and Identity of an INVITE from orig to dest (digits)."""
    if ppt != "shaken":
        how.setdefault("header", {})["ppt"] = ppt
    if ppt is None:
        how.setdefault("drop", ("attest", "origid"))
    token = passport(credential, orig, dest, **how)
    if spoil:
        token = spoil(token)
    value = f"{token};info=<{url or credential.url}>;alg=ES256"
    if ppt:
        value += f";ppt={ppt}"
    return [("Date", sip_date(date)), ("Identity", value)]


def sip_date(when=None):
    return email.utils.formatdate(time.time() if when is None else when,
                                  usegmt=True)


class Passport:
    """An Identity header of RFC 8224, taken to pieces."""

    def __init__(self, value):
        self.token = value.split(";")[0].strip()
        self.info = re.search(r";\s*info=<([^>]+)>", value).group(1)
        m = re.search(r";\s*ppt=\"?([\w-]+)", value)
        self.ppt = m.group(1) if m else None
        h, c, self.signature = self.token.split(".")
        self.signed = f"{h}.{c}".encode()
        self.header_octets, self.claim_octets = unb64url(h), unb64url(c)
        self.header = json.loads(self.header_octets)
        self.claims = json.loads(self.claim_octets)

    def verify(self, cert):
        """RFC 8225 over the received octets; raises when it does not."""
        raw = unb64url(self.signature)
        assert len(raw) == 64, "a raw r||s"
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"),
                                   int.from_bytes(raw[32:], "big"))
        cert.public_key().verify(der, self.signed, ec.ECDSA(hashes.SHA256()))
        assert self.header["alg"] == "ES256"
        assert self.header["typ"] == "passport"
        assert self.header["x5u"] == self.info
        assert self.header.get("ppt") == self.ppt
        assert compact(self.header) == self.header_octets, "RFC 8225 9"
        assert compact(self.claims) == self.claim_octets, "RFC 8225 9"

    def fits(self, invite, freshness=60):
        """Claims against the message that carries them (RFC 8224 6.2)."""
        def digits(name):
            user = re.search(r"(?:sips?|tel):([^@;>]+)", invite.get(name))
            return re.sub(r"[^0-9]", "", user.group(1))
        assert self.claims["orig"] == {"tn": digits("from")}
        assert self.claims["dest"] == {"tn": [digits("to")]}
        assert abs(time.time() - self.claims["iat"]) < freshness
        prints = re.findall(r"^a=fingerprint:(\S+) (\S+)\r?$",
                            invite.sdp(), re.M | re.I)
        if "mky" in self.claims:
            want = sorted({(a.lower(), f.replace(":", "").upper())
                           for a, f in prints})
            assert [(k["alg"], k["dig"].upper())
                    for k in self.claims["mky"]] == want


# ---- RFC 4474 --------------------------------------------------------------
def addr_spec(value):
    m = re.search(r"<([^>]*)>", value)
    return m.group(1) if m else value.split(";")[0].strip()


def digest_string(get, body, method="INVITE"):
    """RFC 4474 section 9; get(name) gives a header's value or ''."""
    cseq = get("cseq").split()
    return "|".join([
        addr_spec(get("from")), addr_spec(get("to")), get("call-id"),
        f"{int(cseq[0])} {method}", get("date"),
        addr_spec(get("contact"))]).encode() + b"|" + body


def rfc4474_headers(credential, headers, body, date=None, url=None,
                    spoil=None, date_text=None):
    """Date, Identity, Identity-Info for a request with these headers."""
    date = date_text or sip_date(date)
    have = {n.lower(): v for n, v in [*headers, ("Date", date)]}
    text = digest_string(lambda n: have.get(n, ""), body)
    sig = credential.key.sign(text, padding.PKCS1v15(), hashes.SHA1())
    if spoil:
        sig = spoil(sig)
    return [("Date", date),
            ("Identity", '"' + base64.b64encode(sig).decode() + '"'),
            ("Identity-Info", f"<{url or credential.url}>;alg=rsa-sha1")]


def rfc4474_verify(cert, invite):
    """True when the message's own signature is right."""
    sig = base64.b64decode(invite.get("identity").strip('"'))
    try:
        cert.public_key().verify(sig, digest_string(invite.get, invite.body),
                                 padding.PKCS1v15(), hashes.SHA1())
    except InvalidSignature:
        return False
    return True
