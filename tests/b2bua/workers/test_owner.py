"""Every worker says of a datagram whose it is, and all say what the parser would."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.workers.marks import MOST, MarkedIds, mark_of, slot_of
from b2bua.workers.owner import owner_of, read_owner_of, stray

WORKERS = 5
TAG = "b2wd0123456789abcdef"
OURS = "z9hG4bKb2wd0123456789abcdef01234567"
CALL_ID = "b2wd0123456789abcdef0123456789abcdef"

NAMES = {
    "Via": ("Via", "v", "VIA", "via", "Via ", "V"),
    "To": ("To", "t", "TO", "to", "To\t", "T"),
    "From": ("From", "f", "FROM"),
    "Call-ID": ("Call-ID", "i", "CALL-ID", "Call-Id", "I"),
    "CSeq": ("CSeq", "CSEQ"),
    "Replaces": ("Replaces", "REPLACES", "replaces "),
    "Join": ("Join", "JOIN"),
}
TOS = (
    "<sip:+3225550000@192.0.2.1>",
    "sip:+3225550000@192.0.2.1",
    '"b; tag=b2wb00" <sip:a@b>',
    '"a > b" <sip:a@b;tag=b2wb00>',
    "Ada <sip:a@b?x=%3Btag=b2wb00>",
)
TAILS = (
    "",
    f";tag={TAG}",
    f";TAG={TAG}",
    f"; tag={TAG}",
    f" ;tag = {TAG}",
    f";x=1;tag={TAG}",
    f';x=">;tag=b2wb00";tag={TAG}',
    ";tag=b2w",
    ";tag=theirs",
    ";tag=B2WD0123",
    ";tag=b2wz0123",
    f";tag={TAG};y",
)
VIAS = (
    f"SIP/2.0/UDP 192.0.2.1:5060;branch={OURS};rport",
    f"SIP/2.0/UDP 192.0.2.1:5060;rport=5060;received=192.0.2.9;branch={OURS}",
    f"SIP/2.0/UDP 192.0.2.1 ; branch = {OURS}",
    f"SIP/2.0/UDP 192.0.2.1;BRANCH={OURS}",
    f"SIP/2.0/UDP 192.0.2.1;branch={OURS.upper()}",
    f'SIP/2.0/UDP 192.0.2.1;x=";branch=z9hG4bKb2wb1";branch={OURS}',
    f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKtheirs, SIP/2.0/UDP 192.0.2.2;branch={OURS}",
    f"SIP/2.0/UDP branch.example;branch={OURS}, SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKb2wb1",
    "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb2w",
    "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb2wz",
    "SIP/2.0/UDP 192.0.2.1",
    "nonsense",
)
NAMING = (None, f"{CALL_ID};to-tag={TAG};from-tag=x", "a;to-tag=x;from-tag=b2wc99", "a;to-tag=x;from-tag=y", ";;")


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A start line, and header lines in any spelling, order and fold."""

    def line(name: str, value: str) -> str:
        colon = draw(st.sampled_from((": ", ":", " : ", ":\r\n ", ":\t")))
        if " " in value and draw(st.integers(0, 9)) == 0:
            value = value.replace(" ", draw(st.sampled_from(("\r\n ", "\r\n\t"))), 1)
        return draw(st.sampled_from(NAMES[name])).rstrip("\n") + colon + value + draw(st.sampled_from(("", "", " ")))

    method = draw(st.sampled_from(("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS")))
    status = draw(st.sampled_from((None, None, "SIP/2.0 200 OK", "SIP/2.0 180 ", "sip/2.0 200 OK", "SIP/2.0 100")))
    headers = [
        line("Via", draw(st.sampled_from(VIAS))),
        line("To", draw(st.sampled_from(TOS)) + draw(st.sampled_from(TAILS))),
        line("From", "<sip:a@b>;tag=" + draw(st.sampled_from(("theirs", "b2wb0123456789abcdef")))),
        line("Call-ID", draw(st.sampled_from((CALL_ID, "a@b", CALL_ID + "x", "b2wd", "b2wz" + CALL_ID[4:])))),
        line("CSeq", f"1 {method}"),
        "Max-Forwards: 70",
    ]
    named = draw(st.sampled_from(NAMING))
    if named is not None:
        headers.append(line(draw(st.sampled_from(("Replaces", "Join"))), named))
    if draw(st.integers(0, 9)) == 0:
        headers.append(draw(st.sampled_from(headers)))
    return status or f"{method} sip:+3225550000@192.0.2.1 SIP/2.0", draw(st.permutations(headers))


@given(
    lines(),
    st.sampled_from((b"", b"\r\n", b"\r\n\r\n", b"\n")),
    st.sampled_from((b"", b"v=0\r\n", b"\r\nTo: <sip:x@y>;tag=b2wb99\r\nCall-ID: b\r\n\r\n")),
    st.integers(0, 30),
)
def test_what_is_found_without_parsing_is_what_the_parser_finds(
    message: tuple[str, list[str]], before: bytes, body: bytes, bare: int
) -> None:
    start, headers = message
    data = before + "\r\n".join([start, *headers, "", ""]).encode() + body
    if bare < len(headers):
        data = data.replace(b"\r\n", b"\n", bare)
    assert owner_of(data, WORKERS) == read_owner_of(data, WORKERS)


BEFORE = (b"", b"\r\n", b"\r\n\r\n", b"\n")
FOLDS = ("", "\r\n ", "\r\n\t", "\n ")


def plain(start: str, via: str, to: str, call_id: str, *more: str) -> bytes:
    method = "INVITE" if start.lower().startswith("sip/") else start.split(maxsplit=1)[0]
    lines = (start, f"Via: {via}", f"From: <sip:a@b>;tag=x\r\n{to}", call_id, f"CSeq: 1 {method}", *more)
    return "\r\n".join((*lines, "", "")).encode()


def agrees(data: bytes) -> int:
    owner = owner_of(data, WORKERS)
    assert owner == read_owner_of(data, WORKERS), data
    return owner


@pytest.mark.parametrize("method", ["INVITE", "BYE"])
@pytest.mark.parametrize("before", BEFORE)
def test_every_form_of_to_says_the_same_to_both(method: str, before: bytes) -> None:
    start, theirs = f"{method} sip:b@192.0.2.1 SIP/2.0", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx"
    for name, address, fold, tail in product(NAMES["To"], TOS, FOLDS, TAILS):
        for call_id in ("Call-ID: a@b", f"i: {CALL_ID}"):
            data = before + plain(start, theirs, f"{name}: {address}{fold}{tail}", call_id)
            owner = agrees(data)
            if tail == f";tag={TAG}" and address == TOS[0]:
                assert owner == 3


@pytest.mark.parametrize("named", NAMING[1:])
@pytest.mark.parametrize("before", BEFORE)
def test_every_form_of_what_names_a_dialog_does_too(named: str, before: bytes) -> None:
    start, theirs = "INVITE sip:b@192.0.2.1 SIP/2.0", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx"
    for name, colon, fold in product((*NAMES["Replaces"], *NAMES["Join"]), (":", ": ", " : "), FOLDS):
        agrees(before + plain(start, theirs, f"To: {TOS[0]}", "Call-ID: a@b", f"{name}{colon}{fold}{named}"))


@pytest.mark.parametrize("start", ["SIP/2.0 200 OK", "SIP/2.0 100 ", "sip/2.0 200 OK", "SIP/2.0 200 a\nVia: b"])
def test_every_form_of_via_does_too(start: str) -> None:
    for name, fold, via, second in product(NAMES["Via"], FOLDS, VIAS, VIAS):
        data = plain(start, via, f"To: {TOS[0]};tag={TAG}", "Call-ID: a@b")
        agrees(data.replace(b"Via: ", f"{name}: {fold}".encode(), 1))
        agrees(data.replace(b"\r\nVia: ", f"\r\nv: {second}\r\n{name}: {fold}".encode(), 1))
    assert agrees(plain("SIP/2.0 200 OK", VIAS[0], f"To: {TOS[0]}", "Call-ID: a@b")) == 3


def test_every_form_of_call_id_does_too() -> None:
    start, theirs = "BYE sip:b@192.0.2.1 SIP/2.0", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx"
    for name, fold, value, blank in product(NAMES["Call-ID"], FOLDS, ("a@b", CALL_ID, "b2wd"), ("", " ", "\t")):
        agrees(plain(start, theirs, f"To: {TOS[0]}", f"{name}: {fold}{value}{blank}"))


@given(st.binary(max_size=400), st.integers(1, MOST))
def test_anything_is_somebodys(data: bytes, workers: int) -> None:
    assert 0 <= owner_of(data, workers) < workers
    assert 0 <= owner_of(b"SIP/2.0 " + data, workers) < workers


def request(method: str, to_tag: str = "", *more: str, call_id: str = "3848276298220188511@atlanta.example") -> bytes:
    tail = f";tag={to_tag}" if to_tag else ""
    return "\r\n".join(
        (
            f"{method} sip:+3225550000@192.0.2.1 SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK776",
            f"To: <sip:+3225550000@192.0.2.1>{tail}",
            "From: <sip:a@b>;tag=1928301774",
            f"Call-ID: {call_id}",
            f"CSeq: 1 {method}",
            *more,
            "",
            "",
        )
    ).encode()


@pytest.mark.parametrize("slot", range(WORKERS))
def test_what_a_worker_has_named_comes_back_to_it(slot: int) -> None:
    ids = MarkedIds(bytes, mark_of(slot))
    assert slot_of(ids.tag()) == slot
    assert owner_of(request("BYE", ids.tag()), WORKERS) == slot
    assert owner_of(request("INVITE", call_id=ids.call_id()), WORKERS) == slot
    answer = f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch={ids.branch()};rport\r\n".encode()
    answer += request("BYE").split(b"\r\n", 2)[2]
    assert owner_of(answer, WORKERS) == slot


def test_an_invite_its_cancel_and_the_ack_to_its_refusal_come_together() -> None:
    for number in range(50):
        call_id = f"{number}@atlanta.example"
        owner = owner_of(request("INVITE", call_id=call_id), WORKERS)
        assert owner_of(request("CANCEL", call_id=call_id), WORKERS) == owner
        assert owner_of(request("ACK", "of-a-refusal-without-state", call_id=call_id), WORKERS) == owner
        assert stray(request("CANCEL", call_id=call_id), WORKERS) == (call_id, owner)


def test_an_invite_that_replaces_a_call_goes_where_that_call_is() -> None:
    for header in ("Replaces", "Join"):
        for name in (f"a;to-tag={TAG};from-tag=x", f"a;to-tag=x;from-tag={TAG}"):
            assert owner_of(request("INVITE", "", f"{header}: {name}"), WORKERS) == 3
    assert owner_of(request("OPTIONS", "", f"Replaces: a;to-tag={TAG};from-tag=x"), WORKERS) == owner_of(
        request("OPTIONS"), WORKERS
    )


def test_new_calls_of_one_source_are_spread_evenly() -> None:
    found = [owner_of(request("INVITE", call_id=f"{number}-1234@192.0.2.9"), 4) for number in range(4_000)]
    assert all(900 < found.count(slot) < 1_100 for slot in range(4))


def test_a_mark_of_more_workers_than_there_are_is_still_somebodys() -> None:
    assert owner_of(request("BYE", MarkedIds(bytes, mark_of(MOST - 1)).tag()), 2) in (0, 1)
