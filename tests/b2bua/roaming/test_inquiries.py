from datetime import timedelta
from itertools import count
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call import Alarm, Record
from b2bua.config import Camara, NumberList, Roaming
from b2bua.moment import Moment
from b2bua.roaming.inquiries import Errand, Inquiries, Reply, Settled, Shelf
from b2bua.roaming.pages import Pages
from b2bua.roaming.routes import Routes
from b2bua.roaming.told import Told
from policy.roaming import Answer, Questions
from policy.roaming import Roaming as Outcome
from tests.world.scene import EPOCH

ONE, TWO, LISTED, NOBODY_S = "+32470000001", "+32470000002", "+32480000001", "+32490000001"
ABROAD = Told(outcome=Outcome.ABROAD)
BROKEN = Told.failed("status 503", may_repeat=True)


def moment(tick: float) -> Moment:
    return Moment(tick, EPOCH + timedelta(seconds=tick))


def nothing(_answers: dict[str, Answer]) -> None:
    pass


def camara(**bounds: Any) -> Camara:
    return Camara(**{"name": "one", "prefixes": ("+3247",), "url": "https://one.example/v1", **bounds})


def made(config: Roaming | None = None) -> Inquiries:
    terms = config or Roaming(
        table={"+32475000000": Outcome.ABROAD},
        camara=(camara(most_questions=3, failures=2, pause_seconds=10.0),),
        list=(NumberList(name="three", prefixes=("+3248",), file="x"),),
    )
    numbers = Pages(("",))
    numbers.put(int(LISTED[1:]), 0)
    noise = count(1)
    shelves = {"three": Shelf(numbers, EPOCH, 3_600.0)}
    return Inquiries.of(terms, lambda size: next(noise).to_bytes(size, "big"), Routes.of(terms), shelves)


def ask(inquiries: Inquiries, *numbers: str, at: float = 0.0) -> Reply:
    return inquiries.ask(Questions(numbers), moment(at), nothing)


def outcomes(answers: dict[str, Answer] | None) -> dict[str, Outcome]:
    assert answers is not None
    return {number: answer.outcome for number, answer in answers.items()}


def settle(inquiries: Inquiries, errands: Any, told: Told = ABROAD, at: float = 0.1) -> list[Settled]:
    return [inquiries.told(errand, told, moment(at)) for errand in errands]


@pytest.mark.law("¶8 3°", "K10")
def test_the_table_answers_before_anybody_and_nobody_is_asked() -> None:
    reply = ask(made(), "+32475000000")
    assert reply.answers == {"+32475000000": Answer(Outcome.ABROAD, "table", EPOCH)}
    assert not reply.errands


@pytest.mark.law("L5")
def test_of_a_number_without_a_holder_no_check_is_offered() -> None:
    assert outcomes(ask(made(), NOBODY_S).answers) == {NOBODY_S: Outcome.NOT_OFFERED}


def test_a_list_says_who_is_abroad_and_that_all_its_others_are_not() -> None:
    inquiries = made()
    reply = ask(inquiries, LISTED, "+32480000002")
    assert outcomes(reply.answers) == {LISTED: Outcome.ABROAD, "+32480000002": Outcome.NOT_ABROAD}
    assert reply.answers is not None
    assert {answer.at for answer in reply.answers.values()} == {EPOCH}


def test_a_list_that_is_too_old_says_nothing_and_shows_nothing_of_the_holder_s_side() -> None:
    inquiries = made()
    assert outcomes(ask(inquiries, LISTED, at=3_600.0).answers) == {LISTED: Outcome.ABROAD}
    reply = ask(inquiries, LISTED, at=3_600.1)
    assert outcomes(reply.answers) == {LISTED: Outcome.NOT_ASKED}
    assert reply.answers is not None
    assert reply.answers[LISTED].source == "three: its list is too old"


def test_a_call_gets_all_its_answers_at_once_when_the_last_has_come() -> None:
    inquiries, told = made(), list[dict[str, Answer]]()
    reply = inquiries.ask(Questions((ONE, TWO, LISTED)), moment(0), told.append)
    assert reply.answers is None
    assert [(errand.holder, errand.number) for errand in reply.errands] == [("one", ONE), ("one", TWO)]
    first, second = settle(inquiries, reply.errands)
    assert not first.finished
    (waiting,) = second.finished
    assert outcomes(waiting.answers) == {ONE: Outcome.ABROAD, TWO: Outcome.ABROAD, LISTED: Outcome.ABROAD}


@pytest.mark.law("K10")
def test_a_number_is_asked_about_once_however_many_calls_wait_for_it() -> None:
    inquiries = made()
    first = ask(inquiries, ONE)
    others = [ask(inquiries, ONE, at=at / 10) for at in range(5)]
    assert len(first.errands) == 1
    assert all(not reply.errands and reply.answers is None for reply in others)
    (settled,) = settle(inquiries, first.errands, at=0.5)
    assert [outcomes(waiting.answers) for waiting in settled.finished] == [{ONE: Outcome.ABROAD}] * 6


@pytest.mark.law("K10")
def test_an_answer_is_kept_for_its_time_with_the_moment_it_was_true() -> None:
    inquiries, true = made(), EPOCH - timedelta(minutes=2)
    settle(inquiries, ask(inquiries, ONE).errands, Told(outcome=Outcome.ABROAD, at=true))
    assert ask(inquiries, ONE, at=60.0).answers == {ONE: Answer(Outcome.ABROAD, "one, kept", true)}
    assert ask(inquiries, ONE, at=60.2).errands


def test_where_a_holder_does_not_say_when_it_was_true_it_is_when_it_was_said() -> None:
    inquiries = made()
    (settled,) = settle(inquiries, ask(inquiries, ONE).errands, at=2.0)
    assert settled.finished[0].answers[ONE].at == EPOCH + timedelta(seconds=2)


@pytest.mark.law("L4", "K11")
def test_a_failure_is_in_evidence_with_its_reason_and_is_not_kept() -> None:
    inquiries = made()
    reply = ask(inquiries, ONE)
    (settled,) = settle(inquiries, reply.errands, BROKEN, at=0.25)
    assert settled.finished[0].answers[ONE] == Answer(Outcome.FAILED, "one: status 503", moment(0.25).utc)
    (line,) = settled.notes
    assert isinstance(line, Record)
    assert (line.kind, line.call, line.personal) == ("roaming", "", {"number": ONE})
    correlator = reply.errands[0].correlator
    assert line.facts == {
        "holder": "one",
        "outcome": "failed",
        "why": "status 503",
        "correlator": correlator,
        "milliseconds": 250,
    }
    assert ask(inquiries, ONE).errands[0].correlator != correlator


def test_an_answer_is_no_line_of_its_own() -> None:
    inquiries = made()
    (settled,) = settle(inquiries, ask(inquiries, ONE).errands)
    assert not settled.notes


def alarms(notes: Any) -> list[str]:
    return [note.text for note in notes if isinstance(note, Alarm)]


@pytest.mark.law("K10", "K11")
def test_a_holder_that_fails_again_and_again_is_left_alone_and_that_is_no_ground_to_withhold() -> None:
    inquiries = made()
    (first,) = settle(inquiries, ask(inquiries, ONE).errands, BROKEN)
    (second,) = settle(inquiries, ask(inquiries, ONE).errands, BROKEN)
    assert alarms(first.notes) == []
    assert alarms(second.notes) == ["holder one is left alone: status 503"]
    assert [note.facts for note in second.notes if isinstance(note, Record)][1] == {
        "holder": "one",
        "breaker": "open",
        "why": "status 503",
    }
    reply = ask(inquiries, ONE, at=5.0)
    assert not reply.errands
    assert reply.answers == {ONE: Answer(Outcome.NOT_ASKED, "one: left alone after failures", moment(5.0).utc)}
    told: Any = inquiries.statistics()
    assert told["holders"]["one"]["breaker"] == {"open": 1, "opened": 1}
    assert told["holders"]["one"]["counters"] == {"asked": 2, "failed": 2, "left alone": 1}


def test_after_the_pause_one_question_tries_and_if_it_is_answered_all_are_asked_again() -> None:
    inquiries = made()
    for _ in range(2):
        settle(inquiries, ask(inquiries, ONE).errands, BROKEN)
    trying = ask(inquiries, ONE, at=11.0)
    assert len(trying.errands) == 1
    assert outcomes(ask(inquiries, TWO, at=11.0).answers) == {TWO: Outcome.NOT_ASKED}
    (settled,) = settle(inquiries, trying.errands, at=11.1)
    assert alarms(settled.notes) == ["holder one: it answers again"]
    assert ask(inquiries, TWO, at=11.2).errands


def test_a_holder_that_wants_to_be_left_alone_is_at_its_first_word() -> None:
    inquiries = made()
    settle(inquiries, ask(inquiries, ONE).errands, Told.kept_back("status 429", pause=60.0))
    assert outcomes(ask(inquiries, ONE, at=59.0).answers) == {ONE: Outcome.NOT_ASKED}
    assert ask(inquiries, ONE, at=61.0).errands


@pytest.mark.law("K10", "K11")
def test_beyond_so_many_open_questions_none_is_asked_and_somebody_hears_of_it_once() -> None:
    inquiries = made()
    errands = [ask(inquiries, f"+3247000001{digit}").errands for digit in range(3)]
    replies = [ask(inquiries, f"+3247000002{digit}") for digit in range(5)]
    assert [list(outcomes(reply.answers).values()) for reply in replies] == [[Outcome.NOT_ASKED]] * 5
    assert [text for reply in replies for text in alarms(reply.notes)] == [
        "holder one: 3 questions are open, and no more"
    ]
    settle(inquiries, errands[0])
    assert ask(inquiries, ONE).errands


def test_what_the_holder_does_not_take_of_us_is_alarmed_now_and_then() -> None:
    inquiries = made(Roaming(camara=(camara(failures=0),)))
    refused = Told.kept_back("status 401: our token is not taken")
    told = [
        text
        for tick in range(0, 601, 100)
        for settled in settle(inquiries, ask(inquiries, ONE, at=tick).errands, refused, tick)
        for text in alarms(settled.notes)
    ]
    assert told == ["holder one: status 401: our token is not taken"] * 3


def test_without_any_holder_a_number_of_no_line_is_an_unknown_subscriber() -> None:
    inquiries = made(Roaming(not_offered=("+3248",)))
    assert outcomes(ask(inquiries, ONE, LISTED).answers) == {
        ONE: Outcome.UNKNOWN_SUBSCRIBER,
        LISTED: Outcome.NOT_OFFERED,
    }


@pytest.mark.law("L5")
def test_without_the_table_of_the_configuration_no_holder_offers_a_check() -> None:
    inquiries = Inquiries.of(None, bytes, Routes.of(Roaming()), {})
    assert outcomes(ask(inquiries, ONE).answers) == {ONE: Outcome.NOT_OFFERED}


@attrs.define
class _World:
    """What a run of questions has led to."""

    waiting: list[tuple[tuple[str, ...], list[dict[str, Answer]]]] = attrs.field(factory=list)
    under_way: list[Errand] = attrs.field(factory=list)


def _steps() -> Any:
    numbers = st.lists(st.sampled_from([f"+324700000{digit}" for digit in range(10, 18)]), min_size=1, max_size=3)
    asking = st.tuples(st.just("ask"), numbers.map(lambda some: tuple(sorted(set(some)))))
    outcome = st.sampled_from([ABROAD, Told(outcome=Outcome.NOT_ABROAD), BROKEN, Told.kept_back("x")])
    telling = st.tuples(st.just("tell"), st.tuples(st.integers(0, 9), outcome))
    return st.lists(st.tuples(asking | telling, st.floats(0, 8, allow_nan=False)), max_size=60)


@given(_steps())
def test_every_call_is_answered_once_and_whole_whatever_comes_back_in_whatever_order(steps: Any) -> None:
    inquiries, world, now = made(), _World(), 0.0
    for (what, given_), later in steps:
        now += later
        if what == "ask":
            got = list[dict[str, Answer]]()
            reply = inquiries.ask(Questions(given_), moment(now), got.append)
            if reply.answers is not None:
                assert not reply.errands
                got.append(reply.answers)
            world.waiting.append((given_, got))
            world.under_way += reply.errands
        elif world.under_way:
            errand = world.under_way.pop(given_[0] % len(world.under_way))
            _tell(inquiries.told(errand, given_[1], moment(now)))
        asked = [errand.number for errand in world.under_way]
        assert len(asked) == len(set(asked)) <= 3
    for errand in world.under_way:
        _tell(inquiries.told(errand, ABROAD, moment(now)))
    for numbers, got in world.waiting:
        assert [tuple(answers) and set(answers) for answers in got] == [set(numbers)]
    told: Any = inquiries.statistics()
    assert told["holders"]["one"]["questions"] == 0


def _tell(settled: Settled) -> None:
    for waiting in settled.finished:
        waiting.done(waiting.answers)
