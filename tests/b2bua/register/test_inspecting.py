"""Whether all of it holds, and what has waited long."""

import datetime
import logging
from pathlib import Path

import pytest

from b2bua.config import FourEyes, load
from b2bua.evidence import segments_of
from b2bua.register import snapshot
from b2bua.register.inspecting import inspected
from b2bua.register.presence import Presence
from b2bua.register.tending import LONG, chore, overdue, tend
from tests.b2bua.register.making import DAY, NOW, Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office.at(tmp_path)
    made.enter("agreement")
    return made


def test_what_is_in_order_has_nothing_wrong(office: Office) -> None:
    assert inspected(office.config, NOW) == ([], [])


@pytest.mark.law("¶33")
def test_what_ends_soon_is_told_by_its_name(office: Office) -> None:
    office.enter("consent", until="2026-04-20")
    wrong, doubtful = inspected(office.config, NOW)
    assert wrong == []
    assert doubtful == ["consent-1: until: C-1 ends on 2026-04-20 (renew what must go on)"]


def test_an_entry_for_a_trunk_that_is_gone_is_wrong(office: Office) -> None:
    office.enter(trunk="home")
    text = office.journal.parent / "gateway.toml"
    text.write_text(text.read_text().replace('name = "home"', 'name = "house"'))
    (wrong,), _ = inspected(load(text), NOW)
    assert wrong.startswith("blocked_user-1: trunk: 'home' is no trunk")


def test_a_broken_chain_a_stale_snapshot_and_a_worker_apart_are_wrong(office: Office) -> None:
    path = snapshot.path_of(office.journal)
    before = path.read_bytes()
    office.enter()
    path.write_bytes(before)
    worker = Presence(office.journal)
    worker.hold()
    (segment,) = segments_of(office.desk.directory)
    segment.write_bytes(segment.read_bytes().replace(b'"why":"a test"', b'"why":"a lie!"', 1))
    (changed, stale, apart), _ = inspected(office.config, NOW)
    assert "was changed after it was written" in changed
    assert "`b2bua register publish`" in stale
    assert apart == "evidence goes by another state of it: it has not read it"
    worker.leave()
    path.write_bytes(b"")
    assert str(path) in inspected(office.config, NOW)[0][1]


# What the clerk does.


def test_what_waits_long_is_told_once_for_all_that_was_done_together(tmp_path: Path) -> None:
    office = Office.at(tmp_path, FourEyes.ALL)
    office.enter()
    assert overdue(office.entries(), NOW + LONG - datetime.timedelta(seconds=1)) == []
    assert overdue(office.entries(), NOW + LONG) == [
        "add of blocked_user-1 by ada has waited for an approval since 2026-03-31 12:00 UTC"
    ]


def test_the_clerk_tells_it_and_puts_right_what_workers_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    office = Office.at(tmp_path, FourEyes.RELIEF)
    office.enter()
    office.enter("consent")
    snapshot.path_of(office.journal).unlink()
    with caplog.at_level(logging.WARNING):
        chore(office.config).run(NOW + DAY)
    assert snapshot.read(office.journal).names == {"blocked_user": ("blocked_user-1",)}
    assert "register: add of consent-1 by ada has waited" in caplog.text


def test_the_clerk_does_nothing_where_nothing_was_entered(tmp_path: Path) -> None:
    office = Office.at(tmp_path)
    tend(office.desk, NOW)
    assert not office.desk.directory.exists()
