import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Disposition, MediaType
from tests.sipstack.values.laws import PARAMETERS, TOKENS, junk, read_or_refused

LOWER = TOKENS.map(str.lower)


@given(st.builds(MediaType, LOWER, LOWER, PARAMETERS), st.builds(Disposition, LOWER, PARAMETERS))
def test_they_survive_print_and_parse(media_type: MediaType, disposition: Disposition) -> None:
    assert MediaType.parse(str(media_type)) == media_type
    assert Disposition.parse(str(disposition)) == disposition


@given(junk('multipart/mixed;boundary="a b"', "session;handling=optional"))
def test_any_text_is_a_value_or_a_parse_error(text: str) -> None:
    read_or_refused(MediaType.parse, text)
    read_or_refused(Disposition.parse, text)


def test_a_type_is_read_without_case_and_blanks() -> None:
    media_type = MediaType.parse(' Application / SDP ; Charset="UTF-8"')
    assert (media_type.name, media_type.charset, media_type.boundary) == ("application/sdp", "UTF-8", None)
    assert MediaType.parse('multipart/mixed;boundary="a, \\"b"').boundary == 'a, "b'
    assert MediaType.parse("multipart/mixed;boundary=ab").charset is None


@pytest.mark.parametrize(
    ("wanted", "offered", "taken"),
    [
        ("*/*", "application/sdp", True),
        ("application/*", "application/sdp", True),
        ("Application/SDP;q=0.1", "application/sdp;x=1", True),
        ("text/*", "application/sdp", False),
        ("application/sdp", "application/isup", False),
    ],
)
def test_a_range_takes_what_is_in_it(wanted: str, offered: str, taken: bool) -> None:
    assert MediaType.parse(wanted).takes(MediaType.parse(offered)) is taken


def test_a_list_has_its_wishes() -> None:
    found = MediaType.parse_list("application/sdp;level=1, application/x-private;q=0.3, text/html;q=x")
    assert [media_type.q for media_type in found] == [1.0, 0.3, 1.0]


@pytest.mark.parametrize(
    ("text", "kind", "required"),
    [
        ("Session", "session", True),
        ("signal;handling=required", "signal", True),
        ("signal;Handling=Optional", "signal", False),
        ("signal;handling", "signal", True),
        ("signal;handling=maybe", "signal", True),
    ],
)
def test_a_body_is_required_unless_it_is_optional(text: str, kind: str, required: bool) -> None:
    disposition = Disposition.parse(text)
    assert (disposition.kind, disposition.is_required) == (kind, required)


@pytest.mark.parametrize("text", ["", "application", "a/", "/b", "a/b/c", "a/b, c/d", "a b/c", "a/b;x y", "a/é"])
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        MediaType.parse(text)
