"""What a request of the ng protocol may ask for beside its command, by key, by
flag, and by the string of flags of Kamailio's newer calls; as the SDP shows it
that leaves the relay."""

import re

import pytest

from harness.config import Titled
from harness.net import wait_for
from harness.relaycall import RelayCall

HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n" \
    "t=0 0\r\n"
AUDIO = "m=audio 40000 RTP/AVP 8 0 101\r\n" \
    "a=rtpmap:101 telephone-event/8000\r\n" \
    "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendrecv\r\n"
VIDEO = "m=video 40002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
KEY = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " \
    "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"


@pytest.fixture
def ng(relay):
    return relay.client()


class Dialog:
    def __init__(self, ng):
        self.ng = ng

    def offer(self, sdp, **keys):
        return self.ng("offer", call_id="o", from_tag="f", sdp=sdp,
                       **keys)["sdp"].split("\r\n")

    def answer(self, sdp, **keys):
        return self.ng("answer", call_id="o", from_tag="f", to_tag="t",
                       sdp=sdp, **keys)["sdp"].split("\r\n")


@pytest.fixture
def dialog(ng):
    return Dialog(ng)


# a string of flags -> lines that must be there, lines that must not
STRINGS = {
    "transport": ("RTP/SAVP DTLS-off", [r"m=audio \d+ RTP/SAVP 8 0 101",
                                        "a=crypto:.*"], []),
    "parts": ("SRTP AVPF", [r"m=audio \d+ RTP/SAVPF .*"], []),
    "replace": ("replace=[origin username]",
                ["o=- 1 1 IN IP4 127.0.0.1"], []),
    "strip": ("codec=[strip=[PCMA]]", [r"m=audio \d+ RTP/AVP 0 101"], []),
    "offer": ("codec-strip-all codec-offer=[telephone-event PCMA]",
              [r"m=audio \d+ RTP/AVP 101 8"], []),
    "events": ("codec-strip-telephone-event",
               [r"m=audio \d+ RTP/AVP 8 0"], ["a=rtpmap:101.*"]),
    "extmap": ("strip-extmap", ["a=sendrecv"], ["a=extmap.*"]),
    "one extmap": ("extmap=[strip=[urn:ietf:params:rtp-hdrext:sdes:mid]]",
                   [], ["a=extmap.*"]),
    "mid": ("generate-mid", ["a=mid:1", "a=mid:2"], []),
    "attr": ("sdp-attr=[none=[add=[x:1]] video=[add=[y..z]] "
             "audio=[substitute=[[sendrecv recvonly]]]]",
             ["a=x:1", "a=y z", "a=recvonly"], ["a=sendrecv"]),
    "rtcp": ("", [r"a=rtcp:\d+"], [r"a=rtcp:\d+ .*"]),
    "full rtcp": ("full-rtcp-attribute",
                  [r"a=rtcp:\d+ IN IP4 127.0.0.1"], []),
    "no rtcp": ("no-rtcp-attribute", [], ["a=rtcp:.*"]),
    "media address": ("media-address=192.0.2.77", ["c=IN IP4 192.0.2.77"],
                      []),
    "webrtc": ("WebRTC", [r"m=audio \d+ UDP/TLS/RTP/SAVPF .*", "a=rtcp-mux",
                          "a=setup:actpass", "a=mid:1"], ["a=crypto.*"]),
    "osrtp": ("RTP/AVP OSRTP-offer", [r"m=audio \d+ RTP/AVP .*",
                                      "a=crypto:1 .*"], []),
}


@pytest.mark.parametrize("case", STRINGS)
def test_string_of_flags(dialog, case):
    flags, there, gone = STRINGS[case]
    lines = dialog.offer(HEAD + AUDIO + VIDEO, rtpp_flags=flags)
    for want in there:
        assert any(re.fullmatch(want, x) for x in lines), (want, lines)
    for bad in gone:
        assert not any(re.fullmatch(bad, x) for x in lines), (bad, lines)


def test_dictionaries_say_the_same(dialog):
    lines = dialog.offer(
        HEAD + AUDIO, codec={"strip": ["all"], "except": ["PCMU"]},
        TOS=184, **{"sdp_attr": {"audio": {
            "add": ["a b"], "substitute": [["sendrecv", "inactive"]]}}})
    assert any(re.fullmatch(r"m=audio \d+ RTP/AVP 0", x) for x in lines)
    assert "a=a b" in lines and "a=inactive" in lines


def test_templates(start_relay, endpoint):
    relay = start_relay(template=Titled(phones={
        "flags": "RTP/SAVP DTLS-off codec=[strip=[PCMA]]"}))
    d = Dialog(relay.client())
    for how in ({"template": "phones"}, {"flags": ["template-phones"]},
                {"rtpp_flags": "template=phones"}):
        lines = d.offer(HEAD + AUDIO, **how)
        assert re.fullmatch(r"m=audio \d+ RTP/SAVP 0 101", lines[5]), lines


def test_single_codec_in_the_answer(dialog):
    dialog.offer(HEAD + AUDIO)
    lines = dialog.answer(HEAD + AUDIO, flags=["single codec"])
    assert any(re.fullmatch(r"m=audio \d+ RTP/AVP 8 101", x) for x in lines)


def test_loop_protect(dialog):
    """What we wrote comes back by a proxy's loop: it goes on untouched."""
    first = dialog.offer(HEAD + AUDIO, flags=["loop protect"])
    again = dialog.ng("offer", call_id="other", from_tag="x",
                      sdp="\r\n".join(first), flags=["loop-protect"])
    assert again["sdp"].split("\r\n") == first
    assert dialog.ng("list")["calls"] == ["o"]


def test_version_is_forced(dialog):
    def version(**keys):
        return int(dialog.offer(HEAD + AUDIO, **keys)[1].split(" ")[2])
    assert [version(replace=["SDP version"]) for _ in "ab"] == [1, 1]
    assert version(replace=["force-increment-sdp-ver"]) == 2
    assert version(replace=["force increment sdp ver"]) == 3


def test_a_media_that_the_other_side_is_not_shown(dialog):
    """The callee never sees it; the caller sees it rejected, in its place;
    both sides may offer again."""
    keys = {"rtpp_flags": "sdp-media-remove=[video]"}
    for _ in range(2):
        lines = dialog.offer(HEAD + VIDEO + AUDIO, **keys)
        assert [x[:7] for x in lines if x.startswith("m=")] == ["m=audio"]
        assert not any("H264" in x for x in lines)
        answered = [x for x in dialog.answer(HEAD + AUDIO)
                    if x.startswith("m=")]
        assert answered[0] == "m=video 0 RTP/AVP 96"
        assert answered[1].startswith("m=audio ") and len(answered) == 2
    back = dialog.ng("offer", call_id="o", from_tag="t", to_tag="f",
                     sdp=HEAD + AUDIO)["sdp"].split("\r\n")
    assert [x.split(" ")[0] for x in back if x.startswith("m=")] == \
        ["m=video", "m=audio"]
    assert "m=video 0 RTP/AVP 96" in back


def test_a_media_that_was_shown_is_rejected(dialog):
    dialog.offer(HEAD + AUDIO + VIDEO)
    dialog.answer(HEAD + AUDIO + VIDEO)
    lines = dialog.offer(HEAD + AUDIO + VIDEO, sdp_media_remove=["video"])
    assert any(x.startswith("m=video 0 ") for x in lines)


@pytest.mark.parametrize("far", ("takes", "declines"))
def test_osrtp_is_offered(ng, endpoint, far):
    """RFC 8643: keys under RTP's name. Who takes them gets SRTP, who does
    not, RTP."""
    a, b = endpoint("rtp"), endpoint("sdes" if far == "takes" else "rtp")
    c = RelayCall(ng, a, b)
    offered = c.offer(transport_protocol="RTP/AVP", DTLS="off",
                      OSRTP=["offer"])
    assert " RTP/AVP " in offered and "a=crypto:" in offered
    if far == "takes":
        b.hear(offered.replace("RTP/AVP", "RTP/SAVP"), offer=True)
        a.hear(c.answer(sdp=b.sdp(answer=True).replace("RTP/SAVP",
                                                       "RTP/AVP")))
    else:
        b.hear(re.sub(r"a=crypto:.*\r\n", "", offered), offer=True)
        a.hear(c.answer())
    c.talk()
    assert c.leg(b)["security"] == ("sdes" if far == "takes" else "none")


def test_osrtp_is_accepted_if_asked(ng, endpoint):
    a, b = endpoint("sdes"), endpoint("rtp")
    c = RelayCall(ng, a, b)
    sdp = a.sdp().replace("RTP/SAVP", "RTP/AVP")
    b.hear(c.offer(sdp=sdp, OSRTP="accept"), offer=True)
    answered = c.answer()
    assert " RTP/AVP " in answered and "a=crypto:" in answered
    a.hear(answered.replace("RTP/AVP", "RTP/SAVP"))
    c.talk()
    assert c.leg(a)["security"] == "sdes"


def test_osrtp_is_not_accepted_unasked(dialog):
    dialog.offer(HEAD + AUDIO + KEY)
    assert not any("crypto" in x for x in dialog.answer(HEAD + AUDIO))


def test_order_of_suites(dialog):
    lines = dialog.offer(HEAD + AUDIO, SDES=[
        "order:AES_256_CM_HMAC_SHA1_80;AEAD_AES_256_GCM", "lifetime"],
        transport_protocol="RTP/SAVP")
    keys = [x for x in lines if x.startswith("a=crypto")]
    assert [k.split(" ")[1] for k in keys][:2] == \
        ["AES_256_CM_HMAC_SHA1_80", "AEAD_AES_256_GCM"]
    assert all(k.endswith("|2^31") for k in keys)


def test_no_new_suites(dialog):
    sdp = (HEAD + AUDIO + KEY).replace("RTP/AVP", "RTP/SAVP")
    keys = [x for x in dialog.offer(sdp, SDES=["nonew"])
            if x.startswith("a=crypto")]
    assert len(keys) == 1 and "AES_CM_128_HMAC_SHA1_80" in keys[0]


def test_media_handover(ng, endpoint):
    """Who has the key may move, if the proxy allows it."""
    c = RelayCall(ng, endpoint("sdes"), endpoint("rtp"))
    c.connect(flags=["media handover"]).talk(10)
    for _ in range(2):
        c.a.move()
        c.talk(10)
    assert c.drops(c.a) == {}


@pytest.mark.parametrize("kind, flags", (("sdes", []),
                                         ("rtp", ["media handover"])))
def test_no_handover(ng, endpoint, kind, flags):
    """... and never without one; nor unasked."""
    c = RelayCall(ng, endpoint(kind), endpoint("rtp"))
    c.connect(flags=flags).talk(10)
    c.a.move()
    c.a.send(5)
    wait_for(lambda: c.drops(c.a).get("source") == 5)


def test_asymmetric(ng, endpoint):
    """It sends from another port than it receives at."""
    a, b = endpoint("rtp"), endpoint("rtp")
    c = RelayCall(ng, a, b).set_up(flags=["asymmetric"])
    a.start()
    b.start()
    receives = a.socks[0]
    a.move()
    a.send(5)
    wait_for(lambda: len(b.heard_from(a)) == 5)
    b.send(5)
    wait_for(lambda: c.streams(b)[0]["stats"]["packets"] == 5)
    receives.settimeout(5)
    assert len([receives.recv(2048) for _ in range(5)]) == 5
