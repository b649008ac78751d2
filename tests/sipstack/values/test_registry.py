import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import LISTS, SINGLE, canonical, key
from sipstack.values.registry import COMPACT, KEYS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("From", "from"),
        ("f", "from"),
        ("F", "from"),
        ("from \t", "from"),
        ("MaX-fOrWaRdS", "max-forwards"),
        ("P-AsSeRtEd-IdEnTiTy", "p-asserted-identity"),
        ("y", "identity"),
        ("C%6Fntact", "c%6fntact"),
        ("extensionHeader-!.%*+_`'~", "extensionheader-!.%*+_`'~"),
    ],
)
def test_case_blanks_and_compact_forms_lead_to_one_key(name: str, expected: str) -> None:
    assert key(name) == expected


@pytest.mark.parametrize(
    "name", ["", " ", "Fr om", "From\x0b", "From\x00", "Fr\u043em", " From", "From\r\n ", "From\u00a0", "[From"]
)
def test_a_name_that_is_no_token_is_refused_and_not_remembered(name: str) -> None:
    with pytest.raises(ParseError):
        key(name)
    assert name not in KEYS


@given(st.sampled_from(sorted(LISTS | SINGLE | set(COMPACT.values()))))
def test_the_spelling_to_print_leads_back_to_its_key(name: str) -> None:
    assert key(canonical(name)) == name


@pytest.mark.parametrize(
    "name",
    ["P-Asserted-Identity", "Call-ID", "CSeq", "Via", "WWW-Authenticate", "Remote-Party-ID", "History-Info", "RAck"],
)
def test_a_name_is_printed_as_its_rfc_spells_it(name: str) -> None:
    assert canonical(name.lower()) == name


def test_invented_names_do_not_grow_the_memory_without_bound() -> None:
    for serial in range(5000):
        assert key(f"X-Flood-{serial}") == f"x-flood-{serial}"
    assert len(KEYS) <= 2048
    key("x" * 100)
    assert "x" * 100 not in KEYS


def test_every_header_that_may_carry_a_caller_more_than_once_is_split_at_commas() -> None:
    assert {
        "p-asserted-identity",
        "p-preferred-identity",
        "remote-party-id",
        "diversion",
        "history-info",
        "identity",
        "charge-info",
        "additional-identity",
    } <= LISTS


def test_no_header_is_both_a_list_and_single() -> None:
    assert not LISTS & SINGLE
