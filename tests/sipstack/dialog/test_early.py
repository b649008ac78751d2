"""The dialogs of one forked INVITE."""

import itertools

import attrs
import pytest

from sipstack.dialog import EarlyDialogs, Heard
from sipstack.errors import ParseError
from sipstack.message import parse, response_to
from sipstack.message import request as build
from sipstack.timing import Timing

INVITE = parse(
    build(
        "INVITE",
        "sip:b@b.example",
        [
            ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1"),
            ("From", "<sip:a@a>;tag=a"),
            ("To", "<sip:b@b>"),
            ("Call-ID", "c"),
            ("CSeq", "7 INVITE"),
            ("Contact", "<sip:a@192.0.2.9>"),
        ],
    ).encode()
)


def answer(status, tag="x", *, contact="<sip:b@192.0.2.1>", routes=()):
    fields = [("Record-Route", route) for route in routes]
    fields += [("Contact", contact)] if contact else []
    return parse(response_to(INVITE, status, to_tag=tag, headers=fields).encode())


def calling(**settings):
    return EarlyDialogs(invite=INVITE, **settings)


def test_each_to_tag_is_an_early_dialog_with_numbers_of_its_own():
    dialogs = calling()
    _, first = dialogs.receive(answer(180, "x"), 0.0)
    heard, second = dialogs.receive(answer(183, "y"), 0.0)
    assert heard is Heard.EARLY
    assert first is not second
    assert first.request("PRACK", via="v").cseq.number == second.request("PRACK", via="v").cseq.number == 8
    assert dialogs.receive(answer(180, "x"), 1.0) == (Heard.EARLY, first)
    assert not first.confirmed


@pytest.mark.parametrize("response", [answer(100, None), answer(100, "x"), answer(180, None)])
def test_a_100_and_a_tagless_response_open_nothing(response):
    dialogs = calling()
    assert dialogs.receive(response, 0.0) == (Heard.NOTHING, None)
    assert dialogs.early == {}


def test_the_first_2xx_confirms_its_early_dialog_and_a_repetition_is_told():
    dialogs = calling()
    _, early = dialogs.receive(answer(180), 0.0)
    assert dialogs.receive(answer(200), 1.0) == (Heard.CONFIRMED, early)
    assert early.confirmed
    assert dialogs.receive(answer(200), 2.0) == (Heard.AGAIN, early)
    assert dialogs.early == {}


def test_a_2xx_without_any_18x_opens_a_confirmed_dialog():
    heard, dialog = calling().receive(answer(200), 0.0)
    assert heard is Heard.CONFIRMED
    assert dialog.confirmed


def test_a_2xx_without_a_tag_is_a_dialog_with_an_old_peer():
    dialogs = calling()
    heard, dialog = dialogs.receive(answer(200, None), 0.0)
    assert (heard, dialog.remote_tag) == (Heard.CONFIRMED, "")
    assert dialogs.receive(answer(200, None), 0.0)[0] is Heard.AGAIN


def test_a_2xx_of_another_branch_is_a_second_call():
    dialogs = calling()
    dialogs.receive(answer(180, "x"), 0.0)
    dialogs.receive(answer(180, "y"), 0.0)
    dialogs.receive(answer(200, "x"), 1.0)
    heard, second = dialogs.receive(answer(200, "y"), 2.0)
    assert (heard, second.remote_tag, second.confirmed) == (Heard.SECOND, "y", True)
    assert dialogs.receive(answer(200, "y"), 3.0) == (Heard.AGAIN, second)
    assert [*dialogs.confirmed] == ["x", "y"]


def test_the_other_branches_end_64_t1_after_the_first_2xx():
    dialogs = calling(timing=Timing(0.1))
    _, other = dialogs.receive(answer(180, "y"), 0.0)
    assert dialogs.deadline() is None
    dialogs.receive(answer(200, "x"), 1.0)
    dialogs.receive(answer(200, "z"), 5.0)
    assert dialogs.deadline() == pytest.approx(7.4)
    assert dialogs.tick(7.3) == []
    assert dialogs.tick(7.5) == [other]
    assert dialogs.deadline() is None
    assert dialogs.tick(99.0) == []
    assert dialogs.receive(answer(180, "y"), 8.0) == (Heard.NOTHING, None)


def test_a_2xx_after_that_is_still_a_call_to_be_ended():
    dialogs = calling()
    dialogs.receive(answer(200, "x"), 0.0)
    dialogs.tick(32.0)
    assert dialogs.receive(answer(200, "y"), 33.0)[0] is Heard.SECOND


def test_a_final_failure_ends_all_early_dialogs():
    dialogs = calling()
    dialogs.receive(answer(180, "x"), 0.0)
    assert dialogs.receive(answer(486, "x"), 1.0) == (Heard.FAILED, None)
    assert dialogs.early == {}
    assert dialogs.receive(answer(180, "x"), 2.0) == (Heard.NOTHING, None)
    assert dialogs.receive(answer(200, "x"), 2.0)[0] is Heard.SECOND
    assert dialogs.deadline() is None


def test_a_failure_after_a_2xx_is_nothing():
    dialogs = calling()
    dialogs.receive(answer(200, "x"), 0.0)
    assert dialogs.receive(answer(486, "y"), 1.0) == (Heard.NOTHING, None)
    assert not dialogs.over


def test_a_199_ends_one_early_dialog():
    dialogs = calling()
    _, first = dialogs.receive(answer(180, "x"), 0.0)
    dialogs.receive(answer(180, "y"), 0.0)
    assert dialogs.receive(answer(199, "x"), 1.0) == (Heard.GONE, first)
    assert dialogs.receive(answer(199, "x"), 1.0) == (Heard.NOTHING, None)
    assert [*dialogs.early] == ["y"]


def test_a_provisional_response_after_its_2xx_changes_nothing():
    dialogs = calling()
    dialogs.receive(answer(200), 0.0)
    assert dialogs.receive(answer(180, contact="<sip:late@b>"), 1.0) == (Heard.NOTHING, None)
    assert dialogs.confirmed["x"].remote_target == "sip:b@192.0.2.1"


def test_the_first_18x_makes_the_early_target_and_only_a_2xx_makes_it_anew():
    dialogs = calling()
    _, dialog = dialogs.receive(answer(180, contact="<sip:first@b>", routes=["<sip:p;lr>"]), 0.0)
    dialogs.receive(answer(183, contact="<sip:second@b>", routes=["<sip:q;lr>"]), 0.0)
    assert (dialog.remote_target, dialog.route_set) == ("sip:first@b", ("<sip:p;lr>",))
    dialogs.receive(answer(200, contact="<sip:third@b>", routes=["<sip:r;lr>"]), 0.0)
    assert (dialog.remote_target, dialog.route_set) == ("sip:third@b", ("<sip:r;lr>",))


def test_an_update_moves_the_early_target_and_a_later_18x_does_not():
    dialogs = calling()
    _, dialog = dialogs.receive(answer(180), 0.0)
    dialog.refresh("sip:moved@b")
    dialogs.receive(answer(180, contact="<sip:again@b>"), 0.0)
    assert dialog.remote_target == "sip:moved@b"


def test_a_first_18x_without_a_contact_is_completed_by_the_next():
    dialogs = calling()
    _, dialog = dialogs.receive(answer(180, contact=None), 0.0)
    dialog.request("INFO", via="v")
    assert dialogs.receive(answer(183, routes=["<sip:p;lr>"]), 0.0) == (Heard.EARLY, dialog)
    assert (dialog.remote_target, dialog.route_set) == ("sip:b@192.0.2.1", ("<sip:p;lr>",))
    assert dialog.local_cseq == 8


def test_a_peer_that_forks_without_end_costs_no_more_than_the_limit():
    dialogs = calling(limit=2)
    heard = [dialogs.receive(answer(180, tag), 0.0)[0] for tag in ("x", "y", "z")]
    assert heard == [Heard.EARLY, Heard.EARLY, Heard.NOTHING]
    heard = [dialogs.receive(answer(200, tag), 1.0)[0] for tag in ("z", "u", "v", "w")]
    assert heard == [Heard.CONFIRMED, Heard.SECOND, Heard.SECOND, Heard.SECOND]
    assert [*dialogs.confirmed] == ["z", "w"]


@pytest.mark.parametrize("early", [True, False])
def test_a_2xx_that_cannot_be_read_leaves_everything_as_it_was(early):
    dialogs = calling()
    if early:
        dialogs.receive(answer(180), 0.0)
    bad = response_to(INVITE, 200, to_tag="x", headers=[("Record-Route", "<<bad>")])
    with pytest.raises(ParseError):
        dialogs.receive(bad, 0.0)
    assert (len(dialogs.early), dialogs.confirmed, dialogs.deadline()) == (int(early), {}, None)


def test_its_repr_tells_the_dialogs():
    dialogs = calling()
    dialogs.receive(answer(180, "x"), 0.0)
    dialogs.receive(answer(200, "y"), 0.0)
    assert repr(dialogs) == "<EarlyDialogs early ['x'] confirmed ['y']>"
    dialogs.tick(32.0)
    assert repr(dialogs) == "<EarlyDialogs early [] confirmed ['y'] over>"


RESPONSES = [answer(status, tag) for status in (180, 199, 200, 486) for tag in ("x", "y")]


def test_in_all_histories_of_length_4_there_is_one_call_and_every_other_2xx_is_told_to_be_ended():
    for history in itertools.product([*RESPONSES, None], repeat=4):
        dialogs = calling()
        confirmed, failed = [], False
        for at, response in enumerate(history):
            if response is None:
                dialogs.tick(1000.0)
                assert dialogs.deadline() is None
                continue
            heard, dialog = dialogs.receive(response, float(at))
            tag = response.to.tag
            if response.status == 200:
                expected = Heard.AGAIN if tag in confirmed else Heard.SECOND if confirmed or failed else Heard.CONFIRMED
                assert heard is expected
                assert dialog.confirmed
                confirmed.append(tag)
            elif response.status == 486:
                failed = failed or not confirmed
                assert heard is (Heard.NOTHING if confirmed else Heard.FAILED)
            assert (dialog is None) is (heard in (Heard.NOTHING, Heard.FAILED))
            assert not set(dialogs.early) & set(dialogs.confirmed)
            assert not (dialogs.over and dialogs.early)


def test_its_fields_are_plain_data():
    dialogs = calling()
    dialogs.receive(answer(180), 0.0)
    again = EarlyDialogs(**{field.name: getattr(dialogs, field.name) for field in attrs.fields(EarlyDialogs)})
    assert again.receive(answer(200), 1.0)[0] is Heard.CONFIRMED
