"""The offer/answer machine: RFC 6337's six ways, the crossings, and every reachable state against its mirror."""

import attrs
import pytest

from sipstack.dialog import Carrier, Exchange, Offers, RetryLater, Role
from sipstack.errors import ProtocolError, StateError

REQUESTS = (Carrier.INVITE, Carrier.PRACK, Carrier.UPDATE)


def pair():
    return Offers(), Offers()


def cross(sender, receiver, carrier, description):
    """The message goes out and arrives; both sides must see the same in it."""
    role = sender.send(carrier, description=description)
    assert receiver.receive(carrier, description=description) is role
    return role


# RFC 6337 table 1: way, then (from caller?, carrier, description) steps with their roles.
WAYS = {
    "1: INVITE and 2xx": [
        (True, Carrier.INVITE, Role.OFFER),
        (False, Carrier.INVITE_OK, Role.ANSWER),
        (True, Carrier.ACK, Role.NOTHING),
    ],
    "2: 2xx and ACK": [
        (True, Carrier.INVITE, Role.NOTHING),
        (False, Carrier.INVITE_OK, Role.OFFER),
        (True, Carrier.ACK, Role.ANSWER),
    ],
    "3: INVITE and reliable 18x": [
        (True, Carrier.INVITE, Role.OFFER),
        (False, Carrier.RELIABLE, Role.ANSWER),
        (True, Carrier.PRACK, Role.NOTHING),
        (False, Carrier.PRACK_OK, Role.NOTHING),
        (False, Carrier.INVITE_OK, Role.NOTHING),
    ],
    "4: reliable 18x and PRACK": [
        (True, Carrier.INVITE, Role.NOTHING),
        (False, Carrier.RELIABLE, Role.OFFER),
        (True, Carrier.PRACK, Role.ANSWER),
        (False, Carrier.PRACK_OK, Role.NOTHING),
        (False, Carrier.INVITE_OK, Role.NOTHING),
    ],
    "5: PRACK and its 2xx": [
        (True, Carrier.INVITE, Role.OFFER),
        (False, Carrier.RELIABLE, Role.ANSWER),
        (True, Carrier.PRACK, Role.OFFER),
        (False, Carrier.PRACK_OK, Role.ANSWER),
        (False, Carrier.INVITE_OK, Role.NOTHING),
    ],
    "6: UPDATE and its 2xx": [
        (True, Carrier.INVITE, Role.OFFER),
        (False, Carrier.RELIABLE, Role.ANSWER),
        (True, Carrier.PRACK, Role.NOTHING),
        (False, Carrier.PRACK_OK, Role.NOTHING),
        (False, Carrier.UPDATE, Role.OFFER),
        (True, Carrier.UPDATE_OK, Role.ANSWER),
        (True, Carrier.UPDATE, Role.OFFER),
        (False, Carrier.UPDATE_OK, Role.ANSWER),
        (False, Carrier.INVITE_OK, Role.NOTHING),
    ],
}


@pytest.mark.parametrize("way", WAYS)
def test_both_sides_see_the_same_roles_in_each_of_the_six_ways(way):
    caller, callee = pair()
    for by_caller, carrier, role in WAYS[way]:
        sides = (caller, callee) if by_caller else (callee, caller)
        assert cross(*sides, carrier, role is not Role.NOTHING) is role
    for side in (caller, callee):
        assert side.carrier is None
        assert side.exchange is Exchange.NONE
        assert side.agreed


def established():
    caller, callee = pair()
    cross(caller, callee, Carrier.INVITE, True)
    cross(callee, caller, Carrier.INVITE_OK, True)
    cross(caller, callee, Carrier.ACK, False)
    return caller, callee


def test_a_description_in_an_unreliable_18x_is_a_copy_and_the_answer_is_still_due():
    caller, callee = pair()
    cross(caller, callee, Carrier.INVITE, True)
    assert cross(callee, caller, Carrier.UNRELIABLE, True) is Role.COPY
    assert (caller.unanswered, callee.to_answer, caller.agreed) == (Carrier.INVITE, Carrier.INVITE, False)
    assert cross(callee, caller, Carrier.INVITE_OK, True) is Role.ANSWER


def test_a_description_in_the_2xx_after_a_reliable_answer_is_a_copy():
    caller, callee = pair()
    cross(caller, callee, Carrier.INVITE, True)
    cross(callee, caller, Carrier.RELIABLE, True)
    cross(caller, callee, Carrier.PRACK, False)
    assert cross(callee, caller, Carrier.RELIABLE, True) is Role.COPY
    assert cross(caller, callee, Carrier.PRACK, False) is Role.NOTHING
    assert cross(callee, caller, Carrier.INVITE_OK, True) is Role.COPY


def test_an_early_media_offer_must_wait_for_the_prack_of_our_answer():
    caller, callee = pair()
    cross(caller, callee, Carrier.INVITE, True)
    cross(callee, caller, Carrier.RELIABLE, True)
    assert callee.our_role(Carrier.UPDATE) is Role.NOTHING
    cross(caller, callee, Carrier.PRACK, False)
    assert callee.our_role(Carrier.UPDATE) is Role.OFFER


def test_updates_with_offers_that_cross_are_both_refused_with_491():
    caller, callee = established()
    for side in (caller, callee):
        side.send(Carrier.UPDATE, description=True)
    for side in (caller, callee):
        with pytest.raises(ProtocolError) as caught:
            side.receive(Carrier.UPDATE, description=True)
        assert caught.value.status == 491
        side.refused(Carrier.UPDATE)
        assert side.carrier is None


def test_an_update_without_an_offer_crosses_anything():
    caller, callee = established()
    caller.send(Carrier.INVITE, description=True)
    cross(callee, caller, Carrier.UPDATE, False)
    cross(caller, callee, Carrier.UPDATE_OK, False)
    assert caller.unanswered is Carrier.INVITE


def test_an_offer_before_our_answer_to_the_last_is_for_later():
    _, callee = established()
    callee.receive(Carrier.UPDATE, description=True)
    for carrier in (Carrier.UPDATE, Carrier.INVITE):
        with pytest.raises(RetryLater) as caught:
            callee.receive(carrier, description=True)
        assert caught.value.status == 500
    assert callee.to_answer is Carrier.UPDATE


@pytest.mark.parametrize("description", [True, False])
def test_a_re_invite_while_our_offer_is_open_gets_491_even_without_an_offer(description):
    caller, callee = established()
    caller.send(Carrier.UPDATE, description=True)
    with pytest.raises(ProtocolError) as caught:
        caller.receive(Carrier.INVITE, description=description)
    assert caught.value.status == 491
    assert callee.exchange is Exchange.NONE


def test_no_update_may_offer_what_an_invite_without_offer_has_asked_for():
    caller, callee = established()
    cross(caller, callee, Carrier.INVITE, False)
    assert caller.our_role(Carrier.UPDATE) is Role.NOTHING
    assert callee.our_role(Carrier.UPDATE) is Role.NOTHING
    with pytest.raises(RetryLater):
        callee.receive(Carrier.UPDATE, description=True)
    with pytest.raises(ProtocolError) as caught:
        caller.receive(Carrier.UPDATE, description=True)
    assert caught.value.status == 491


@pytest.mark.parametrize("carrier", REQUESTS)
def test_a_refused_offer_is_withdrawn_on_both_sides(carrier):
    caller, callee = established()
    if carrier is Carrier.PRACK:
        cross(caller, callee, Carrier.INVITE, True)
        cross(callee, caller, Carrier.RELIABLE, True)
    cross(caller, callee, carrier, True)
    callee.refuse(carrier)
    caller.refused(carrier)
    assert (caller.carrier, callee.carrier) == (None, None)
    if carrier is not Carrier.PRACK:
        assert cross(callee, caller, Carrier.INVITE, True) is Role.OFFER


def test_our_failed_update_without_an_offer_does_not_withdraw_their_offer():
    caller, callee = established()
    caller.send(Carrier.UPDATE, description=False)
    cross(callee, caller, Carrier.UPDATE, True)
    caller.refused(Carrier.UPDATE)
    assert caller.to_answer is Carrier.UPDATE


def test_a_refused_re_invite_takes_its_unanswered_18x_offer_with_it():
    caller, callee = established()
    cross(caller, callee, Carrier.INVITE, False)
    cross(callee, caller, Carrier.RELIABLE, True)
    callee.refuse(Carrier.INVITE)
    caller.refused(Carrier.INVITE)
    for side in (caller, callee):
        assert (side.carrier, side.exchange, side.unacknowledged) == (None, Exchange.NONE, False)


def test_a_refused_re_invite_leaves_the_offer_of_an_update_alone():
    caller, callee = established()
    cross(caller, callee, Carrier.INVITE, True)
    cross(callee, caller, Carrier.RELIABLE, True)
    cross(caller, callee, Carrier.PRACK, False)
    cross(callee, caller, Carrier.UPDATE, True)
    callee.refuse(Carrier.INVITE)
    caller.refused(Carrier.INVITE)
    assert (caller.to_answer, callee.unanswered) == (Carrier.UPDATE, Carrier.UPDATE)


@pytest.mark.parametrize(
    ("steps", "last"),
    [
        ([(True, Carrier.INVITE, True)], Carrier.INVITE_OK),
        ([(True, Carrier.INVITE, False)], Carrier.INVITE_OK),
        ([(True, Carrier.INVITE, False), (False, Carrier.INVITE_OK, True)], Carrier.ACK),
        ([(True, Carrier.INVITE, False), (False, Carrier.RELIABLE, True)], Carrier.PRACK),
        ([(True, Carrier.UPDATE, True)], Carrier.UPDATE_OK),
    ],
)
def test_a_missing_answer_or_offer_is_the_senders_fault(steps, last):
    caller, callee = pair()
    for by_caller, carrier, description in steps:
        cross(*((caller, callee) if by_caller else (callee, caller)), carrier, description)
    sender, receiver = (caller, callee) if last in (Carrier.ACK, Carrier.PRACK) else (callee, caller)
    with pytest.raises(StateError):
        sender.send(last, description=False)
    with pytest.raises(ProtocolError) as caught:
        receiver.receive(last, description=False)
    assert caught.value.status == 400
    if last is not Carrier.PRACK:
        assert receiver.carrier is None
        assert receiver.exchange is Exchange.NONE


def test_a_2xx_may_not_overtake_the_answer_to_its_18x_offer():
    caller, callee = pair()
    cross(caller, callee, Carrier.INVITE, False)
    cross(callee, caller, Carrier.RELIABLE, True)
    with pytest.raises(StateError):
        callee.send(Carrier.INVITE_OK, description=True)


def test_the_branches_of_a_fork_have_states_of_their_own():
    caller = Offers()
    caller.send(Carrier.INVITE, description=True)
    first, second = attrs.evolve(caller), attrs.evolve(caller)
    assert first.receive(Carrier.RELIABLE, description=True) is Role.ANSWER
    assert second.unanswered is Carrier.INVITE


def test_its_repr_tells_whose_offer_is_open_and_where():
    offers = Offers()
    assert repr(offers) == "<Offers no offer, invite none>"
    offers.send(Carrier.INVITE, description=True)
    assert repr(offers) == "<Offers our offer in INVITE, invite offered>"


# Every reachable state.


def plain(offers):
    return attrs.astuple(offers)


def inputs():
    for carrier in Carrier:
        for description in (True, False):
            yield f"send {carrier} {description}", lambda o, c=carrier, d=description: o.send(c, description=d)
            yield f"receive {carrier} {description}", lambda o, c=carrier, d=description: o.receive(c, description=d)
    for carrier in REQUESTS:
        yield f"refused {carrier}", lambda o, c=carrier: o.refused(c)
        yield f"refuse {carrier}", lambda o, c=carrier: o.refuse(c)


def edges():
    """All states that any history reaches, and every input tried in each: more than all histories of length 4."""
    acts = list(inputs())
    seen, todo = {plain(Offers())}, [plain(Offers())]
    while todo:
        state = todo.pop()
        for name, act in acts:
            offers = Offers(*state)
            try:
                role, error = act(offers), None
            except (StateError, ProtocolError) as raised:
                role, error = None, raised
            after = plain(offers)
            yield state, name, role, error, after
            if after not in seen:
                seen.add(after)
                todo.append(after)


EDGES = list(edges())


def test_all_states_are_reached():
    states = {state for state, *_ in EDGES}
    assert 50 < len(states) < 400
    assert {state[0] for state in states} == {
        None,
        Carrier.INVITE,
        Carrier.RELIABLE,
        Carrier.PRACK,
        Carrier.UPDATE,
        Carrier.INVITE_OK,
    }


def test_an_offer_is_only_made_where_none_is_open_and_an_answer_only_where_the_other_side_has_one():
    for before, name, role, _, after in EDGES:
        was, is_ = Offers(*before), Offers(*after)
        ours = name.startswith("send")
        if role is Role.OFFER:
            assert was.carrier is None, (before, name)
            assert is_.carrier is not None, (before, name)
            assert is_.ours is ours, (before, name)
        if role is Role.ANSWER:
            assert was.carrier is not None, (before, name)
            assert was.ours is not ours, (before, name)
            assert is_.carrier is None, (before, name)
            assert is_.agreed, (before, name)
        if role in (Role.COPY, Role.NOTHING):
            assert is_.carrier is was.carrier, (before, name)


def test_our_own_breach_changes_nothing_and_theirs_has_a_status():
    for before, name, _, error, after in EDGES:
        if isinstance(error, StateError):
            assert name.startswith("send")
            assert after == before, (before, name)
        elif error is not None:
            assert name.startswith("receive")
            assert error.status in (400, 491, 500)
            assert (error.status == 500) is isinstance(error, RetryLater)


def test_whatever_we_may_send_the_mirrored_peer_takes_and_sees_alike():
    for before, name, role, error, after in EDGES:
        if not name.startswith("send") or error is not None:
            continue
        was = Offers(*before)
        peer = attrs.evolve(was, ours=not was.ours, invite_ours=not was.invite_ours, unacknowledged=False)
        rest = name.partition(" ")[2]
        carrier, _, description = rest.rpartition(" ")
        assert peer.receive(Carrier(carrier), description=description == "True") is role, (before, name)
        is_ = Offers(*after)
        assert (peer.carrier, peer.exchange, peer.agreed) == (is_.carrier, is_.exchange, is_.agreed), (before, name)
        assert peer.carrier is None or peer.ours is not is_.ours, (before, name)


def test_our_role_foretells_and_changes_nothing():
    for state in {state for state, *_ in EDGES}:
        for carrier in Carrier:
            offers = Offers(*state)
            foretold = offers.our_role(carrier)
            assert plain(offers) == state
            try:
                assert offers.send(carrier, description=True) is foretold
            except StateError:
                assert foretold is Role.NOTHING


def test_an_invite_always_comes_to_an_end():
    for state in {state for state, *_ in EDGES}:
        offers = Offers(*state)
        (offers.refused if offers.invite_ours else offers.refuse)(Carrier.INVITE)
        assert offers.exchange is Exchange.NONE
        assert offers.carrier in (None, Carrier.UPDATE, Carrier.PRACK)
