"""The second law: a call with nothing to hide crosses as it came, byte for byte, but for the lines of its hops."""

import random
import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.safety.draft import Draft, finished
from tests.safety.hiding import attempt
from tests.safety.honest import honest
from tests.safety.stand import NATIONAL, SDP, Invite, Stand
from tests.safety.wire import OWN, Seen, address_of, name_of, read

chances = st.randoms(use_true_random=False)
#: An address of the stand, or of the caller's Contact, which is hidden: it is not for the other side to see.
PLACE = re.compile(r"(?:127\.0\.0\.[123]|192\.0\.2\.7)(?::\d+)?")
OURS = ("via", "max-forwards", "from", "to", "call-id", "cseq", "contact")


def unplaced(lines: Iterable[str]) -> list[str]:
    """The lines, whoever's addresses stand in them; one that had to be written anew for that is written on one line."""
    return [PLACE.sub("(a place)", " ".join(line.split())) if PLACE.search(line) else line for line in lines]


def as_it_came(invite: Invite, left: Seen) -> None:
    """What left is what came, in its order, with one line of each kind of ours before it."""
    came = read(invite.data)
    assert unplaced(left.crossing()) == unplaced(came.crossing())
    assert left.body == came.body
    assert left.names()[: len(OURS)] == list(OURS)
    assert sorted(left.untimed()[len(OURS) :]) == sorted(
        [*(name for name in came.untimed() if name not in (*OURS, "content-length")), "content-length"]
    )
    caller, mine = unplaced(" ".join(seen.get("from").split()) for seen in (came, left))
    assert mine.rpartition(";tag=")[0] == caller.rpartition(";tag=")[0]
    assert unplaced([" ".join(left.get("to").split())]) == unplaced([" ".join(came.get("to").split())])
    assert left.start.split(" ")[1].partition("@")[0] == came.start.split(" ")[1].partition("@")[0]


@pytest.mark.law("¶25", "¶28")
@given(chances)
def test_an_honest_call_from_abroad_crosses_byte_for_byte(rng: random.Random) -> None:
    invite = honest(rng)
    stand = Stand()
    left = stand.invite(invite)
    assert stand.verdict == "pass", [record.personal for record in stand.records]
    assert left is not None
    assert not stand.alarms
    as_it_came(invite, left)


@pytest.mark.law("¶25", "¶28")
@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("+33475123456", "04 75 12 34 56"),
        ("+31475123456", "0475 123456"),
        ("+39025551212", "02 5551212"),
        ("+573211234567", "321 1234567"),
        ("+6612345678", "Somchai 012 345 678"),
    ],
)
@pytest.mark.parametrize("by", ["From", "P-Asserted-Identity"])
def test_a_foreign_number_in_the_form_of_its_own_country_loses_its_name_and_nothing_else(
    by: str, number: str, name: str
) -> None:
    """Each reads as a Belgian number too; its digits stand in the caller's own, which crosses."""
    draft = Draft(random.Random(0))
    draft.uri, draft.display = f"sip:{number}@carrier.example", ""
    if by == "From":
        draft.display = f'"{name}" '
    else:
        draft.add(by, f'"{name}" <sip:{number}@carrier.example>')
    stand = Stand()
    left = stand.invite(finished(draft))
    assert (stand.verdict, left is not None) == ("strip", True)
    assert left is not None
    assert f"sip:{number}@" in left.get("from")
    assert not any(name in line for line in left.lines)


@pytest.mark.law("¶24", "¶28")
@given(chances)
def test_a_national_call_crosses_byte_for_byte_whatever_number_it_shows(rng: random.Random) -> None:
    invite = attempt(rng).invite
    stand = Stand(caller=NATIONAL)
    left = stand.invite(invite)
    if left is None:  # no SIP at all: the parser's own refusal, not the decree's
        assert stand.verdict == ""
        assert all(read(data).status in (100, 400) for data in stand.got)
        return
    as_it_came(invite, left)


@pytest.mark.law("¶24")
@given(chances)
def test_a_national_answer_and_what_both_say_later_cross_byte_for_byte(rng: random.Random) -> None:
    invite = honest(rng)
    stand = Stand()
    arrived = stand.invite(invite)
    assert arrived is not None
    # The callee is national: whatever number it shows to the caller abroad is no concern of the decree.
    shown = [line for line in attempt(rng).invite.lines[1:] if name_of(line) not in OWN]
    stand.answer(arrived, "200 OK", shown, SDP)
    answer = stand.last_answer()
    assert unplaced(answer.crossing()) == unplaced(shown)
    stand.request(invite, "ACK")
    adorned = [line for line in honest(rng).lines[1:] if name_of(line) not in OWN]
    for method in ("INVITE", "INFO", "UPDATE"):
        before = len(stand.sent)
        stand.request(invite, method, adorned, SDP)
        [crossed] = [seen for seen in stand.new(stand.sent, before) if seen.method == method]
        assert unplaced(crossed.crossing()) == unplaced(adorned)
        assert crossed.body == SDP
        assert address_of(crossed.get("from")) == address_of(arrived.get("from"))
        stand.answer(crossed, "200 OK", ["Content-Type: application/sdp"], SDP)
        if method == "INVITE":
            stand.request(invite, "ACK")
