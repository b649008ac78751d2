import pytest

from bench.held import Kept, fill, through_daemon

KEPT = Kept(before=1_000.0, held=13_000.0, ended=1_500.0, again=13_200.0, blocks=(5_000, 65_000, 5_600))


def test_the_figures_of_held_calls_are_per_call() -> None:
    figures = {figure.quantity: (figure.value, figure.unit, figure.ratio) for figure in KEPT.figures(1_000)}

    assert figures == {
        "memory per held call": (12.0, "KiB", None),
        "kept for other calls when they have ended": (0.5, "KiB", None),
        "lost, as seen when as many are set up again": (0.2, "KiB", None),
        "pieces of memory in use for an ended call": (0.6, "", 0.01),
    }


def test_calls_are_held_while_memory_is_read_and_gone_when_they_have_ended() -> None:
    kept = fill(200, first_calls=200)
    before, held, ended = kept.blocks

    assert kept.before > 1_000  # KiB
    assert held - before > 200 * 10
    # So few calls have not filled what is remembered of texts, which therefore grows in the middle of it.
    assert ended - before < (held - before) * 3 / 4


@pytest.mark.peer("sipp")
def test_calls_through_the_daemon_are_up_together_and_all_end(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bench.held.SCRATCH", tmp_path)
    monkeypatch.setattr("bench.held._FIRST", 20)

    figures, done = through_daemon(40, 40.0, lambda _: None, linger=0.5)

    assert (done.succeeded, done.calls) == (40, 40)
    assert done.reached > 20
    assert [figure.quantity for figure in figures] == [
        "memory per held call, at its highest",
        "kept for other calls when they have ended",
    ]
    assert all(figure.note == "" for figure in figures) or done.repeated
    assert not any(tmp_path.iterdir())
