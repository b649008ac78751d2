from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.locate import FailureMemory, Hunt, Target, retry_after
from sipstack.message import Headers, Response

A, B, C = (Target("UDP", f"192.0.2.{at}", 5060, host="example.com") for at in (1, 2, 3))
NOW = 100.0

Failure = Callable[[Hunt], Target | None]
FAILURES: dict[str, Failure] = {
    "503": lambda hunt: hunt.answered(503, NOW),
    "503 with Retry-After": lambda hunt: hunt.answered(503, NOW, 60.0),
    "time-out": lambda hunt: hunt.timed_out(NOW),
    "transport error": lambda hunt: hunt.unreachable(NOW),
}


def begun(*targets: Target, memory: FailureMemory | None = None) -> Hunt:
    return Hunt.start(targets, memory or FailureMemory(), NOW)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_every_failure_leads_to_the_next_target_until_there_is_none(failure: Failure) -> None:
    hunt = begun(A, B)
    assert hunt.target == A
    assert failure(hunt) == B
    assert hunt.target == B
    assert not hunt.is_over
    assert failure(hunt) is None
    assert hunt.is_over


@pytest.mark.parametrize("status", [200, 302, 401, 404, 408, 486, 491, 500, 504, 603])
def test_any_other_final_response_ends_the_hunt(status: int) -> None:
    hunt = begun(A, B)
    assert hunt.answered(status, NOW) is None
    assert hunt.is_over
    assert [failure(hunt) for failure in FAILURES.values()] == [None] * len(FAILURES)


def test_a_time_out_after_a_provisional_response_is_no_failure() -> None:
    hunt = begun(A, B)
    assert hunt.answered(100, NOW) is None
    assert not hunt.is_over
    assert hunt.timed_out(NOW) is None
    assert hunt.is_over


@pytest.mark.parametrize("name", ["503", "transport error"])
def test_a_503_or_a_broken_connection_after_a_provisional_response_is_a_failure(name: str) -> None:
    hunt = begun(A, B)
    hunt.answered(180, NOW)
    assert FAILURES[name](hunt) == B


def test_what_one_target_said_does_not_count_for_the_next() -> None:
    hunt = begun(A, B, C)
    hunt.answered(100, NOW)
    assert hunt.answered(503, NOW) == B
    assert hunt.timed_out(NOW) == C


def test_a_hunt_that_was_stopped_tries_nothing_more() -> None:
    hunt = begun(A, B)
    hunt.stop()
    assert [failure(hunt) for failure in FAILURES.values()] == [None] * len(FAILURES)


def test_without_targets_a_hunt_is_over_at_once() -> None:
    hunt = begun()
    assert (hunt.target, hunt.is_over) == (None, True)
    assert [failure(hunt) for failure in FAILURES.values()] == [None] * len(FAILURES)


def test_the_next_hunt_tries_last_what_failed() -> None:
    memory = FailureMemory()
    begun(A, B, memory=memory).unreachable(NOW)
    assert begun(A, B, memory=memory).targets == (B, A)


def test_a_503_without_retry_after_is_not_remembered() -> None:
    memory = FailureMemory()
    hunt = begun(A, B, memory=memory)
    hunt.answered(503, NOW)
    assert (memory.size, hunt.retry_after(NOW)) == (0, None)


def test_an_answer_clears_what_was_held_against_a_target() -> None:
    memory = FailureMemory()
    memory.note(A, NOW)
    begun(A, memory=memory).answered(404, NOW)
    assert memory.until(A, NOW) is None


def test_retry_after_is_when_the_first_target_may_be_tried_again() -> None:
    hunt = begun(A, B, memory=FailureMemory(penalty=30.0))
    assert hunt.retry_after(NOW) is None
    hunt.answered(503, NOW, 20.0)
    hunt.unreachable(NOW + 1)
    assert hunt.retry_after(NOW + 5) == 15.0
    assert hunt.retry_after(NOW + 25) == 0.0


@given(st.lists(st.sampled_from(["503", "503 with Retry-After", "time-out", "transport error", 100, 180, 200, 486])))
def test_no_target_is_tried_twice_and_nothing_is_tried_after_the_end(history: list[str | int]) -> None:
    hunt = begun(A, B, C)
    tried = [hunt.target]
    for happened in history:
        was_over = hunt.is_over
        following = hunt.answered(happened, NOW) if isinstance(happened, int) else FAILURES[happened](hunt)
        assert following is None or (following == hunt.target and not was_over)
        if following is not None:
            tried.append(following)
    assert tried == [A, B, C][: len(tried)]


def test_only_a_503_that_says_so_readably_asks_to_be_left_alone() -> None:
    def answer(status: int, *values: str) -> Response:
        return Response(status, "", Headers.of([("Retry-After", value) for value in values]))

    assert retry_after(answer(503, "7 (busy);duration=3")) == 7.0
    assert retry_after(answer(503)) is None
    assert retry_after(answer(503, "soon")) is None
    assert retry_after(answer(503, "7", "8")) is None
    assert retry_after(answer(480, "7")) is None
