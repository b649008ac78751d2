"""Numbers after their time: in the store as in the journal, and the same in either order."""

from pathlib import Path

from b2bua.evidence.forgetting import pseudonym
from b2bua.store import Store, Wanted
from tests.b2bua.store.making import (
    ABROAD,
    CALLED,
    GEOGRAPHIC,
    KEY,
    MOBILE,
    differing,
    indexed,
    minutes,
    national,
    purged,
    verdict,
    whole,
    written,
)

HIDDEN = pseudonym(KEY, GEOGRAPHIC)


def old_and_new(store: Store, journal: Path) -> Store:
    home = ["From: <sip:025551212@home.example>", "P-Asserted-Identity: <tel:+32470123456>"]
    written(journal, whole("old", GEOGRAPHIC), national("home", home, minutes(1)), whole("new", GEOGRAPHIC, minutes(9)))
    return indexed(store)


def calls(store: Store, **wanted: str) -> list[str]:
    return [call.call for call in store.search(Wanted(**wanted))]  # type: ignore[arg-type]


def test_a_forgotten_number_is_found_by_its_pseudonym_alone(store: Store, journal: Path) -> None:
    old_and_new(store, journal)
    assert store.forget(minutes(5), KEY) == 2
    assert calls(store, number=GEOGRAPHIC) == ["new"]
    assert calls(store, number=HIDDEN) == ["old", "home"]
    old, home, new = store.search(Wanted())
    assert (old.caller, old.called, old.forgotten) == (HIDDEN, pseudonym(KEY, CALLED), True)
    assert (home.forgotten, new.forgotten, new.caller) == (True, False, GEOGRAPHIC)
    for call in ("old", "home"):
        assert all(one.number.startswith("#") for one in store.numbers(call))


def test_the_moment_itself_is_not_before_it(store: Store, journal: Path) -> None:
    old_and_new(store, journal)
    assert store.forget(minutes(9), KEY) == 2
    assert store.drop(minutes(9)) == 2
    assert calls(store, number=GEOGRAPHIC) == ["new"]


def test_to_forget_twice_is_to_forget_once(store: Store, journal: Path) -> None:
    old_and_new(store, journal)
    store.forget(minutes(5), KEY)
    before = store.search(Wanted())
    assert store.forget(minutes(5), KEY) == 0
    assert store.search(Wanted()) == before


def test_what_is_held_stays_as_it_is(store: Store, journal: Path) -> None:
    old_and_new(store, journal)
    assert store.forget(minutes(5), KEY, held=["old"]) == 1
    assert store.drop(minutes(5), held=["old"]) == 1
    assert calls(store) == ["old", "new"]
    assert calls(store, number=GEOGRAPHIC) == ["old", "new"]


def test_a_dropped_call_leaves_nothing(store: Store, journal: Path) -> None:
    old_and_new(store, journal)
    assert store.drop(minutes(5)) == 2
    assert calls(store) == ["new"]
    assert calls(store, number=MOBILE) == []
    assert store.places("old") == []
    assert store.numbers("old") == []


def test_many_calls_are_forgotten_and_dropped_in_batches(store: Store, journal: Path) -> None:
    written(journal, [verdict(f"c{number:04d}", ABROAD) for number in range(1_203)])
    indexed(store)
    assert store.forget(minutes(1), KEY) == 1_203
    assert len(calls(store, number=pseudonym(KEY, ABROAD))) == 1_000
    assert store.drop(minutes(1)) == 1_203
    assert calls(store) == []


def test_a_purged_journal_makes_the_store_that_has_forgotten(store: Store, journal: Path, tmp_path: Path) -> None:
    old_and_new(store, journal)
    purged(journal)
    store.forget(minutes(100), KEY)
    before = [(call, store.numbers(call.call)) for call in store.search(Wanted())]
    assert differing(store, tmp_path / "anew") == []
    store.rebuild()
    assert [(call, store.numbers(call.call)) for call in store.search(Wanted())] == before


def test_a_journal_of_which_nothing_is_left_makes_a_store_without_calls(
    store: Store, journal: Path, tmp_path: Path
) -> None:
    old_and_new(store, journal)
    purged(journal, to_pseudonyms=False)
    store.drop(minutes(100))
    assert differing(store, tmp_path / "anew") == []
    store.rebuild()
    assert calls(store) == []


def test_a_call_without_any_number_outlives_its_purge(store: Store, journal: Path) -> None:
    anonymous = verdict("a", "anonymous", findings=[], called="operator")
    written(journal, anonymous)
    purged(journal)
    (call,) = indexed(store).search(Wanted())
    assert (call.caller, call.called, call.forgotten) == (None, None, True)


def test_a_line_that_is_read_again_does_not_bring_numbers_back(store: Store, journal: Path) -> None:
    old_and_new(store, journal)
    store.forget(minutes(100), KEY)
    with store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM progress")
    indexed(store)
    assert calls(store, number=GEOGRAPHIC) == []
    assert all(call.forgotten and call.caller != GEOGRAPHIC for call in store.search(Wanted()))


def test_what_the_store_alone_has_forgotten_is_no_difference(store: Store, journal: Path, tmp_path: Path) -> None:
    old_and_new(store, journal)
    store.forget(minutes(5), KEY)
    assert differing(store, tmp_path / "anew") == []
