import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call.description import Description, describes
from b2bua.call.liveness import GONE, Duty, Liveness, state
from sipstack.dialog import SessionTimer
from sipstack.errors import StateError
from sipstack.message import Headers, Request, response_to
from sipstack.message import request as build

SDP = b"v=0\r\n"


def invite(*fields: tuple[str, str], body: bytes = b"") -> Request:
    own = [("Via", "SIP/2.0/UDP a;branch=z9hG4bKx"), ("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>")]
    return build("INVITE", "sip:c@d", [*own, ("Call-ID", "x"), ("CSeq", "1 INVITE"), *fields], body)


def begun(probe_seconds: int = 900, **fields: object) -> Liveness:
    timer = SessionTimer(**fields)  # type: ignore[arg-type]  # what each test wants of it
    liveness = Liveness(timer=timer)
    liveness.begin(0.0, probe_seconds)
    return liveness


@pytest.mark.parametrize(
    ("lines", "updates"),
    [
        (["INVITE, UPDATE"], True),
        (["INVITE", "UPDATE"], True),
        (["INVITE"], False),
        (["update"], False),
        ([""], False),
        (['"'], False),
    ],
)
def test_a_peer_updates_when_its_allow_says_so(lines: list[str], *, updates: bool) -> None:
    liveness = Liveness(updates=not updates)
    liveness.learn(invite(*(("Allow", line) for line in lines)))
    assert liveness.updates is updates


@pytest.mark.parametrize(
    ("lines", "may"),
    [(["INVITE", "BYE, OPTIONS"], True), (["INVITE, BYE"], False), (["options"], False), ([""], False), (['"'], True)],
)
def test_a_peer_is_not_probed_when_its_allow_leaves_out_options(lines: list[str], *, may: bool) -> None:
    liveness = begun()
    liveness.learn(invite(*(("Allow", line) for line in lines)))
    assert liveness.deadline() == (900 if may else None)
    assert liveness.tick(900.0) is (Duty.PROBE if may else None)


def test_a_message_without_allow_changes_nothing() -> None:
    liveness = Liveness(updates=True, may_be_probed=False)
    liveness.learn(invite())
    assert (liveness.updates, liveness.may_be_probed) == (True, False)


def test_a_session_that_we_refresh_is_due_before_its_end() -> None:
    live = begun(refreshes_after=0.5)
    live.timer.accepted(response_to(invite(), 200, headers=[("Session-Expires", "1800;refresher=uac")]), 0.0)
    assert live.timer.refresh_at == 900
    assert live.deadline() == live.timer.refresh_at
    live.offer_at, live.answer_by = 800.0, 700.0
    assert live.deadline() == 700


def test_a_silent_side_is_probed_once_and_not_again_before_its_answer() -> None:
    liveness = begun()
    assert liveness.deadline() == 900
    assert liveness.tick(899.9) is None
    assert liveness.tick(900.0) is Duty.PROBE
    liveness.asked = invite()
    assert liveness.tick(5_000.0) is None
    assert liveness.deadline() is None
    liveness.asked = None
    liveness.hear(901.0)
    assert liveness.deadline() == 1_801


def test_a_side_with_a_session_timer_is_not_probed_until_it_has_none() -> None:
    liveness = begun()
    request = invite(("Supported", "timer"), ("Session-Expires", "1800;refresher=uac"))
    assert liveness.accept(request, 0.0) == [("Require", "timer"), ("Session-Expires", "1800;refresher=uac")]
    assert liveness.deadline() == 1_768
    assert liveness.tick(1_000.0) is None
    liveness.timer.stop()
    assert liveness.tick(1_000.0) is Duty.PROBE


def test_a_probe_that_comes_to_nothing_has_one_more_chance() -> None:
    liveness = begun()
    assert liveness.tick(900.0) is Duty.PROBE
    liveness.missed(900.0, 32.0)
    assert (liveness.lost, liveness.deadline()) == ("", 932.0)
    assert liveness.tick(932.0) is Duty.PROBE
    liveness.missed(932.0, 32.0)
    assert liveness.lost == GONE


def test_a_word_in_between_forgives_a_miss() -> None:
    liveness = begun()
    liveness.missed(900.0, 32.0)
    liveness.hear(910.0)
    liveness.missed(1_810.0, 32.0)
    assert not liveness.lost


def test_no_probes_means_none() -> None:
    liveness = begun(0)
    liveness.hear(100.0)
    assert liveness.deadline() is None


def test_a_caller_that_knows_no_timers_gets_none() -> None:
    liveness = begun()
    assert liveness.accept(invite(), 0.0) == []
    assert liveness.timer.agreed is None


def test_a_proxy_that_asks_for_a_timer_gets_one_that_we_refresh() -> None:
    liveness = begun()
    assert liveness.accept(invite(("Session-Expires", "600")), 0.0) == [("Session-Expires", "600;refresher=uas")]
    assert liveness.tick(300.0) is Duty.REFRESH
    assert liveness.tick(568.0) is Duty.END


@pytest.mark.parametrize(
    "fields",
    [
        [("Session-Expires", "x"), ("Supported", "timer")],
        [("Session-Expires", "90"), ("Session-Expires", "90")],
        [("Session-Expires", "90"), ("Supported", 'timer, "')],
        [("Session-Expires", "1800"), ("Supported", "timer"), ("Min-SE", "many")],
    ],
)
def test_lines_that_cannot_be_read_are_as_if_they_were_missing(fields: list[tuple[str, str]]) -> None:
    liveness = begun(min_se=3_600)
    assert liveness.too_small(invite(*fields)) == []
    assert liveness.accept(invite(*fields), 0.0) == []


def test_too_small_an_interval_is_told_the_least() -> None:
    liveness = begun(min_se=600)
    asked = invite(("Supported", "timer"), ("Session-Expires", "599"))
    assert liveness.too_small(asked) == [("Min-SE", "600")]
    assert liveness.too_small(invite(("Session-Expires", "599"))) == []


def test_what_is_said_anew_makes_what_was_owed_out_of_date() -> None:
    liveness = begun()
    liveness.owed, liveness.offer_at = Description((), b"old"), 5.0
    liveness.say(Description((), b"new"))
    assert liveness.tick(6.0) is None
    assert liveness.owed is None


def test_a_description_keeps_the_lines_that_speak_of_it() -> None:
    fields = [("Content-Type", "application/sdp;x=y"), ("Subject", "s"), ("Content-Disposition", "session")]
    message = invite(*fields, body=SDP)
    assert Description.of(message.headers, message.body).fields == (
        ("Content-Type", "application/sdp;x=y"),
        ("Content-Disposition", "session"),
    )


def part(*lines: str, body: bytes) -> bytes:
    return "\r\n".join(("--b", *lines, "", "")).encode() + body + b"\r\n"


@pytest.mark.parametrize(
    ("body", "fields", "found"),
    [
        (
            part("Content-Type: application/isup", body=b"IAM")
            + part("c: Application/SDP", "Content-ID: <x@y>", "Content-Disposition: Session ;x=y", body=SDP)
            + b"--b--",
            (("Content-Type", "Application/SDP"), ("Content-Disposition", "Session ;x=y")),
            SDP,
        ),
        (
            part("Content-Type: application/sdp", "Content-Disposition: early-session", body=b"v=1\r\n")
            + part("Content-Type: application/sdp", body=SDP)
            + b"--b--",
            (("Content-Type", "application/sdp"),),
            SDP,
        ),
        (
            part(
                "Content-Type: multipart/alternative;boundary=c",
                body=b"--c\r\nContent-Type: application/sdp\r\n\r\n" + SDP + b"\r\n--c--",
            )
            + b"--b--",
            (("Content-Type", "application/sdp"),),
            SDP,
        ),
    ],
)
def test_of_a_multipart_a_description_is_the_part_that_describes_the_session(
    body: bytes, fields: tuple[tuple[str, str], ...], found: bytes
) -> None:
    message = invite(("Content-Type", "multipart/mixed;boundary=b"), ("Content-Language", "nl"), body=body)
    assert Description.of(message.headers, message.body) == Description(fields, found)


@pytest.mark.parametrize(
    ("kind", "body"),
    [("multipart/mixed", b"--b\r\n\r\nv=0\r\n--b--"), ("multipart/mixed;boundary=b", part(body=SDP)), ("(", SDP)],
)
def test_a_body_whose_parts_cannot_be_read_is_kept_whole(kind: str, body: bytes) -> None:
    message = invite(("Content-Type", kind), body=body)
    assert Description.of(message.headers, message.body) == Description((("Content-Type", kind),), body)


@pytest.mark.parametrize(
    ("kind", "body", "is_one"),
    [
        ("application/sdp", SDP, True),
        ("Application / SDP ; x=y", SDP, True),
        ("application/sdp", b"", False),
        ("multipart/mixed;boundary=b", b"--b\r\nContent-Type: Application/SDP\r\n\r\nv=0\r\n--b--", True),
        ("multipart/mixed;boundary=b", b"--b\r\n\r\nhello\r\n--b--", False),
        ("text/plain", b"application/sdp", False),
    ],
)
def test_a_body_is_a_description_by_its_type(kind: str, body: bytes, *, is_one: bool) -> None:
    assert describes(Headers.of([("Content-Type", kind)]), body) is is_one


@pytest.mark.parametrize(
    ("there", "written"),
    [
        ([], ["timer"]),
        ([("k", "100rel,TIMER")], ["100rel,TIMER"]),
        ([("Supported", "100rel")], ["100rel", "timer"]),
        ([("Supported", '"')], ['"', "timer"]),
    ],
)
def test_timer_is_supported_once(there: list[tuple[str, str]], written: list[str]) -> None:
    message = invite(*there)
    state(message, [("Supported", "timer"), ("Session-Expires", "90")])
    assert message.headers.all("supported") == written
    assert message.headers.all("session-expires") == ["90"]


VALUES = st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=20) | st.integers(0, 2**33).map(str)


@given(st.lists(st.tuples(st.sampled_from(["Session-Expires", "Min-SE", "Supported", "Allow", "Require"]), VALUES)))
def test_nothing_that_a_peer_writes_raises_or_makes_it_busy(fields: list[tuple[str, str]]) -> None:
    try:
        request = invite(*fields)
    except StateError:  # what cannot be written cannot come
        return
    liveness = begun()
    liveness.learn(request)
    liveness.too_small(request)
    liveness.accept(request, 0.0)
    liveness.timer.accepted(response_to(request, 200, headers=fields), 0.0)
    due = liveness.deadline()
    assert (due is None) is (liveness.timer.agreed is None and not liveness.may_be_probed)
    assert due is None or due >= 45


@given(st.lists(st.tuples(st.sampled_from(Duty), st.floats(0, 2_000)), max_size=20))
def test_a_tick_leaves_nothing_due(steps: list[tuple[Duty, float]]) -> None:
    liveness = begun()
    liveness.accept(invite(("Session-Expires", "90")), 0.0)
    now = 0.0
    for duty, seconds in steps:
        now += seconds
        match duty:
            case Duty.OFFER:
                liveness.offer_at = now
            case Duty.WITHDRAW:
                liveness.answer_by = now
            case Duty.PROBE:
                liveness.hear(now)
            case _:
                liveness.accept(invite(("Session-Expires", "90")), now)
        seen = []
        while (due := liveness.tick(now)) is not None:
            seen.append(due)
        assert len(seen) == len(set(seen))
        at = liveness.deadline()
        assert at is None or at > now
