"""The session timer, both roles and both refreshers (RFC 4028)."""

import itertools

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.dialog import Due, IntervalTooSmall, SessionTimer
from sipstack.errors import ParseError
from sipstack.message import Response
from sipstack.message import request as build
from sipstack.message.headers import Headers


def invite(expires=None, *, supported="timer", min_se=None):
    fields = [("Supported", supported)] if supported else []
    fields += [("Session-Expires", str(expires))] if expires is not None else []
    fields += [("Min-SE", str(min_se))] if min_se is not None else []
    return build("INVITE", "sip:b@b", fields)


def made(fields, method="INVITE"):
    return build(method, "sip:b@b", fields)


def ok(*fields, status=200):
    return Response(status, "OK", Headers.of(fields))


def running(*, we_refresh, seconds=1800, **settings):
    timer = SessionTimer(**settings)
    timer.accepted(ok(("Session-Expires", f"{seconds};refresher={'uac' if we_refresh else 'uas'}")), 0.0)
    return timer


def test_who_passes_on_the_refreshes_of_another_may_refresh_a_little_later():
    timer = running(we_refresh=True, refreshes_after=5 / 9)
    assert timer.deadline() == pytest.approx(1000)
    assert timer.tick(999.0) is None
    assert timer.tick(1000.1) is Due.REFRESH
    assert timer.deadline() == 1768
    assert running(we_refresh=True, seconds=90, refreshes_after=5 / 9).deadline() == pytest.approx(50)


# Our requests.


def test_the_first_request_asks_for_an_interval_and_leaves_the_refresher_open():
    assert SessionTimer().request_fields() == [("Supported", "timer"), ("Session-Expires", "1800")]


@pytest.mark.parametrize(("prefer", "who"), [(True, "uac"), (False, "uas")])
def test_a_preferred_refresher_is_named(prefer, who):
    fields = SessionTimer(interval=600, prefer_refreshing=prefer).request_fields()
    assert fields[1] == ("Session-Expires", f"600;refresher={who}")


def test_without_a_wish_only_the_option_is_named():
    assert SessionTimer(interval=None).request_fields() == [("Supported", "timer")]


def test_a_minimum_of_ours_is_named_and_never_above_what_we_ask():
    fields = SessionTimer(interval=300, min_se=600).request_fields()
    assert fields[1:] == [("Session-Expires", "600"), ("Min-SE", "600")]


def test_no_interval_below_90_is_asked_for():
    assert SessionTimer(interval=10).request_fields() == [("Supported", "timer"), ("Session-Expires", "90")]


@pytest.mark.parametrize(("we_refresh", "who"), [(True, "uac"), (False, "uas")])
def test_a_request_within_the_session_names_the_interval_in_force_and_who_refreshes(we_refresh, who):
    fields = running(we_refresh=we_refresh, seconds=700, interval=None).request_fields()
    assert fields == [("Supported", "timer"), ("Session-Expires", f"700;refresher={who}")]


# 422.


def test_a_422_is_obeyed_with_its_minimum():
    timer = SessionTimer(interval=100)
    assert timer.too_small(ok(("Min-SE", "500"), status=422))
    assert timer.request_fields()[1:] == [("Session-Expires", "500"), ("Min-SE", "500")]


def test_the_largest_minimum_of_the_call_is_kept():
    timer = SessionTimer(interval=100)
    timer.too_small(ok(("Min-SE", "500"), status=422))
    timer.accepted(ok(("Session-Expires", "500;refresher=uac")), 0.0)
    timer.accept(invite(600, min_se=200), 1.0)
    assert ("Min-SE", "500") in timer.request_fields()


@pytest.mark.parametrize(
    "fields",
    [(), (("Min-SE", "100"),), (("Min-SE", "x"),), (("Min-SE", "500"), ("Min-SE", "600")), (("Min-SE", "90"),)],
)
def test_a_422_that_asks_for_no_more_is_not_obeyed(fields):
    assert not SessionTimer(interval=100).too_small(ok(*fields, status=422))


def test_a_path_that_asks_for_ever_more_is_given_up():
    timer = SessionTimer(interval=100)
    obeyed = [timer.too_small(ok(("Min-SE", str(1000 + n)), status=422)) for n in range(6)]
    assert obeyed == [True, True, True, True, False, False]
    timer.accepted(ok(), 0.0)
    assert timer.too_small(ok(("Min-SE", "9000"), status=422))


def test_without_a_wish_a_422_cannot_be_obeyed():
    assert not SessionTimer(interval=None).too_small(ok(("Min-SE", "500"), status=422))


# Their requests.


@pytest.mark.parametrize(
    ("request_", "too_small"),
    [
        (invite(119), True),
        (invite(120), False),
        (invite(119, supported=None), False),
        (invite(119, supported="100rel"), False),
        (invite(), False),
        (invite("89;refresher=uac"), True),
    ],
)
def test_an_interval_below_our_minimum_is_refused_if_the_peer_knows_session_timers(request_, too_small):
    timer = SessionTimer(min_se=120)
    if not too_small:
        timer.judge(request_)
        return
    with pytest.raises(IntervalTooSmall) as caught:
        timer.judge(request_)
    assert (caught.value.status, caught.value.fields) == (422, [("Min-SE", "120")])


def test_our_minimum_is_never_below_90():
    with pytest.raises(IntervalTooSmall) as caught:
        SessionTimer(min_se=10).judge(invite(89))
    assert caught.value.fields == [("Min-SE", "90")]


@pytest.mark.parametrize(
    "request_",
    [
        invite("x"),
        invite(""),
        invite("1800;;"),
        invite(str(2**32)),
        invite(1800, min_se="x"),
        build("INVITE", "sip:b@b", [("Session-Expires", "100"), ("x", "200")]),
        build("INVITE", "sip:b@b", [("Min-SE", "100"), ("Min-SE", "100")]),
    ],
)
def test_headers_that_cannot_be_read_are_refused(request_):
    timer = SessionTimer()
    for step in (timer.judge, lambda request: timer.accept(request, 0.0)):
        with pytest.raises(ParseError) as caught:
            step(request_)
        assert caught.value.status == 400
    assert timer.agreed is None


# The 2xx to their requests: table 2 of §9, and the interval.


@pytest.mark.parametrize(
    ("supported", "asked", "prefer", "who", "required"),
    [
        (None, "", None, "uas", False),
        (None, ";refresher=uac", None, "uas", False),
        ("timer", "", None, "uac", True),
        ("timer", "", True, "uas", True),
        ("timer", "", False, "uac", True),
        ("timer", ";refresher=uac", True, "uac", True),
        ("timer", ";refresher=uas", False, "uas", True),
        ("timer", ";refresher=UAS", False, "uas", True),
        ("timer", ";refresher=both", None, "uac", True),
    ],
)
def test_the_refresher_is_chosen_by_table_2(supported, asked, prefer, who, required):
    timer = SessionTimer(prefer_refreshing=prefer)
    fields = timer.accept(invite(f"600{asked}", supported=supported), 0.0)
    assert dict(fields)["Session-Expires"] == f"600;refresher={who}"
    assert (("Require", "timer") in fields) is required
    assert timer.we_refresh is (who == "uas")
    assert (timer.refresh_at is not None) is (who == "uas")


@pytest.mark.parametrize(
    ("wish", "asked", "min_se", "agreed"),
    [
        (1800, 600, None, 600),
        (300, 600, None, 300),
        (300, 600, 400, 400),
        (300, 600, "400 ;whatever=it=is;", 400),
        (10, 600, None, 90),
        (None, 600, None, 600),
        (300, 200, 250, 200),
    ],
)
def test_an_interval_is_reduced_to_our_wish_but_not_below_theirs(wish, asked, min_se, agreed):
    timer = SessionTimer(interval=wish)
    fields = timer.accept(invite(asked, min_se=min_se), 0.0)
    assert dict(fields)["Session-Expires"].startswith(f"{agreed};")
    assert timer.agreed == agreed


def test_a_request_without_an_interval_gets_ours():
    timer = SessionTimer(interval=600)
    assert dict(timer.accept(invite(min_se=900), 0.0))["Session-Expires"] == "900;refresher=uac"


def test_where_nobody_wants_a_timer_there_is_none():
    timer = running(we_refresh=False, interval=None)
    assert timer.accept(invite(), 10.0) == []
    assert timer.deadline() is None


@pytest.mark.parametrize("we_refresh", [True, False])
def test_a_refresh_that_names_nobody_leaves_the_refresher_as_it_was(we_refresh):
    timer = running(we_refresh=we_refresh)
    timer.accept(invite(1800), 5.0)
    assert timer.we_refresh is we_refresh


# The 2xx to ours.


def test_the_2xx_says_interval_and_refresher():
    timer = SessionTimer(prefer_refreshing=True)
    timer.accepted(ok(("Session-Expires", "300;refresher=uas")), 0.0)
    assert (timer.agreed, timer.we_refresh, timer.refresh_at) == (300, False, None)


def test_a_2xx_that_names_no_refresher_makes_us_one():
    timer = SessionTimer()
    timer.accepted(ok(("Session-Expires", "300")), 0.0)
    assert timer.we_refresh


@pytest.mark.parametrize("fields", [(), (("Session-Expires", "x"),)])
def test_a_2xx_without_an_interval_ends_the_timer(fields):
    timer = running(we_refresh=True)
    timer.accepted(ok(*fields), 10.0)
    assert timer.deadline() is None
    assert repr(timer) == "<SessionTimer off>"


def test_one_who_insists_refreshes_alone():
    timer = SessionTimer(interval=600, insist=True)
    timer.accepted(ok(), 0.0)
    assert (timer.agreed, timer.we_refresh, timer.refresh_at) == (600, True, 300.0)


def test_an_interval_below_90_counts_as_90():
    timer = running(we_refresh=True, seconds=1)
    assert (timer.agreed, timer.refresh_at) == (90, 45.0)


# Time.


@pytest.mark.parametrize(("seconds", "refresh", "expire"), [(1800, 900.0, 1768.0), (90, 45.0, 60.0)])
def test_the_refresher_refreshes_at_half_time_and_gives_up_shortly_before_the_end(seconds, refresh, expire):
    timer = running(we_refresh=True, seconds=seconds)
    assert timer.deadline() == refresh
    assert timer.tick(refresh - 0.1) is None
    assert timer.tick(refresh) is Due.REFRESH
    assert timer.tick(refresh) is None
    assert timer.deadline() == expire
    assert timer.tick(expire) is Due.EXPIRE
    assert timer.deadline() is None
    assert timer.tick(expire + 1) is None


def test_the_other_side_only_waits_for_the_end():
    timer = running(we_refresh=False, seconds=90)
    assert timer.deadline() == 60.0
    assert timer.tick(60.0) is Due.EXPIRE


@pytest.mark.parametrize("we_refresh", [True, False])
def test_a_refresh_starts_the_time_anew(we_refresh):
    timer = running(we_refresh=we_refresh, seconds=90)
    timer.tick(45.0)
    if we_refresh:
        timer.accepted(ok(("Session-Expires", "90;refresher=uac")), 46.0)
    else:
        timer.accept(invite("90;refresher=uac"), 46.0)
    assert timer.deadline() == (91.0 if we_refresh else 106.0)


def test_a_tick_after_the_end_expires_rather_than_refreshes():
    assert running(we_refresh=True, seconds=90).tick(1000.0) is Due.EXPIRE


@pytest.mark.parametrize("status", [408, 481])
def test_a_refresh_that_finds_nobody_ends_the_session(status):
    timer = running(we_refresh=True)
    timer.tick(900.0)
    assert timer.refresh_failed(status, 932.0)
    assert timer.deadline() is None


def test_a_refresh_that_is_refused_is_tried_again_ever_sooner_until_the_end():
    timer = running(we_refresh=True, seconds=90)
    tries = []
    while timer.tick(now := timer.deadline()) is Due.REFRESH:
        tries.append(now)
        assert not timer.refresh_failed(500, now)
    assert tries == [45.0, 52.5, 56.25, 58.125]


def test_the_failure_of_another_request_leaves_the_refresh_where_it_was():
    timer = running(we_refresh=True)
    assert not timer.refresh_failed(488, 800.0)
    assert timer.deadline() == 900.0


def test_one_who_does_not_refresh_does_not_start_to_because_of_a_failure():
    timer = running(we_refresh=False)
    assert not timer.refresh_failed(500, 10.0)
    timer.put_off(10.0)
    assert timer.refresh_at is None


def test_the_end_of_the_session_stops_everything():
    timer = running(we_refresh=True)
    timer.stop()
    assert timer.deadline() is None
    timer.put_off(1.0)
    assert timer.deadline() is None


def test_its_repr_tells_who_refreshes():
    assert repr(running(we_refresh=True, seconds=90)) == "<SessionTimer 90 s, we refresh, expires at 60>"
    assert repr(running(we_refresh=False, seconds=90)) == "<SessionTimer 90 s, they refresh, expires at 60>"


def test_its_fields_are_plain_data():
    timer = running(we_refresh=True)
    again = SessionTimer(**attrs.asdict(timer))
    assert (again.deadline(), again.request_fields()) == (timer.deadline(), timer.request_fields())


# Two sides.

INTERVALS = st.none() | st.integers(1, 4000)
SIDES = st.builds(
    SessionTimer,
    interval=INTERVALS,
    min_se=st.integers(1, 2000),
    prefer_refreshing=st.sampled_from([None, True, False]),
)


def negotiate(caller, callee, now):
    """Send request until it is accepted or refused for good; whether it was accepted."""
    for _ in range(8):
        request = made(caller.request_fields())
        try:
            callee.judge(request)
        except IntervalTooSmall as error:
            if not caller.too_small(ok(*error.fields, status=422)):
                return False
            continue
        caller.accepted(ok(*callee.accept(request, now)), now)
        return True
    raise AssertionError("no end")


@given(SIDES, SIDES, st.lists(st.booleans(), max_size=4))
def test_both_sides_agree_on_the_interval_and_on_one_refresher(one, other, callers):
    for at, one_calls in enumerate([True, *callers]):
        sides = (one, other) if one_calls else (other, one)
        assert negotiate(*sides, float(at))
        assert one.agreed == other.agreed
        assert one.expire_at == other.expire_at
        if one.agreed is None:
            assert one.deadline() is other.deadline() is None
        else:
            assert one.agreed >= 90
            assert one.we_refresh is not other.we_refresh


def test_in_all_histories_of_length_4_a_timer_is_whole_or_off():
    inputs = {
        "uac": lambda t, now: t.accepted(ok(("Session-Expires", "90;refresher=uac")), now),
        "uas": lambda t, now: t.accepted(ok(("Session-Expires", "90;refresher=uas")), now),
        "none": lambda t, now: t.accepted(ok(), now),
        "theirs": lambda t, now: t.accept(invite("200;refresher=uas"), now),
        "tick": lambda t, now: t.tick(t.deadline() or now),
        "failed": lambda t, now: t.refresh_failed(500, now),
        "gone": lambda t, now: t.refresh_failed(481, now),
        "stop": lambda t, now: t.stop(),
    }
    for history in itertools.product(inputs.items(), repeat=4):
        timer = SessionTimer()
        for now, (name, act) in enumerate(history):
            act(timer, float(now))
            assert (timer.agreed is None) is (timer.expire_at is None)
            assert timer.refresh_at is None or timer.we_refresh
            assert timer.refresh_at is None or timer.refresh_at < timer.expire_at
            if name in ("none", "gone", "stop"):
                assert timer.deadline() is None
