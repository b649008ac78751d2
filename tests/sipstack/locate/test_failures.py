from sipstack.locate import FailureMemory, Target

A, B, C = (Target("UDP", f"192.0.2.{at}", 5060, host="example.com") for at in (1, 2, 3))
NOW = 50.0


def test_a_target_that_failed_is_last_until_its_time_passes() -> None:
    memory = FailureMemory(penalty=30.0)
    memory.note(A, NOW)
    assert memory.ordered((A, B, C), NOW + 29.9) == (B, C, A)
    assert memory.ordered((A, B, C), NOW + 30.0) == (A, B, C)


def test_of_those_that_failed_the_first_to_be_free_is_tried_first() -> None:
    memory = FailureMemory()
    memory.note(A, NOW, 60.0)
    memory.note(B, NOW, 10.0)
    assert memory.ordered((A, B, C), NOW) == (C, B, A)


def test_the_same_address_over_another_transport_or_for_another_domain() -> None:
    memory = FailureMemory()
    memory.note(A, NOW)
    assert memory.until(Target("TCP", A.address, A.port, host=A.host), NOW) is None
    assert memory.until(Target("UDP", A.address, A.port, host="example.org"), NOW) is not None


def test_a_retry_after_beyond_belief_is_cut() -> None:
    memory = FailureMemory(longest=600.0)
    memory.note(A, NOW, 1e12)
    assert memory.until(A, NOW) == NOW + 600.0
    memory.note(B, NOW, -5.0)
    assert memory.until(B, NOW) is None


def test_a_shorter_time_does_not_end_a_longer_one() -> None:
    memory = FailureMemory(penalty=30.0)
    memory.note(A, NOW, 300.0)
    memory.note(A, NOW + 1)
    assert memory.until(A, NOW + 1) == NOW + 300.0


def test_a_target_that_answered_is_forgotten() -> None:
    memory = FailureMemory()
    memory.note(A, NOW)
    memory.forget(A)
    memory.forget(B)
    assert memory.ordered((A, B), NOW) == (A, B)


def test_the_memory_is_bounded_and_the_oldest_note_makes_room() -> None:
    memory = FailureMemory(limit=2)
    for target in (A, B, A, C):
        memory.note(target, NOW)
    assert memory.size == 2
    assert memory.until(B, NOW) is None
    assert memory.until(A, NOW) is not None
