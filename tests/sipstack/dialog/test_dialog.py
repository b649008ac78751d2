import attrs
import pytest

from sipstack.dialog import Dialog
from sipstack.dialog.dialog import TARGET_REFRESH
from sipstack.errors import ParseError, ProtocolError, StateError
from sipstack.message import Request, parse, response_to
from sipstack.message import request as build

VIA = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKnew"


def invite(
    *, contact="<sip:a@192.0.2.9>", routes=(), cseq=7, from_='"A" <sip:a@a.example>;tag=a', to="<sip:b@b.example>"
):
    fields = [
        ("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1"),
        *(("Record-Route", route) for route in routes),
        ("From", from_),
        ("To", to),
        ("Call-ID", "call"),
        ("CSeq", f"{cseq} INVITE"),
    ]
    if contact:
        fields.append(("Contact", contact))
    return parse(build("INVITE", "sip:b@b.example", fields).encode())


def answer(request, status=200, *, tag="b", contact="<sip:b@192.0.2.1:5070;ob>", routes=()):
    fields = [("Record-Route", route) for route in routes]
    if contact:
        fields.append(("Contact", contact))
    return parse(response_to(request, status, to_tag=tag, headers=fields).encode())


def theirs(cseq, method="INFO", *, contact=None, routes=(), from_="<sip:b@b.example>;tag=b", to_tag="a"):
    fields = [
        ("Via", VIA),
        *(("Record-Route", route) for route in routes),
        ("From", from_),
        ("To", f"<sip:a@a.example>;tag={to_tag}"),
        ("Call-ID", "call"),
        ("CSeq", f"{cseq} {method}"),
    ]
    if contact:
        fields.append(("Contact", contact))
    return parse(build(method, "sip:a@192.0.2.9", fields).encode())


def caller(**kwargs):
    return Dialog.as_caller(invite(), answer(invite(), **kwargs))


def head(request: Request):
    return [request.encode().split(b" SIP/2.0")[0].decode(), *request.headers.lines]


# How a dialog begins.


def test_the_caller_takes_the_route_set_in_reverse_order():
    dialog = caller(routes=["<sip:p3;lr>, <sip:p2;lr>", "<sip:p1;lr>"])
    assert dialog.route_set == ("<sip:p1;lr>", "<sip:p2;lr>", "<sip:p3;lr>")


def test_the_callee_takes_the_route_set_in_order():
    dialog = Dialog.as_callee(invite(routes=["<sip:p3;lr>, <sip:p2;lr>", "<sip:p1;lr>"]), "b")
    assert dialog.route_set == ("<sip:p3;lr>", "<sip:p2;lr>", "<sip:p1;lr>")


def test_the_caller_sees_itself_in_from_and_the_peer_in_the_answers_to():
    dialog = caller()
    assert (dialog.local, dialog.remote) == ('"A" <sip:a@a.example>;tag=a', "<sip:b@b.example>;tag=b")
    assert (dialog.id, dialog.local_cseq, dialog.remote_cseq) == (("call", "a", "b"), 7, None)
    assert dialog.remote_target == "sip:b@192.0.2.1:5070;ob"


def test_the_callee_sees_itself_in_to_with_its_tag():
    dialog = Dialog.as_callee(invite(), "b")
    assert (dialog.local, dialog.remote) == ("<sip:b@b.example>;tag=b", '"A" <sip:a@a.example>;tag=a')
    assert (dialog.id, dialog.remote_cseq, dialog.confirmed) == (("call", "b", "a"), 7, False)
    assert dialog.remote_target == "sip:a@192.0.2.9"


def test_both_sides_of_a_call_have_mirrored_ids():
    dialog, other = caller(), Dialog.as_callee(invite(), "b")
    assert (dialog.local_tag, dialog.remote_tag) == (other.remote_tag, other.local_tag)


def test_a_peer_without_a_tag_has_the_empty_one():
    assert Dialog.as_callee(invite(from_="<sip:a@a.example>"), "b").remote_tag == ""


def test_an_invite_without_a_contact_is_refused_with_400():
    with pytest.raises(ProtocolError) as caught:
        Dialog.as_callee(invite(contact=None), "b")
    assert caught.value.status == 400


@pytest.mark.parametrize("contact", [None, "<<bad>"])
def test_an_answer_without_a_usable_contact_leaves_the_request_uri_as_target(contact):
    assert caller(contact=contact).remote_target == "sip:b@b.example"


@pytest.mark.parametrize(("status", "confirmed"), [(180, False), (200, True)])
def test_only_a_2xx_confirms(status, confirmed):
    assert caller(status=status).confirmed is confirmed


# Confirmation and what may change.


def test_the_2xx_replaces_the_early_route_set_and_target():
    dialog = caller(status=180, routes=["<sip:early;lr>"], contact="<sip:early@b>")
    dialog.confirm(answer(invite(), routes=["<sip:late;lr>"], contact="<sip:late@b>"))
    assert (dialog.route_set, dialog.remote_target, dialog.confirmed) == (("<sip:late;lr>",), "sip:late@b", True)


def test_a_second_2xx_changes_nothing():
    dialog = caller(routes=["<sip:p;lr>"])
    dialog.confirm(answer(invite(), routes=["<sip:other;lr>"], contact="<sip:other@b>"))
    assert (dialog.route_set, dialog.remote_target) == (("<sip:p;lr>",), "sip:b@192.0.2.1:5070;ob")


def test_the_callees_own_2xx_does_not_become_its_target():
    request = invite(routes=["<sip:p;lr>"])
    dialog = Dialog.as_callee(request, "b")
    dialog.confirm(answer(request, contact="<sip:ourselves@b>", routes=["<sip:p;lr>", "<sip:q;lr>"]))
    assert (dialog.confirmed, dialog.remote_target, dialog.route_set) == (True, "sip:a@192.0.2.9", ("<sip:p;lr>",))


def test_a_forked_2xx_is_another_dialog():
    for dialog in (caller(status=180), Dialog.as_callee(invite(), "c")):
        with pytest.raises(StateError):
            dialog.confirm(answer(invite(), tag="fork"))


def test_a_refresh_moves_the_target_only():
    dialog = caller(routes=["<sip:p;lr>"])
    dialog.refresh("sip:moved@b")
    assert (dialog.remote_target, dialog.route_set) == ("sip:moved@b", ("<sip:p;lr>",))


# Our requests.


def test_a_request_names_the_dialog_and_counts():
    dialog = caller()
    assert head(dialog.request("INFO", via=VIA)) == [
        "INFO sip:b@192.0.2.1:5070;ob",
        f"Via: {VIA}",
        "Max-Forwards: 70",
        'From: "A" <sip:a@a.example>;tag=a',
        "To: <sip:b@b.example>;tag=b",
        "Call-ID: call",
        "CSeq: 8 INFO",
        "Content-Length: 0",
    ]
    assert str(dialog.request("BYE", via=VIA).cseq) == "9 BYE"


def test_the_callees_first_request_starts_a_count_of_its_own():
    dialog = Dialog.as_callee(invite(), "b")
    request = dialog.request("BYE", via=VIA)
    assert (str(request.cseq), request.from_.tag, request.to.tag) == ("1 BYE", "b", "a")


def test_contact_body_headers_and_max_forwards_are_the_users():
    request = caller().request(
        "UPDATE",
        via=VIA,
        contact="<sip:a@192.0.2.9>",
        max_forwards=12,
        headers=[("Content-Type", "application/sdp")],
        body=b"v=0\r\n",
    )
    assert (str(request.contact.uri), request.max_forwards, request.body) == ("sip:a@192.0.2.9", 12, b"v=0\r\n")
    assert request.content_length == 5


def test_loose_routes_leave_the_target_in_the_request_uri():
    dialog = caller(routes=["<sip:p2;lr>", '"P" <sip:p1:5070;transport=udp;lr>;x=y'])
    request = dialog.request("BYE", via=VIA)
    assert request.uri == "sip:b@192.0.2.1:5070;ob"
    assert request.headers.values("route") == ['"P" <sip:p1:5070;transport=udp;lr>;x=y', "<sip:p2;lr>"]
    assert dialog.next_hop == "sip:p1:5070;transport=udp;lr"


def test_a_strict_first_route_takes_the_request_uri_and_the_target_goes_last():
    dialog = caller(routes=["<sip:p2;lr>", "<sip:p1;method=INVITE;x=y?Subject=s>"])
    request = dialog.request("BYE", via=VIA)
    assert request.uri == "sip:p1;x=y"
    assert request.headers.values("route") == ["<sip:p2;lr>", "<sip:b@192.0.2.1:5070;ob>"]


def test_without_routes_the_next_hop_is_the_target():
    assert caller().next_hop == "sip:b@192.0.2.1:5070;ob"


def test_an_ack_has_its_invites_number_and_the_dialogs_way_and_counts_nothing():
    dialog = caller(routes=["<sip:p;lr>"])
    ack = dialog.ack(7, via=VIA, headers=[("Content-Type", "application/sdp")], body=b"v=0\r\n")
    assert (str(ack.cseq), ack.uri, ack.headers.values("route")) == ("7 ACK", dialog.remote_target, ["<sip:p;lr>"])
    assert ack.body == b"v=0\r\n"
    assert dialog.local_cseq == 7


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_ack_and_cancel_are_no_requests_with_a_number_of_their_own(method):
    dialog = caller()
    with pytest.raises(StateError):
        dialog.request(method, via=VIA)
    assert dialog.local_cseq == 7


# Their requests.


def test_numbers_may_jump_but_not_fall():
    dialog = caller()
    for number in (5, 6, 600):
        dialog.receive(theirs(number))
    with pytest.raises(ProtocolError) as caught:
        dialog.receive(theirs(599))
    assert (caught.value.status, dialog.remote_cseq) == (500, 600)


def test_the_invite_itself_is_the_callees_first_number():
    dialog = Dialog.as_callee(invite(cseq=7), "b")
    with pytest.raises(ProtocolError):
        dialog.receive(theirs(6))


def test_equal_numbers_are_left_to_the_transactions():
    dialog = caller()
    dialog.receive(theirs(5))
    dialog.receive(theirs(5))
    assert dialog.remote_cseq == 5


def test_their_numbers_may_use_all_32_bits_and_ours_end_at_31():
    dialog = caller()
    dialog.receive(theirs(2**32 - 1))
    dialog.local_cseq = 2**31 - 2
    assert dialog.request("INFO", via=VIA).cseq.number == 2**31 - 1
    with pytest.raises(StateError):
        dialog.request("BYE", via=VIA)
    assert dialog.local_cseq == 2**31 - 1


# Target refresh by whole messages.


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"])
def test_a_target_refresh_request_moves_their_target(method):
    dialog = caller()
    dialog.refresh_by(theirs(5, method, contact="<sip:moved@b>"))
    assert dialog.remote_target == "sip:moved@b"
    assert method in TARGET_REFRESH


@pytest.mark.parametrize("method", ["INFO", "MESSAGE", "OPTIONS", "BYE", "PRACK"])
def test_no_other_request_does(method):
    dialog = caller()
    dialog.refresh_by(theirs(5, method, contact="<sip:moved@b>"))
    assert dialog.remote_target == "sip:b@192.0.2.1:5070;ob"


@pytest.mark.parametrize(("status", "target"), [(200, "sip:moved@b"), (488, "sip:b@192.0.2.1:5070;ob")])
def test_the_2xx_to_our_re_invite_moves_it_and_a_refusal_does_not(status, target):
    dialog = caller()
    re_invite = dialog.request("INVITE", via=VIA, contact="<sip:a@192.0.2.9>")
    dialog.refresh_by(answer(re_invite, status, contact="<sip:moved@b>"))
    assert dialog.remote_target == target


def test_without_a_contact_the_target_stays():
    dialog = caller()
    dialog.refresh_by(theirs(5, "UPDATE"))
    assert dialog.remote_target == "sip:b@192.0.2.1:5070;ob"


def test_an_unreadable_contact_is_refused_in_a_request_and_borne_in_a_response():
    dialog = caller()
    with pytest.raises(ParseError):
        dialog.refresh_by(build("UPDATE", "sip:a@a", [("CSeq", "5 UPDATE"), ("Contact", "<<bad>")]))
    re_invite = dialog.request("INVITE", via=VIA)
    dialog.refresh_by(answer(re_invite, contact="<<bad>"))
    assert dialog.remote_target == "sip:b@192.0.2.1:5070;ob"


# sips.


@pytest.mark.parametrize(
    ("uri", "routes", "contact", "secure"),
    [
        ("sips:b@b", (), "<sip:a@a>", True),
        ("SIPS:b@b", (), "<sip:a@a>", True),
        ("sip:b@b", ("<sips:p;lr>", "<sip:q;lr>"), "<sip:a@a>", True),
        ("sip:b@b", ("<sip:p;lr>", "<sips:q;lr>"), "<sips:a@a>", False),
        ("sip:b@b", (), "<sips:a@a>", True),
        ("sip:b@b", (), "<sip:a@a>", False),
    ],
)
def test_the_callees_contact_must_be_sips_by_uri_top_record_route_or_contact(uri, routes, contact, secure):
    request = invite(routes=routes, contact=contact)
    request.uri = uri
    assert Dialog.as_callee(request, "b").secure is secure


@pytest.mark.parametrize(
    ("uri", "route", "secure"),
    [
        ("sips:b@b", None, True),
        ("sip:b@b", "<sips:p;lr>", True),
        ("sip:b@b", "<sip:p;lr>", False),
        ("tel:+32", None, False),
    ],
)
def test_the_callers_contact_must_be_sips_by_uri_or_top_route(uri, route, secure):
    request = invite()
    request.uri = uri
    if route:
        request.headers.add("Route", route)
    assert Dialog.as_caller(request, answer(request)).secure is secure


# Subscriptions.


def subscribe():
    fields = [
        ("Via", VIA),
        ("From", "<sip:a@a.example>;tag=a"),
        ("To", "<sip:b@b.example>"),
        ("Call-ID", "call"),
        ("CSeq", "3 SUBSCRIBE"),
        ("Contact", "<sip:a@192.0.2.9>"),
    ]
    return parse(build("SUBSCRIBE", "sip:b@b.example", fields).encode())


def test_a_notify_before_the_2xx_opens_the_subscribers_dialog():
    notify = theirs(20, "NOTIFY", contact="<sip:b@192.0.2.1>", routes=["<sip:p2;lr>, <sip:p1;lr>"])
    dialog = Dialog.as_subscriber(subscribe(), notify)
    assert dialog.id == ("call", "a", "b")
    assert (dialog.local_cseq, dialog.remote_cseq, dialog.confirmed) == (3, 20, True)
    assert dialog.route_set == ("<sip:p2;lr>", "<sip:p1;lr>")
    assert head(dialog.request("SUBSCRIBE", via=VIA))[0] == "SUBSCRIBE sip:b@192.0.2.1"
    assert (dialog.local, dialog.remote) == ("<sip:a@a.example>;tag=a", "<sip:b@b.example>;tag=b")


def test_a_notify_of_another_subscription_is_answered_481():
    for notify in (theirs(20, "NOTIFY", contact="<sip:b@b>", to_tag="x"), subscribe()):
        with pytest.raises(ProtocolError) as caught:
            Dialog.as_subscriber(subscribe(), notify)
        assert caught.value.status == 481


@pytest.mark.parametrize(
    "notify",
    [theirs(20, "NOTIFY"), theirs(20, "NOTIFY", contact="<sip:b@b>", from_="<sip:b@b.example>")],
)
def test_a_notify_that_can_open_no_dialog_is_refused(notify):
    with pytest.raises(ProtocolError) as caught:
        Dialog.as_subscriber(subscribe(), notify)
    assert caught.value.status == 400


@pytest.mark.parametrize("method", ["INFO", "MESSAGE", "NOTIFY", "REFER", "OPTIONS", "SUBSCRIBE", "PUBLISH"])
def test_any_method_goes_by_the_same_way_with_the_next_number(method):
    dialog = caller(routes=["<sip:p;lr>"])
    request = dialog.request(method, via=VIA)
    assert (str(request.cseq), request.uri) == (f"8 {method}", "sip:b@192.0.2.1:5070;ob")
    assert request.headers.values("route") == ["<sip:p;lr>"]


def test_a_dialog_is_saved_and_restored_field_by_field():
    dialog = caller(routes=["<sip:p;lr>"])
    again = Dialog(**attrs.asdict(dialog))
    assert again.request("BYE", via=VIA).encode() == dialog.request("BYE", via=VIA).encode()


def test_its_repr_tells_its_state_and_counts():
    assert repr(caller()) == "<Dialog confirmed call local 7 remote None>"
