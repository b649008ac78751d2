"""The form of one number, on the text as written."""

import pytest

from policy.numbering.form import Breach, Form, examine, unescape


@pytest.mark.parametrize(
    ("text", "undone"),
    [("+32", "+32"), ("%2B32", "+32"), ("%2b", "+"), ("%252B", "%2B"), ("%", "%"), ("%zz", "%zz"), ("%FF", "\udcff")],
)
def test_escapes_are_undone_once_and_nothing_raises(text: str, undone: str) -> None:
    assert unescape(text) == undone


@pytest.mark.law("¶8 1°")
@pytest.mark.parametrize("prefix", ["+", "00"])
def test_a_number_begins_with_plus_or_00(prefix: str) -> None:
    assert examine(prefix + "33612345678", separators=False) == Form(prefix, "33612345678", ())


@pytest.mark.law("¶8 1°")
@pytest.mark.parametrize(
    ("text", "breach"),
    [
        ("33612345678", Breach.NO_PREFIX),
        ("+336-12", Breach.CHARACTERS),
        ("+336 12", Breach.CHARACTERS),
        ("+336#", Breach.CHARACTERS),
        ("++336", Breach.SEVERAL),
        ("+33612+33613", Breach.SEVERAL),
        ("+33６12", Breach.NOT_ASCII),
        ("+33\u200b612", Breach.NOT_ASCII),
        ("+33\n612", Breach.NOT_ASCII),
        ("33612345678\n", Breach.NOT_ASCII),
        ("", Breach.CHARACTERS),
    ],
)
def test_each_breach_has_its_name(text: str, breach: Breach) -> None:
    assert examine(text, separators=False).breaches == (breach,)


def test_separators_are_no_breach_where_the_grammar_has_them() -> None:
    assert examine("+33-6.12(34)", separators=True) == Form("+", "3361234", ())


@pytest.mark.law("¶8 1°")
def test_a_bracketed_zero_is_a_trunk_zero_even_among_separators() -> None:
    assert examine("+44(0)207", separators=True).breaches == (Breach.TRUNK_ZERO,)
