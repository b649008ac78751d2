"""The corpus and its tables: what the other readers are compared with is what is meant."""

import pytest

from sipstack.message import parse
from tests.sipstack.differential import test_sipmessage, test_tshark
from tests.sipstack.differential.reading import CORPUS, REFUSALS, REFUSED, TAKEN, differences, ours
from tests.sipstack.differential.vendors import MESSAGES

TABLES = (test_sipmessage.EXPLAINED, test_tshark.EXPLAINED)


def test_every_refusal_has_its_reason_and_every_reason_its_refusal() -> None:
    assert {name for name, data in CORPUS.items() if ours(data) is None} == REFUSALS.keys()


@pytest.mark.parametrize("table", TABLES, ids=["sipmessage", "tshark"])
def test_the_tables_speak_of_the_corpus_alone(table: dict[str, dict[str, str]]) -> None:
    assert table.keys() <= CORPUS.keys() - REFUSALS.keys()


@pytest.mark.parametrize("name", sorted(MESSAGES.keys() - REFUSALS.keys()))
def test_what_vendors_send_leaves_with_its_lines_as_they_came(name: str) -> None:
    head, _, _ = MESSAGES[name].lstrip().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
    printed = parse(MESSAGES[name]).encode().partition(b"\r\n\r\n")[0]
    mended = {
        "no reason phrase and no blank before it": head.replace(b"SIP/2.0 180", b"SIP/2.0 180 "),
        "a body without Content-Length": head + b"\r\nContent-Length: 92",
    }
    assert printed == mended.get(name, head)


def test_a_difference_is_seen() -> None:
    reading = ours(MESSAGES["a method of its own"])
    assert reading is not None
    assert differences(reading, reading | {"to": "x", "cseq": (1, "A")}) == {"to", "cseq"}
    assert differences(reading, None) == {TAKEN}
    assert differences(None, reading) == {REFUSED}
    assert differences(None, None) == set()
