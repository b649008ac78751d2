"""Session timers as two SIPps agree on them, each with the box alone (RFC 4028); `tests/world` has how they run out."""

import pytest

from tests.peers.rig import FOREIGN, NATIONAL, Rig

pytestmark = pytest.mark.peer("sipp")


def test_each_side_agrees_on_a_session_timer_of_its_own(rig: Rig) -> None:
    b = rig.play("b-answers", NATIONAL, more="Require: timer\nSession-Expires: 900;refresher=uas")
    a = rig.play("a-calls", FOREIGN, extra="Supported: timer\nSession-Expires: 600;refresher=uac\nMin-SE: 100")
    rig.finish(a, b)
    (invite,) = b.heard("INVITE")
    assert (invite.all("session-expires"), invite.all("min-se")) == (["1800"], [])
    assert invite.all("supported") == ["timer"]
    answer = a.heard("SIP/2.0 200")[0]
    assert (answer.all("session-expires"), answer.all("require")) == (["600;refresher=uac"], ["timer"])


def test_a_callee_who_wants_a_longer_session_gets_it_and_the_caller_hears_nothing_of_it(rig: Rig) -> None:
    b = rig.play("b-wants-a-longer-session", NATIONAL, least="2400")
    a = rig.play("a-calls", FOREIGN)
    rig.finish(a, b)
    first, second = b.heard("INVITE")
    assert (second.all("session-expires"), second.all("min-se")) == (["2400"], ["2400"])
    assert (second.number, second.one("call-id")) == (first.number + 1, first.one("call-id"))
    assert [response.status for response in a.heard("SIP/2.0")][:3] == [100, 180, 200]


def test_a_caller_who_wants_too_short_a_session_is_told_the_least(fresh: Rig) -> None:
    fresh.start(min_session_seconds=300)
    a = fresh.play("a-is-refused", FOREIGN, status="422", extra="Supported: timer\nSession-Expires: 120;refresher=uac")
    fresh.finish(a)
    assert a.heard("SIP/2.0 422")[0].all("min-se") == ["300"]
    assert fresh.box.causes() == ["session interval"]
