"""What is not stopped for it and yet watched: checks that fail are told, callers without a number are counted."""

import json
from base64 import urlsafe_b64encode

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


def passport(**claims: object) -> tuple[str, str]:
    parts = ({"alg": "ES256", "ppt": "shaken"}, {"dest": {"tn": ["3293330000"]}, **claims})
    token = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return "Identity", f"{token}.c2lnbmF0dXJl;info=<https://certs.example/a.crt>"


LONDON, PARIS = "442079460000", "33612345678"
SIGNED, OTHER = {"tn": LONDON}, {"tn": "442079460001"}


@pytest.mark.law("¶9")
@pytest.mark.parametrize(
    ("headers", "differs"),
    [
        ([passport(orig=SIGNED)], False),
        ([passport(orig=OTHER)], True),
        ([passport(orig=SIGNED), passport(orig=OTHER)], True),
        ([passport(orig=OTHER), ("P-Asserted-Identity", "<tel:+442079460001>")], False),
        ([passport(orig=SIGNED, div={"tn": PARIS}), ("Diversion", f"<tel:+{PARIS}>")], False),
        ([passport(orig=SIGNED, div={"tn": PARIS}), ("Diversion", f"<tel:+{LONDON}>")], True),
        ([passport(orig=SIGNED, div={"tn": PARIS})], False),
        ([("P-Asserted-Identity", "<tel:+442079460001>")], False),
    ],
)
def test_a_passport_that_names_another_than_the_call_does_is_flagged(
    headers: list[tuple[str, str]], differs: bool
) -> None:
    with Scene() as scene:
        session = scene.caller.invite(caller=f"<sip:+{LONDON}@abroad>", headers=headers)
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)
    assert scene.record("verdict").facts["flags"] == (["passport-differs"] if differs else [])


def test_a_passport_contradicts_no_call_without_a_number() -> None:
    with Scene() as scene:
        session = scene.caller.invite(caller="<sip:anonymous@anonymous.invalid>", headers=[passport(orig=SIGNED)])
        scene.run(5)
        scene.caller.bye(session)
    assert scene.record("verdict").facts["flags"] == []
