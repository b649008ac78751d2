import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError, StateError
from sipstack.values import Parameters, quote

NAMES = st.from_regex(r"[A-Za-z0-9\-.!%*_+`'~\[\]/&$]{1,8}", fullmatch=True)
VALUES = st.none() | st.from_regex(r"[A-Za-z0-9\-.!%*_+`'~\[\]:/=]{0,12}", fullmatch=True) | st.text().map(quote)


def no_line_ends(value: str | None) -> bool:
    return value is None or not ("\r" in value or "\n" in value)


PARAMETERS = st.lists(st.tuples(NAMES, VALUES.filter(no_line_ends))).map(lambda items: Parameters(tuple(items)))


@given(PARAMETERS)
def test_parameters_survive_print_and_parse(parameters: Parameters) -> None:
    assert Parameters.parse(str(parameters)) == parameters


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", ()),
        (";", ()),
        (";lr", (("lr", None),)),
        (";tag=a;lr", (("tag", "a"), ("lr", None))),
        (";tag=a;", (("tag", "a"),)),
        (" ;  tag\t= a ; lr ", (("tag", "a"), ("lr", None))),
        (";branch=", (("branch", ""),)),
        (';x="a;b=\\"c"', (("x", '"a;b=\\"c"'),)),
        (";token=YWJj==", (("token", "YWJj=="),)),
        (";received=2001:db8::9:255", (("received", "2001:db8::9:255"),)),
    ],
)
def test_parameters_are_read_in_order_with_values_as_written(text: str, items: object) -> None:
    assert Parameters.parse(text).items == items


@pytest.mark.parametrize(
    "text", [";;", "; ;", ";a;;b", "a=b", ';x="a', ";a b", ";=a", ";a=b,c", ";a=<b>", ";a\x00", ";é=1"]
)
def test_what_is_no_parameter_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Parameters.parse(text)


def test_names_are_compared_without_case() -> None:
    parameters = Parameters.parse(";TAG=a;lr")
    assert parameters.get("tag") == "a"
    assert "LR" in parameters
    assert "rport" not in parameters


def test_the_first_of_two_equal_names_counts() -> None:
    assert Parameters.parse(";tag=a;Tag=b").get("tag") == "a"


def test_a_name_without_value_is_present_and_has_none() -> None:
    parameters = Parameters.parse(";rport")
    assert "rport" in parameters
    assert parameters.get("rport") is None


def test_a_parameter_is_set_where_it_stood() -> None:
    assert str(Parameters.parse(";a=1;RPORT;b;rport=9").with_("rport", "5060")) == ";a=1;rport=5060;b"


def test_a_new_parameter_is_set_at_the_end() -> None:
    assert str(Parameters.parse(";a").with_("b")) == ";a;b"


def test_without_removes_every_one_of_that_name() -> None:
    assert str(Parameters.parse(";tag=a;b;TAG=c").without("tag")) == ";b"


@pytest.mark.parametrize(
    ("name", "value"),
    [("a;b", "c"), ("", "c"), ("a", "b;c"), ("a", "b\r\nFrom: x"), ("a", "b c"), ("a", '"'), ("a", "b>")],
)
def test_a_value_that_would_print_as_something_else_is_our_fault(name: str, value: str) -> None:
    with pytest.raises(StateError):
        Parameters().with_(name, value)
