import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Event, SubscriptionState
from tests.sipstack.values.laws import PARAMETERS, TOKENS, junk, read_or_refused


@given(st.builds(Event, TOKENS, PARAMETERS), st.builds(SubscriptionState, TOKENS.map(str.lower), PARAMETERS))
def test_they_survive_print_and_parse(event: Event, state: SubscriptionState) -> None:
    assert Event.parse(str(event)) == event
    assert SubscriptionState.parse(str(state)) == state


@given(junk("refer;id=93809824", "terminated;reason=noresource;retry-after=5"))
def test_any_text_is_a_value_or_a_parse_error(text: str) -> None:
    read_or_refused(Event.parse, text)
    read_or_refused(SubscriptionState.parse, text)


def test_a_subscription_is_its_package_and_id() -> None:
    event = Event.parse("presence.winfo;id=7;x=1")
    assert (event.package, event.id) == ("presence.winfo", "7")
    assert event.matches(Event.parse("presence.winfo;x=2;ID=7"))
    assert not event.matches(Event.parse("presence.winfo"))
    assert not event.matches(Event.parse("Presence.winfo;id=7"))


def test_every_part_of_a_state_is_read() -> None:
    state = SubscriptionState.parse("Terminated;expires=60;reason=NoResource;retry-after=5")
    assert (state.state, state.expires, state.reason, state.retry_after) == ("terminated", 60, "noresource", 5)
    bare = SubscriptionState.parse("active;expires=x")
    assert (bare.state, bare.expires, bare.reason, bare.retry_after) == ("active", None, None, None)


@pytest.mark.parametrize("text", ["", ";id=1", "a b", "a, b", "a;;b"])
def test_what_is_no_event_is_refused(text: str) -> None:
    for parse in (Event.parse, SubscriptionState.parse):
        with pytest.raises(ParseError):
            parse(text)
