"""The conversations of the differential test: a proxy's offers and answers,
written out by tables. A case is a list of steps; an answer is made from what
the relay offered, as a willing peer would."""

import itertools
import re

PEER = {4: "127.0.0.9", 6: "::1"}
FINGERPRINT = ":".join(["AB"] * 32)
KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
LONG = {"AES_256_CM_HMAC_SHA1_80": "QUJD" * 15 + "QQ==",
        "AES_192_CM_HMAC_SHA1_80": "QUJD" * 12 + "QUI=",
        "AEAD_AES_128_GCM": "QUJD" * 9 + "QQ==",
        "AEAD_AES_256_GCM": "QUJD" * 14 + "QUI="}
CM80, CM32 = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"
AVP, AVPF = "RTP/AVP", "RTP/AVPF"
SAVP, SAVPF = "RTP/SAVP", "RTP/SAVPF"
DTLS, DTLSF = "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"
PROTOS = (AVP, AVPF, SAVP, SAVPF, DTLS, DTLSF)
AUDIO = ("a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000",
         "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15")
VIDEO = ("a=rtpmap:96 H264/90000", "a=fmtp:96 profile-level-id=42e01f",
         "a=rtpmap:97 VP8/90000")
ICE = ("a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdefghijkl",
       "a=candidate:1 1 UDP 2130706431 127.0.0.9 {port} typ host",
       "a=candidate:1 2 UDP 2130706430 127.0.0.9 {next} typ host")
OFF = {"ICE": "remove"}
S, D = {"DTLS": "off"}, {"SDES": ["off"]}


def kind(proto):
    return "dtls" if proto in (DTLS, DTLSF) else \
        "sdes" if proto in (SAVP, SAVPF) else "rtp"


def crypto(suite, tag=1, tail=""):
    return f"a=crypto:{tag} {suite} inline:{LONG.get(suite, KEY)}{tail}"


def media(proto=AVP, type="audio", formats=None, lines=None, mux=False,
          way="sendrecv", keys=None, extra=(), port=True, hash="sha-256"):
    """One m-line, with the keys its transport needs."""
    if formats is None:
        formats = "8 0 101" if type == "audio" else "96 97"
    if lines is None:
        lines = AUDIO if type == "audio" else VIDEO
    if keys is None:
        keys = {"sdes": [crypto(CM80)], "rtp": [],
                "dtls": ["a=setup:actpass",
                         f"a=fingerprint:{hash} {FINGERPRINT}"]}[kind(proto)]
    return [f"m={type} {{port}} {proto} {formats}" if port else
            f"m={type} 0 {proto} {formats}", *lines,
            *([f"a={way}"] if way else []),
            *(["a=rtcp-mux"] if mux else []), *keys, *extra]


def sdp(*medias, base=0, family=4, conn=None, session=(), origin="- 1 1",
        name="-"):
    where = f"IN IP{family} {conn or PEER[family]}"
    lines = ["v=0", f"o={origin} {where.replace('0.0.0.0', PEER[4])}",
             f"s={name}", f"c={where}", "t=0 0", *session]
    for i, m in enumerate(medias):
        port = base + 2 * i
        lines += [x.replace("{port}", str(port))
                  .replace("{next}", str(port + 1)) for x in m]
    return "\r\n".join(lines) + "\r\n"


def _answer_media(part, way, mux, suite, setup, refuse, formats):
    first = part[0].split(" ")
    if refuse or first[1] == "0":
        return [f"{first[0]} 0 {' '.join(first[2:])}"]
    wanted = formats or first[3:]
    out = [f"{first[0]} {{port}} {first[2]} {' '.join(wanted)}"]
    out += [x for x in part if re.match(r"a=(rtpmap|fmtp):(\d+) ", x) and
            re.match(r"a=\w+:(\d+)", x)[1] in wanted]
    out += [f"a={way}"]
    if mux and "a=rtcp-mux" in part:
        out.append("a=rtcp-mux")
    keys = [x for x in part if x.startswith("a=crypto:")]
    chosen = [x for x in keys if x.split(" ")[1] == suite] or keys
    if chosen and first[2] in (SAVP, SAVPF, AVP, AVPF):
        tag, name = chosen[0][9:].split(" ")[:2]
        tail = re.search(r"\|\d+:\d+$", chosen[0])
        out.append(crypto(name, tag, tail[0] if tail else ""))
    elif any(x.startswith("a=fingerprint:") for x in part):
        out += [f"a=setup:{setup}", f"a=fingerprint:sha-256 {FINGERPRINT}"]
    if any(x.startswith("a=ice-ufrag") for x in part):
        out += ICE
    return out + [x for x in part if x.startswith("a=mid:")]


def answer_to(offered, base, way="sendrecv", mux=True, suite=CM80,
              setup="active", refuse=(), formats=None, **how):
    lines = offered.replace("\r\n", "\n").strip().split("\n")
    starts = [i for i, x in enumerate(lines) if x.startswith("m=")]
    made = [_answer_media(lines[a:b], way, mux, suite, setup, i in refuse,
                          formats)
            for i, (a, b) in enumerate(zip(starts,
                                           [*starts[1:], len(lines)]))]
    return sdp(*made, base=base, origin="bob 7 1", **how)


class Step:
    """what: offer, answer, or another command; who: the side that speaks,
    "a" or "b"; body: an SDP to format, or how an answer is to be made."""

    def __init__(self, what, who="a", body=None, **keys):
        self.what, self.who, self.body, self.keys = what, who, body, keys


def call(name, offer, keys=None, answer=None, reply=None, more=()):
    """Offer, answer, and what comes after."""
    return name, [Step("offer", "a", offer, **(OFF if keys is None else keys)),
                  Step("answer", "b", answer or {},
                       **(OFF if reply is None else reply)), *more]


def offers(*medias, **how):
    return lambda base: sdp(*medias, base=base, **how)


# ---- tables ---------------------------------------------------------------

def transports():
    """Each transport to each, with the flags scripts give with them."""
    for here, there in itertools.product(PROTOS, (None, *PROTOS)):
        keys = {**OFF, **({"transport-protocol": there} if there else {})}
        flags = {"rtp": [{}], "sdes": [S, {}],
                 "dtls": [D, {}, {**D, "DTLS": "passive"}]}
        for more in flags[kind(there or here)]:
            yield call(f"{here} to {there} {more}", offers(media(here)),
                       {**keys, **more})
    for here, there in itertools.product((AVP, SAVP, DTLSF), PROTOS):
        yield call(f"flags of {here} to {there}", offers(media(here)),
                   {"flags": [there, "trust-address", "symmetric"],
                    "replace": ["origin"], **OFF})


def muxes():
    words = ([], ["offer"], ["require"], ["demux"], ["accept"], ["reject"],
             ["accept", "offer"], ["demux", "accept"])
    for mux, word, take in itertools.product((False, True), words,
                                             (False, True)):
        for proto in (AVP, DTLSF):
            yield call(f"mux {mux} {word} {take} {proto}",
                       offers(media(mux=mux)),
                       {**OFF, "rtcp-mux": word, "transport-protocol": proto,
                        **(D if proto == DTLSF else {})}, {"mux": take})


def directions():
    ways = ("sendrecv", "sendonly", "recvonly", "inactive")
    for way, back in itertools.product(ways, ways):
        yield call(f"{way} {back}", offers(media(way=way)), None,
                   {"way": back})
    for way in (None, *ways):
        for replace in ([], ["zero-address"]):
            yield call(f"hold 0.0.0.0 {way} {replace}",
                       offers(media(way=way), conn="0.0.0.0"),
                       {**OFF, "replace": replace})
    for flag in ("original-sendrecv", "asymmetric", "strict-source"):
        yield call(f"{flag}", offers(media(way="sendonly")),
                   {**OFF, "flags": [flag]}, {"way": "recvonly"})


def several():
    audio, video = media(), media(type="video")
    extra = {
        "video": [audio, video],
        "video first": [video, audio],
        "second audio": [audio, audio],
        "port 0": [audio, media(type="video", port=False)],
        "only port 0": [media(port=False)],
        "sixteen": [audio] * 16,
        "message": [audio, ["m=message {port} TCP/MSRP *",
                            "a=path:msrp://127.0.0.9:2855/x;tcp"]],
        "t38": [audio, ["m=image {port} udptl t38", "a=T38FaxVersion:0"]],
        "t38 alone": [["m=image {port} udptl t38", "a=T38FaxVersion:0"]],
        "data": [audio, ["m=application {port} UDP/DTLS/SCTP "
                         "webrtc-datachannel", "a=setup:actpass",
                         f"a=fingerprint:sha-256 {FINGERPRINT}",
                         "a=sctp-port:5000"]],
        "own c": [audio, [video[0], "c=IN IP4 127.0.0.9", *video[1:]]],
    }
    for name, medias in extra.items():
        for there in (None, SAVP, DTLSF):
            keys = {**OFF, **({"transport-protocol": there} if there else {}),
                    **(S if there == SAVP else D if there else {})}
            yield call(f"{name} {there}", offers(*medias), keys)
    for refuse in ((0,), (1,), (0, 1)):
        yield call(f"refuse {refuse}", offers(audio, video), None,
                   {"refuse": refuse})
    group = ["a=group:BUNDLE 0 1"]
    for flags in ([], ["generate-mid"]):
        yield call(f"bundle {flags}", offers(
            media(DTLSF, mux=True, extra=["a=mid:0"]),
            media(DTLSF, type="video", mux=True, extra=["a=mid:1"]),
            session=group), {**OFF, "flags": flags})
        yield call(f"mid {flags}", offers(audio, video),
                   {**OFF, "flags": flags})


def addresses():
    for family, want in itertools.product((4, 6), (None, "IP4", "IP6")):
        yield call(f"IP{family} to {want}", offers(media(), family=family),
                   {**OFF, **({"address-family": want} if want else {}),
                    "replace": ["origin"]},
                   {"family": 4 if want == "IP4" else
                    6 if want == "IP6" else family})
    for way in (["in", "out"], ["out", "in"], ["in", "in"]):
        yield call(f"direction {way}", offers(media()),
                   {**OFF, "direction": way}, None,
                   {**OFF, "direction": way[::-1]})
    for at in ("192.0.2.77", "2001:db8::7"):
        yield call(f"media-address {at}", offers(media()),
                   {**OFF, "media-address": at})
    yield call("received-from", offers(media(), conn="192.168.1.1"),
               {**OFF, "flags": ["SIP-source-address"],
                "received-from": ["IP4", PEER[4]]})
    yield call("trust-address", offers(media(), conn="127.0.0.10"),
               {**OFF, "flags": ["trust-address"],
                "received-from": ["IP4", PEER[4]]})


def sdes():
    out = {**OFF, **S, "transport-protocol": SAVP}
    words = ([f"no-{CM32}"], [f"only-{CM80}"],
             [f"only-{CM80}", f"only-{CM32}"],
             ["no-AEAD_AES_256_GCM", "no-AEAD_AES_128_GCM"], ["nonew"],
             ["pad"], ["off"],
             ["no-NULL_HMAC_SHA1_32", "no-F8_128_HMAC_SHA1_80"],
             ["only-NULL_HMAC_SHA1_80"], [f"order:{CM80};{CM32}"],
             ["lifetime"], ["static"])
    for word, here in itertools.product(words, (AVP, SAVP)):
        yield call(f"SDES {word} of {here}", offers(media(here)),
                   {**out, "SDES": word})
    lines = {
        "two": [crypto(CM32), crypto(CM80, 2)],
        "strange first": [crypto("X_UNKNOWN"), crypto(CM80, 5)],
        "null only": [crypto("NULL_HMAC_SHA1_80")],
        "f8 only": [crypto("F8_128_HMAC_SHA1_80")],
        "none": [],
        "lifetime": [crypto(CM80, 1, "|2^20")],
        "mki": [crypto(CM80, 1, "|2^20|1:4")],
        "only mki": [crypto(CM80, 1, "|7:1")],
        "wsh": [crypto(CM80, 1, " WSH=128")],
        "unencrypted": [crypto(CM80, 1, " UNENCRYPTED_SRTP")],
        "short key": [f"a=crypto:1 {CM80} inline:QUJD"],
        **{s: [crypto(s)] for s in LONG},
    }
    for (name, keys), there in itertools.product(lines.items(), (AVP, SAVP)):
        yield call(f"offered {name} to {there}",
                   offers(media(SAVP, keys=keys)),
                   {**out, "transport-protocol": there})
    for flag in ("offer", "accept"):
        for here in (AVP, SAVP):
            yield call(f"OSRTP {flag} {here}", offers(media(
                here, keys=[crypto(CM80)])),
                {**OFF, **S, "transport-protocol": AVP, "OSRTP": [flag]})


def dtls():
    prints = f"a=fingerprint:sha-256 {FINGERPRINT}"
    for setup in ("actpass", "active", "passive", None, "holdconn"):
        for flag in (None, "passive", "active", "off"):
            keys = [prints, *([f"a=setup:{setup}"] if setup else [])]
            yield call(f"setup {setup} {flag}",
                       offers(media(DTLSF, keys=keys)),
                       {**OFF, "transport-protocol": AVP},
                       None, {**OFF, **({"DTLS": flag} if flag else {})})
    for setup, flag in itertools.product(("active", "passive"),
                                         (None, "passive", "off")):
        yield call(f"answered {setup} {flag}", offers(media()),
                   {**OFF, **D, "transport-protocol": DTLSF,
                    **({"DTLS": flag} if flag else {})}, {"setup": setup})
    for hash, octets in (("sha-1", 20), ("sha-384", 48), ("sha-512", 64),
                         ("SHA-256", 32), ("md5", 16)):
        keys = ["a=setup:actpass",
                f"a=fingerprint:{hash} {':'.join(['AB'] * octets)}"]
        yield call(f"fingerprint {hash}", offers(media(DTLSF, keys=keys)),
                   {**OFF, "transport-protocol": AVP})
    yield call("session fingerprint", offers(
        media(DTLSF, keys=[]), session=["a=setup:actpass", prints]),
        {**OFF, "transport-protocol": AVP})
    yield call("tls-id", offers(media(DTLSF, extra=["a=tls-id:" + "x" * 20])),
               {**OFF, **D})
    for flags in (["WebRTC"], ["WebRTC", "generate-mid"]):
        yield call(f"{flags}", offers(media()), {"flags": flags})


def ice():
    with_ice = media(extra=ICE, mux=True)
    webrtc = media(DTLSF, extra=[*ICE, "a=ice-options:trickle"], mux=True)
    for body, name in ((media(), "plain"), (with_ice, "ice"),
                       (webrtc, "webrtc")):
        for how in (None, "remove", "force", "default", "optional",
                    "force-relay"):
            keys = {"ICE": how} if how else {}
            yield call(f"ICE={how} {name}", offers(body),
                       {**keys, "transport-protocol": AVP}, None, {})
    for flag in ({"ICE-lite": "forward"}, {"ICE-lite": "backward"},
                 {"flags": ["trickle-ICE"]}):
        yield call(f"{flag}", offers(with_ice), {"ICE": "force", **flag},
                   None, {})


def writing():
    words = ("origin", "session-connection", "SDP-version", "username",
             "session-name", "zero-address", "force-increment-sdp-ver")
    for word in words:
        yield call(f"replace {word}", offers(media(), origin="alice 5 9",
                                             name="call"),
                   {**OFF, "replace": [word]}, None,
                   {**OFF, "replace": [word]})
    yield call("replace all", offers(media()), {
        **OFF, "replace": ["origin", "session-connection"]}, None,
        {**OFF, "replace": ["origin", "session-connection"]})
    for flag in ("no-rtcp-attribute", "full-rtcp-attribute", "generate-mid",
                 "loop-protect", "no-such-flag", "unidirectional",
                 "port-latching", "media-handover", "reset", "record-call"):
        yield call(f"flag {flag}", offers(media()), {**OFF, "flags": [flag]},
                   None, {**OFF, "flags": [flag]})
    lines = ("a=rtcp:{next}", "a=rtcp:{next} IN IP4 127.0.0.9", "a=ptime:30",
             "a=label:1", "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-"
             "level", "a=ssrc:1 cname:x", "a=x-own:thing", "b=AS:64",
             "i=a title", "a=rtcp-fb:* nack", "a=rtcp-rsize", "a=maxptime:60")
    for line in lines:
        for there in (None, DTLSF):
            yield call(f"{line} {there}", offers(media(extra=[line])),
                       {**OFF, **({"transport-protocol": there, **D}
                                  if there else {})})
    for key in ({"label": "x"}, {"TOS": 184}, {"no-such": "x"},
                {"via-branch": "z9hG4bK1"}, {"metadata": "m"}):
        yield call(f"key {key}", offers(media()), {**OFF, **key})


def codecs():
    rules = ({"strip": ["PCMA"]}, {"strip": ["all"], "except": ["PCMU"]},
             {"offer": ["PCMU"]}, {"strip": ["all"], "offer": ["PCMA"]},
             {"strip": ["all"]}, {"mask": ["PCMA"]}, {"except": ["PCMU"]},
             {"strip": ["telephone-event"]}, {"strip": ["nothing"]},
             {"strip": ["PCMA", "PCMU"]},
             {"strip": ["all"], "except": ["PCMU"], "offer": ["PCMA"]},
             {"strip": ["PCMA"], "offer": ["PCMA"]},
             {"strip": ["all"], "offer": ["PCMU", "PCMA"]})
    for rule, formats in itertools.product(rules, (None, ["0"])):
        yield call(f"codec {rule} {formats}", offers(media()),
                   {**OFF, "codec": rule}, {"formats": formats})
    for flag in ("codec-strip-PCMA", "codec-mask-PCMU", "codec-except-PCMA",
                 "single-codec"):
        yield call(flag, offers(media()), {**OFF, "flags": [flag]}, None,
                   {**OFF, "flags": [flag]})


def again():
    """Re-offers, from either side, that change something or nothing."""
    for here, there in ((AVP, AVP), (SAVP, AVP), (AVP, SAVP), (DTLSF, AVP),
                        (AVP, DTLSF)):
        keys = {**OFF, "transport-protocol": there,
                **(S if there == SAVP else D if there == DTLSF else {})}
        second = {
            "same": offers(media(here)),
            "hold": offers(media(here, way="sendonly"), origin="- 1 2"),
            "video": offers(media(here), media(here, type="video"),
                            origin="- 1 2"),
            "none": offers(media(here, port=False), origin="- 1 2"),
        }
        for name, body in second.items():
            yield call(f"again {name} {here} to {there}", offers(media(here)),
                       keys, more=[Step("offer", "a", body, **keys),
                                   Step("answer", "b", {}, **OFF)])
        back = {**OFF, "transport-protocol": here,
                **(S if here == SAVP else D if here == DTLSF else {})}
        yield call(f"turn {here} to {there}", offers(media(here)), keys,
                   more=[Step("offer", "b", offers(media(there)), **back),
                         Step("answer", "a", {}, **OFF)])
    video = offers(media(), media(type="video"))
    yield call("off and on", video, more=[
        Step("offer", "a", offers(media(), media(type="video", port=False)),
             **OFF), Step("answer", "b", {}, **OFF),
        Step("offer", "a", video, **OFF), Step("answer", "b", {}, **OFF)])
    yield call("fewer m-lines", video, more=[
        Step("offer", "a", offers(media()), **OFF),
        Step("answer", "b", {}, **OFF)])


def errors():
    body = offers(media())
    yield "unknown command", [Step("dance")]
    yield "answer of nothing", [Step("answer", "b", body, **OFF)]
    yield "delete of nothing", [Step("delete")]
    yield "delete, fatal", [Step("delete", flags=["fatal"])]
    yield "query of nothing", [Step("query")]
    yield "ping", [Step("ping")]
    for missing in ("call-id", "from-tag", "sdp"):
        yield f"offer without {missing}", [Step("offer", "a", body,
                                                **{missing: None})]
    for missing in ("call-id", "from-tag", "to-tag", "sdp"):
        yield f"answer without {missing}", [
            Step("offer", "a", body, **OFF),
            Step("answer", "b", {}, **{missing: None})]
    for name, text in (("empty", ""), ("rubbish", "hello\r\n"),
                       ("no m", "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\n"
                        "s=-\r\nt=0 0\r\n"),
                       ("no c", sdp(media(), base=9).replace("c=IN", "x=")),
                       ("bad port", sdp(media()).replace("o 0 R", "o x R")),
                       ("bad c", sdp(media(), base=9).replace(
                           "c=IN IP4 127.0.0.9", "c=IN IP4 1.2.3"))):
        yield f"sdp {name}", [Step("offer", "a", lambda base, t=text: t,
                                   **OFF)]


TABLES = (transports, muxes, directions, several, addresses, sdes, dtls, ice,
          writing, codecs, again, errors)


def every():
    """(table, name, steps)"""
    for table in TABLES:
        for name, steps in table():
            yield table.__name__, name, steps
