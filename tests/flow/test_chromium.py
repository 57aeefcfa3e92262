"""A browser's calls through the relay, told by ng."""

import pytest

from harness.chromium import PROGRAM, Chromium
from harness.net import wait_for
from harness.relaycall import RelayCall

pytestmark = pytest.mark.skipif(not PROGRAM, reason="no chromium here")


@pytest.fixture
def chromium(pen, tmp_path):
    return lambda **how: pen.add(Chromium(tmp_path, **how))


def judge(end):
    """What the browser says of its transport."""
    transport = end.connected()
    # Who is the DTLS server chooses: we take GCM, Chromium CM.
    assert transport["srtpCipher"] == (
        "SRTP_AEAD_AES_128_GCM" if transport["dtlsRole"] == "client" else
        "SRTP_AES128_CM_HMAC_SHA1_80")
    assert transport["tlsVersion"] == "FEFD"    # DTLS 1.2
    assert transport["iceRole"] == "controlling"
    return transport


def test_browser_calls_sdes(relay, chromium, endpoint):
    c = RelayCall(relay.client(), chromium(), endpoint("sdes"))
    c.b.hear(c.offer(rtcp_mux=["demux"]), offer=True)
    c.a.hear(c.answer(ICE="default", DTLS="passive"))
    assert judge(c.a)["dtlsRole"] == "client"
    wait_for(lambda: len(c.b.packets) > 150, 10)
    c.b.send(200, gap=0.02)
    wait_for(lambda: c.a.heard() > 150, 10)
    leg = c.leg(c.a)
    assert leg["ICE"]["state"] == "selected"
    assert leg["streams"][0]["DTLS"]["verified"]
    assert leg["streams"][0]["crypto suite"] == "AEAD_AES_128_GCM"


def test_rtp_calls_browser(relay, chromium, endpoint):
    c = RelayCall(relay.client(), endpoint("rtp"), chromium(answer=True))
    c.b.hear(c.offer(flags=["WebRTC"], transport_protocol="UDP/TLS/RTP/SAVPF",
                     ICE="force"), offer=True)
    c.a.hear(c.answer())
    judge(c.b)
    wait_for(lambda: len(c.a.packets) > 150, 10)
    c.a.send(200, gap=0.02)
    wait_for(lambda: c.b.heard() > 150, 10)


def test_browser_to_browser(relay, chromium):
    c = RelayCall(relay.client(), chromium(), chromium(answer=True))
    c.b.hear(c.offer(flags=["WebRTC"], ICE="force"), offer=True)
    c.a.hear(c.answer(ICE="default"))
    judge(c.a)
    judge(c.b)
    wait_for(lambda: c.a.heard() > 150 and c.b.heard() > 150, 15)
