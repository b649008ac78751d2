"""Nothing that an operator writes of a trunk switches article 1 off (¶33, ¶41), nor says who is notified (¶22).

The keys are gone through as they stand in the tree of the configuration: a key that is new needs its values here.
"""

import datetime
from collections.abc import Iterable
from typing import Any

import attrs
import pytest

from b2bua.config import Candidates, Config, Latch, tree
from b2bua.config.header_rule import Action, HeaderRule
from b2bua.explain import explain
from policy import Claim, register
from policy.claim import TrunkClass
from tests.world.scene import CONFIG

NOW = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
CALL = (
    "INVITE sip:+3293330000@gw SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
    "From: <sip:{number}@carrier.example>;tag=1\r\nTo: <sip:+3293330000@gw>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
    "Contact: <sip:192.0.2.1>\r\n\r\n"
)
ABROAD = next(trunk for trunk in CONFIG.trunk if trunk.trunk_class is TrunkClass.INTERNATIONAL)
MARK = tree.Circuit(
    name="marked", trunk_class=TrunkClass.NATIONAL, peers=ABROAD.peers, header="X-Circuit", value="national"
)
RULE = HeaderRule(action=Action.SET, name="P-Asserted-Identity", value="<sip:+33612345678@carrier.example>")

#: Each key of a trunk with values beside its default; a dict sets several at once.
VALUES: dict[str, Iterable[Any]] = {
    "max_calls_in": (1,),
    "max_calls_out": (1,),
    "max_calls_in_per_second": (1.0,),
    "max_calls_out_per_second": (1.0,),
    "targets": (ABROAD.targets[:1],),
    "credentials": ((tree.Credentials(username="u", password=tree.Password("p")),),),
    "redirects": tuple(tree.Redirects),
    "probe": (tree.Probe(),),
    "refer": tuple(tree.Passage),
    "replaces": tuple(tree.Passage),
    "advertise": ("203.0.113.1",),
    "domain": ("carrier.example",),
    "called_format": tuple(tree.CalledFormat),
    "header": ((RULE,),),
    "isup": tuple(tree.Isup),
    "circuit": ((MARK,),),
    "mode": tuple(tree.Mode),
    "redirect": tuple(
        {"mode": tree.Mode.REDIRECT, "redirect": tree.Redirect(on_pass=code, identity=True, on_inexpressible=word)}
        for code in (302, 404)
        for word in tree.Inexpressible
    ),
    "trusted": (True, False),
    "replace_display_names": (True,),
    "max_foreign_share": (0.0, 1.0),
    "operator": ("Carrier SA, BE 0123.456.789",),
    "contact": ("noc@carrier.example",),
    "media": tuple(
        tree.TrunkMedia(address=("203.0.113.1",), advertise="203.0.113.2", latch=latch, candidates=candidates)
        for latch in Latch
        for candidates in Candidates
    ),
}
#: What a trunk is, and who it is.
IS = {"name", "declared_class", "listen", "peers"}
CASES = [
    pytest.param(value if isinstance(value, dict) else {key: value}, id=f"{key}-{at}")
    for key, values in VALUES.items()
    for at, value in enumerate(values)
]


def verdict(config: Config, number: str) -> str:
    return explain(config, ABROAD.name, CALL.format(number=number).encode(), NOW).verdict


def with_trunk(**changes: object) -> Config:
    trunks = tuple(attrs.evolve(one, **changes) if one is ABROAD else one for one in CONFIG.trunk)
    return attrs.evolve(CONFIG, trunk=trunks)


@pytest.mark.law("¶33", "K23")
@pytest.mark.parametrize("changes", CASES)
def test_no_key_of_a_trunk_lets_a_forbidden_number_pass(changes: dict[str, object]) -> None:
    config = with_trunk(**changes)
    for number in ("+3225551212", "+3280012345", "1207", "3225551212"):
        assert verdict(config, number) == "block"
    assert verdict(config, "+33612345678") in ("pass", "strip")


def test_every_key_of_a_trunk_has_been_tried() -> None:
    assert VALUES.keys() | IS == {field.name for field in attrs.fields(tree.Trunk)}


@pytest.mark.law("¶11", "¶33")
def test_a_trunk_whose_class_nobody_wrote_is_international() -> None:
    assert verdict(with_trunk(declared_class=None), "+3225551212") == "block"


@pytest.mark.law("¶22")
def test_there_is_nowhere_to_say_who_is_notified() -> None:
    """Neither the configuration, nor the register, nor what a verdict is found by knows of a notification."""
    classes = [one for home in (tree, register) for one in vars(home).values() if isinstance(one, type)]
    names = {field.name for one in {*classes, Claim} if attrs.has(one) for field in attrs.fields(one)}
    assert {"trunk_class", "peers", "network", "reference"} <= names
    assert not {name for name in names if "notif" in name or "licen" in name}
