import pytest

from sipstack.errors import ParseError, ProtocolError, SipError, StateError


def test_every_error_has_one_root() -> None:
    assert all(issubclass(kind, SipError) for kind in (ParseError, ProtocolError, StateError))


def test_a_reason_fit_for_a_status_line_never_holds_the_peers_text() -> None:
    error = ParseError("Bad Via", "evil\r\ntext")
    assert error.reason == "Bad Via"
    assert str(error) == "Bad Via: 'evil\\r\\ntext'"
    assert (error.status, error.message) == (400, None)


def test_the_peers_text_is_clipped() -> None:
    assert len(str(ParseError("Bad Via", "x" * 10_000))) < 200


@pytest.mark.parametrize("status", [500, 491])
def test_a_fault_of_sequence_carries_its_status(status: int) -> None:
    assert ProtocolError("Out of Order", status=status).status == status
