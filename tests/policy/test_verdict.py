"""What was found cannot be altered by who gets to see it, however it was made."""

import attrs
import pytest

from policy import Finding
from tests.policy.making import LONDON, asserted, displayed, diverted, judged, presented

FOUND = [
    *judged(presented(LONDON), displayed("Worldwide Shipping Ltd"), asserted(LONDON)).findings,
    *judged(presented("+3225551212"), asserted("+32 470 12 34 56"), diverted("+33612345678"), displayed("12")).findings,
]


@pytest.mark.parametrize("finding", FOUND, ids=str)
def test_a_finding_is_sealed(finding: Finding) -> None:
    assert type(finding) is Finding
    for field in attrs.fields(Finding):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(finding, field.name, getattr(finding, field.name))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        finding.__class__ = Finding


@pytest.mark.parametrize("finding", FOUND, ids=str)
def test_it_is_the_value_that_it_would_be_made_at_once(finding: Finding) -> None:
    whole = Finding(**{field.name: getattr(finding, field.name) for field in attrs.fields(Finding)})
    assert (whole, hash(whole), repr(whole)) == (finding, hash(finding), repr(finding))
    assert attrs.evolve(finding) == finding
