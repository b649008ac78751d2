"""What crosses: all that is not of one hop or of one dialog, byte for byte, from either side, in whatever message.

Elsewhere: order and spelling of an honest INVITE's lines, Max-Forwards, Reason in CANCEL and BYE (`tests/b2bua/call/
test_call.py`), every method in a dialog (`test_relay.py`), whole calls at random (`tests/safety/test_honest_calls.py`).
"""

import pytest

from tests.world.party import Party, Session
from tests.world.scene import ABROAD_SOCKET, HOME_SOCKET, Scene
from tests.world.wire import Wire

Fields = list[tuple[str, str]]

ODD: Fields = [
    ("X-First", "1"),
    ("x-fIRST", "2, 2"),
    ("X-Second", 'a "quoted, \\" string" (a comment)'),
    ("X-first", ""),
    ("!%*_+`'~.-", "a name of odd characters"),
    ("X-Folded", "one\r\n two\r\n\tthree"),
    ("X-Latin-1", "caf\udce9 \udcff\udc80"),
    ("X-UTF-8", "Zoë 北京"),
    ("X-Long", "x" * 5_000),
    ("X-Second", ";;==,,<>"),
    ("P-Unheard-Of", "<sip:somebody@example.com>;what=ever"),
    ("Date", "Sat, 31 Jan 2026 12:00:00 GMT"),
    ("Accept-Contact", "*;audio"),
    ("a", "*;video"),
    ("User-to-User", "56a390f3d2b7310023a2;encoding=hex"),
]
OPTIONS: Fields = [
    ("Require", "unheard-of, another"),
    ("k", "one,two ,  three"),
    ("Supported", ""),
    ("Proxy-Require", "privacy-of-tomorrow"),
    ("Allow", "INVITE, BREW"),
]


def lines(fields: Fields) -> list[bytes]:
    return [f"{name}: {value}".encode("utf-8", "surrogateescape") for name, value in fields]


def crossed(wire: Wire, fields: Fields) -> list[bytes]:
    """The lines of the message that have one of those names, as they stand, folds too."""
    names = {name.lower().encode() for name, _ in fields}
    head = wire.data.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b"\0 ").replace(b"\r\n\t", b"\0\t")
    found = [line for line in head.split(b"\r\n")[1:] if line.partition(b":")[0].strip().lower() in names]
    # Each leg has its own session timer, and says so in a line of its own.
    return [line.replace(b"\0", b"\r\n") for line in found if line != b"Supported: timer"]


def call(world: Scene, headers: Fields = []) -> tuple[Session, Wire]:  # noqa: B006 - never changed
    session = world.caller.invite("+33155555555" if world.from_home else "+3293330000", headers=headers)
    world.run(3)
    (invite,) = world.callee.requests("INVITE")
    return session, invite


@pytest.mark.parametrize("fields", [ODD, OPTIONS], ids=["odd", "options"])
@pytest.mark.parametrize("from_home", [False, True])
def test_headers_of_an_invite_cross_byte_for_byte_in_their_order(fields: Fields, from_home: bool) -> None:
    with Scene(from_home=from_home) as world:
        session, invite = call(world, fields)
        assert crossed(invite, fields) == lines(fields)
        assert session.final == 200
        world.caller.bye(session)


@pytest.mark.parametrize("fields", [ODD, OPTIONS], ids=["odd", "options"])
@pytest.mark.parametrize("status", [180, 200, 420, 606])
def test_headers_of_a_response_cross_byte_for_byte_in_their_order(fields: Fields, status: int) -> None:
    for from_home in (False, True):
        with Scene(from_home=from_home) as world:
            world.callee.headers = fields
            world.callee.script = [(0.05, status, b"")] + ([(1.0, 200, b"")] if status < 200 else [])
            session, _ = call(world)
            response = next(wire for wire in world.caller.responses() if wire.status == status)
            assert crossed(response, fields) == lines(fields)
            if session.final == 200:
                world.caller.bye(session)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "MESSAGE", "NOTIFY", "SUBSCRIBE", "PUBLISH", "BREW"])
def test_headers_of_a_request_in_the_dialog_and_of_its_answer_cross_byte_for_byte(method: str) -> None:
    fields = [*ODD, *OPTIONS]
    for from_home in (False, True):
        with Scene(from_home=from_home) as world:
            session, _ = call(world)
            for origin, own, other in (
                (world.caller, session, world.callee),
                (world.callee, world.callee.sessions[0], world.caller),
            ):
                other.headers = fields if method == "INVITE" else ()
                sent = origin.request(own, method, fields, b"a body\r\n\x00\xff")
                world.run(2)
                request = other.requests(method)[-1]
                assert crossed(request, fields) == lines(fields)
                assert request.body == b"a body\r\n\x00\xff"
                assert answer(origin, sent).status == 200
            world.caller.bye(session)


def answer(party: Party, request: Wire) -> Wire:
    """The final response to a request of that party."""
    (found,) = {
        wire.data: wire for wire in party.seen if wire.branch == request.branch and (wire.status or 0) >= 200
    }.values()
    return found


@pytest.mark.law("¶28")
@pytest.mark.parametrize(("from_home", "count"), [(True, 200), (False, 100)])
def test_a_long_history_crosses_in_its_order(from_home: bool, count: int) -> None:
    """From abroad every entry is judged, by its number and by the digits of its index: 256 assertions at most."""
    entries = [("History-Info", f"<sip:+3312345{at:04}@example.com>;index=1.{at}") for at in range(count)]
    with Scene(from_home=from_home) as world:
        session, invite = call(world, entries)
        assert crossed(invite, entries) == lines(entries)
        world.caller.bye(session)


BODIES = {
    "application/unheard-of": b"\x00\x01\xff\r\n\r\nVia: none\r\n",
    "text/plain; charset=utf-8": "Zoë".encode(),
    'multipart/mixed;boundary="a b"': (
        b"preamble\r\n--a b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--a b\r\n"
        b"Content-Type: application/pidf+xml\r\nContent-ID: <x@y>\r\n\r\n<presence/>\r\n--a b--\r\nepilogue"
    ),
    "application / sdp ;x=y": b"v=0\r\no=- 1 1 IN IP4 192.0.2.77\r\na=unheard-of:1\r\nz=nothing known\nwithout\rends",
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("from_home", [False, True])
def test_a_body_of_whatever_type_crosses_with_the_lines_that_speak_of_it(kind: str, from_home: bool) -> None:
    about: Fields = [
        ("c", kind),
        ("Content-Disposition", "session;handling=optional"),
        ("Content-Language", "nl, fr"),
        ("MIME-Version", "1.0"),
    ]
    with Scene(from_home=from_home) as world:
        session, _ = call(world)
        wire = world.caller._in_dialog(session, "INFO", 2, about, BODIES[kind])
        wire = wire.replace(b"Content-Type: application/sdp\r\n", b"", 1)
        session.cseq = 2
        world.deliver(world.caller, wire)
        world.run(1)
        (info,) = world.callee.requests("INFO")
        assert crossed(info, about) == lines(about)
        assert info.body == BODIES[kind]
        world.caller.bye(session)


@pytest.mark.parametrize("status", [404, 480, 486, 500, 600, 603])
def test_what_a_failure_says_of_itself_crosses(status: int) -> None:
    said = [
        ("Retry-After", "120 (in a meeting);duration=60"),
        ("Reason", 'SIP;cause=600;text="Busy Everywhere", Q.850;cause=17'),
        ("Reason", "unheard-of;cause=1"),
        ("Error-Info", "<https://example.com/busy>"),
        ("Warning", '399 example.com "Nobody, at home"'),
    ]
    for from_home in (False, True):
        with Scene(from_home=from_home) as world:
            world.callee.script = [(0.05, status, b"")]
            world.callee.headers = said
            session, _ = call(world)
            assert session.final == status
            response = next(wire for wire in world.caller.responses() if wire.status == status)
            assert crossed(response, said) == lines(said)


def test_a_reason_crosses_in_a_cancel_and_in_a_bye_of_either_side() -> None:
    reason = ("Reason", 'SIP;cause=200;text="Call completed elsewhere"')
    with Scene() as world:
        world.callee.script = [(0.05, 180, b"")]
        session, _ = call(world)
        world.caller.cancel(session, [reason])
        world.run(1)
        (cancel,) = world.callee.requests("CANCEL")
        assert crossed(cancel, [reason]) == lines([reason])
    for side in ("caller", "callee"):
        with Scene() as world:
            session, _ = call(world)
            near, far = world.caller, world.callee
            if side == "caller":
                near.bye(session, [reason])
            else:
                far.bye(far.sessions[0], [reason])
            world.run(1)
            (bye,) = (far if side == "caller" else near).requests("BYE")
            assert crossed(bye, [reason]) == lines([reason])


def test_an_option_that_the_callee_lacks_is_refused_by_the_callee_and_not_by_us() -> None:
    with Scene() as world:
        world.callee.script = [(0.05, 420, b"")]
        world.callee.headers = [("Unsupported", "unheard-of")]
        session, invite = call(world, [("Require", "unheard-of")])
        assert invite.first("require") == "unheard-of"
        assert session.final == 420
        refusal = next(wire for wire in world.caller.responses() if wire.status == 420)
        assert refusal.first("unsupported") == "unheard-of"


def test_what_belongs_to_a_hop_or_a_dialog_is_each_sides_own() -> None:
    with Scene() as world:
        way = [("Record-Route", "<sip:proxy.abroad.example;lr>"), ("Via", "SIP/2.0/UDP 10.9.8.7;branch=z9hG4bKx")]
        session, invite = call(world, way)
        near = session.invite
        assert len(invite.all("via")) == 1
        assert b"10.9.8.7" not in invite.data
        assert not invite.all("record-route")
        for name in ("call-id", "contact", "via"):
            assert invite.first(name) != near.first(name)
        assert invite.contact == f"sip:{HOME_SOCKET}"
        world.callee.bye(world.callee.sessions[0])


# A subscription inside the call's dialog (RFC 5057).


def test_a_subscription_in_the_dialog_crosses_and_lives_as_long_as_the_call() -> None:
    """Its requests cross like any others. The BYE ends the call, whose two dialogs we then forget: a NOTIFY that comes
    after it gets 481, which ends the subscription too (RFC 6665 §4.2.2), and nothing is left half open."""
    with Scene() as world:
        session, _ = call(world)
        far = world.callee.sessions[0]
        event = [("Event", "dialog"), ("Expires", "600")]
        subscribed = world.caller.request(session, "SUBSCRIBE", event)
        world.run(1)
        (subscribe,) = world.callee.requests("SUBSCRIBE")
        assert crossed(subscribe, event) == lines(event)
        assert subscribe.contact == f"sip:{HOME_SOCKET}"
        assert answer(world.caller, subscribed).contact == f"sip:{ABROAD_SOCKET}"
        state = [("Event", "dialog"), ("Subscription-State", "active;expires=599")]
        notified = world.callee.request(far, "NOTIFY", state, b"<dialog-info/>")
        world.run(1)
        (notify,) = world.caller.requests("NOTIFY")
        assert crossed(notify, state) == lines(state)
        assert answer(world.callee, notified).status == 200
        world.caller.bye(session)
        world.run(1)
        late = world.callee.request(far, "NOTIFY", state)
        world.run(1)
        assert answer(world.callee, late).status == 481


def test_a_refused_subscription_leaves_the_call_as_it_was() -> None:
    with Scene() as world:
        session, _ = call(world)
        for status in (489, 481, 408, 603):
            world.callee.answers["SUBSCRIBE"] = status
            sent = world.caller.request(session, "SUBSCRIBE", [("Event", "dialog")])
            world.run(1)
            assert answer(world.caller, sent).status == status
        world.caller.request(session, "INFO")
        world.run(1)
        assert len(world.callee.requests("INFO")) == 1
        world.caller.bye(session)
