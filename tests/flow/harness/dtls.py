"""DTLS-SRTP by OpenSSL through pyOpenSSL, one association, no sockets: the
endpoint feeds datagrams in and sends what comes out."""

import datetime
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto

LABEL = b"EXTRACTOR-dtls_srtp"
# OpenSSL's name: (the SDES name, key octets, salt octets)
PROFILES = {
    "SRTP_AES128_CM_SHA1_80": ("AES_CM_128_HMAC_SHA1_80", 16, 14),
    "SRTP_AES128_CM_SHA1_32": ("AES_CM_128_HMAC_SHA1_32", 16, 14),
    "SRTP_AEAD_AES_128_GCM": ("AEAD_AES_128_GCM", 16, 12),
    "SRTP_AEAD_AES_256_GCM": ("AEAD_AES_256_GCM", 32, 12),
}


class Certificate:
    def __init__(self, name="test"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.utcnow()
        cert = (x509.CertificateBuilder().subject_name(subject)
                .issuer_name(subject).public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=30))
                .sign(key, hashes.SHA256()))
        self.key = crypto.PKey.from_cryptography_key(key)
        self.cert = crypto.X509.from_cryptography(cert)

    def fingerprint(self, hash="sha256"):
        return self.cert.digest(hash).decode()


@functools.lru_cache(None)
def certificate(name="test"):
    return Certificate(name)


def records(flight):
    """The DTLS records of what a memory BIO ran together."""
    while len(flight) >= 13:
        n = 13 + int.from_bytes(flight[11:13], "big")
        yield flight[:n]
        flight = flight[n:]


class Dtls:
    def __init__(self, server, cert, profiles, mtu=1200):
        ctx = SSL.Context(SSL.DTLS_METHOD)
        ctx.use_privatekey(cert.key)
        ctx.use_certificate(cert.cert)
        ctx.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
                       lambda *a: True)
        ctx.set_tlsext_use_srtp(":".join(profiles).encode())
        SSL._lib.SSL_CTX_set_options(ctx._context, SSL.OP_NO_TICKET
                                     if hasattr(SSL, "OP_NO_TICKET") else 0)
        self.ssl = SSL.Connection(ctx, None)
        SSL._lib.SSL_set_options(self.ssl._ssl, SSL.OP_NO_QUERY_MTU)
        self.ssl.set_ciphertext_mtu(mtu)
        self.server, self.done, self.error = server, False, None
        if server:
            self.ssl.set_accept_state()
        else:
            self.ssl.set_connect_state()

    def _out(self):
        out = []
        while True:
            try:
                out += records(self.ssl.bio_read(65536))
            except SSL.WantReadError:
                return out

    def step(self):
        """Goes on; the datagrams to send."""
        if not self.done and not self.error:
            try:
                self.ssl.do_handshake()
                self.done = True
            except SSL.WantReadError:
                pass
            except SSL.Error as e:
                self.error = e
        return self._out()

    def feed(self, datagram):
        self.ssl.bio_write(datagram)
        out = self.step()
        if self.done:
            try:
                self.ssl.recv(2048)
            except (SSL.WantReadError, SSL.ZeroReturnError, SSL.Error):
                pass
        return out

    def timeout(self):
        """A retransmission timer may have run out: what to send again."""
        SSL._lib.DTLSv1_handle_timeout(self.ssl._ssl)
        return self._out()

    def fingerprint(self, hash="sha256"):
        peer = self.ssl.get_peer_certificate()
        return peer.digest(hash).decode() if peer else None

    def profile(self):
        p = SSL._lib.SSL_get_selected_srtp_profile(self.ssl._ssl)
        return SSL._ffi.string(p.name).decode()

    def keys(self):
        """(suite, key||salt to send with, key||salt to receive with)"""
        suite, k, s = PROFILES[self.profile()]
        m = self.ssl.export_keying_material(LABEL, 2 * (k + s))
        client = m[:k] + m[2 * k:2 * k + s]
        server = m[k:2 * k] + m[2 * k + s:]
        return (suite, server, client) if self.server else \
            (suite, client, server)
