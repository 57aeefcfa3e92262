"""The same offers and answers to this relay and to Debian's rtpengine. Where
the descriptions that come out differ, there is a reason, and it is here."""

import re

import pytest

from harness import diffcases, sdpdiff
from harness.config import Titled
from harness.daemons import STRICT, Relay, program
from harness.diffreasons import REASONS
from harness.net import PEER_PORTS, RELAY_PORTS, window
from harness.proc import Pen
from harness.rtpengine import PROGRAM, Rtpengine

INTERFACES = {"default": ["127.0.0.1", "::1"], "in": ["127.0.0.2"],
              "out": ["127.0.0.3"]}


class Speaker:
    """One relay's side of a case."""

    def __init__(self, ng, serial, base):
        self.ng, self.base = ng, base
        self.id, self.seen, self.offered = f"case-{serial}", [], None
        self.answered = False

    def _body(self, step):
        base = self.base + (40 if step.who == "b" else 0)
        if callable(step.body):
            return step.body(base)
        return diffcases.answer_to(self.offered, base, **step.body)

    def _request(self, step):
        keys = {"call-id": self.id, "from-tag": "a"}
        if step.what == "answer":
            keys["to-tag"] = "b"
        if self.answered and step.what in ("offer", "answer"):
            # an offer names its sender first, an answer the offerer
            asks = step.who if step.what == "offer" else \
                "ab"[step.who == "a"]
            keys |= {"from-tag": asks, "to-tag": "ab"[asks == "a"]}
        if step.body is not None:
            keys["sdp"] = self._body(step)
        keys |= step.keys
        return {k: v for k, v in keys.items() if v is not None}

    def say(self, step):
        """(what kind, result, SDP); False if the case ends here."""
        if isinstance(step.body, dict) and not self.offered:
            return False
        got = self.ng.ask(step.what, **self._request(step))
        said = got["result"] + (f": {got['error-reason']}"
                                if "error-reason" in got else "")
        said += " (warning)" if "warning" in got else ""
        self.seen.append((step.what, said, got.get("sdp")))
        if step.what == "offer":
            self.offered = got.get("sdp")
        if step.what == "answer":
            self.answered = True
            self.offered = None
        return True

    def end(self):
        self.ng.ask("delete", call_id=self.id, from_tag="a", delete_delay=0)


def differences(ours, theirs):
    for x, y in zip(ours.seen, theirs.seen):
        what = x[0]
        if x[1] != y[1]:
            yield f"{what} result ours {x[1]} theirs {y[1]}"
        if x[2] and y[2]:
            for line in sdpdiff.differences(x[2], y[2], what == "answer"):
                yield f"{what} {line}"


def compare(relays, base):
    """[(case, difference)]"""
    found = []
    cases = list(diffcases.every())
    for serial, (table, name, steps) in enumerate(cases):
        sides = [Speaker(ng, serial, base) for ng in relays]
        for step in steps:
            if not all([side.say(step) for side in sides]):
                break
        found += [(f"{table}: {name}", d) for d in differences(*sides)]
        for side in sides:
            side.end()
    return len(cases), found


def start_ours(dir):
    first, last = window(RELAY_PORTS, 600)
    return Relay(dir, ports=2, interface=Titled({
        name: {"address": addresses, "port-min": first, "port-max": last}
        for name, addresses in INTERFACES.items()}))


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    if not PROGRAM or not program("countersign-relay"):
        (pytest.fail if STRICT else pytest.skip)(
            "rtpengine (Debian: rtpengine-daemon) or our relay is not here")
    dir, pen = tmp_path_factory.mktemp("differential"), Pen()
    theirs = pen.add(Rtpengine(dir / "rtpengine", INTERFACES))
    ours = pen.add(start_ours(dir))
    base, _ = window(PEER_PORTS, 80)
    try:
        yield compare((ours.client(), theirs.client()), base)
    finally:
        wrong = pen.close()
    assert not wrong, "\n\n".join(wrong)


def reason_for(case, difference):
    for pattern, cases, why in REASONS:
        if re.fullmatch(pattern, difference) and re.match(cases, case):
            return pattern, cases
    return None


def test_every_difference_has_its_reason(compared):
    cases, found = compared
    assert cases >= 300
    odd = [f"{case} | {d}" for case, d in found if not reason_for(case, d)]
    assert not odd, f"{len(odd)} unexplained:\n" + "\n".join(odd)


def test_every_reason_is_still_one(compared):
    _, found = compared
    used = {reason_for(case, d) for case, d in found}
    idle = [p for p, c, _ in REASONS if (p, c) not in used]
    assert not idle, "differences that are gone:\n" + "\n".join(idle)
