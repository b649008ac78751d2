import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Privacy
from tests.sipstack.values.laws import TOKENS, junk, read_or_refused


@given(st.lists(TOKENS, min_size=1, max_size=5).map(lambda words: Privacy(tuple(words))))
def test_privacy_survives_print_and_parse(privacy: Privacy) -> None:
    assert Privacy.parse(str(privacy)) == privacy


@given(junk("id;critical"))
def test_any_text_is_privacy_or_a_parse_error(text: str) -> None:
    read_or_refused(Privacy.parse, text)


@pytest.mark.parametrize("text", ["id;critical", " ID ; Critical ", "id,critical", "id;;critical;"])
def test_every_wish_is_seen(text: str) -> None:
    privacy = Privacy.parse(text)
    assert "id" in privacy
    assert "critical" in privacy
    assert "none" not in privacy
    assert [level.lower() for level in privacy] == ["id", "critical"]


def test_one_made_here_prints_as_peers_expect_it() -> None:
    assert str(Privacy.of("id", "history")) == "id;history"


@pytest.mark.parametrize("text", ["", ";", "id critical", '"id"', "id=1"])
def test_what_is_no_privacy_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Privacy.parse(text)
