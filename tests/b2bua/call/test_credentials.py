import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call.credentials import MOST, Asked, is_theirs
from b2bua.identity.guard import leak
from sipstack.auth import Account, Secret
from sipstack.ids import Ids
from sipstack.message import Request, Response, request, response_to
from sipstack.values import Credentials

ANY = (Account("gw", Secret.of_password("x")),)
ONE = (Account("gw", Secret.of_password("x"), "one"),)
IDS = Ids(random.Random(1).randbytes)


def asked_for(*realms: str, nonce: str = "n", name: str = "WWW-Authenticate", stale: bool = False) -> Response:
    more = ", stale=true" if stale else ""
    lines = [(name, f'Digest realm="{realm}", nonce="{nonce}", qop="auth"{more}') for realm in realms]
    return response_to(an_invite(), 401, headers=lines)


def an_invite(*fields: tuple[str, str], number: int = 1) -> Request:
    own = [("From", "<sip:a@a>;tag=1"), ("CSeq", f"{number} INVITE")]
    return request("INVITE", "sip:bob@example.org", [*own, *fields], b"")


def shown(realm: str) -> tuple[str, str]:
    return "Authorization", f'Digest username="ada", realm="{realm}", nonce="1", uri="sip:x", response="0"'


def realms(message: Request) -> list[str | None]:
    return [Credentials.parse(line).realm for line in message.headers.all("authorization")]


def test_what_a_caller_wrote_stays_only_for_realms_that_are_not_ours() -> None:
    invite = an_invite(shown("one"), ("X-Other", "1"), shown("two"))
    Asked().prove(ONE, invite, IDS)
    assert realms(invite) == ["two"]
    assert invite.headers.first("x-other") == "1"
    invite = an_invite(shown("one"), shown("two"))
    Asked().prove(ANY, invite, IDS)
    assert realms(invite) == []
    invite = an_invite(shown("one"), ("Authorization", "Bearer abc=="))
    before = list(invite.headers.lines)
    Asked().prove((), invite, IDS)
    assert invite.headers.lines == before


def test_a_line_of_a_caller_that_cannot_be_read_does_not_cross_where_the_trunk_has_credentials() -> None:
    invite = an_invite(("Authorization", 'Digest realm="two'))
    Asked().prove(ONE, invite, IDS)
    assert not invite.headers.all("authorization")


def test_of_a_line_with_several_challenges_those_of_others_stay() -> None:
    line = 'Digest realm="one", nonce="a", Digest realm="two", nonce="b", qop="auth"'
    response = response_to(an_invite(), 401, headers=[("WWW-Authenticate", line)])
    assert is_theirs(ONE, response)
    assert response.headers.all("www-authenticate") == ['Digest realm="two", nonce="b", qop="auth"']


@pytest.mark.parametrize(("accounts", "theirs"), [((), True), (ONE, False), (ANY, False)])
def test_a_challenge_for_our_realm_is_not_the_callers(accounts: tuple[Account, ...], theirs: bool) -> None:
    assert is_theirs(accounts, asked_for("one")) is theirs


def test_what_one_request_learnt_the_next_brings_with_a_higher_count() -> None:
    asked, first = Asked(), an_invite()
    asked.prove(ANY, first, IDS)
    assert not realms(first)
    assert asked.learn(ANY, first, asked_for("one"), IDS, 2)
    counts = []
    for number in (2, 3, 4):
        later = an_invite(number=number)
        asked.prove(ANY, later, IDS)
        counts.append(Credentials.parse(later.headers.first("authorization") or "").nc)
    assert counts == [1, 2, 3]


def test_the_same_nonce_refused_is_not_tried_again() -> None:
    asked, first, second = Asked(), an_invite(), an_invite(number=2)
    assert asked.learn(ANY, first, asked_for("one"), IDS, 2)
    asked.prove(ANY, second, IDS)
    assert not asked.learn(ANY, second, asked_for("one"), IDS, 3)


def test_one_request_is_repeated_so_often_and_no_more_while_another_is_taken_in_between() -> None:
    asked, number = Asked(), 1
    for turn in range(MOST):
        assert asked.learn(ANY, an_invite(number=number), asked_for(f"realm {turn}"), IDS, number + 10)
        assert not asked.learn(ANY, an_invite(number=1_000), response_to(an_invite(), 200), IDS, 1_001)
        number += 10
    assert not asked.learn(ANY, an_invite(number=number), asked_for("another"), IDS, number + 10)
    assert not asked.repeated


def test_nothing_that_is_remembered_holds_the_password() -> None:
    accounts = (Account("gw", Secret.of_password("Sesame-open")),)
    asked, invite = Asked(), an_invite()
    asked.learn(accounts, invite, asked_for("one"), IDS, 2)
    asked.prove(accounts, invite, IDS)
    assert "Sesame-open" not in repr((asked, asked.known, asked.proof))


@given(st.lists(st.sampled_from(["one", "two", "three"]), max_size=6), st.booleans())
def test_no_challenge_is_asked_of_the_wrong_one(asked: list[str], anywhere: bool) -> None:
    response = asked_for(*asked)
    accounts = ANY if anywhere else ONE
    left = is_theirs(accounts, response)
    remaining = [Credentials.parse(line).realm for line in response.headers.all("www-authenticate")]
    assert remaining == ([] if anywhere else [realm for realm in asked if realm != "one"])
    assert left is bool(remaining)


def test_credentials_may_name_the_called_number_and_no_other() -> None:
    head = 'INVITE sip:+3225551212@h SIP/2.0\r\n{}: Digest username="gw", uri="sip:+3225551212@h"\r\n\r\n'
    for name in ("Authorization", "Proxy-Authorization"):
        wire = head.format(name).encode()
        assert leak(wire, ["3225551212"], "+3225551212") is None
        assert leak(wire, ["3225551212"], "+3293330000") is not None
    assert leak(head.format("X-Note").encode(), ["3225551212"], "+3225551212") == "X-Note"
