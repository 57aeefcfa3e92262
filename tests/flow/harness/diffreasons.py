"""Where rtpengine (Debian's 10.5) and this relay answer differently, and why:
(what the difference looks like, in which cases, the reason). Both are regular
expressions: the first for all of a difference, the second for the start of a
case. The first row that fits is the one that counts."""

SHORT = r"AES_(CM_128|256_CM|192_CM)_HMAC_SHA1_32"
LONG = r"AEAD_AES_(128|256)_GCM|AES_CM_128_HMAC_SHA1_80|" \
    r"AES_(256|192)_CM_HMAC_SHA1_80"
ANY = ""

REASONS = (
    # ---- SDES, RFC 4568
    (r"\w+ media theirs a=crypto:(NULL|F8_128)_HMAC_SHA1_\d+ KEY(\|2\^31)?",
     ANY, "NULL protects nothing and F8 is used by nobody: neither exists "
     "here, so neither can be negotiated down to"),
    (rf"offer media theirs a=crypto:({SHORT}|{LONG}) KEY", r"(?!sdes)"
     r".* to UDP/TLS|transports: UDP/TLS\S* to None|several: bundle",
     "in a UDP/TLS m-line the keys are DTLS's (RFC 5764): a=crypto there "
     "would only show them"),
    (rf"offer media theirs a=crypto:({SHORT}|AES_192_CM_HMAC_SHA1_80) KEY"
     r"(\|2\^31)?", ANY, "tags of 32 bits (RFC 3711 7.5: not for RTCP, nor "
     "where forgery matters) and AES-192 are offered only if they were "
     "offered to us, or are asked for by only-"),
    (r"offer media order of suites", ANY, "AES-128-GCM goes first: with a "
     "128 bit tag it is no weaker in practice and the cheapest of all; "
     "SDES=order: says otherwise if wanted"),
    (r"(offer|answer) media padded keys ours", ANY, "base64 ends as RFC 4648 "
     "has it; theirs does so with SDES=pad only"),
    (r"offer media theirs a=(fingerprint:sha-256|setup:actpass)",
     r"transports: .*RTP/SAVP.* \{\}",
     "RTP/SAVP is SDES's name (RFC 4568): an offer says one of SDES and DTLS, "
     "so no answer can take both, or neither"),
    (r"offer result ours error: No usable crypto attribute theirs ok",
     r"sdes: offered (null only|f8 only|none|unencrypted|short key)",
     "SRTP without a key we can use is no SRTP: refused, as theirs would go "
     "on without protection"),
    (r"offer result ours error: Options exclude each other theirs ok",
     r"sdes: SDES|dtls: answered", "no security is left that the transport "
     "could have: theirs sends an offer that nobody can answer"),
    (r"answer media (ours a=crypto:1 AES_CM_128_HMAC_SHA1_32|theirs a=crypto:2"
     r" AES_CM_128_HMAC_SHA1_80) KEY", r"sdes: offered two to RTP/SAVP",
     "RFC 4568 5.1.2: the offerer's first; theirs takes what the callee took "
     "so as to leave the packets as they are"),
    (r"answer media (ours a=crypto:1 \S+ KEY\|(1:4|7:1)|theirs a=crypto:1 \S+ "
     r"KEY)", r"sdes: offered (only )?mki to RTP/AVP", "who sends an MKI "
     "expects one (RFC 4568 6.1)"),
    (r"offer media (theirs a=crypto:\S+ KEY\|(1:4|7:1)|ours a=crypto:\S+ KEY)",
     r"sdes: offered (only )?mki to RTP/SAVP", "an MKI names a key of its own "
     "leg: the other leg has other keys"),
    (r"answer media theirs a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY",
     r"sdes: OSRTP offer RTP/AVP", "SRTP by RTP's name (RFC 8643) is taken if "
     "OSRTP=accept says so"),
    (rf"offer media theirs a=crypto:({LONG}) KEY", r"sdes: SDES \['(only-|"
     r"nonew)", "10.5 knows neither only- nor nonew"),
    (rf"offer media theirs a=crypto:({LONG}) KEY", r"again: turn RTP/SAVP to",
     "a leg whose keys stand is offered the same again (RFC 4568 7.1.4)"),
    # ---- DTLS, RFC 5763, RFC 8122, RFC 8842
    (r"answer media (ours a=setup:passive|theirs a=setup:active)",
     r"transports: UDP/TLS\S+ to \S+ .*'DTLS': 'passive'|dtls: setup "
     r"holdconn passive", "DTLS=passive of an offer holds for its leg; theirs "
     "wants it once more in the answer"),
    (r"answer media ours a=(setup:(passive|active)|fingerprint:sha-256)",
     r"dtls: setup (None|holdconn)", "without a=setup the offerer is active "
     "(RFC 4145 4): theirs answers a DTLS m-line without a fingerprint"),
    (r"answer media (ours a=fingerprint:sha-256|theirs a=fingerprint:sha-(384|"
     r"512))", r"dtls: fingerprint sha-(384|512)", "ours is one certificate "
     "with one SHA-256 fingerprint (RFC 8122 5: all must know it)"),
    (r"offer result ours error: No usable fingerprint theirs ok",
     r"dtls: fingerprint (sha-1|md5)", "a forger can make a certificate of "
     "the same MD5 or SHA-1: not taken for who somebody is"),
    (r"offer media theirs a=tls-id", r"dtls: tls-id", "optional (RFC 8842 "
     "5.1), and that of another association if it came from the other leg"),
    (r"(offer|answer) media ours a=(setup:\w+|fingerprint:sha-256)",
     r"several: data", "what is no RTP is carried as octets: its "
     "fingerprint is its ends', theirs takes it away and ends DTLS nowhere"),
    # ---- RTCP, RFC 3605, RFC 5761, RFC 8858
    (r"offer media ours a=rtcp-mux-only", r"muxes|dtls: \['WebRTC", "require "
     "means that there is no other port: RFC 8858 has the line for it"),
    (r"offer media (ours a=rtcp:next IN IP4 127.0.0.1|theirs a=rtcp:next)",
     r"writing: a=rtcp:", "with its address if it came with one; theirs needs "
     "full-rtcp-attribute"),
    # ---- flags that came after 10.5
    (r"offer media (ours|theirs) (m=audio P .*|a=(crypto|setup|fingerprint|"
     r"rtcp|ice-|candidate|mid|end-of).*)|offer session ours a=ice-lite",
     r"transports: flags of|dtls: \['WebRTC'", "transports and WebRTC as "
     "words of flags came after 10.5; before, Kamailio's module read them"),
    # ---- ICE, RFC 8445
    (r"(offer|answer) session ours a=ice-lite", r"ice", "this agent is lite: "
     "it has a public address and lets the peers do the checks"),
    (r"(offer|answer) media ours a=(ice-options:ice2 trickle|"
     r"end-of-candidates)", r"ice", "RFC 8445 10 (ice2), RFC 8838 (candidates "
     "may trickle in; ours are all here)"),
    (r"(offer|answer) media theirs a=candidate:[12] UDP ::1 typ host", r"ice",
     "a leg has ports of one family: its candidates are of that"),
    (r"(offer|answer) media theirs a=(candidate:[12] UDP 127.0.0.9 typ host|"
     r"ice-options:trickle|ice-ufrag|ice-pwd|candidate:.*relay raddr|"
     r"end-of-candidates)|offer session theirs c=IN IP4 127.0.0.9|offer media "
     r"theirs a=candidate:[12] UDP 127.0.0.1 typ relay raddr|"
     r"(offer|answer) (media|session) ours (a=candidate:[12] UDP 127.0.0.1 "
     r"typ host|c=IN IP4 127.0.0.1|a=rtcp:next|a=ice-\w+|m=audio P RTP/AVP 8 "
     r"0 101)|offer media theirs (m=audio P UDP/TLS/RTP/SAVPF 8 0 101|a=setup:"
     r"actpass|a=fingerprint:sha-256)", r"ice: ICE=(optional|force-relay)",
     "ICE=optional and force-relay leave the other end's own candidates in: "
     "media past the relay, and past its SRTP; here they mean force"),
    (r"(offer|answer) media theirs a=(ice-options:trickle|end-of-candidates)",
     r"ice: (\{'flags'|ICE=\w+ webrtc)", "theirs says trickle only where it "
     "was said to it"),
    # ---- RFC 3264
    (r"(offer|answer) (media|session) (ours|theirs) (a=(rtpmap|fmtp|sendrecv)"
     r".*|c=IN IP4 (0.0.0.0|127.0.0.1))",
     r"several: (port 0|only port 0|refuse)|again: (again none|off and on)",
     "of an m-line with port 0 nothing is asked (section 6): its lines stay "
     "as they came, and no port is there for c= to name"),
    (r"offer result ours error: SDP does not match the dialogue theirs ok",
     r"again: fewer m-lines", "section 8: never fewer than before"),
    (r"(offer|answer) media (theirs (c=IN IP4 127.0.0.9|m=message P TCP/MSRP "
     r"\*|a=sendrecv)|ours m=message 0 TCP/MSRP \*)", r"several: message",
     "what goes over TCP cannot be relayed here: rejected, instead of showing "
     "the ends each other's address"),
    (r"(offer|answer) media theirs a=sendrecv", r"several: (t38|data)",
     "the default (section 5.1); not written where it did not come"),
    (r"answer media theirs a=ptime:30", r"writing: a=ptime:30", "the answerer "
     "said nothing of its own; the offerer's wish is not put in its mouth"),
    # ---- writing
    (r"(offer|answer) session (ours a=countersign-relay|theirs a=rtpengine)"
     r":[0-9a-f]+", r"writing: flag loop-protect", "each knows its own mark"),
    # ---- codecs
    (r"(offer|answer) media (ours|theirs) (m=audio P RTP/AVP( 101| )?|"
     r"a=(rtpmap|fmtp):.*)", r"codecs: codec \{'strip': \['PCMA', 'PCMU'\]\}",
     "theirs leaves an m-line without a format, which no grammar knows"),
    (r"(offer|answer) media (ours|theirs) m=audio P RTP/AVP (0 101 8|0 8 101)",
     r"codecs: codec \{'strip': \['PCMA'\], 'offer'", "what comes back goes "
     "last; theirs puts telephone-event behind everything"),
    (r"answer media (ours m=audio P RTP/AVP 0|theirs (m=audio P RTP/AVP 8|"
     r"a=rtpmap:8 .*))", r"codecs: .*'all'.*\['0'\]", "the callee answered "
     "with a format that it was not offered: passed on as it came"),
    # ---- errors
    (r"offer result ours error: No SDP body in message theirs ok",
     r"errors: sdp empty", "an empty SDP is none"),
    (r"offer result ours ok theirs error: Error rewriting SDP",
     r"errors: sdp no m", "no m-line is an offer too (RFC 3264 5)"),
    (r"offer result ours error: (Incomplete SDP specification|Unusable "
     r"address in SDP) theirs error: Failed to parse SDP",
     r"errors: sdp (no|bad) c",
     "it did parse: the text says what is missing"),
)
