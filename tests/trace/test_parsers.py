"""Every message that the gateway emits, before three parsers that are not ours: Wireshark's, Kamailio's, Sofia's.

The daemon's own datagrams come before them in `tests/peers/test_dissector.py`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trace import corpus
from tests.trace.making import call
from tests.trace.parsers import panel, tshark
from tests.trace.parsers.kamailio import Kamailio
from tests.trace.parsers.sofia import Sofia

SOUND = call().packets["b invite"].data.replace(b"branch=b1", b"branch=z9hG4bKb1;rport")
#: What each of them sees at least.
DAMAGED = [
    SOUND[:120],
    SOUND.replace(b"CSeq: ", b"CSeq "),
    SOUND.replace(b"Content-Length: ", b"Content-Length: x"),
]


@pytest.fixture(scope="module")
def messages() -> list[bytes]:
    """What there is to judge, each message once."""
    return list(dict.fromkeys([*corpus.of_stories(), *corpus.of_anything()]))


@pytest.fixture(scope="module")
def kamailio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    with panel.kamailio(tmp_path_factory.mktemp("kamailio")) as judge:
        yield judge


@pytest.fixture(scope="module")
def sofia() -> Sofia:
    return panel.sofia()


def test_the_stories_show_every_kind_of_message(messages: list[bytes]) -> None:
    starts = {data.split(b" ", 2)[0] if not data.startswith(b"SIP/2.0") else data[8:11] for data in messages}
    requests = {"INVITE", "ACK", "CANCEL", "BYE", "PRACK", "UPDATE", "INFO", "MESSAGE", "OPTIONS", "NOTIFY", "BREW"}
    responses = {"100", "180", "183", "200", "404", "408", "481", "486", "487", "491", "500", "503", "504", "603"}
    assert starts >= {name.encode() for name in requests | responses}
    assert len(messages) > 1_000


@pytest.mark.peer("tshark")
def test_wiresharks_dissector_has_nothing_against_them(messages: list[bytes], tmp_path: Path) -> None:
    assert tshark.objections(messages, tmp_path) == []


def test_sofia_has_nothing_against_them(messages: list[bytes], sofia: Sofia) -> None:
    assert sofia.objections(messages) == []


@pytest.mark.peer("kamailio")
def test_kamailios_sanity_check_has_nothing_against_the_requests(messages: list[bytes], kamailio: Kamailio) -> None:
    assert kamailio.objections(messages) == []


@pytest.mark.peer("tshark")
def test_the_dissector_would_object(tmp_path: Path) -> None:
    assert len(tshark.objections([SOUND, *DAMAGED], tmp_path)) == len(DAMAGED)


def test_sofia_would_object(sofia: Sofia) -> None:
    worse = [SOUND.replace(b"Call-ID: far\r\n", b""), SOUND.replace(b"1 INVITE", b"1 BYE")]
    assert len(sofia.objections([SOUND, *DAMAGED, *worse])) == len(DAMAGED) + len(worse)


@pytest.mark.peer("kamailio")
def test_kamailio_would_object(kamailio: Kamailio) -> None:
    refused = SOUND.replace(b"1 INVITE", b"1 BYE")
    assert kamailio.objections([SOUND]) == []
    (said,) = kamailio.objections([refused])
    assert "400" in said
    assert len(kamailio.objections(DAMAGED, patience=0.2)) == len(DAMAGED)
