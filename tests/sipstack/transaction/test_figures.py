"""The machines against the RFC's figures: every history of four inputs, on both kinds of transport.

Reached edges must equal the figure, so a missing edge fails as loudly as a wrong one.
"""

import itertools

import pytest

from sipstack.transaction import Client, ClientInvite, Server, ServerInvite
from tests.sipstack.transaction.figures import FIGURES, INPUTS, WAITS_FOR_ITS_USER, Run, mermaid, reached


@pytest.mark.parametrize(("kind", "reliable", "figure"), FIGURES)
def test_all_histories_of_four_inputs_reach_the_edges_of_the_figure_and_no_others(kind, reliable, figure):
    assert reached(kind, reliable) == figure


@pytest.mark.parametrize(("kind", "reliable", "figure"), FIGURES)
def test_a_machine_left_to_the_clock_ends_or_waits_for_its_user(kind, reliable, figure):
    for history in itertools.product(INPUTS[kind], repeat=2):
        run = Run(kind, reliable)
        for name in history:
            run.step(name)
        for _ in range(20):
            due = run.machine.deadline()
            if due is None:
                break
            run.now = max(due, run.now)
            run.check(run.machine.tick(run.now))
        else:
            pytest.fail(f"{run.machine!r} ticks on and on")
        state = run.machine.state.value
        assert state == "terminated" or (kind, state) in WAITS_FOR_ITS_USER


@pytest.mark.parametrize("kind", [ClientInvite, Client, ServerInvite, Server])
def test_a_drawing_shows_every_edge_of_both_figures_once(kind):
    edges = set().union(*(figure for drawn, _, figure in FIGURES if drawn is kind))
    drawn = mermaid(kind).splitlines()
    assert drawn[1] == f"title: {kind.__name__}"
    assert len(drawn) == len(set(drawn)) + 1 == len(edges) + 6  # the rule of dashes stands twice
    for before, cause, _, after in edges:
        assert any(line.startswith(f"    {before} --> {after}: {cause}") for line in drawn)
