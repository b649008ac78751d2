"""Everything the daemon emits, before three parsers that are not ours: Wireshark's, Kamailio's, Sofia's.

That each of them objects to what is damaged, and what the gateway emits in virtual time: `tests/trace/test_parsers.py`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.rig import FOREIGN, NATIONAL, Rig
from tests.trace.parsers import panel, tshark

pytestmark = pytest.mark.peer("sipp")


def mix(rig: Rig) -> list[bytes]:
    """A call of every kind, one after the other."""
    geographic, unverifiable = "<sip:+3225551212@foreign.example>", "<sip:+32470666666@foreign.example>"
    rig.call("a-calls", "b-answers")
    rig.call("a-calls", "b-answers", NATIONAL)
    rig.call("a-is-hung-up", "b-hangs-up")
    rig.call("a-calls", "b-answers", caller=unverifiable, extra=f"P-Asserted-Identity: {unverifiable}")
    rig.finish(rig.play("a-is-refused-at-once", FOREIGN, status="603", caller=geographic))
    rig.call("a-cancels-ringing", "b-is-cancelled")
    rig.call("a-offers-nothing", "b-offers")
    rig.call("a-changes-the-session", "b-hears-a-new-offer")
    rig.call("a-hears-in-the-dialog", "b-sends-in-the-dialog", method="UPDATE")
    rig.call("a-acknowledges-ringing", "b-rings-reliably", extra="Supported: 100rel")
    rig.call("a-is-refused", "b-refuses", code="486", status="486")
    rig.call("a-is-refused", "b-refuses", code="302", status="480")
    for method, status in (("OPTIONS", "200"), ("REGISTER", "405"), ("BREW", "501"), ("BYE", "481")):
        rig.finish(rig.play("a-asks-outside", FOREIGN, method=method, status=status))
    return [datagram.data for datagram in rig.trace if datagram.emitted]


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[bytes]]:
    """What the daemon has said in these calls."""
    rig = Rig.on(tmp_path_factory.mktemp("rig"), "127.0.0.1")
    try:
        said = mix(rig.start())
        rig.end()
        assert len(said) > 80
        yield said
    finally:
        rig.close()


@pytest.mark.peer("tshark")
def test_wiresharks_dissector_has_nothing_against_what_the_daemon_emits(emitted: list[bytes], tmp_path: Path) -> None:
    assert tshark.objections(emitted, tmp_path) == []


@pytest.mark.peer("kamailio")
def test_kamailio_has_nothing_against_what_the_daemon_asks(emitted: list[bytes], tmp_path: Path) -> None:
    with panel.kamailio(tmp_path) as judge:
        assert judge.objections(emitted) == []


def test_sofia_has_nothing_against_what_the_daemon_emits(emitted: list[bytes]) -> None:
    assert panel.sofia().objections(emitted) == []
