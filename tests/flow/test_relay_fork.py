"""A proxy that forks sends one offer per branch: via-branch tells them apart
before to-tags do. Each branch has its own ports and keys."""

import re

import pytest

from harness.endpoint import talk
from harness.ng import Error
from harness.relaycall import WANT


@pytest.fixture
def ng(relay):
    return relay.client()


class Fork:
    def __init__(self, ng, a):
        self.ng, self.a = ng, a

    def offer(self, branch=None, **keys):
        if branch:
            keys["via_branch"] = branch
        return self.ng("offer", call_id="fork", from_tag="a",
                       sdp=self.a.sdp(), **keys)["sdp"]

    def answer(self, b, tag, branch=None, **keys):
        if branch:
            keys["via_branch"] = branch
        return self.ng("answer", call_id="fork", from_tag="a", to_tag=tag,
                       sdp=b.sdp(answer=True), **keys)["sdp"]

    def tags(self, **keys):
        return self.ng("query", call_id="fork", **keys)["tags"]


@pytest.fixture
def fork(ng, endpoint):
    return Fork(ng, endpoint("rtp"))


def port(sdp):
    return int(re.search(r"^m=audio (\d+)", sdp, re.M)[1])


def keys(sdp):
    return set(re.findall(r"inline:(\S+)", sdp))


def test_each_branch_has_its_ports_and_keys(fork):
    offers = [fork.offer(b, **WANT["sdes"]) for b in ("b1", "b2", "b3")]
    assert len({port(o) for o in offers}) == 3
    assert not keys(offers[0]) & keys(offers[1])
    assert not keys(offers[1]) & keys(offers[2])
    again = fork.offer("b2", **WANT["sdes"])
    assert port(again) == port(offers[1])
    assert fork.ng("list")["calls"] == ["fork"]


@pytest.mark.parametrize("first", (0, 1))
def test_answer_finds_its_branch(fork, endpoint, first):
    """Both ring with media of their own; the last that answered is heard."""
    b = [endpoint("sdes"), endpoint("sdes")]
    for i in (0, 1):
        b[i].hear(fork.offer(f"b{i}", **WANT["sdes"]), offer=True)
    fork.answer(b[first], f"t{first}", f"b{first}")
    last = 1 - first
    fork.a.hear(fork.answer(b[last], f"t{last}", f"b{last}"))
    talk(fork.a, b[last])
    tags = fork.tags()
    assert set(tags) == {"a", "t0", "t1"}
    assert tags["a"]["in dialogue with"] == f"t{last}"
    assert tags[f"t{last}"]["via-branch"] == f"b{last}"
    # 200 of the other one: media moves over
    fork.a.hear(fork.answer(b[first], f"t{first}", f"b{first}"))
    talk(fork.a, b[first])


def test_answer_without_via_branch_takes_the_one_that_waits(fork, endpoint):
    b = endpoint()
    b.hear(fork.offer(), offer=True)
    fork.a.hear(fork.answer(b, "t1"))
    talk(fork.a, b)


def test_a_second_to_tag_is_an_alias(fork, endpoint):
    """The callee's proxy forked again: 183 and 200 have different to-tags."""
    b = endpoint()
    b.hear(fork.offer("b1"), offer=True)
    fork.answer(b, "t1", "b1")
    fork.a.hear(fork.answer(b, "t2", "b1"))
    talk(fork.a, b)
    tags = fork.tags()
    assert tags["t2"]["tag-aliases"] == ["t1"]
    # both names are the callee's, also when it offers
    for tag in ("t1", "t2"):
        fork.ng("offer", call_id="fork", from_tag=tag, to_tag="a",
                sdp=b.sdp())
    assert len(fork.tags()) == 2


def test_offer_with_an_unseen_to_tag(fork, endpoint):
    """... is of the branch that waits, unless it says new-branch."""
    one = port(fork.offer("b1"))
    assert port(fork.offer(to_tag="t1")) == one
    assert port(fork.offer(to_tag="t9", flags=["new branch"])) != one
    assert set(fork.tags()) == {"a", "t1", "t9"}


def test_delete_of_one_branch(fork, endpoint):
    b = endpoint()
    fork.offer("b1")
    b.hear(fork.offer("b2"), offer=True)
    fork.offer("b3")
    fork.ng("delete", call_id="fork", from_tag="a", via_branch="b1")
    fork.a.hear(fork.answer(b, "t2", "b2"))
    talk(fork.a, b)
    # a branch that has gone already, or never was: the others stay
    for gone in ("b1", "b9"):
        assert "warning" in fork.ng("delete", call_id="fork", from_tag="a",
                                    via_branch=gone)
    talk(fork.a, b)
    # BYE, with the via-branch of its own transaction: b3 goes along
    fork.ng("delete", call_id="fork", from_tag="t2", to_tag="a",
            via_branch="bye")
    assert fork.ng("list")["calls"] == []


def test_bye_of_the_callee_ends_the_branches_that_never_were(fork, endpoint):
    b = endpoint()
    fork.offer("b1")
    b.hear(fork.offer("b2"), offer=True)
    fork.answer(b, "t2", "b2")
    fork.ng("delete", call_id="fork", from_tag="t2", to_tag="a")
    assert fork.ng("list")["calls"] == []


def test_delete_by_to_tag(fork, endpoint):
    for i in "12":
        b = endpoint()
        b.hear(fork.offer(f"b{i}"), offer=True)
        fork.answer(b, f"t{i}", f"b{i}")
    fork.ng("delete", call_id="fork", from_tag="a", to_tag="t1",
            flags=["to-tag"])
    assert set(fork.tags()) == {"a", "t2"}


def test_branches_are_limited(fork):
    """One call cannot take all ports by forking."""
    with pytest.raises(Error, match="Parallel session limit reached"):
        for i in range(40):
            fork.offer(f"b{i}")
    fork.ng("delete", call_id="fork")
    fork.offer("b1")
