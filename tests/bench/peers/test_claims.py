from bench.figures import Figure
from bench.peers.claims import CLAIMS, Claim, judge
from bench.peers.report import COST_AT_HIGHEST, HIGHEST, cost_at, delay_at, memory_of
from bench.peers.run import Plan
from bench.peers.table import TABLE


def figure(subject: str, value: float | None) -> Figure:
    return Figure(bench="peers", subject=subject, quantity="highest rate", value=value, unit="calls/s")


def judged(ours: float | None, theirs: float | None, claim: Claim) -> str:
    (one,) = judge([figure("b2bua", ours), figure("kamailio", theirs)], [claim])
    return str(one)


def test_a_claim_is_judged_by_the_ratio_of_ours_to_theirs() -> None:
    least = Claim(quantity="highest rate", peer="kamailio", bound="at least", factor=1.3)

    assert judged(1300, 1000, least) == "yes b2bua, highest rate: at least 1.3 times kamailio's; 1.3"
    assert judged(1299, 1000, least).startswith("NO ")
    most = Claim(quantity="highest rate", peer="kamailio", factor=0.5)
    assert judged(500, 1000, most).startswith("yes")
    assert judged(501, 1000, most).startswith("NO ")


def test_a_claim_without_a_peer_is_about_our_figure_alone() -> None:
    assert judged(12.0, None, Claim(quantity="highest rate", factor=12.0)).startswith("yes")
    assert judged(12.5, None, Claim(quantity="highest rate", factor=12.0)).endswith("at most 12 KiB; 12.5")


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    claim = Claim(quantity="highest rate", peer="kamailio", factor=1.0)

    assert judged(None, 1000, claim).startswith("- ")
    assert judged(1000, None, claim).endswith("not measured")


def test_every_claim_is_about_a_quantity_of_the_full_run_and_a_box_of_the_table() -> None:
    plan = Plan()
    quantities = {cost_at(plan.rate), COST_AT_HIGHEST, HIGHEST, delay_at(plan.rate, 50), delay_at(plan.rate, 99)}
    quantities |= {memory_of(calls) for calls in plan.held}

    assert {claim.quantity for claim in CLAIMS} <= quantities
    assert {claim.peer for claim in CLAIMS if claim.peer} <= {row.name for row in TABLE}
    assert {claim.box for claim in CLAIMS} <= {row.name for row in TABLE}
