from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Camara, NumberList, Roaming
from b2bua.errors import ConfigError
from b2bua.roaming import pages as module
from b2bua.roaming.pages import Pages
from b2bua.roaming.routes import NOBODY, Routes, read_ported

LIST = """\ufeffnumber,holder
# as of today
+32470000001,one
32470000002;two
"+32470000003"\ttwo\tsince 2020

+32499999999,none
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text)
    return path


def told(folder: Path, text: str, values: tuple[str, ...] | None = ("one", "two")) -> str:
    with pytest.raises(ConfigError) as caught:
        Pages.read(written(folder, text), values)
    assert "3247000" not in str(caught.value)
    return str(caught.value).partition("list.csv:")[2]


def test_a_list_is_read_however_it_is_divided(tmp_path: Path) -> None:
    found = Pages.read(written(tmp_path, LIST), ("one", "two", "none"))
    assert found.count == 4
    said = {last: found.get(f"+3247000000{last}") for last in range(5)}
    assert said == {0: None, 1: "one", 2: "two", 3: "two", 4: None}
    assert found.get("+32499999999") == "none"


def test_of_numbers_alone_further_columns_are_passed_over(tmp_path: Path) -> None:
    found = Pages.read(written(tmp_path, "+32470000001,208,FR\n32470000002\n"))
    assert [found.get(f"+3247000000{last}") for last in (1, 2, 3)] == ["", "", None]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("0470000001,one", "2: begins with no number; write +32470123456, or 32470123456"),
        ("+32 470 00 00 01,one", "2: begins with no number; write +32470123456, or 32470123456"),
        ("+3247000000100000000,one", "2: begins with no number; write +32470123456, or 32470123456"),
        ("+32470000001,three", "2: names no holder; name one of [roaming], or add the name to without_check"),
        ("+32470000001", "2: names no holder; name one of [roaming], or add the name to without_check"),
        ("+32470000009,two", "2: has a number that an earlier line gives to another"),
    ],
)
def test_a_mistake_is_told_by_its_line_and_without_the_number(tmp_path: Path, line: str, problem: str) -> None:
    assert told(tmp_path, f"+32470000009,one\n{line}\n") == problem


def test_a_line_that_says_the_same_twice_is_no_mistake(tmp_path: Path) -> None:
    assert Pages.read(written(tmp_path, "+32470000001,one\n+32470000001,one\n"), ("one",)).count == 1


def test_an_empty_list_is_a_mistake_for_it_would_say_that_nobody_is_abroad(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no number"):
        Pages.read(written(tmp_path, "# nothing\n"))


def test_a_file_without_line_ends_is_read_in_pieces_and_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="begins with no number"):
        Pages.read(written(tmp_path, "x" * 5_000_000))


def test_more_different_numbers_than_any_country_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    lines = "".join(f"+3247{page:03d}0000\n" for page in range(4))
    with pytest.raises(ConfigError, match=":4: are more different numbers"):
        Pages.read(written(tmp_path, lines))


@given(st.dictionaries(st.integers(32_450_000_000, 32_499_999_999), st.integers(0, 254), max_size=60))
def test_it_says_of_each_number_what_was_put_and_of_no_other(said: dict[int, int]) -> None:
    found = Pages(tuple(map(str, range(255))))
    for number, value in said.items():
        found.put(number, value)
    assert found.count == len(said)
    for number in said.keys() | {number + 1 for number in said} | {number - 1 for number in said}:
        value = said.get(number)
        assert found.get(f"+{number}") == (None if value is None else str(value))


def config(folder: Path, ported: str | None = None) -> Roaming:
    return Roaming(
        not_offered=("+32456",),
        portability=None if ported is None else str(written(folder, ported)),
        without_check=("silent",) if ported else (),
        camara=(
            Camara(name="one", prefixes=("+3247", "+324567"), url="https://one.example/v1"),
            Camara(name="two", prefixes=("+32475",), url="https://two.example/v1"),
        ),
        list=(NumberList(name="three", prefixes=("+32480",), file="x"),),
    )


@pytest.mark.law("K10")
@pytest.mark.parametrize(
    ("number", "holder"),
    [
        ("+32470000000", "one"),
        ("+32475000000", "two"),
        ("+32480000000", "three"),
        ("+32456000000", NOBODY),
        ("+32456700000", "one"),
        ("+32499000000", NOBODY),
    ],
)
def test_the_longest_prefix_says_whose_a_number_is(tmp_path: Path, number: str, holder: str) -> None:
    assert Routes.of(config(tmp_path)).holder_of(number) == holder


@pytest.mark.law("K10")
@pytest.mark.parametrize(
    ("number", "holder"),
    [("+32470000000", "two"), ("+32456000000", "one"), ("+32475000000", NOBODY), ("+32470000001", "one")],
)
def test_a_ported_number_is_its_new_holder_s_whatever_it_begins_with(tmp_path: Path, number: str, holder: str) -> None:
    terms = config(tmp_path, "+32470000000,two\n+32456000000,one\n+32475000000,silent\n")
    assert Routes.of(terms, read_ported(terms)).holder_of(number) == holder
