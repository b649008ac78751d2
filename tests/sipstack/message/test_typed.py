import pytest

from sipstack.errors import ParseError
from sipstack.message import Headers, Request, request
from sipstack.message.fields import Fields
from sipstack.message.typed import joined, joined_if_any, number, several, several_if_any, single, text
from sipstack.values import Methods, OptionTags, Reason
from sipstack.values.shapes import integer


class Probe:
    """Anything with header lines."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.headers = Headers.of(pairs)

    one = single("reason", Reason.parse)
    many = several("reason", Reason.parse_list)
    many_if_any = several_if_any("reason", Reason.parse_list)
    tags = joined("supported", OptionTags.parse)
    methods = joined_if_any("allow", Methods.parse)
    count = number("expires", integer)
    words = text("subject")


def test_what_is_absent_is_none_or_empty() -> None:
    probe = Probe()
    assert (probe.one, probe.many, probe.many_if_any) == (None, (), None)
    assert (probe.tags, probe.methods, probe.count, probe.words) == (OptionTags(), None, None, None)


def test_what_is_empty_is_not_always_absent() -> None:
    probe = Probe(("Reason", ""), ("Allow", ""), ("Subject", ""), ("Supported", ""))
    assert (probe.many, probe.many_if_any) == ((), ())
    assert (probe.methods, probe.words, probe.tags) == (Methods(), "", OptionTags())


def test_a_list_is_read_over_all_its_lines() -> None:
    probe = Probe(("Supported", "a, b"), ("Reason", "SIP, Q.850"), ("k", ""), ("k", "c,"), ("REASON", "X"))
    assert list(probe.tags) == ["a", "b", "c"]
    assert [reason.protocol for reason in probe.many] == ["SIP", "Q.850", "X"]
    assert probe.many_if_any == probe.many


def test_of_two_none_is_chosen() -> None:
    probe = Probe(("Reason", "SIP"), ("Reason", "SIP"))
    with pytest.raises(ParseError, match="Two Reason"):
        _ = probe.one


def test_the_error_names_the_header() -> None:
    with pytest.raises(ParseError, match="Bad Expires"):
        _ = Probe(("Expires", "soon")).count


def test_a_value_is_remembered_until_its_header_changes() -> None:
    message = request("OPTIONS", "sip:a", [("Supported", "a"), ("Session-Expires", "90")])
    first = message.supported
    assert message.supported is first
    message.headers.add("Supported", "b")
    assert list(message.supported) == ["a", "b"]
    assert message.session_expires is message.session_expires


def test_a_field_is_for_reading() -> None:
    message = request("OPTIONS", "sip:a", [])
    with pytest.raises(AttributeError):
        setattr(message, "expires", 5)  # noqa: B010 - what a type checker would refuse is what is tried


def test_a_field_says_which_header_it_is() -> None:
    assert repr(Request.min_se) == "<Field Min-SE>"
    assert Fields.min_se.key == "min-se"
