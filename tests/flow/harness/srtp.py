"""SRTP sessions of the test's endpoints: libsrtp (pylibsrtp) where it knows
the suite, and RFC 3711/6188 written out once more for AES-192 and AES-256
counter mode, which pylibsrtp cannot name."""

import hashlib
import hmac
import os
import struct

import pylibsrtp
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pylibsrtp import Policy

LIBSRTP = {
    "AES_CM_128_HMAC_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
    "AES_CM_128_HMAC_SHA1_32": (Policy.SRTP_PROFILE_AES128_CM_SHA1_32, 30),
    "AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    "AEAD_AES_256_GCM": (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44),
}
COUNTER_MODE = {
    "AES_192_CM_HMAC_SHA1_80": (24, 10), "AES_192_CM_HMAC_SHA1_32": (24, 4),
    "AES_256_CM_HMAC_SHA1_80": (32, 10), "AES_256_CM_HMAC_SHA1_32": (32, 4),
}
SUITES = tuple(LIBSRTP) + tuple(COUNTER_MODE)
Error = pylibsrtp.Error


def key_len(suite):
    """Master key and salt together, octets."""
    if suite in LIBSRTP:
        return LIBSRTP[suite][1]
    return COUNTER_MODE[suite][0] + 14


def key_new(suite):
    return os.urandom(key_len(suite))


def session(suite, key, outbound):
    if suite in COUNTER_MODE:
        return CounterMode(suite, key)
    kind = Policy.SSRC_ANY_OUTBOUND if outbound else Policy.SSRC_ANY_INBOUND
    policy = Policy(key=key, ssrc_type=kind, srtp_profile=LIBSRTP[suite][0])
    policy.window_size = 1024
    if outbound:
        policy.allow_repeat_tx = True
    return pylibsrtp.Session(policy)


def _ctr(key, iv, data):
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor().update(data)


class CounterMode:
    """One direction of RFC 3711 with AES-CM; no replay list, ROC 0 and up."""

    def __init__(self, suite, master):
        n, self.tag = COUNTER_MODE[suite]
        self.key, self.salt = master[:n], master[n:]
        self.rtp = self._derive(0)
        self.rtcp = self._derive(3)
        self.roc, self.last, self.index = 0, None, 0

    def _derive(self, label):
        def kdf(label, n):
            x = int.from_bytes(self.salt, "big") ^ (label << 48)
            return _ctr(self.key, (x << 16).to_bytes(16, "big"), bytes(n))
        return (kdf(label, len(self.key)), kdf(label + 1, 20),
                kdf(label + 2, 14))

    def _crypt(self, keys, ssrc, index, data):
        iv = (int.from_bytes(keys[2], "big") << 16) ^ (ssrc << 64) \
            ^ (index << 16)
        return _ctr(keys[0], iv.to_bytes(16, "big"), data)

    def _roc(self, seq):
        if self.last is not None and self.last > 0xf000 and seq < 0x1000:
            self.roc += 1
        self.last = seq
        return self.roc

    def _mac(self, keys, data, n):
        return hmac.new(keys[1], data, hashlib.sha1).digest()[:n]

    def protect(self, p):
        seq, ssrc = struct.unpack("!2xH4xI", p[:12])
        roc = self._roc(seq)
        p = p[:12] + self._crypt(self.rtp, ssrc, roc << 16 | seq, p[12:])
        return p + self._mac(self.rtp, p + struct.pack("!I", roc), self.tag)

    def unprotect(self, p):
        p, tag = p[:-self.tag], p[-self.tag:]
        seq, ssrc = struct.unpack("!2xH4xI", p[:12])
        roc = self._roc(seq)
        if self._mac(self.rtp, p + struct.pack("!I", roc), self.tag) != tag:
            raise Error("authentication failure")
        return p[:12] + self._crypt(self.rtp, ssrc, roc << 16 | seq, p[12:])

    def protect_rtcp(self, p):
        self.index += 1
        ssrc = struct.unpack("!I", p[4:8])[0]
        p = p[:8] + self._crypt(self.rtcp, ssrc, self.index, p[8:])
        p += struct.pack("!I", 1 << 31 | self.index)
        return p + self._mac(self.rtcp, p, 10)

    def unprotect_rtcp(self, p):
        p, tag = p[:-10], p[-10:]
        if self._mac(self.rtcp, p, 10) != tag:
            raise Error("authentication failure")
        ssrc = struct.unpack("!I", p[4:8])[0]
        e_index = struct.unpack("!I", p[-4:])[0]
        body = p[8:-4]
        if e_index >> 31:
            body = self._crypt(self.rtcp, ssrc, e_index & 0x7fffffff, body)
        return p[:8] + body


class Mki:
    """A session whose packets carry an MKI: before the tag (RFC 3711), behind
    everything with AEAD (RFC 7714)."""

    def __init__(self, inner, suite, mki):
        self.inner, self.mki = inner, mki
        self.tag = {False: 4 if suite.endswith("_32") else 10, True: 10}
        if suite.startswith("AEAD"):
            self.tag = {False: 0, True: 0}

    def _add(self, p, rtcp):
        at = len(p) - self.tag[rtcp]
        return p[:at] + self.mki + p[at:]

    def _cut(self, p, rtcp):
        at = len(p) - self.tag[rtcp]
        if p[at - len(self.mki):at] != self.mki:
            raise Error("another MKI, or none")
        return p[:at - len(self.mki)] + p[at:]

    def protect(self, p):
        return self._add(self.inner.protect(p), False)

    def unprotect(self, p):
        return self.inner.unprotect(self._cut(p, False))

    def protect_rtcp(self, p):
        return self._add(self.inner.protect_rtcp(p), True)

    def unprotect_rtcp(self, p):
        return self.inner.unprotect_rtcp(self._cut(p, True))
