import pytest
from rich.console import Console

from bench.boxes import Box
from bench.figures import Figure
from bench.peers.held import Held, gentle
from bench.peers.offer import Offer
from bench.peers.report import COST_AT_HIGHEST, HIGHEST, cost_at, delay_at, facts, figures, memory_of, tables
from bench.peers.run import Done, Plan, Run
from bench.peers.table import Present, Row
from bench.processes import Cores
from bench.sipp import Trial


def nothing(_folder: object, _core: int) -> Box:
    raise AssertionError("no box is started here")


def a_run(tmp_path, *done: Done) -> Run:
    rows = [Row(name=name, what="", offer=lambda _: Offer(nothing), calls=calls) for name, calls in BOXES.items()]
    run = Run(Plan(), [Present(row, Offer(nothing)) for row in rows], print, tmp_path, Cores(box=0, load=1))
    run.done = list(done)
    return run


BOXES = {"forwarder-c": False, "b2bua": True, "kamailio": True}


def done(purpose: str, box: str, rate: float, milliseconds: float, repeat: int = 1, **changes: object) -> Done:
    seconds = {"steady": 10, "ladder": 3, "highest": 10}[purpose]
    calls = int(rate * seconds)
    given: dict[str, object] = {"succeeded": calls, "repeated": 0, "seconds": seconds, "sipp": 0.5, "others": 0.0}
    given |= {"delays": (0.001, 0.002, 0.009), **changes}
    cpu = milliseconds / 1e3 * calls
    return Done(purpose, repeat, Trial(box=box, rate=rate, calls=calls, cpu=cpu, **given))  # type: ignore[arg-type]


def of(found: list[Figure], quantity: str, subject: str) -> Figure:
    (one,) = [figure for figure in found if (figure.quantity, figure.subject) == (quantity, subject)]
    return one


def test_a_steady_figure_is_the_median_of_the_trials_that_held_and_a_ratio_to_ours(tmp_path) -> None:
    run = a_run(
        tmp_path,
        *(done("steady", "b2bua", 200, cost) for cost in (0.5, 0.3, 9.0)),
        *(done("steady", "kamailio", 200, cost) for cost in (1.0, 3.0)),
        done("steady", "kamailio", 200, 7.0, repeated=2),
    )

    ours, theirs = (of(figures(run, []), cost_at(200), name) for name in ("b2bua", "kamailio"))
    assert (ours.value, ours.ratio, ours.note) == (pytest.approx(0.5), None, "")
    assert (theirs.value, theirs.ratio, theirs.to) == (pytest.approx(2.0), pytest.approx(4.0), "b2bua")
    assert theirs.note == "1 of 3 trials not held: 2 messages were repeated"
    assert of(figures(run, []), delay_at(200, 50), "b2bua").value == pytest.approx(2.0)
    assert of(figures(run, []), delay_at(200, 99), "b2bua").value == pytest.approx(9.0)


def test_what_no_trial_held_has_no_figure_but_the_reason(tmp_path) -> None:
    failures = ("caller: 5 UnexpectedMessage",)
    run = a_run(tmp_path, done("steady", "kamailio", 200, 1.0, succeeded=1995, failures=failures))

    figure = of(figures(run, []), cost_at(200), "kamailio")
    assert (figure.value, figure.note) == (None, "1 of 1 trials not held: caller: 5 UnexpectedMessage")
    assert of(figures(run, []), cost_at(200), "b2bua").note == "not tried"


def test_a_box_without_a_180_has_no_delay(tmp_path) -> None:
    run = a_run(tmp_path, done("steady", "kamailio", 200, 1.0, delays=()))

    assert of(figures(run, []), delay_at(200, 50), "kamailio").note == "it sends no 180"
    assert of(figures(run, []), cost_at(200), "kamailio").value == pytest.approx(1.0)


def test_the_highest_rate_is_the_median_of_what_the_searches_found(tmp_path) -> None:
    run = a_run(
        tmp_path,
        *(done("highest", "b2bua", rate, 1.0, repeat) for repeat, rate in ((1, 500), (1, 700), (2, 900), (3, 600))),
        done("highest", "b2bua", 800, 0.9, 1, repeated=1),
        done("highest", "b2bua", 950, 0.9, 2, succeeded=9499, failures=("callee: 1 MaxUDPRetrans",)),
    )

    found = figures(run, [])
    highest = of(found, HIGHEST, "b2bua")
    assert highest.value == 700
    assert highest.note == "at 950/s: callee: 1 MaxUDPRetrans"
    assert of(found, COST_AT_HIGHEST, "b2bua").value == pytest.approx(1.0)


def test_a_highest_rate_that_nothing_limited_or_only_sipp_is_a_lower_bound(tmp_path) -> None:
    held = (done("ladder", "forwarder-c", rate, 0.1) for rate in (100, 6400))
    run = a_run(tmp_path, *held, done("highest", "b2bua", 900, 1.0))
    forwarder = of(figures(run, []), HIGHEST, "forwarder-c")
    assert (forwarder.value, forwarder.note) == (6400, "or more: no rate failed")

    run.done.append(done("ladder", "forwarder-c", 8000, 0.1, repeated=5, sipp=0.97))
    assert of(figures(run, []), HIGHEST, "forwarder-c").note == "or more: SIPp is the limit"
    run.done.append(done("ladder", "forwarder-c", 8000, 0.1, repeated=5, sipp=0.5))
    assert of(figures(run, []), HIGHEST, "forwarder-c").note == "at 8,000/s: 5 messages were repeated"


def test_memory_per_call_is_what_came_with_the_calls(tmp_path) -> None:
    held = [
        Held(box="b2bua", calls=1000, before=40_960, after=51_200),
        Held(box="kamailio", calls=1000, before=10_240, trouble="12 of 1000 calls were answered, and then no more"),
        Held(box="b2bua", calls=10_000, before=50_000, after=170_000),
    ]

    found = figures(a_run(tmp_path), held)
    assert of(found, memory_of(1000), "b2bua").value == pytest.approx(10.24)
    assert of(found, memory_of(10_000), "b2bua").value == pytest.approx(12.0)
    assert of(found, "memory, 0 calls up", "b2bua").value == pytest.approx(40.0)
    assert of(found, "memory, 1,000 calls up", "b2bua").value == pytest.approx(50.0)
    refused = of(found, memory_of(1000), "kamailio")
    assert (refused.value, refused.note) == (None, "12 of 1000 calls were answered, and then no more")


def test_calls_are_set_up_at_half_of_what_the_box_has_held_but_no_faster_than_the_plan_says(tmp_path) -> None:
    run = a_run(tmp_path, done("steady", "b2bua", 200, 1.0), done("ladder", "b2bua", 400, 1.0, repeated=1))
    assert gentle(run, "b2bua") == 100
    run.done.append(done("highest", "b2bua", 5000, 1.0))
    assert gentle(run, "b2bua") == Plan().set_up


def test_a_trial_is_reported_with_its_purpose_and_why_it_was_not_held() -> None:
    told = facts(done("ladder", "b2bua", 100, 0.5, repeated=4))

    assert (told["purpose"], told["held"], told["why"]) == ("ladder", False, "4 messages were repeated")
    assert (told["cpu_ms"], told["p50_ms"], told["p99_ms"]) == pytest.approx((0.5, 2.0, 9.0))
    assert "delays" not in told


def test_the_tables_have_a_row_for_each_box_and_a_column_for_each_rate(tmp_path) -> None:
    run = a_run(
        tmp_path,
        done("steady", "b2bua", 200, 0.5),
        done("ladder", "b2bua", 100, 0.75),
        done("ladder", "b2bua", 400, 0.25, repeated=1),
        done("ladder", "forwarder-c", 100, 0.125),
    )
    console = Console(width=140)
    with console.capture() as captured:
        for table in tables(run, figures(run, [])):
            console.print(table)
    rows = [line.split() for line in captured.get().splitlines()]

    assert ["b2bua", "0.5", "-", "-", "2", "9", "-", "-"] in rows
    assert ["forwarder-c", "-", "0.125", "100+", "-", "-", "-", "-"] in rows
    assert ["b2bua", "0.75", "-"] in rows
    assert ["forwarder-c", "0.125", "-"] in rows
