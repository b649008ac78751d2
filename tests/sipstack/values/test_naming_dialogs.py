import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Join, Parameters, Replaces, TargetDialog
from tests.sipstack.values.laws import PARAMETERS, TOKENS, junk, read_or_refused

CALL_IDS = st.from_regex(r"[A-Za-z0-9\-.!%*_+`'~()<>:\\/\[\]?{}]{1,12}(@[a-z.]{1,9})?", fullmatch=True)


@given(st.builds(Replaces, CALL_IDS, TOKENS, TOKENS, early_only=st.booleans(), parameters=PARAMETERS))
def test_replaces_survives_print_and_parse(value: Replaces) -> None:
    assert Replaces.parse(str(value)) == value


@given(CALL_IDS, TOKENS, TOKENS, PARAMETERS)
def test_join_and_target_dialog_survive_print_and_parse(
    call_id: str, one: str, other: str, parameters: Parameters
) -> None:
    join, target = [kind(call_id, one, other, parameters=parameters) for kind in (Join, TargetDialog)]
    assert Join.parse(str(join)) == join
    assert TargetDialog.parse(str(target)) == target


@given(junk("98asjd8@x;to-tag=12;from-tag=23;early-only", "a;local-tag=1;remote-tag=2"))
def test_any_text_names_a_dialog_or_is_a_parse_error(text: str) -> None:
    for parse in (Replaces.parse, Join.parse, TargetDialog.parse):
        read_or_refused(parse, text)


def test_every_part_is_read() -> None:
    value = Replaces.parse(" 98asjd8@x ;From-Tag=23; to-tag=12;early-only;x=y")
    assert value == Replaces("98asjd8@x", "12", "23", early_only=True, parameters=Parameters((("x", "y"),)))
    assert str(value) == "98asjd8@x;to-tag=12;from-tag=23;early-only;x=y"
    assert Join.parse("a;from-tag=1;to-tag=2") == Join("a", "2", "1")
    assert TargetDialog.parse("a;remote-tag=1;local-tag=2") == TargetDialog("a", "2", "1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        ";to-tag=1;from-tag=2",
        "a;to-tag=1",
        "a;to-tag;from-tag=2",
        "a;to-tag=;from-tag=2",
        "a;to-tag=1;to-tag=3;from-tag=2",
        "a;to-tag=1;TO-TAG=1;from-tag=2",
        "a b;to-tag=1;from-tag=2",
        "a,b;to-tag=1;from-tag=2",
        "é;to-tag=1;from-tag=2",
    ],
)
def test_what_names_no_dialog_or_two_is_refused(text: str) -> None:
    for parse in (Replaces.parse, Join.parse, TargetDialog.parse):
        with pytest.raises(ParseError):
            parse(text)
