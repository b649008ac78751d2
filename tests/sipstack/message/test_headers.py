import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError, StateError
from sipstack.message import Headers
from sipstack.message.headers import Reader


def some() -> Headers:
    return Headers.of(
        [
            ("Via", "SIP/2.0/UDP a"),
            ("f", "<sip:a@b>"),
            ("P-Asserted-Identity", '"x, y" <sip:1@b>, <tel:+2>'),
            ("Via", "SIP/2.0/UDP b, SIP/2.0/UDP c"),
            ("p-asserted-identity", "<sip:3@b>"),
        ]
    )


def test_headers_are_found_by_their_key() -> None:
    headers = some()
    assert headers.first("from") == "<sip:a@b>"
    assert headers.first("to") is None
    assert "from" in headers
    assert "to" not in headers
    assert len(headers) == 5


def test_all_gives_lines_and_values_gives_elements() -> None:
    headers = some()
    assert headers.all("via") == ["SIP/2.0/UDP a", "SIP/2.0/UDP b, SIP/2.0/UDP c"]
    assert headers.values("via") == ["SIP/2.0/UDP a", "SIP/2.0/UDP b", "SIP/2.0/UDP c"]
    assert headers.values("p-asserted-identity") == ['"x, y" <sip:1@b>', "<tel:+2>", "<sip:3@b>"]
    assert headers.values("to") == headers.all("to") == []


def test_a_header_that_is_no_list_is_not_split() -> None:
    headers = Headers.of([("Subject", "a, b"), ("Date", "Sat, 13 Nov 2010 23:29:00 GMT")])
    assert headers.values("subject") == ["a, b"]
    assert headers.values("date") == ["Sat, 13 Nov 2010 23:29:00 GMT"]


def test_values_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(ParseError):
        Headers.of([("P-Asserted-Identity", '"x <sip:1@b>, <sip:2@b>')]).values("p-asserted-identity")


def test_iteration_gives_keys_and_unfolded_values_in_order() -> None:
    headers = Headers(["from", "subject"], ["F :  <sip:a@b>\r\n ;tag=x ", "s:"])
    assert list(headers) == [("from", "<sip:a@b> ;tag=x"), ("subject", "")]


def test_a_new_line_stands_where_it_is_put() -> None:
    headers = some()
    headers.insert(0, "Via", "SIP/2.0/UDP z")
    headers.add("Subject", "s")
    assert headers.keys == ["via", "via", "from", "p-asserted-identity", "via", "p-asserted-identity", "subject"]
    assert headers.lines[0] == "Via: SIP/2.0/UDP z"


def test_replace_keeps_the_first_place_and_leaves_one() -> None:
    headers = some()
    headers.replace("p-asserted-identity", "<sip:9@b>")
    headers.replace("subject", "new")
    assert headers.keys == ["via", "from", "p-asserted-identity", "via", "subject"]
    assert headers.lines[2] == "P-Asserted-Identity: <sip:9@b>"


def test_replace_top_leaves_what_follows() -> None:
    headers = Headers.of([("Via", "SIP/2.0/UDP a, SIP/2.0/UDP b"), ("Via", "SIP/2.0/UDP c")])
    headers.replace_top("via", "SIP/2.0/UDP a;received=192.0.2.1")
    assert headers.values("via") == ["SIP/2.0/UDP a;received=192.0.2.1", "SIP/2.0/UDP b", "SIP/2.0/UDP c"]
    with pytest.raises(StateError):
        headers.replace_top("from", "<sip:a@b>")


def test_remove_takes_every_line_of_that_header() -> None:
    headers = some()
    headers.remove("via")
    headers.remove("nothing")
    assert headers.keys == ["from", "p-asserted-identity", "p-asserted-identity"]


def test_a_copy_is_changed_apart() -> None:
    headers = some()
    other = headers.copy()
    other.remove("via")
    other.add("To", "<sip:x@y>")
    assert headers.keys == some().keys
    assert headers.lines == some().lines


def test_without_leaves_the_original_alone() -> None:
    headers = some()
    assert headers.without({"via", "p-asserted-identity"}).lines == ["f: <sip:a@b>"]
    assert len(headers) == 5


@pytest.mark.parametrize(
    "change",
    [
        lambda headers: headers.add("From", "b"),
        lambda headers: headers.insert(0, "f", "b"),
        lambda headers: headers.replace("from", "b"),
        lambda headers: headers.replace_top("from", "b"),
        lambda headers: headers.remove("from"),
    ],
    ids=["add", "insert", "replace", "replace_top", "remove"],
)
def test_what_was_typed_is_forgotten_when_the_header_changes(change) -> None:  # type: ignore[no-untyped-def]
    headers = Headers.of([("From", "a"), ("To", "b")])
    others, all_froms = [Reader(key, list) for key in ("to", "from")], Reader("from", tuple)
    before = headers.typed(all_froms)
    to = headers.typed(others[0])
    headers.typed(others[1])
    change(headers)
    assert headers.typed(all_froms) == tuple(headers.all("from")) != before
    assert headers.typed(others[1]) == headers.all("from")
    assert headers.typed(others[0]) is to


def test_what_somebody_else_has_read_of_the_lines_is_not_read_again() -> None:
    headers = some()
    sender, first = Reader("from", tuple), Reader("via", tuple)
    headers.typed(first)
    headers.know({sender: ("known",)})
    assert headers.typed(sender) == ("known",)
    headers.replace("via", "x")
    assert (headers.typed(sender), headers.typed(first)) == (("known",), ("x",))
    headers.extend(Headers.of([("From", "x")]))
    assert headers.typed(sender) == tuple(headers.all("from"))


def test_what_was_typed_is_made_once_and_shared_with_copies_until_they_change() -> None:
    made: list[list[str]] = []

    def read(lines: list[str]) -> int:
        made.append(lines)
        return len(made)

    headers, sender = some(), Reader("from", read)
    assert headers.typed(sender) == headers.typed(sender) == 1
    other = headers.copy()
    assert other.typed(sender) == 1
    other.replace("from", "x")
    assert other.typed(sender) == 2
    assert headers.typed(sender) == 1
    assert made == [["<sip:a@b>"], ["x"]]


def test_a_removed_header_is_not_remembered_by_the_copy() -> None:
    headers, vias = some(), Reader("via", tuple)
    headers.typed(vias)
    assert headers.without({"via"}).typed(vias) == ()


def test_the_top_of_a_header_is_what_first_says() -> None:
    headers = some()
    for key in headers.keys:
        assert headers.top(key) == headers.first(key)


@pytest.mark.parametrize(
    "value", ["a\r\nFrom: x", "a\nb", "a\rb", "a\r\n b", "a\0b", "\\\0", '"a\0"', '"\\\\\0"', '"\\\0']
)
def test_no_value_may_inject_a_line_or_end_a_string(value: str) -> None:
    for change in (Headers().add, Headers().replace):
        with pytest.raises(StateError):
            change("subject", value)


def test_a_quoted_pair_may_carry_nul() -> None:
    headers = Headers()
    headers.add("To", '"a\\\0b" <sip:x@y>')
    assert headers.first("to") == '"a\\\0b" <sip:x@y>'


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é"])
def test_no_name_may_be_anything_but_a_token(name: str) -> None:
    with pytest.raises(StateError):
        Headers().add(name, "x")


NAMES = st.sampled_from(["via", "from", "to", "x-a", "route"])
CHANGES = st.one_of(
    st.tuples(st.just("add"), NAMES),
    st.tuples(st.just("replace"), NAMES),
    st.tuples(st.just("remove"), NAMES),
    st.tuples(st.just("insert"), NAMES),
)


@given(st.lists(CHANGES, max_size=20))
def test_keys_and_lines_stay_parallel_and_typed_values_true(changes: list[tuple[str, str]]) -> None:
    headers = Headers()
    readers = {key: Reader(key, tuple) for key in ("via", "from", "to", "x-a", "route")}
    for serial, (what, name) in enumerate(changes):
        if what == "add":
            headers.add(name, str(serial))
        elif what == "replace":
            headers.replace(name, str(serial))
        elif what == "insert":
            headers.insert(serial // 2 % (len(headers) + 1), name, str(serial))
        else:
            headers.remove(name)
        for key, reader in readers.items():
            assert headers.typed(reader) == tuple(headers.all(key))
        assert [line.partition(":")[0].lower() for line in headers.lines] == headers.keys
