import pytest

from sipstack.values import Diversion


def test_every_part_of_a_diversion_is_read() -> None:
    diversion = Diversion.parse(
        '"B" <sip:+3224001000@x;user=phone>;Reason="User-Busy";counter=3;limit=5;privacy=FULL;screen=yes'
    )
    assert (diversion.reason, diversion.counter, diversion.limit) == ("user-busy", 3, 5)
    assert (diversion.privacy, diversion.screen) == ("full", "yes")


def test_a_bare_diversion_counts_once() -> None:
    diversion = Diversion.parse("tel:+3224001000")
    assert (diversion.reason, diversion.counter, diversion.limit) == (None, 1, None)
    assert (diversion.privacy, diversion.screen) == (None, None)


@pytest.mark.parametrize("counter", ["", "0", "x", "-1", "100", "٣"])
def test_a_counter_that_cannot_be_read_counts_once(counter: str) -> None:
    assert Diversion.parse(f"<sip:a>;counter={counter}").counter == 1


def test_several_are_read_latest_first() -> None:
    found = Diversion.parse_list("<sip:b@x>;reason=no-answer, <sip:a@x>;reason=unconditional")
    assert [diversion.reason for diversion in found] == ["no-answer", "unconditional"]
    assert Diversion.parse(str(found[0])) == found[0]
