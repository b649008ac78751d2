"""What one call asks of an engine and makes of its replies, with an engine that keeps what it was told."""

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from b2bua.errors import MediaError
from b2bua.media.engaged import MOST_BRANCHES, Engaged
from b2bua.media.ng import Command, Reply
from b2bua.media.orders import A, B

E1, E2 = "192.0.2.1:2223", "192.0.2.2:2223"
A1, A2, A3 = b"v=0 a1", b"v=0 a2", b"v=0 a3"
B1, B2, C1 = b"v=0 b1", b"v=0 b2", b"v=0 c1"


@attrs.define
class Playing:
    """An engine: what it goes by of each end."""

    name: str
    ends: dict[str, bytes] = attrs.field(factory=dict)

    def take(self, command: Command) -> Reply:
        if command.verb == "delete":
            self.ends.clear()
            return Reply(engine=self.name, figures={"streams": 1})
        teller = command.from_tag if command.verb == "offer" else command.to_tag
        if command.verb == "answer" and command.from_tag not in self.ends:
            return Reply(engine=self.name, error="Unknown call-id")
        self.ends[teller] = command.sdp
        return Reply(engine=self.name, sdp=self.moved(teller, command.sdp))

    def moved(self, teller: str, body: bytes) -> bytes:
        return body + f" by {self.name} of {teller}".encode()


@attrs.define
class Call:
    engaged: Engaged = attrs.field(factory=lambda: Engaged(call="c", sides=("west", "east")))
    engine: Playing = attrs.field(factory=lambda: Playing(E1))
    asked: list[Command] = attrs.field(factory=list)

    def ask(self, command: Command | None) -> None:
        while command is not None:
            self.asked.append(command)
            command = self.engaged.heed(command, self.engine.take(command))

    def offer(self, side: int, body: bytes, branch: str = "") -> bytes:
        self.ask(self.engaged.question(side, body, True, branch))
        return self.engaged.offered(side, body)

    def answer(self, side: int, body: bytes, branch: str = "") -> bytes:
        self.ask(self.engaged.question(side, body, False, branch))
        return self.engaged.answered(side, body, branch)

    def lose(self, side: int, body: bytes) -> None:
        command = self.engaged.question(side, body, True)
        assert command is not None
        assert self.engaged.heed(command, Reply(error="no engine answers", is_lost=True)) is None

    def established(self) -> "Call":
        self.offer(A, A1)
        self.answer(B, B1, "t1")
        self.engaged.chosen("t1")
        self.engaged.settled()
        self.asked.clear()
        return self

    def verbs(self) -> list[tuple[str, str, str, bytes]]:
        return [(one.verb, one.from_tag, one.to_tag, one.sdp) for one in self.asked]


def test_an_offer_is_asked_about_and_then_known() -> None:
    call = Call()
    assert call.offer(A, A1) == A1 + f" by {E1} of a".encode()
    (command,) = call.asked
    assert command == Command(verb="offer", call="c", from_tag="a", to_tag="b", sdp=A1, sides=("west", "east"))
    assert call.engaged.engine == E1


def test_its_answer_goes_to_the_same_engine_with_both_tags() -> None:
    call = Call()
    call.offer(A, A1)
    assert call.answer(B, B1, "their-tag") == B1 + f" by {E1} of b".encode()
    assert call.asked[1] == Command(verb="answer", call="c", engine=E1, from_tag="a", to_tag="b", sdp=B1)


def test_no_identifier_of_either_side_reaches_the_engine() -> None:
    call = Call()
    call.offer(A, A1)
    call.answer(B, B1, "their-tag")
    call.answer(B, C1, "another")
    assert {tag for one in call.asked for tag in (one.from_tag, one.to_tag)} == {"a", "b"}


def test_the_same_offer_to_the_next_target_is_not_asked_again() -> None:
    call = Call()
    first = call.offer(A, A1)
    assert call.offer(A, A1) == first
    assert len(call.asked) == 1


def test_the_same_offer_after_a_refusal_is_asked_again_since_the_engine_may_be_another() -> None:
    call = Call()
    call.offer(A, A1)
    call.engaged.refused()
    call.offer(A, A1)
    assert len(call.asked) == 2


def test_a_repeated_answer_is_not_asked_again() -> None:
    call = Call()
    call.offer(A, A1)
    first = call.answer(B, B1, "t1")
    assert [call.answer(B, B1, "t1") for _ in range(3)] == [first] * 3
    assert len(call.asked) == 2


def test_the_branch_that_speaks_is_the_callee() -> None:
    call = Call()
    call.offer(A, A1)
    assert call.answer(B, B1, "t1").startswith(B1)
    assert call.answer(B, C1, "t2").startswith(C1)
    assert call.engine.ends == {"a": A1, "b": C1}
    assert call.answer(B, B1, "t1").startswith(B1)
    assert call.engine.ends == {"a": A1, "b": B1}


def test_the_branch_that_is_chosen_without_a_word_is_the_callee_again() -> None:
    call = Call()
    call.offer(A, A1)
    call.answer(B, B1, "t1")
    call.answer(B, C1, "t2")
    call.ask(call.engaged.chosen("t1"))
    assert call.engine.ends == {"a": A1, "b": B1}
    assert call.verbs()[-1] == ("answer", "a", "b", B1)


def test_the_branch_that_spoke_last_needs_nothing_when_it_is_chosen() -> None:
    call = Call()
    call.offer(A, A1)
    call.answer(B, B1, "t1")
    call.answer(B, C1, "t2")
    assert call.engaged.chosen("t2") is None
    assert call.engaged.chosen("t1") is None


def test_what_the_caller_says_is_no_words_of_a_branch() -> None:
    call = Call()
    call.offer(A, A1)
    call.answer(B, B1, "t1")
    call.offer(A, A2, "t1")
    call.answer(B, B2, "t2")
    call.ask(call.engaged.chosen("t1"))
    assert call.engine.ends == {"a": A2, "b": B1}


def test_a_branch_that_never_spoke_needs_nothing_when_it_is_chosen() -> None:
    call = Call()
    call.offer(A, A1)
    call.answer(B, B1, "t1")
    assert call.engaged.chosen("t3") is None


def test_a_branch_that_has_offered_is_the_callee_once_it_is_chosen() -> None:
    call = Call()
    call.offer(B, B1, "t1")
    call.offer(B, C1, "t2")
    call.answer(A, A1)
    call.ask(call.engaged.chosen("t1"))
    assert call.engine.ends == {"a": A1, "b": B1}


def test_two_branches_that_say_the_same_are_one_to_the_engine() -> None:
    call = Call()
    call.offer(A, A1)
    assert call.answer(B, B1, "t1") == call.answer(B, B1, "t2")
    assert len(call.asked) == 2


def test_what_many_branches_have_said_is_not_all_remembered() -> None:
    call = Call()
    call.offer(A, A1)
    for number in range(MOST_BRANCHES * 2):
        body = f"v=0 {number}".encode()
        assert call.answer(B, body, f"t{number}").startswith(body)
    assert len(call.engaged._branches) == MOST_BRANCHES
    assert len(call.engaged._moved) < 12
    assert call.engaged.offered(A, A1).startswith(A1)


def test_a_late_offer_is_the_callees_and_its_answer_the_callers() -> None:
    call = Call()
    assert call.offer(B, B1, "t1").endswith(b"of b")
    assert call.asked[0].sides == ("east", "west")
    call.engaged.chosen("t1")
    assert call.answer(A, A1).endswith(b"of a")
    assert call.verbs() == [("offer", "b", "a", B1), ("answer", "b", "a", A1)]


def test_a_later_offer_of_either_side_names_both_ends() -> None:
    call = Call().established()
    call.offer(A, A2)
    call.answer(B, B2)
    call.engaged.settled()
    call.offer(B, B1)
    call.answer(A, A3)
    assert call.verbs() == [
        ("offer", "a", "b", A2),
        ("answer", "a", "b", B2),
        ("offer", "b", "a", B1),
        ("answer", "b", "a", A3),
    ]
    assert {command.engine for command in call.asked} == {E1}


def test_an_offer_that_says_nothing_new_is_asked_for_an_engine_may_have_lost_the_call() -> None:
    call = Call().established()
    call.engine.ends.clear()
    assert call.offer(A, A1).endswith(b"of a")
    assert call.answer(B, B1).endswith(b"of b")
    assert call.engine.ends == {"a": A1, "b": B1}


def test_a_repeated_offer_in_a_response_is_not_asked_again_before_its_answer() -> None:
    call = Call().established()
    call.offer(B, B2)
    call.offer(B, B2)
    assert len(call.asked) == 1


def test_a_refresh_of_ours_finds_what_the_other_side_was_told_last() -> None:
    call = Call().established()
    assert call.engaged.offered(A, A1).endswith(b"of a")
    assert call.engaged.offered(B, B1).endswith(b"of b")
    assert call.engaged.answered(B, B1).endswith(b"of b")


def test_what_a_refresh_of_ours_is_answered_with_is_told_to_the_engine() -> None:
    call = Call().established()
    call.offer(B, B2)
    call.answer(A, A2)
    call.engaged.settled()
    call.engaged.offered(A, A2)
    call.answer(B, B1)
    assert call.verbs()[-1] == ("answer", "a", "b", B1)


def test_a_refused_offer_is_undone_in_two_steps() -> None:
    call = Call().established()
    call.offer(A, A2)
    assert call.engine.ends["a"] == A2
    call.ask(call.engaged.refused())
    assert call.engine.ends == {"a": A1, "b": B1}
    assert call.verbs()[1:] == [("offer", "a", "b", A1), ("answer", "a", "b", B1)]
    assert call.engaged.refused() is None


def test_after_an_undoing_the_next_offer_is_like_any() -> None:
    call = Call().established()
    call.offer(B, B2)
    call.ask(call.engaged.refused())
    assert call.offer(A, A2).endswith(b"of a")
    assert call.answer(B, B1).endswith(b"of b")
    assert call.engine.ends == {"a": A2, "b": B1}


def test_an_undoing_that_fails_leaves_the_call_as_it_can_be() -> None:
    call = Call().established()
    call.offer(A, A2)
    command = call.engaged.refused()
    assert command is not None
    assert call.engaged.heed(command, Reply(error="it is silent", is_lost=True)) is None
    assert call.offer(A, A3).endswith(b"of a")


def test_an_undoing_that_the_engine_refuses_ends_there() -> None:
    call = Call().established()
    call.offer(A, A2)
    command = call.engaged.refused()
    assert command is not None
    assert call.engaged.heed(command, Reply(engine=E1, error="Ran out of ports")) is None
    assert not call.engaged.is_undoing


def test_an_answer_that_came_before_the_refusal_is_undone_with_its_offer() -> None:
    call = Call().established()
    call.offer(A, A2)
    call.answer(B, B2)
    call.ask(call.engaged.refused())
    assert call.engine.ends == {"a": A1, "b": B1}


def test_after_an_undoing_what_stands_is_known() -> None:
    call = Call().established()
    call.offer(A, A2)
    call.ask(call.engaged.refused())
    assert call.engaged.question(B, B1, False) is None


def test_another_process_asks_again_where_one_was_on_its_way_back() -> None:
    call = Call().established()
    call.offer(A, A2)
    assert call.engaged.refused() is not None
    call.engaged.resume()
    assert call.offer(A, A3).endswith(b"of a")
    assert call.answer(B, B2).endswith(b"of b")


def test_a_refused_refresh_has_nothing_to_undo() -> None:
    call = Call().established()
    call.offer(A, A1)
    assert call.engaged.refused() is None


def test_an_offer_that_was_answered_is_not_undone() -> None:
    call = Call().established()
    call.offer(A, A2)
    call.answer(B, B2)
    call.engaged.settled()
    assert call.engaged.refused() is None


def test_a_description_that_the_engine_refuses_is_a_fault_of_the_peers() -> None:
    call = Call()
    command = call.engaged.question(A, A1, True)
    assert command is not None
    call.engaged.heed(command, Reply(engine=E1, error="Failed to parse SDP"))
    with pytest.raises(MediaError, match="Failed to parse SDP") as caught:
        call.engaged.offered(A, A1)
    assert caught.value.status == 488
    assert call.engaged.over() is None


def test_a_new_call_that_no_engine_takes_is_no_fault_of_anybodys() -> None:
    call = Call()
    call.lose(A, A1)
    with pytest.raises(MediaError) as caught:
        call.engaged.offered(A, A1)
    assert caught.value.status == 503


def test_a_later_offer_that_no_engine_takes_is_refused_and_the_call_stands() -> None:
    call = Call().established()
    call.lose(A, A2)
    with pytest.raises(MediaError) as caught:
        call.engaged.offered(A, A2)
    assert caught.value.status == 488
    assert call.engaged.offered(A, A1).endswith(b"of a")
    assert call.offer(A, A2).endswith(b"of a")


def test_an_answer_that_the_engine_refuses_is_not_told_on() -> None:
    call = Call()
    call.offer(A, A1)
    command = call.engaged.question(B, B1, False, "t1")
    assert command is not None
    call.engaged.heed(command, Reply(engine=E1, error="Failed to parse SDP"))
    with pytest.raises(MediaError):
        call.engaged.answered(B, B1, "t1")


def test_a_message_that_was_never_asked_about_is_not_told_on() -> None:
    call = Call()
    with pytest.raises(MediaError):
        call.engaged.offered(A, A1)
    with pytest.raises(MediaError):
        call.engaged.answered(B, B1)
    call.established()
    with pytest.raises(MediaError):
        call.engaged.answered(B, B2)


def test_an_answer_to_nothing_is_asked_of_nobody() -> None:
    assert Call().engaged.question(B, B1, False, "t1") is None


def passing() -> Call:
    return Call(Engaged(call="c", passes=True))


def test_by_setting_a_call_that_no_engine_takes_passes_as_it_came() -> None:
    call = passing()
    call.lose(A, A1)
    assert call.engaged.offered(A, A1) == A1
    assert call.answer(B, B1, "t1") == B1
    assert call.answer(B, C1, "t2") == C1
    assert call.asked == []
    assert call.engaged.chosen("t1") is None
    assert call.engaged.offered(B, B1) == B1
    assert call.engaged.over() is None


def test_by_setting_the_same_offer_is_asked_again_after_it_has_passed() -> None:
    call = passing()
    call.offer(A, A1)
    call.lose(A, A2)
    assert call.engaged.question(A, A1, True) is not None


def test_an_answer_that_no_engine_takes_never_passes_for_its_offer_names_the_engine() -> None:
    call = passing()
    call.offer(A, A1)
    command = call.engaged.question(B, B1, False, "t1")
    assert command is not None
    call.engaged.heed(command, Reply(error="it is silent", is_lost=True))
    with pytest.raises(MediaError):
        call.engaged.answered(B, B1, "t1")


def test_by_setting_a_later_offer_that_no_engine_takes_passes_and_the_next_one_is_asked() -> None:
    call = passing().established()
    call.lose(A, A1)
    assert call.engaged.offered(A, A1) == A1
    assert call.answer(B, B1) == B1
    call.engaged.settled()
    assert call.engaged.offered(B, B1) == B1
    assert call.offer(B, B2).endswith(b"of b")
    assert call.answer(A, A1).endswith(b"of a")
    over = call.engaged.over()
    assert over is not None
    assert over.engine == E1


def test_a_description_that_an_engine_refuses_never_passes() -> None:
    call = passing()
    command = call.engaged.question(A, A1, True)
    assert command is not None
    call.engaged.heed(command, Reply(engine=E1, error="Failed to parse SDP"))
    with pytest.raises(MediaError):
        call.engaged.offered(A, A1)


def test_a_call_that_begins_anew_elsewhere_forgets_what_was_said_before() -> None:
    call = Call().established()
    call.engine = Playing(E2)
    assert call.offer(A, A1) == A1 + f" by {E2} of a".encode()
    assert call.answer(B, B1) == B1 + f" by {E2} of b".encode()
    assert call.engaged.engine == E2
    over = call.engaged.over()
    assert over is not None
    assert over.engine == E2


def test_an_offer_that_began_anew_and_is_refused_has_nothing_to_go_back_to() -> None:
    call = Call().established()
    call.engine = Playing(E2)
    call.offer(A, A2)
    assert call.engaged.refused() is None


def test_a_call_that_is_over_is_deleted_once() -> None:
    call = Call().established()
    assert call.engaged.over() == Command(verb="delete", call="c", engine=E1, from_tag="a")
    assert call.engaged.over() is None
    assert call.engaged.question(A, A2, True) is None


def test_what_comes_after_the_end_of_a_call_is_deleted_too() -> None:
    call = Call()
    command = call.engaged.question(A, A1, True)
    assert command is not None
    assert call.engaged.over() is None
    assert call.engaged.heed(command, Reply(engine=E2, sdp=b"v=0")) == Command(
        verb="delete", call="c", engine=E2, from_tag="a"
    )


def test_nothing_is_deleted_where_nothing_was_made() -> None:
    call = Call()
    command = call.engaged.question(A, A1, True)
    assert command is not None
    call.engaged.over()
    assert call.engaged.heed(command, Reply(error="no engine answers", is_lost=True)) is None


def test_a_deletion_is_heeded_without_consequence() -> None:
    call = Call().established()
    call.ask(call.engaged.over())
    assert call.engine.ends == {}
    assert len(call.asked) == 1


def test_what_it_holds_is_plain() -> None:
    call = Call().established()
    call.offer(A, A2)

    def is_plain(value: object) -> bool:
        match value:
            case None | str() | bytes() | bool() | int():
                return True
            case tuple() | list():
                return all(map(is_plain, value))
            case dict():
                return all(is_plain(key) and is_plain(one) for key, one in value.items())
        return attrs.has(type(value)) and all(map(is_plain, attrs.astuple(value, recurse=False)))  # type: ignore[arg-type]

    assert is_plain(call.engaged)


BODIES = [b"v=0 1", b"v=0 2", b"v=0 3"]


class Calls(RuleBasedStateMachine):
    """Offers, answers, refusals, restarts and moves in any order: each side is told what the engine has said of that
    very description, and once an exchange is over the engine goes by what was agreed."""

    def __init__(self) -> None:
        super().__init__()
        self.call = Call()
        self.agreed: dict[str, bytes] = {}
        self.open: int | None = None
        self.is_over = False

    def by_engine(self, side: int, body: bytes) -> bytes:
        return self.call.engine.moved("a" if side == A else "b", body)

    @precondition(lambda self: self.open is None)
    @rule(side=st.sampled_from([A, B]), body=st.sampled_from(BODIES))
    def offer(self, side: int, body: bytes) -> None:
        self.exchange = {"ab"[side]: body}
        assert self.call.offer(side, body) == self.by_engine(side, body)
        self.open = side

    @precondition(lambda self: self.open is not None)
    @rule(body=st.sampled_from(BODIES), again=st.integers(1, 3))
    def answer(self, body: bytes, again: int) -> None:
        assert self.open is not None
        side = 1 - self.open
        for _ in range(again):
            assert self.call.answer(side, body) == self.by_engine(side, body)
        self.call.engaged.settled()
        self.agreed = self.exchange | {"ab"[side]: body}
        self.open = None

    @precondition(lambda self: self.open is not None)
    @rule()
    def refuse(self) -> None:
        self.call.ask(self.call.engaged.refused())
        self.open = None
        if self.call.engaged._agreed is None:
            self.agreed = {}

    @precondition(lambda self: self.open is None)
    @rule()
    def restart(self) -> None:
        """The engine forgets, or the next one has the call: what stands there is nothing, until the next exchange."""
        self.call.engine.ends.clear()
        self.agreed = {}

    @precondition(lambda self: self.open is None)
    @rule()
    def move(self) -> None:
        self.call.engine = Playing(E2 if self.call.engine.name == E1 else E1)
        self.agreed = {}

    @invariant()
    def the_engine_goes_by_what_was_agreed(self) -> None:
        if self.open is None and self.agreed:
            assert self.call.engine.ends == self.agreed

    @invariant()
    def little_is_held(self) -> None:
        assert len(self.call.engaged._moved) <= 12


TestCalls = Calls.TestCase
TestCalls.settings = settings(stateful_step_count=30, deadline=None)
