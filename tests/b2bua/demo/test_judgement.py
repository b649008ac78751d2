"""A good sighting has no fault, and each thing that could be otherwise is one."""

import attrs
import pytest

from b2bua.demo.judgement import Sighting, deciding, faults, judge, shows
from b2bua.demo.stories import STORIES
from sipstack.message import Headers, Request, Response, response_to

BY_TITLE = {story.title: story for story in STORIES}
BLOCKED = BY_TITLE["02 number from abroad"]
WITHHELD = BY_TITLE["0475 not verifiable"]
STRIPPED = BY_TITLE["Forwarded by a 0475"]
PASSED = BY_TITLE["Foreign number"]

OFFER, ANSWER = b"v=0\r\ns=offer\r\n", b"v=0\r\ns=answer\r\n"


def lines_of(story, **changes):
    header, _, rest = story.decided_by.partition(" ")
    finding = {
        "position": "display" if rest == "(name)" else "presentation",
        "header": header,
        "index": int(rest) - 1 if rest.isdigit() else 0,
        "outcome": story.verdict.word,
    }
    verdict = {
        "kind": "verdict",
        "verdict": story.verdict.word,
        "basis": f"{story.article} (whatever)",
        "flags": [],
        "personal": {"findings": {"salt": "00", "value": [finding]}},
    }
    end = {"kind": "end", "cause": "blocked" if story.is_blocked else "BYE"}
    middle = () if story.is_blocked else ({"kind": "answer"},)
    return ({**verdict, **changes}, *middle, end)


def invite_of(story, fields=None):
    fields = [(name, f"{value};tag=b" if name == "From" else value) for name, value in fields or story.sees]
    lines = [("Via", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx"), *fields, ("To", "<sip:x@y>"), ("Call-ID", "b")]
    return Request("INVITE", "sip:x@y", Headers.of([*lines, ("CSeq", "1 INVITE")]), OFFER)


def seen_of(story, fields=None):
    """What is seen when all goes well."""
    if story.is_blocked:
        refused = Response(603, "Decline", Headers.of([("Reason", 'Q.850;cause=21;text="Call rejected"')]))
        return Sighting(in_time=True, statuses=(100, 603), final=refused, lines=lines_of(story), ms=1.0)
    invite = invite_of(story, fields)
    return Sighting(
        in_time=True,
        statuses=(100, 180, 200),
        final=response_to(invite, 200, to_tag="c", body=ANSWER),
        hung_up=200,
        offer=OFFER,
        answer=ANSWER,
        invite=invite,
        is_acked=True,
        is_over=True,
        heard=(invite.encode(),),
        lines=lines_of(story),
        ms=1.0,
    )


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_a_story_that_goes_as_told_has_no_fault(story):
    if story.decided_by in ("Request-URI", "class of the trunk"):
        flags = ["emergency"] if story.decided_by == "Request-URI" else []
        seen = attrs.evolve(seen_of(story), lines=lines_of(story, personal={}, flags=flags))
    else:
        seen = seen_of(story)
    assert list(faults(story, seen)) == []
    played = judge(story, seen)
    assert played.as_expected
    assert (played.verdict, played.article, played.decided_by) == (story.verdict.word, story.article, story.decided_by)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"in_time": False}, "did not end in time"),
        ({"heard": (b"INVITE",)}, "received 1 packets"),
        ({"elsewhere": 2}, "2 packets reached a carrier that has no part"),
        ({"final": None}, "the caller got None, not 603"),
        ({"final": Response(500, "x")}, "the caller got 500, not 603"),
        ({"final": Response(603, "Decline")}, "the refusal has the Reason None"),
        ({"final": Response(603, "x", Headers.of([("Reason", "Q.850;cause=16")]))}, "cause=16"),
        ({"final": Response(603, "x", Headers.of([("Reason", "SIP;cause=21")]))}, "SIP;cause=21"),
        ({"final": Response(603, "x", Headers.of([("Reason", ";")]))}, "the refusal has the Reason ;"),
        ({"statuses": (100, 180, 603)}, "the caller was told 100, 180, 603"),
        ({"lines": ()}, "the journal has nothing, not verdict, end"),
        ({"lines": lines_of(BLOCKED, verdict="strip")}, "the journal's verdict is strip, not block"),
        ({"lines": lines_of(BLOCKED, basis="art. 1 4°")}, "the journal's basis is art. 1 4°"),
        ({"lines": lines_of(BLOCKED, personal={})}, "the journal's header is class of the trunk, not From"),
        ({"lines": (lines_of(BLOCKED)[0], {"kind": "end", "cause": "BYE"})}, "the journal's end is BYE, not blocked"),
    ],
)
def test_whatever_else_happens_to_a_blocked_call_is_a_fault(changes, fault):
    played = judge(BLOCKED, attrs.evolve(seen_of(BLOCKED), **changes))
    assert not played.as_expected
    assert any(fault in each for each in played.faults), played.faults


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"invite": None}, "the callee got no INVITE"),
        ({"is_acked": False}, "the callee got no ACK"),
        ({"is_over": False}, "the callee got no BYE"),
        ({"hung_up": 481}, "the caller's BYE got 481, not 200"),
        ({"statuses": (100, 200)}, "the caller was told 200, not 180 and 200"),
        ({"statuses": (180, 486)}, "the caller was told 180, 486"),
        ({"offer": b"other"}, "session description was changed"),
        ({"answer": b"other"}, "session description was changed"),
        ({"elsewhere": 1}, "1 packets reached a carrier"),
        ({"lines": lines_of(PASSED)[::2]}, "the journal has verdict, end, not verdict, answer, end"),
        ({"invite": invite_of(PASSED, PASSED.sends[:1])}, "the callee did not see P-Asserted-Identity"),
        ({"invite": invite_of(PASSED, (*PASSED.sends, ("Privacy", "id")))}, "the callee saw Privacy: id"),
    ],
)
def test_whatever_else_happens_to_a_call_that_passes_is_a_fault(changes, fault):
    played = judge(PASSED, attrs.evolve(seen_of(PASSED), **changes))
    assert any(fault in each for each in played.faults), played.faults


@pytest.mark.parametrize("story", [WITHHELD, STRIPPED], ids=lambda story: story.title)
@pytest.mark.parametrize("spelling", ["{}", "{0[0]}-{0[1]} {0[2]}.{0[3]}({0[4]}){0[5]}{0[6]}{0[7]}{0[8]}"])
def test_a_secret_in_any_datagram_of_the_callee_is_a_fault(story, spelling):
    seen = seen_of(story)
    late = f'BYE sip:x SIP/2.0\r\nReason: SIP;text="{spelling.format(story.secret)}"\r\n\r\n'.encode()
    found = list(faults(story, attrs.evolve(seen, heard=(*seen.heard, late))))
    assert found == [f"the digits {story.secret} stand in what the callee received"]


def test_a_withheld_call_whose_from_still_tells_is_a_fault():
    found = list(faults(WITHHELD, seen_of(WITHHELD, WITHHELD.sends)))
    assert "the callee's From is not anonymous" in found
    assert "the digits 475333333 stand in what the callee received" in found


def test_escaped_digits_are_seen():
    assert shows(b"From: <sip:%34%37%35333333@x>", "475333333")
    assert not shows(b"From: <sip:47533333@x>", "475333333")


@pytest.mark.parametrize(
    ("finding", "place"),
    [
        ({"header": "From", "index": 0, "position": "presentation"}, "From"),
        ({"header": "From", "index": 0, "position": "display"}, "From (name)"),
        ({"header": "P-Asserted-Identity", "index": 1, "position": "network"}, "P-Asserted-Identity 2"),
    ],
)
def test_the_first_finding_as_severe_as_the_verdict_decides(finding, place):
    findings = [{"header": "Diversion", "outcome": "pass"}, {**finding, "outcome": "block"}]
    assert deciding({"verdict": "block", "personal": {"findings": {"value": findings}}}) == place


def test_what_became_of_a_call_is_told_from_what_was_seen():
    assert judge(BLOCKED, seen_of(BLOCKED)).seen == "refused 603; no packet"
    assert judge(WITHHELD, seen_of(WITHHELD)).seen == "rings; number withheld"
    assert judge(STRIPPED, seen_of(STRIPPED)).seen == "rings; Diversion cut"
    assert judge(PASSED, seen_of(PASSED)).seen == "rings; all as sent"
    assert judge(PASSED, Sighting(in_time=False, heard=(b"x",))).seen == "no answer; 1 packets"
