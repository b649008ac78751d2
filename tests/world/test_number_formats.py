"""The called number as the other network writes it, in whole calls."""

import attrs
import pytest

from b2bua.config import CalledFormat, Config, Emergency, Route
from policy.roaming import Roaming
from tests.world.scene import CONFIG, Scene
from tests.world.wire import Wire


def writing(home: CalledFormat | None = None, abroad: CalledFormat | None = None) -> Config:
    there, here = CONFIG.trunk
    trunks = attrs.evolve(there, called_format=abroad), attrs.evolve(here, called_format=home)
    # Whatever a number looks like, it has a way.
    return attrs.evolve(CONFIG, trunk=trunks, route=(Route(source="abroad", to="home"), CONFIG.route[1]))


def reached(config: Config, number: str, from_home: bool = False) -> Wire:
    """The INVITE that reaches the callee of a whole call to that number."""
    with Scene(config=config, from_home=from_home) as scene:
        session = scene.caller.invite(number)
        scene.run(3)
        assert session.final == 200
        scene.caller.request(session, "UPDATE")
        scene.run(1)
        scene.caller.bye(session)
    return scene.callee.requests("INVITE")[0]


@pytest.mark.parametrize("number", ["+3293330000", "003293330000", "093330000", "+32-9-333.00.00"])
@pytest.mark.parametrize(
    ("form", "written"),
    [
        (CalledFormat.PLUS, "+3293330000"),
        (CalledFormat.ZEROS, "003293330000"),
        (CalledFormat.NATIONAL, "093330000"),
    ],
)
def test_request_uri_and_to_have_the_number_as_the_trunk_writes_it(
    number: str, form: CalledFormat, written: str
) -> None:
    invite = reached(writing(home=form), number)
    kept = number if form is CalledFormat.PLUS and number.startswith("+") else written
    assert invite.start == f"INVITE sip:{kept}@198.51.100.1:5060 SIP/2.0"
    assert invite.first("to") == f"<sip:{kept}@198.51.100.10>"


def test_a_number_abroad_has_no_national_form() -> None:
    invite = reached(writing(abroad=CalledFormat.NATIONAL), "+33612340000", from_home=True)
    assert invite.start == "INVITE sip:0033612340000@192.0.2.1:5060 SIP/2.0"


@pytest.mark.law("K17")
@pytest.mark.parametrize("form", CalledFormat)
def test_the_caller_number_is_never_written_anew(form: CalledFormat) -> None:
    identity = [("P-Asserted-Identity", "<sip:+33612345678@carrier.example>"), ("Diversion", "<sip:+33612345679@x>")]
    with Scene(config=writing(home=form)) as scene:
        session = scene.caller.invite(caller="<sip:+33612345678@carrier.example>", headers=identity)
        scene.run(3)
        scene.caller.bye(session)
    (invite,) = scene.callee.requests("INVITE")
    assert invite.first("from").startswith("<sip:+33612345678@carrier.example>")
    assert [invite.first(name.lower()) for name, _ in identity] == [value for _, value in identity]


@pytest.mark.parametrize("form", CalledFormat)
@pytest.mark.parametrize("number", ["112", "100", "1207", "alice", "*21*093330000", "0", "+32112"])
def test_what_is_no_telephone_number_is_called_as_it_came(number: str, form: CalledFormat) -> None:
    config = attrs.evolve(writing(home=form), emergency=Emergency(route="home"))
    assert reached(config, number).start == f"INVITE sip:{number}@198.51.100.1:5060 SIP/2.0"


@pytest.mark.parametrize("form", [None, *CalledFormat])
@pytest.mark.parametrize("number", ["+32470123456", "0032470123456", "0470123456"])
def test_a_subscriber_abroad_reaches_the_mailbox_of_their_own_number(number: str, form: CalledFormat | None) -> None:
    """The number is withheld as the caller's and stands in the Request-URI as the called one."""
    config = writing(home=form)
    with Scene(config=config, answers={"+32470123456": Roaming.FAILED}) as scene:
        session = scene.caller.invite(number, caller="<sip:+32470123456@carrier.example>")
        scene.run(3)
        assert session.final == 200
        scene.caller.bye(session)
    assert scene.record("verdict").facts["verdict"] == "withhold"
    assert not scene.alarms
    (invite,) = scene.callee.requests("INVITE")
    rest = invite.data.partition(b"\r\n")[2].replace(f"To: {invite.first('to')}".encode(), b"")
    assert b"470123456" not in rest


@pytest.mark.parametrize("caller", ["0470123456", "+32470123456", "0032470123456"])
@pytest.mark.parametrize("form", CalledFormat)
def test_however_they_wrote_their_own_number(caller: str, form: CalledFormat) -> None:
    with Scene(config=writing(home=form), answers={"+32470123456": Roaming.FAILED}) as scene:
        session = scene.caller.invite("+32470123456", caller=f"<sip:{caller}@carrier.example>")
        scene.run(3)
        # A form that no caller may have is refused for that, and no verdict that lets it go on is undone by the guard.
        verdict = scene.record("verdict").facts["verdict"]
        assert session.final == (603 if verdict == "block" else 200)
        if session.final == 200:
            scene.caller.bye(session)
    assert not scene.alarms


def test_routes_read_the_number_as_it_came() -> None:
    config = attrs.evolve(writing(home=CalledFormat.NATIONAL), route=CONFIG.route)
    assert reached(config, "003293330000").start == "INVITE sip:093330000@198.51.100.1:5060 SIP/2.0"


def test_parameters_of_the_number_cross_with_it() -> None:
    invite = reached(writing(home=CalledFormat.NATIONAL), "+3293330000;npdi;rn=+3212345678")
    assert invite.start == "INVITE sip:093330000;npdi;rn=+3212345678@198.51.100.1:5060 SIP/2.0"


@pytest.mark.law("K18")
def test_evidence_has_the_number_as_it_came() -> None:
    with Scene(config=writing(home=CalledFormat.NATIONAL)) as scene:
        session = scene.caller.invite("003293330000")
        scene.run(3)
        scene.caller.bye(session)
    assert "003293330000" in str(scene.record("verdict").personal["called"])
