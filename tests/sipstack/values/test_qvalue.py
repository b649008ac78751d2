import pytest

from sipstack.values.qvalue import qvalue


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("0.", 0), ("0.5", 0.5), ("0.125", 0.125), ("1", 1), ("1.000", 1)]
)
def test_a_wish_is_a_number_from_0_to_1(text: str, value: float) -> None:
    assert qvalue(text) == value


@pytest.mark.parametrize("text", [None, "", "2", "1.1", "-0", "0.1234", ".5", "1e0", "nan", "٠", "0.5 "])
def test_what_is_no_wish_is_none(text: str | None) -> None:
    assert qvalue(text) is None
