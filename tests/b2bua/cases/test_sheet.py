"""The answer as somebody reads it: in three languages, as a page and as PDF."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from b2bua.cases.answer import Answer, answer_of
from b2bua.cases.block import Block
from b2bua.cases.case import Case
from b2bua.cases.finding import Search
from b2bua.cases.origin import origin_of
from b2bua.cases.page import page
from b2bua.cases.pdf import FOLDERS, pdf
from b2bua.cases.plain import plain
from b2bua.cases.sheet import Sheet, sheet_of, spell
from b2bua.cases.wording import language_of, words_of
from b2bua.config import Cases, Language
from b2bua.errors import CaseError
from b2bua.evidence.signing import SigningKey, load_key, make_key
from b2bua.register import State
from tests.b2bua.cases.making import NOW, PLAN, after, asked, call, case_of, hours, identified, sealed

pytestmark = pytest.mark.law("¶16 identity", "K19")

WHO = Cases(operator="Voorbeeld NV", contact="regulatory@example.be")
WHOLE = {"name": "Łukasz Nowak", "address": "ul. Piotrkowska 1\n90-001 Łódź", "data": "ABC 123"}
LANGUAGES = [*Language]
HOSTILE = ['From: "<script>alert(1)</script>\x1b[2J\u202e" <sip:+32470123456@carrier>']


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    path: Path = tmp_path_factory.mktemp("key") / "journal.key"
    make_key(path)
    return load_key(path)


def made(key: SigningKey, case: Case, at: float = 2, headers: list[str] | None = None) -> Answer:
    origins = [origin_of(name, sealed(*call(name, headers=headers)), ()) for name in case.calls]
    return answer_of(case, origins, WHO, key, after(at))


def sheet(key: SigningKey, case: Case | None = None, language: Language = Language.ENGLISH, **other: Any) -> Sheet:
    case = case or attrs.evolve(case_of(identified(1, **WHOLE)), calls=("c1",))
    return sheet_of(made(key, case, **other), "answer.json", words_of(language))


def rows(found: Sheet) -> dict[str, str]:
    return {row.label: row.text for section in found.sections for row in section.rows}


def alarms(found: Sheet) -> list[str]:
    return [row.text for section in found.sections for row in section.rows if row.is_alarm]


# Words.


def keys(tables: Mapping[str, Mapping[str, str]]) -> set[tuple[str, str, tuple[str, ...]]]:
    return {
        (table, key, tuple(sorted(re.findall(r"\{\w+\}", text))))
        for table, inner in tables.items()
        for key, text in inner.items()
    }


def test_all_languages_have_the_same_words_that_tell_the_same() -> None:
    french, dutch, english = (keys(words_of(language).tables) for language in LANGUAGES)
    assert french == dutch == english


def test_no_two_languages_say_the_title_alike() -> None:
    assert len({words_of(language)("sheet", "title") for language in LANGUAGES}) == 3


def test_a_language_that_is_not_spoken_is_said_to_be_none() -> None:
    assert language_of("FR") is Language.FRENCH
    with pytest.raises(CaseError, match="'de' is no language that answers are written in; one of fr, nl, en"):
        language_of("de")


# The sheet.


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_tells_the_user_and_the_call_in_every_language(key: SigningKey, language: Language) -> None:
    texts = rows(sheet(key, language=language)).values()
    for told in ("Łukasz Nowak", "BIPT/42", "c1@carrier", "198.51.100.7:5060", "2026-11-22 14:03:20 +0100", "87 s"):
        assert told in texts


def test_where_all_is_well_nothing_is_an_alarm(key: SigningKey) -> None:
    assert alarms(sheet(key)) == []


def test_a_late_answer_says_so(key: SigningKey) -> None:
    (late,) = alarms(sheet(key, at=26.5))
    assert "2 h 30 min late" in late


def test_an_incomplete_one_says_what_is_missing(key: SigningKey) -> None:
    case = attrs.evolve(case_of(identified(1, "address", "data", name="N")), calls=("c1",))
    assert alarms(sheet(key, case)) == ["Address, Identification data"]


def test_without_a_user_and_a_call_it_says_that_there_is_none(key: SigningKey) -> None:
    assert alarms(sheet(key, case_of())) == [
        "No identity is told: our evidence has no such call.",
        "No call was found that agrees with the request.",
    ]
    assert alarms(sheet(key, attrs.evolve(case_of(), calls=("c1",))))[0] == "The identity of the user is not known."


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_there_is_no_such_call_it_says_what_was_looked_for(key: SigningKey, language: Language) -> None:
    for matches in (0, 2):
        search = Search.of(asked(), PLAN, matches)
        answer = answer_of(case_of(), [], WHO, key, after(2), search=search)
        found = sheet_of(answer, "answer.json", words_of(language))
        texts = rows(found).values()
        assert "+32470123456, 0470123456" in texts
        assert "2026-11-22 13:58:00 +0100 - 2026-11-22 14:09:00 +0100" in texts
        assert any("2" in text for text in alarms(found)) == bool(matches)


def test_it_tells_a_block_in_force_and_one_that_is_not(key: SigningKey) -> None:
    case = attrs.evolve(case_of(identified(1, "data", name="N", address="A")), calls=("c1",))
    waiting = Block(entry="blocked_user-1", user={}, acts=(), since=None, state=State.PROPOSED)
    standing = attrs.evolve(waiting, entry="blocked_user-2", since=after(3), state=State.IN_FORCE)
    found = rows(sheet(key, attrs.evolve(case, blocks=(waiting, standing))))
    assert found["blocked_user-1, in force"] == "no"
    assert found["blocked_user-2, since"] == "2026-11-22 19:00:00 +0100"
    assert found["Block due at the latest"] == "2026-11-23 17:00:00 +0100"


@pytest.mark.parametrize(
    ("length", "text"), [(0.001, "4 s"), (0.5, "30 min"), (25.25, "25 h 15 min"), (-2, "2 h 00 min")]
)
def test_a_length_of_time_is_told_in_hours_and_minutes(length: float, text: str) -> None:
    assert spell(hours(length)) == text


# The page.


def test_the_page_escapes_what_strangers_have_written(key: SigningKey) -> None:
    html = page(sheet(key, headers=HOSTILE))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_of_its_language_and_fetches_nothing(key: SigningKey, language: Language) -> None:
    html = page(sheet(key, language=language))
    assert f'<html lang="{language}">' in html
    assert "default-src 'none'" in html
    assert "src=" not in html.replace("default-src", "")
    assert "Łukasz Nowak" in html


# The PDF.


def text_of(document: bytes, folder: Path) -> str:
    (folder / "answer.pdf").write_bytes(document)
    run = subprocess.run(["pdftotext", "-layout", "answer.pdf", "-"], cwd=folder, capture_output=True, check=True)
    return run.stdout.decode()


@pytest.mark.peer("pdftotext")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_can_be_read_in_every_language(key: SigningKey, tmp_path: Path, language: Language) -> None:
    text = text_of(pdf(sheet(key, language=language), NOW), tmp_path)
    for told in (words_of(language)("user", "title"), "c1@carrier", "BIPT/42"):
        assert told in text
    assert "1/2" in text.replace(" ", "")


@pytest.mark.peer("pdftotext")
def test_a_font_that_lacks_a_letter_spells_it(key: SigningKey, tmp_path: Path) -> None:
    assert "U+0141ukasz" in text_of(pdf(sheet(key), NOW, folders=[]), tmp_path)


@pytest.mark.peer("pdftotext")
@pytest.mark.parametrize("folders", [[], FOLDERS])
def test_a_name_that_looks_like_the_number_of_pages_is_printed_whole(
    key: SigningKey, tmp_path: Path, folders: list[Path]
) -> None:
    case = attrs.evolve(case_of(identified(1, **{**WHOLE, "name": "Jan {nb} Peeters"})), calls=("c1",))
    text = text_of(pdf(sheet(key, case), NOW, folders), tmp_path)
    assert "Jan {nb} Peeters" in text
    assert "1/2" in text.replace(" ", "")


@pytest.mark.parametrize("folders", [[], None])
def test_the_same_answer_is_the_same_pdf(key: SigningKey, folders: list[Path] | None) -> None:
    found = sheet(key)
    more = {} if folders is None else {"folders": folders}
    first = pdf(found, NOW, **more)
    assert first.startswith(b"%PDF-")
    assert pdf(found, NOW, **more) == first


@pytest.mark.parametrize("size", [1, 60])
def test_a_call_with_many_long_headers_goes_over_several_pages(key: SigningKey, size: int) -> None:
    headers = [f"History-Info: <sip:+3247{n:07d}@carrier>;index=1;{'x' * 200}" for n in range(size)]
    document = pdf(sheet(key, headers=headers), NOW)
    assert (document.count(b"/Type /Page\n") > 3) == (size == 60)


@pytest.mark.parametrize("text", ["x" * 999, "x" * 20_000, "line\n" * 300, "łódź " * 300, "\n" * 20 + "x"])
def test_a_text_of_any_length_is_printed(key: SigningKey, text: str) -> None:
    case = attrs.evolve(case_of(identified(1, name="N", address=text, data=text)), calls=("c1",))
    found = sheet(key, case)
    for folders in ([], FOLDERS):
        assert pdf(found, NOW, folders).startswith(b"%PDF-")
    assert page(found)


# Text of strangers.


def test_what_would_move_the_text_beside_it_is_spelled() -> None:
    assert plain("a\x1b[2J\u202eb\r\x00") == "aU+001B[2JU+202EbU+000DU+0000"


def test_lines_and_letters_stay() -> None:
    assert plain("Łódź\n北京 ☎") == "Łódź\n北京 ☎"
