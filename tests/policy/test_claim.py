"""What a claim keeps of where it came from."""

import attrs

from policy import Claim, TrunkClass
from tests.policy.making import LONDON, presented


def test_what_an_invite_asserts_changes_nothing_of_where_it_came_from() -> None:
    origin = Claim(
        trunk="T",
        trunk_class=TrunkClass.ARTICLE_4,
        called="nobody",
        peer="192.0.2.1",
        own="192.0.2.2",
        authentication="A",
        admitted=frozenset([LONDON]),
        carrier="C",
        is_later=True,
    )
    defaults = Claim(trunk="", trunk_class=TrunkClass.NATIONAL)
    kept = [field.name for field in attrs.fields(Claim) if field.name not in ("called", "assertions", "emergency")]
    assert all(getattr(origin, name) != getattr(defaults, name) for name in kept), "each is set here, a new one too"
    asserting = origin.asserting("+3293330000", (presented(LONDON),), emergency=True)
    assert asserting == attrs.evolve(origin, called="+3293330000", assertions=(presented(LONDON),), emergency=True)
