import pytest
from hypothesis import given

from sipstack.errors import ParseError
from sipstack.values import HistoryEntry, OtherUri
from sipstack.values.history import DEEPEST
from tests.sipstack.values.laws import junk, read_or_refused

DIVERTED = "<sip:+3224001000@x?Reason=SIP%3Bcause%3D302%3Btext%3D%22a%2Cb%22&Reason=Q.850%3Bcause%3D16&Privacy=history>"


@given(junk(f"{DIVERTED};index=1.2;mp=1"))
def test_any_text_is_an_entry_or_a_parse_error(text: str) -> None:
    read_or_refused(HistoryEntry.parse, text)
    try:
        entry = HistoryEntry.parse(text)
        _ = entry.index, entry.rc, entry.mp, entry.np, entry.reasons, entry.privacy
    except ParseError:
        pass


def test_places_in_the_tree_are_read() -> None:
    entries = HistoryEntry.parse_list("<sip:a@x>;index=1, <sip:b@x>;index=1.1;mp=1, <sip:b@y>;INDEX=1.1.12;rc=1.1;np=1")
    assert [entry.index for entry in entries] == [(1,), (1, 1), (1, 1, 12)]
    assert [entry.mp for entry in entries] == [None, (1,), None]
    assert [entry.rc for entry in entries] == [None, None, (1, 1)]
    assert [entry.np for entry in entries] == [None, None, (1,)]


@pytest.mark.parametrize(
    "index",
    ["", ";index", ";index=", ";index=1.", ";index=.1", ";index=a", ";index=1..1", ";index=-1", ";index=1000000"],
)
def test_a_place_that_cannot_be_read_is_none(index: str) -> None:
    assert HistoryEntry.parse(f"<sip:a@x>{index}").index is None


@pytest.mark.parametrize("levels", [1, 2, DEEPEST, DEEPEST + 1, 2 * DEEPEST])
def test_a_place_is_as_deep_as_a_request_may_go(levels: int) -> None:
    index = HistoryEntry.parse(f"<sip:a@x>;index={'.'.join(['1'] * levels)}").index
    assert index == ((1,) * levels if levels <= DEEPEST else None)


def test_reason_and_privacy_stand_in_the_uri() -> None:
    entry = HistoryEntry.parse(f"{DIVERTED};index=1")
    assert [(reason.protocol, reason.cause, reason.text) for reason in entry.reasons] == [
        ("SIP", 302, "a,b"),
        ("Q.850", 16, ""),
    ]
    assert entry.privacy is not None
    assert "history" in entry.privacy


@pytest.mark.parametrize("text", ["<sip:a@x>;index=1", "<tel:+32>;index=1", "<urn:a>;index=1"])
def test_a_bare_target_has_neither(text: str) -> None:
    entry = HistoryEntry.parse(text)
    assert (entry.reasons, entry.privacy) == ((), None)


@pytest.mark.parametrize("headers", ["Reason=%3B", "Reason", "Reason=a%00", "Privacy="])
def test_headers_that_cannot_be_read_are_a_parse_error(headers: str) -> None:
    entry = HistoryEntry.parse(f"<sip:a@x?{headers}>;index=1")
    with pytest.raises(ParseError):
        _ = entry.reasons, entry.privacy


def test_an_entry_may_be_of_any_scheme() -> None:
    assert HistoryEntry.parse("<urn:service:sos>;index=1").uri == OtherUri("urn", "service:sos")
