from b2bua.app import core_of
from bench.scale import Plan, crowded, measure, register_of, staged
from bench.story import CALLEE, CALLER, between_carriers, ghent, tell
from sipstack.ids import Ids


def test_every_crowd_has_a_figure_beside_the_smallest_of_its_kind() -> None:
    plan = Plan(held=(1, 3), trunks=(1, 2), entries=(4, 8), calls=1, rounds=2)

    figures = measure(plan, lambda _: None)

    assert [(figure.subject, figure.to) for figure in figures] == [
        ("1 held calls", ""),
        ("3 held calls", "1"),
        ("1 trunks and routes", ""),
        ("2 trunks and routes", "1"),
        ("4 register entries", ""),
        ("8 register entries", "4"),
    ]
    assert all((figure.value or 0) > 0 for figure in figures)
    assert all((figure.ratio or 0) > 0 for figure in figures if figure.to)


def test_held_calls_stay_held_while_others_come_and_go() -> None:
    config = between_carriers("\n[sip]\nsession_seconds = 0\nprobe_call_seconds = 0\n")
    story = tell(2, config)
    with staged(config) as stage:
        stage.hold(3, lambda _: None)
        for _ in range(2):
            assert stage.sample(story) > 0

            statistics = stage.core.statistics()
            assert (statistics.calls, statistics.transactions) == (3, 0)
            assert sum(name.startswith("drop: ") for name in statistics.counters) == 0
        assert (statistics.counters["verdict: pass"], stage.journal.waiting) == (3 + 2 * 2, 0)


def test_a_crowd_of_trunks_stands_before_those_that_the_calls_take() -> None:
    core = core_of(crowded(between_carriers(), 3), Ids(bytes))
    trunks = core.context.trunks

    assert [trunk.name for trunk in trunks.all] == ["trunk-0", "trunk-1", "trunk-2", "foreign", "home"]
    assert tuple(trunks.find(flow.socket, *flow.remote) for flow in (CALLER, CALLEE)) == trunks.all[3:]
    assert core.context.routes.find("foreign", ghent(7)) == "home"


def test_a_register_of_many_is_of_several_kinds_and_bars_nobody_who_is_measured() -> None:
    register = register_of(400)

    assert len(register.entries) == 400
    assert len({type(entry) for entry in register.entries}) == 4
    assert register_of(8).entries == register.entries[:8]
