"""The tests of the machines are tested: each bug, planted in the source, must make those fail that are there for it."""

import json
import subprocess
import sys

import attrs
import pytest

TRANSACTION, DIALOG = "tests/sipstack/transaction/", "tests/sipstack/dialog/"
REVIEWED = "tests/sipstack/agent/test_reviewed.py"
AGENT, CALLS = "tests/sipstack/agent/test_agent.py", "tests/sipstack/agent/test_calls.py"
FIGURES = TRANSACTION + "test_figures.py::test_all_histories_of_four_inputs_reach_the_edges_of_the_figure_and_no_others"
SCHEDULES = TRANSACTION + "test_schedules.py"
LAYER = TRANSACTION + "test_layer.py"
TRANSPORTS = TRANSACTION + "test_transports.py"
FAILED = 1

pytestmark = pytest.mark.slow


@attrs.frozen
class Bug:
    """`old` becomes `new` in a module of the package, and `tests` see it."""

    name: str
    module: str
    old: str
    new: str
    tests: tuple[str, ...]


BUGS = [
    Bug(
        "timer D is not 0 by a stream",
        "transaction.client_invite",
        "0.0 if self.reliable else self.timing.absorb_failures",
        "self.timing.absorb_failures",
        (FIGURES, LAYER + "::test_on_a_connection_a_refused_invite_ends_at_once"),
    ),
    Bug(
        "timer I is not 0 by a stream",
        "transaction.server_invite",
        "0.0 if self.reliable else self.timing.t4",
        "self.timing.t4",
        (FIGURES,),
    ),
    Bug(
        "what lingers goes on sending",
        "transaction.base",
        "        self.retransmit_at = None\n        if not seconds:",
        "        if not seconds:",
        (FIGURES,),
    ),
    Bug(
        "a stream is no reason not to repeat",
        "transaction.base",
        "        if not self.reliable:\n",
        "        if True:\n",
        (FIGURES,),
    ),
    Bug(
        "timer A stops growing at T2",
        "transaction.client_invite",
        "return 2 * self.interval  #",
        "return min(2 * self.interval, self.timing.t2)  #",
        (SCHEDULES + "::test_an_unanswered_invite_doubles_without_limit_and_gives_up_after_64_t1",),
    ),
    Bug(
        "timer G grows beyond T2",
        "transaction.base",
        "return min(2 * self.interval, self.timing.t2)",
        "return 2 * self.interval",
        (SCHEDULES + "::test_a_failure_response_to_an_invite_is_repeated_up_to_t2_until_timer_h",),
    ),
    Bug(
        "a late tick stretches the schedule",
        "transaction.base",
        "due = now if self.retransmit_at is None else self.retransmit_at",
        "due = now",
        (SCHEDULES + "::test_ticks_that_are_always_late_do_not_stretch_the_schedule",),
    ),
    Bug(
        "a pause is made up for in a burst",
        "transaction.base",
        "        while due <= now:\n",
        "        for _ in (1,):\n",
        (FIGURES, SCHEDULES + "::test_what_a_pause_has_let_pass_is_left_out_and_the_schedule_goes_on"),
    ),
    Bug(
        "a second CANCEL prolongs the wait",
        "transaction.client_invite",
        "if self.state is PROCEEDING and self.expires_at is None:",
        "if self.state is PROCEEDING:",
        (SCHEDULES + "::test_a_cancelled_ringing_invite_ends_64_t1_after_its_cancel_even_when_it_rings_on",),
    ),
    Bug(
        "the ACK to a 2xx is taken for one to a failure",
        "transaction.server_invite",
        "        if self.state is COMPLETED:\n            self.wire",
        "        if self.state is COMPLETED or self.state is ACCEPTED:\n            self.wire",
        (FIGURES, LAYER + "::test_the_ack_to_a_2xx_comes_in_without_a_key_whatever_its_branch"),
    ),
    Bug(
        "an accepted INVITE answers its repetitions",
        "transaction.server_invite",
        'self.wire = b""\n            return (Transmit(wire), *self._linger(ACCEPTED',
        "self.wire = wire\n            return (Transmit(wire), *self._linger(COMPLETED",
        (FIGURES,),
    ),
    Bug(
        "Failed after the final response",
        "transaction.layer",
        "if cause is Cause.NORMAL or entry.is_final else",
        "if cause is Cause.NORMAL else",
        (LAYER + "::test_a_fault_while_the_ack_is_due_ends_the_invite_but_does_not_fail_it_again",),
    ),
    Bug(
        "Cancelled after the final response",
        "transaction.layer",
        "        if invite.machine.state is PROCEEDING:\n            effects.append",
        "        if True:\n            effects.append",
        (LAYER + "::test_a_cancel_after_the_final_response_is_answered_and_told_to_nobody",),
    ),
    Bug(
        "a held CANCEL goes with every 1xx",
        "transaction.layer",
        "entry.machine.state is PROCEEDING and entry.machine.expires_at is None:",
        "entry.machine.state is PROCEEDING:",
        (LAYER + "::test_a_cancel_waits_for_the_first_provisional_response",),
    ),
    Bug(
        "a received of the sender's own stays",
        "transaction.routing",
        'parameters = parameters.without("received")',
        "pass",
        (TRANSACTION + "test_routing.py::test_the_top_via_tells_where_the_request_really_came_from",),
    ),
    Bug(
        "a true repetition is a merged request",
        "transaction.layer",
        "        if entry is not None:\n            return self._receive_again(entry, flow, now)\n        if self._is",
        "        if entry is not None and merge_key(request) is None:\n"
        "            return self._receive_again(entry, flow, now)\n        if self._is",
        (TRANSACTION + "test_merged.py::test_a_true_repetition_is_none",),
    ),
    Bug(
        "the end of a first try forgets the second",
        "transaction.table",
        "self._merges.get(entry.merge) is entry:",
        "entry.merge in self._merges:",
        (TRANSACTION + "test_merged.py::test_the_end_of_the_first_try_does_not_forget_the_second",),
    ),
    Bug(
        "the shortcut does not ask where a datagram comes from",
        "transaction.key",
        "Copy((flow, ",
        'Copy((Flow("", ("", 0)), ',
        (TRANSACTION + "test_key.py::test_another_byte_port_host_or_socket_makes_another_datagram",),
    ),
    Bug(
        "the shortcut outlives its transaction",
        "transaction.table",
        "            del self._copies[entry.copy]\n",
        "            pass\n",
        (
            TRANSACTION + "test_shortcut.py::test_a_copy_is_forgotten_with_its_transaction",
            TRANSACTION + "test_shortcut.py::test_a_layer_with_the_shortcut_and_one_without_do_the_same",
        ),
    ),
    Bug(
        "a 100 takes the adopted tag away",
        "transaction.layer",
        "entry.to_tag = to_tag or entry.to_tag",
        "entry.to_tag = to_tag or self.ids.tag()",
        (TRANSACTION + "test_tags.py::test_the_100_of_the_layer_does_not_take_the_tag_away",),
    ),
    Bug(
        "what goes back to UDP still says TCP",
        "transaction.layer",
        "        _name_transport(request, flow)\n",
        "",
        (TRANSPORTS + "::test_a_stream_that_fails_before_any_response_leaves_udp_under_the_same_key_and_branch",),
    ),
    Bug(
        "a sweep of the heap loses a deadline",
        "transaction.layer",
        "and entry.queued == item[0]]",
        "and entry.queued != item[0]]",
        (TRANSACTION + "test_flood.py::test_what_lives_keeps_its_deadline_when_the_heap_is_swept",),
    ),
    Bug(
        "nobody forgets a flow",
        "transaction.table",
        "                del self._flows[flow]\n",
        "                pass\n",
        (LAYER + "::test_nothing_is_left_after_the_last_deadline",),
    ),
    Bug(
        "the route set is not reversed for the caller",
        "dialog.dialog",
        "            route_set=_recorded(response)[::-1],\n",
        "            route_set=_recorded(response),\n",
        (DIALOG + "test_dialog.py::test_the_caller_takes_the_route_set_in_reverse_order",),
    ),
    Bug(
        "a number that is one too low is let through",
        "dialog.dialog",
        "number < self.remote_cseq",
        "number + 1 < self.remote_cseq",
        (DIALOG + "test_dialog.py",),
    ),
    Bug(
        "the ACK to a 2xx takes a number of its own",
        "dialog.dialog",
        'return self._address("ACK", invite_cseq,',
        'return self._address("ACK", self.local_cseq + 1,',
        (DIALOG + "test_dialog.py",),
    ),
    Bug(
        "a 2xx is repeated for ever",
        "dialog.invite",
        "        if now >= self._give_up_at:\n",
        "        if False:\n",
        (DIALOG + "test_invite.py",),
    ),
    Bug(
        "a repeated 2xx is a second call",
        "agent.outgoing",
        "if dialog is None or heard is Heard.AGAIN:",
        "if dialog is None:",
        (REVIEWED + "::test_a_2xx_with_the_offer_that_comes_again_waits_on_for_the_application",),
    ),
    Bug(
        "every 2xx of a fork stays in the call",
        "agent.outgoing",
        "        del self.sessions[dialog.remote_tag]\n",
        "",
        (REVIEWED + "::test_a_fork_without_end_leaves_nothing_in_the_call",),
    ),
    Bug(
        "what a refused INVITE has opened lives on",
        "agent.outgoing",
        "        return [act for tag in tuple(self.sessions) for act in self._drop(tag)]\n",
        "        return []\n",
        (REVIEWED + "::test_what_a_challenged_invite_has_opened_is_over_when_it_goes_out_again",),
    ),
    Bug(
        "a BYE leaves an INVITE that waits for its PRACK without a final response",
        "agent.incoming",
        "        if session.over and self._is_pending:\n",
        "        if session.over and not self._answered:\n",
        (REVIEWED + "::test_a_bye_while_the_2xx_waits_for_a_prack_ends_the_invite_too",),
    ),
    Bug(
        "the BYE does not wait for the ACK",
        "agent.incoming",
        "        if self._acknowledged:\n",
        "        if True:\n",
        (REVIEWED + "::test_no_bye_goes_out_before_the_ack_has_come",),
    ),
    Bug(
        "a broken header of the application's is found when it is too late",
        "agent.content",
        "    fields = tuple(headers)\n    try:",
        "    fields = tuple(headers)\n    return fields\n    try:",
        (REVIEWED + "::test_a_hang_up_with_a_broken_header_cancels_nothing",),
    ),
    Bug(
        "a refresh asks for an offer",
        "agent.session",
        "            self.description = message.body,",
        '            self.description = b"",',
        (REVIEWED + "::test_a_refresh_by_reinvite_says_again_what_was_said",),
    ),
    Bug(
        "a reINVITE that has to wait once more is forgotten",
        "agent.session",
        "            self.glare.wait(now, self.context.dice())",
        "            pass",
        (REVIEWED + "::test_a_refused_reinvite_waits_while_theirs_is_under_way_and_goes_then",),
    ),
    Bug(
        "2xx that nobody acknowledges pile up",
        "agent.session",
        "len(self._unacked) >= _MOST_UNACKED",
        "False",
        (REVIEWED + "::test_reinvites_that_are_never_acknowledged_do_not_pile_up",),
    ),
    Bug(
        "the ACK of a repeated 2xx is a new one",
        "agent.sending",
        "        self._keep(attempt, act, send)\n",
        "",
        (CALLS + "::test_a_2xx_without_ack_is_repeated_and_ended_by_bye",),
    ),
    Bug(
        "credentials are sent again with the same number",
        "agent.sending",
        "        attempt.renumber()\n",
        "",
        (AGENT + "::test_a_challenged_call_is_placed_again_with_credentials",),
    ),
    Bug(
        "who is asked for credentials for ever comes back for ever",
        "agent.sending",
        "        attempt.challenges += 1\n",
        "",
        (REVIEWED + "::test_nobody_can_ask_for_credentials_for_ever",),
    ),
    Bug(
        "what the application passes over is kept",
        "agent.agent",
        "        if isinstance(event, Received | Requested):\n",
        "        if False:\n",
        (REVIEWED + "::test_a_request_that_the_application_passes_over_is_answered_in_the_end",),
    ),
    Bug(
        "the CANCEL of a call is nobody's",
        "agent.agent",
        "        self._served[key] = call\n",
        "",
        (CALLS + "::test_a_caller_who_gives_up_cancels",),
    ),
]


@pytest.fixture(scope="module")
def plant():
    """Asks the planting process: exit code of pytest, and what it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sipstack.planting"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def ask(module, old, new, tests):
        order = {"module": module and f"sipstack.{module}", "old": old, "new": new, "tests": tests}
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    with process:
        yield ask
        process.stdin.close()


def test_without_a_bug_those_tests_pass(plant):
    answer = plant(None, "", "", sorted({test for bug in BUGS for test in bug.tests}))
    assert answer["code"] == 0, answer["said"]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_seen(plant, bug):
    answer = plant(bug.module, bug.old, bug.new, list(bug.tests))
    assert answer["code"] == FAILED, answer["said"]


def test_there_are_bugs_in_all_floors_that_have_machines():
    floors = [bug.module.partition(".")[0] for bug in BUGS]
    assert len(BUGS) >= 14
    assert {"transaction", "dialog", "agent"} == set(floors)
    assert len({bug.name for bug in BUGS}) == len(BUGS)
