import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.agent.registration import (
    Binding,
    Lapsed,
    Register,
    Registered,
    RegisterFailed,
    Registration,
    State,
    Unregistered,
)
from sipstack.auth import Account, DigestClient, DigestServer, Protection, Secret
from sipstack.effects import Cause
from sipstack.errors import StateError
from sipstack.ids import Ids
from sipstack.message import parse, response_to
from sipstack.values.parameters import Parameters

CONTACT = "sip:alice@192.0.2.1:5066"


def a_binding(**settings):
    values = {"registrar": "sip:example.org", "aor": "sip:alice@example.org", "contact": CONTACT}
    return Binding(**(values | settings))


def a_registration(auth=None, seed=1, **settings):
    return Registration(a_binding(**settings), Ids(random.Random(seed).randbytes), auth)


def sent(outcomes):
    """The one request among the outcomes, as it comes out of the wire."""
    (register,) = [each for each in outcomes if isinstance(each, Register)]
    register.request.headers.insert(0, "Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")
    return parse(register.request.encode())


def ok(asked, *contacts, headers=()):
    contacts = contacts or (asked.headers.first("contact"),)
    lines = [("Contact", contact) for contact in contacts if contact and contact != "*"]
    return response_to(asked, 200, headers=[*lines, *headers])


def registered(machine, now=0.0, granted=3600):
    asked = sent(machine.register(now))
    return machine.receive(ok(asked, f"<{CONTACT}>;expires={granted}"), now)


def test_a_register_says_who_where_and_for_how_long():
    machine = a_registration(parameters=Parameters.parse(";q=0.5"), headers=(("User-Agent", "x"),))
    outcomes = machine.register(0.0)
    assert outcomes[0].hop == "sip:example.org"
    asked = sent(outcomes)
    assert (asked.method, asked.uri) == ("REGISTER", "sip:example.org")
    assert str(asked.from_.uri) == str(asked.to.uri) == "sip:alice@example.org"
    assert asked.from_.tag
    assert asked.to.tag is None
    assert asked.headers.first("contact") == f"<{CONTACT}>;q=0.5;expires=3600"
    assert asked.headers.first("expires") == "3600"
    assert asked.headers.first("supported") == "path"
    assert asked.headers.first("user-agent") == "x"
    assert asked.cseq.number == 1


def test_all_registers_share_a_call_id_and_their_numbers_grow_by_one():
    machine = a_registration()
    first = sent(machine.register(0.0))
    machine.receive(ok(first), 0.0)
    second = sent(machine.tick(machine.deadline()))
    assert (second.call_id, second.from_.tag) == (first.call_id, first.from_.tag)
    assert second.cseq.number == first.cseq.number + 1


def test_an_outbound_proxy_is_the_next_hop_and_the_first_route():
    outcomes = a_registration(route=("<sip:proxy;lr>", "<sip:other;lr>")).register(0.0)
    assert outcomes[0].hop == "sip:proxy;lr"
    assert sent(outcomes).headers.all("route") == ["<sip:proxy;lr>", "<sip:other;lr>"]


def test_the_granted_time_is_that_of_our_contact_among_several():
    machine = a_registration()
    asked = sent(machine.register(10.0))
    response = ok(asked, "<sip:bob@h>;expires=10", f"<{CONTACT};x=y>;expires=1000", headers=[("Expires", "20")])
    (event,) = machine.receive(response, 11.0)
    assert (event.expires_at, event.listed) == (1010.0, True)
    assert machine.state is State.REGISTERED


def test_contacts_in_one_line_are_told_apart():
    machine = a_registration()
    asked = sent(machine.register(0.0))
    (event,) = machine.receive(ok(asked, f"<sip:bob@h>;expires=10, <{CONTACT}>;expires=1000"), 0.0)
    assert event.expires_at == 1000.0


@pytest.mark.parametrize(
    ("contact", "headers", "granted", "listed"),
    [
        (f"<{CONTACT}>", [("Expires", "100")], 100.0, True),
        (f"<{CONTACT}>", [], 3600.0, True),
        (f"<{CONTACT}>;expires=soon", [("Expires", "100")], 100.0, True),
        ("<sip:alice@203.0.113.9:1>;expires=50", [("Expires", "100")], 100.0, False),
        ("", [("Expires", "100")], 100.0, False),
        ("", [], 3600.0, False),
        ("<<<", [("Expires", "100")], 100.0, False),
    ],
)
def test_what_the_contact_does_not_say_the_header_says_or_our_own_wish(contact, headers, granted, listed):
    machine = a_registration()
    response = response_to(
        sent(machine.register(0.0)), 200, headers=[("Contact", contact), *headers] if contact else headers
    )
    (event,) = machine.receive(response, 0.0)
    assert (event.expires_at, event.listed) == (granted, listed)


def test_an_odd_contact_of_somebody_else_does_not_hide_ours():
    machine = a_registration()
    response = ok(sent(machine.register(0.0)), "sip:a b@c", f"<{CONTACT}>;expires=77")
    (event,) = machine.receive(response, 0.0)
    assert (event.expires_at, event.listed) == (77.0, True)


def test_a_binding_granted_for_no_time_is_a_failure():
    machine = a_registration()
    (event,) = machine.receive(ok(sent(machine.register(0.0)), f"<{CONTACT}>;expires=0"), 0.0)
    assert (event.status, event.reason) == (200, "Nothing Granted")
    assert event.retry_at > 0
    assert machine.state is State.WAITING


@pytest.mark.parametrize(("granted", "at"), [(3600, 3000.0), (1200, 600.0), (100, 50.0), (1, 5.0), (12, 6.0)])
def test_a_refresh_goes_out_in_time_but_never_at_once(granted, at):
    machine = a_registration()
    registered(machine, granted=granted)
    if granted == 1:
        assert machine.deadline() == 1.0
        assert machine.tick(1.0) == (Lapsed(),)
    assert machine.deadline() == at
    assert machine.tick(at - 0.1) == ()
    assert sent(machine.tick(at)).cseq.number == 2


def test_the_time_counts_from_the_asking_not_from_a_late_answer():
    machine = a_registration()
    asked = sent(machine.register(0.0))
    (event,) = machine.receive(ok(asked, f"<{CONTACT}>;expires=100"), 20.0)
    assert event.expires_at == 100.0


def test_provisional_and_foreign_responses_change_nothing():
    machine = a_registration()
    asked = sent(machine.register(0.0))
    machine.receive(ok(asked), 0.0)
    current = sent(machine.register(1.0))
    assert machine.receive(response_to(current, 100), 1.0) == ()
    assert machine.receive(ok(asked), 1.0) == ()
    assert isinstance(machine.receive(ok(current), 1.0)[0], Registered)
    assert machine.receive(ok(current), 1.0) == ()


def test_while_one_is_out_no_other_goes_out():
    machine = a_registration()
    asked = sent(machine.register(0.0))
    assert machine.register(1.0) == ()
    assert machine.unregister(1.0) == ()
    first, *then = machine.receive(ok(asked), 2.0)
    assert isinstance(first, Registered)
    assert sent(then).headers.first("expires") == "0"
    assert machine.state is State.UNREGISTERING


def test_unregistering_asks_for_no_time_and_ends():
    machine = a_registration()
    registered(machine)
    asked = sent(machine.unregister(5.0))
    assert asked.headers.first("contact") == f"<{CONTACT}>;expires=0"
    assert asked.headers.first("expires") == "0"
    assert machine.receive(response_to(asked, 200), 5.0) == (Unregistered(),)
    assert machine.deadline() is None
    assert machine.state is State.IDLE


def test_everything_is_unregistered_by_a_star():
    machine = a_registration()
    asked = sent(machine.unregister(0.0, everything=True))
    assert (asked.headers.first("contact"), asked.headers.first("expires")) == ("*", "0")
    assert machine.receive(response_to(asked, 200), 0.0) == (Unregistered(),)
    assert sent(machine.register(1.0)).headers.first("contact").startswith(f"<{CONTACT}>")


def test_what_is_wanted_again_while_unregistering_is_registered_again():
    machine = a_registration()
    asked = sent(machine.unregister(0.0))
    machine.register(1.0)
    first, *then = machine.receive(response_to(asked, 200), 2.0)
    assert first == Unregistered()
    assert sent(then).headers.first("expires") == "3600"


def test_an_unregistration_that_fails_is_not_tried_again_and_the_binding_lapses():
    machine = a_registration()
    registered(machine, granted=100)
    sent(machine.unregister(5.0))
    assert machine.failed(Cause.TIMEOUT, 37.0) == (RegisterFailed(None, "timeout", None),)
    assert machine.deadline() == 100.0
    assert machine.tick(100.0) == (Lapsed(),)
    assert machine.deadline() is None


def test_a_registration_taken_back_while_it_fails_is_still_taken_back():
    machine = a_registration()
    sent(machine.register(0.0))
    machine.unregister(1.0)
    failed, *then = machine.failed(Cause.TIMEOUT, 32.0)
    assert failed == RegisterFailed(None, "timeout", None)
    assert sent(then).headers.first("expires") == "0"


def test_an_interval_too_brief_is_lengthened():
    machine = a_registration(expires=60)
    asked = sent(machine.register(0.0))
    again = sent(machine.receive(response_to(asked, 423, headers=[("Min-Expires", "1800")]), 0.0))
    assert (again.headers.first("expires"), again.cseq.number) == ("1800", 2)
    machine.receive(ok(again), 0.0)
    assert sent(machine.tick(machine.deadline())).headers.first("expires") == "1800"


@pytest.mark.parametrize("least", [None, "60", "10", "-1", "x", "604801", "99999999999"])
def test_an_interval_that_helps_nothing_is_a_failure(least):
    machine = a_registration(expires=60)
    headers = [] if least is None else [("Min-Expires", least)]
    (event,) = machine.receive(response_to(sent(machine.register(0.0)), 423, headers=headers), 0.0)
    assert event.status == 423


def test_a_registrar_that_always_wants_a_little_more_is_not_followed_for_ever():
    machine = a_registration(expires=60)
    outcomes = machine.register(0.0)
    for tries in itertools.count():
        if not isinstance(outcomes[0], Register):
            break
        least = [("Min-Expires", str(61 + tries))]
        outcomes = machine.receive(response_to(sent(outcomes), 423, headers=least), 0.0)
    assert tries == 4
    assert machine.state is State.WAITING


def test_each_registration_may_be_lengthened_anew():
    machine = a_registration(expires=60)
    outcomes = machine.register(0.0)
    for least in range(61, 71):
        outcomes = machine.receive(response_to(sent(outcomes), 423, headers=[("Min-Expires", str(least))]), 0.0)
        (event,) = machine.receive(ok(sent(outcomes)), 0.0)
        assert isinstance(event, Registered)
        outcomes = machine.register(0.0)


def test_the_pause_doubles_with_chance_and_has_an_end():
    machine = a_registration()
    outcomes, now = machine.register(0.0), 0.0
    pauses = []
    for _ in range(40):
        sent(outcomes)
        (event,) = machine.failed(Cause.TIMEOUT, now)
        pauses.append(event.retry_at - now)
        assert machine.deadline() == event.retry_at
        now = event.retry_at
        outcomes = machine.tick(now)
    for tries, pause in enumerate(pauses, 1):
        whole = min(1800.0, 30.0 * 2**tries)
        assert whole / 2 <= pause <= whole
    assert len({round(pause, 3) for pause in pauses[-5:]}) == 5


def test_two_clients_do_not_come_back_together():
    pauses = set()
    for seed in range(5):
        machine = a_registration(seed=seed)
        machine.register(0.0)
        pauses.add(machine.failed(Cause.TRANSPORT, 0.0)[0].retry_at)
    assert len(pauses) == 5


def test_a_success_ends_the_doubling():
    machine = a_registration()
    for _ in range(5):
        machine.register(0.0)
        machine.failed(Cause.TIMEOUT, 0.0)
    registered(machine)
    machine.register(0.0)
    assert machine.failed(Cause.TIMEOUT, 0.0)[0].retry_at <= 60.0


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("120", 120.0, 132.0),
        ("120;duration=10", 120.0, 132.0),
        ("120 (maintenance)", 120.0, 132.0),
        ("0", 5.0, 5.5),
        ("4294967295", 1800.0, 1980.0),
        ("soon", 30.0, 60.0),
    ],
)
def test_the_server_says_when_to_come_back(value, low, high):
    machine = a_registration()
    response = response_to(sent(machine.register(0.0)), 503, headers=[("Retry-After", value)])
    (event,) = machine.receive(response, 0.0)
    assert low <= event.retry_at <= high
    assert event.status == 503


@pytest.mark.parametrize("status", [302, 400, 408, 480, 500, 503, 600])
def test_a_failure_that_may_pass_is_tried_again(status):
    machine = a_registration()
    (event,) = machine.receive(response_to(sent(machine.register(0.0)), status), 0.0)
    assert (event.status, machine.state) == (status, State.WAITING)
    assert sent(machine.tick(event.retry_at)).cseq.number == 2


@pytest.mark.parametrize("status", [401, 403, 404, 407, 604])
def test_a_failure_that_will_not_pass_is_given_up_until_asked_for(status):
    machine = a_registration()
    (event,) = machine.receive(response_to(sent(machine.register(0.0)), status), 0.0)
    assert event == RegisterFailed(status, event.reason, None)
    assert machine.deadline() is None
    assert sent(machine.register(9.0)).cseq.number == 2


def test_a_binding_that_is_not_refreshed_in_time_lapses_once_and_is_tried_for_on():
    machine = a_registration()
    registered(machine, granted=100)
    machine.tick(50.0)
    (failed,) = machine.failed(Cause.TIMEOUT, 82.0)
    assert machine.deadline() == 100.0
    assert machine.tick(100.0) == (Lapsed(),)
    assert machine.deadline() == failed.retry_at
    (event,) = machine.receive(ok(sent(machine.tick(failed.retry_at))), failed.retry_at)
    assert isinstance(event, Registered)


def test_a_tick_late_enough_for_both_says_lapsed_and_tries():
    machine = a_registration()
    registered(machine, granted=100)
    lapsed, *then = machine.tick(500.0)
    assert lapsed == Lapsed()
    assert sent(then).cseq.number == 2


def test_paths_and_service_routes_are_handed_on_in_order():
    machine = a_registration()
    headers = [
        ("Path", "<sip:p1;lr>, <sip:p2;lr>"),
        ("Service-Route", "<sip:s1;lr>"),
        ("Service-Route", "<sip:s2;lr>"),
    ]
    (event,) = machine.receive(ok(sent(machine.register(0.0)), headers=headers), 0.0)
    assert event.path == ("<sip:p1;lr>", "<sip:p2;lr>")
    assert event.service_route == ("<sip:s1;lr>", "<sip:s2;lr>")
    assert (event.outbound, event.flow_timer, event.proved) == (False, None, None)


def test_an_outbound_flow_names_the_device_and_is_told_when_it_is_used():
    machine = a_registration(instance="urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF", reg_id=1)
    asked = sent(machine.register(0.0))
    assert asked.contact.parameters.get("+sip.instance") == '"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"'
    assert asked.contact.parameters.get("reg-id") == "1"
    assert asked.headers.first("supported") == "path, outbound"
    (event,) = machine.receive(ok(asked, headers=[("Require", "outbound"), ("Flow-Timer", "120")]), 0.0)
    assert (event.outbound, event.flow_timer) == (True, 120.0)


def test_our_flow_is_found_under_another_address():
    instance = "urn:uuid:00000000-0000-1000-8000-aabbccddeeff"
    machine = a_registration(instance=instance, reg_id=2)
    tail = f';+sip.instance="<{instance.upper().replace("URN:UUID", "urn:uuid")}>"'
    response = ok(
        sent(machine.register(0.0)),
        f"<sip:alice@203.0.113.1>;expires=10;reg-id=1{tail}",
        f"<sip:alice@203.0.113.1:9>;expires=500;reg-id=2{tail}",
    )
    (event,) = machine.receive(response, 0.0)
    assert (event.expires_at, event.listed) == (500.0, True)


def a_server(**protection):
    values = {"realm": "example.org", **protection}
    return DigestServer(
        Protection(**values), bytes(32), random.Random(2).randbytes, {"alice": Secret.of_password("w")}.get
    )


def an_account(password="w"):
    return DigestClient((Account("alice", Secret.of_password(password)),), random.Random(3).randbytes)


def serve(server, asked, now):
    outcome = server.judge(asked, now)
    if hasattr(outcome, "user"):
        return ok(asked, headers=server.info(outcome, now))
    return response_to(asked, outcome.status, headers=outcome.headers)


@pytest.mark.parametrize("proxy", [False, True])
def test_a_challenge_is_answered_and_the_refresh_needs_none(proxy):
    machine, server = a_registration(an_account()), a_server(proxy=proxy, lifetime=10_000.0)
    again = sent(machine.receive(serve(server, sent(machine.register(0.0)), 0.0), 0.0))
    assert again.cseq.number == 2
    (event,) = machine.receive(serve(server, again, 0.0), 0.0)
    assert event.proved is True
    refreshed = machine.receive(serve(server, sent(machine.tick(3000.0)), 3000.0), 3000.0)
    assert isinstance(refreshed[0], Registered)


def test_a_refresh_with_an_old_nonce_costs_one_round_more():
    machine, server = a_registration(an_account()), a_server(lifetime=100.0)
    again = sent(machine.receive(serve(server, sent(machine.register(0.0)), 0.0), 0.0))
    machine.receive(serve(server, again, 0.0), 0.0)
    stale = serve(server, sent(machine.tick(3000.0)), 3000.0)
    assert stale.status == 401
    again = sent(machine.receive(stale, 3000.0))
    assert isinstance(machine.receive(serve(server, again, 3000.0), 3000.0)[0], Registered)


def test_a_wrong_password_is_tried_once():
    machine, server = a_registration(an_account("guess")), a_server()
    again = sent(machine.receive(serve(server, sent(machine.register(0.0)), 0.0), 0.0))
    (event,) = machine.receive(serve(server, again, 0.0), 0.0)
    assert (event.status, event.retry_at) == (401, None)
    assert machine.deadline() is None


def test_an_unregistration_is_authenticated_too():
    machine, server = a_registration(an_account()), a_server(lifetime=1.0)
    again = sent(machine.receive(serve(server, sent(machine.register(0.0)), 0.0), 0.0))
    machine.receive(serve(server, again, 0.0), 0.0)
    again = sent(machine.receive(serve(server, sent(machine.unregister(5.0)), 5.0), 5.0))
    assert again.headers.first("expires") == "0"
    assert machine.receive(serve(server, again, 5.0), 5.0) == (Unregistered(),)


@pytest.mark.parametrize(
    "bad",
    [
        {"registrar": "example.org"},
        {"aor": "sip:"},
        {"contact": ""},
        {"expires": 0},
        {"expires": 2**32},
        {"reg_id": 1},
    ],
)
def test_a_binding_that_cannot_be_is_refused(bad):
    with pytest.raises(StateError):
        a_binding(**bad)


def test_its_repr_says_who_how_and_until_when():
    machine = a_registration()
    assert repr(machine) == "<Registration sip:alice@example.org idle>"
    registered(machine)
    assert repr(machine) == "<Registration sip:alice@example.org registered, due at 3000>"


steps = st.one_of(
    st.sampled_from(["register", "unregister", "star", "timeout", "wait"]),
    st.tuples(
        st.sampled_from([100, 200, 302, 401, 403, 408, 423, 500, 503]),
        st.sampled_from(["0", "1", "90", "3600", "4294967295", "x"]),
    ),
)


@given(st.lists(steps, max_size=40))
def test_whatever_happens_one_request_is_out_at_most_and_a_wanted_binding_is_worked_for(history):
    machine = a_registration(give_up_on=frozenset())
    now, out, number = 0.0, None, 0
    for step in history:
        outcomes = ()
        if step == "register":
            outcomes = machine.register(now)
        elif step in ("unregister", "star"):
            outcomes = machine.unregister(now, everything=step == "star")
        elif step == "timeout":
            outcomes, out = machine.failed(Cause.TIMEOUT, now), None
        elif step == "wait":
            now = machine.deadline() or now + 1.0
            outcomes = machine.tick(now)
        elif out is not None:
            status, seconds = step
            names = ("Expires", "Retry-After", "Min-Expires")
            response = response_to(out, status, headers=[(name, seconds) for name in names])
            outcomes = machine.receive(response, now)
            out = out if status < 200 else None
        sends = [each for each in outcomes if isinstance(each, Register)]
        if sends:
            assert out is None
            out = sent(outcomes)
            assert out.cseq.number == number + 1
            number += 1
        assert (out is None) == (machine.pending is None)
        if machine.wanted:
            assert out is not None or machine.deadline() is not None
        if machine.deadline() is not None:
            assert machine.deadline() > now
        if machine.state is State.IDLE:
            assert not machine.wanted
            assert out is None
