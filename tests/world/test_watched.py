"""What is not stopped for it and yet watched: checks that fail are told, callers without a number are counted."""

import pytest

from policy.roaming import Roaming
from tests.world.scene import Scene

MOBILE = "+32470123456"


@pytest.mark.law("L4", "¶8 3°")
def test_failed_roaming_checks_are_alarmed_once_an_hour() -> None:
    with Scene(answers={MOBILE: Roaming.FAILED}) as scene:
        for pause in (1, 1, 3_600):
            session = scene.caller.invite(caller=f"<sip:{MOBILE}@abroad>")
            scene.run(5)
            assert session.final == 200
            scene.caller.bye(session)
            scene.run(pause)
    assert [alarm.name for alarm in scene.expected] == ["roaming-failed"]
    assert MOBILE[4:] not in scene.expected[0].text


@pytest.mark.law("L4")
def test_a_check_that_answers_is_no_alarm() -> None:
    with Scene(answers={MOBILE: Roaming.ABROAD}) as scene:
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@abroad>")
        scene.run(5)
        scene.caller.bye(session)
    assert not scene.expected
    assert not scene.alarms


@pytest.mark.law("L1", "¶25")
def test_a_call_without_a_caller_s_number_passes_and_is_counted() -> None:
    with Scene() as scene:
        for caller in (
            "<sip:anonymous@anonymous.invalid>",
            '"Private" <sip:unknown@abroad>',
            "<sip:+442079460000@abroad>",
        ):
            session = scene.caller.invite(caller=caller)
            scene.run(5)
            assert session.final == 200
            scene.caller.bye(session)
    flags = [record.facts["flags"] for record in scene.records if record.kind == "verdict"]
    assert flags == [["anonymous-caller"], ["anonymous-caller"], []]
    assert scene.core.counters["flag: anonymous-caller"] == 2
