"""What one SIPp names and the other is shown: hosts, headers by rule, the called number in the format of a trunk."""

import pytest

from tests.peers.rig import FOREIGN, NATIONAL, Rig, Side

pytestmark = pytest.mark.peer("sipp")

CALLER = "+442079460000"


def naming(side: Side) -> str:
    """Headers with the addresses of a side and of ours there."""
    theirs, ours = side.address(side.caller), side.address(side.listen)
    return "\n".join(
        [
            f"P-Asserted-Identity: <sip:{CALLER}@{theirs}>",
            f"Diversion: <sip:{CALLER}@{theirs};user=phone>;reason=unconditional",
            f"Referred-By: <sip:{CALLER}@{ours}>",
            f"P-Charging-Vector: icid-value=x1;icid-generated-at={side.host}",
            "X-Kept: as it came",
        ]
    )


def test_the_callee_is_shown_our_addresses_and_none_of_the_callers(rig: Rig) -> None:
    foreign, national = rig.foreign, rig.national
    who = f'"Ada" <sip:{CALLER}@{foreign.address(foreign.caller)};user=phone>'
    a, b = rig.call("a-calls", "b-answers", caller=who, extra=naming(foreign))
    ours = national.address(national.listen)
    (invite,) = b.heard("INVITE")
    assert invite.one("from").startswith(f'"Ada" <sip:{CALLER}@{ours};user=phone>;tag=')
    assert invite.one("p-asserted-identity") == f"<sip:{CALLER}@{ours}>"
    assert invite.one("diversion") == f"<sip:{CALLER}@{ours};user=phone>;reason=unconditional"
    assert invite.one("x-kept") == "as it came"
    for port in (foreign.listen, foreign.caller, foreign.peer):
        assert not any(f":{port}" in message.text.data.decode() for message in b.heard(""))
    for port in (national.listen, national.peer):
        assert not any(f":{port}" in message.text.data.decode() for message in a.heard(""))


def test_rules_and_format_of_a_trunk_are_for_what_leaves_by_it(fresh: Rig) -> None:
    rules = [
        '{ action = "remove", name = "X-Kept" }',
        '{ action = "add", name = "X-Source", value = "abroad" }',
        '{ action = "rewrite", name = "Diversion", pattern = "*;reason=*", value = "*;reason=unknown" }',
    ]
    keys = {"header": f"[{', '.join(rules)}]", "called_format": '"national"', "domain": '"gw.example"'}
    rig = fresh.start(national=keys)
    _, b = rig.call("a-calls", "b-answers", FOREIGN, extra=naming(rig.foreign))
    (invite,) = b.heard("INVITE")
    assert invite.uri == f"sip:093330000@{rig.national.address(rig.national.peer)}"
    assert invite.one("x-source") == "abroad"
    assert not invite.all("x-kept")
    assert invite.one("diversion") == f"<sip:{CALLER}@gw.example;user=phone>;reason=unknown"
    rig.call("a-calls", "b-answers", NATIONAL, extra="X-Kept: as it came")
    assert rig.box.causes() == ["BYE", "BYE"]
