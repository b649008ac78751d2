"""What crosses between us and an engine: datagrams of the ng protocol, and what is believed of them."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.errors import MediaError
from b2bua.media.ng import LARGEST, RESERVED, Command, Heard, Reply, Terms, decode, encode, is_full, ping, reply_to

OFFER = Command(verb="offer", call="c1", from_tag="a", sdp=b"v=0\r\n", sides=("west", "east"))
TERMS = Terms(flags=("strict-source",), options={"ICE": "remove"})


def told(data: bytes) -> dict[str, object]:
    cookie, _, text = data.partition(b" ")
    assert cookie == b"k1"
    return orjson.loads(text)  # type: ignore[no-any-return]


def heard(plain: dict[str, object]) -> Heard:
    found = decode(b"k1 " + orjson.dumps(plain))
    assert found is not None
    return found


def test_an_offer_carries_its_description_the_interfaces_and_what_the_operator_wants() -> None:
    assert told(encode(OFFER, "k1", TERMS)) == {
        "command": "offer",
        "call-id": "c1",
        "from-tag": "a",
        "sdp": "v=0\r\n",
        "direction": ["west", "east"],
        "flags": ["port latching", "strict-source"],
        "ICE": "remove",
        "passthrough": "on",
        "supports": ["load limit"],
    }


def test_an_answer_names_both_ends_and_no_interfaces() -> None:
    answer = Command(verb="answer", call="c1", from_tag="a", to_tag="b", sdp=b"v=0\r\n")
    plain = told(encode(answer, "k1", TERMS))
    assert (plain["from-tag"], plain["to-tag"]) == ("a", "b")
    assert (plain["flags"], plain["passthrough"]) == (["port latching", "strict-source"], "on")
    assert not {"direction", "supports"} & plain.keys()


def test_a_side_without_a_name_leaves_the_choice_of_interfaces_to_the_engine() -> None:
    one = Command(verb="offer", call="c1", from_tag="a", sdp=b"v=0\r\n", sides=("west", ""))
    assert "direction" not in told(encode(one, "k1", TERMS))


def test_a_deletion_is_at_once_and_carries_nothing_of_the_operators() -> None:
    plain = told(encode(Command(verb="delete", call="c1", from_tag="a"), "k1", TERMS))
    assert plain == {"command": "delete", "call-id": "c1", "from-tag": "a", "delete delay": 0}


def test_what_the_operator_wants_cannot_speak_for_us() -> None:
    terms = Terms(options=dict.fromkeys(RESERVED, "theirs"))
    plain = told(encode(Command(verb="answer", call="c1", from_tag="a", to_tag="b", sdp=b"v=0"), "k1", terms))
    ours = {"command", "call-id", "from-tag", "to-tag", "sdp", "flags"}
    assert "theirs" not in {str(plain[key]) for key in ours}


def test_the_operator_may_have_the_engine_end_encryption() -> None:
    assert told(encode(OFFER, "k1", Terms(options={"passthrough": "off"})))["passthrough"] == "off"


def test_a_ping_asks_nothing_else() -> None:
    assert told(ping("k1")) == {"command": "ping"}


@given(st.binary(max_size=200))
def test_every_octet_of_a_description_comes_back_from_an_engine_that_changes_none(octets: bytes) -> None:
    body = b"v=0\r\n" + octets
    plain = told(encode(Command(verb="offer", call="c", from_tag="a", sdp=body), "k1", TERMS))
    reply = reply_to(OFFER, "e", heard({"result": "ok", "sdp": plain["sdp"]}))
    assert reply == Reply(engine="e", sdp=body)


def test_a_description_that_fills_more_than_a_datagram_is_refused() -> None:
    with pytest.raises(MediaError, match="too long"):
        encode(Command(verb="offer", call="c", from_tag="a", sdp=b"v=0\r\n" + b"x" * LARGEST), "k1", TERMS)


def test_a_description_that_just_fits_leaves() -> None:
    spare = LARGEST - len(encode(Command(verb="offer", call="c", from_tag="a"), "k1", TERMS))
    assert len(encode(Command(verb="offer", call="c", from_tag="a", sdp=b"x" * spare), "k1", TERMS)) == LARGEST
    with pytest.raises(MediaError, match="too long"):
        encode(Command(verb="offer", call="c", from_tag="a", sdp=b"x" * (spare + 1)), "k1", TERMS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"k1",
        b"k1 ",
        b"k1 {",
        b"k1 []",
        b"k1 d6:result2:oke",
        b'k1 {"result": 1}',
        b'k1 {"sdp": "v=0"}',
        b"k" * 65 + b' {"result": "ok"}',
        b'k\xff {"result": "ok"}',
        b'k1 {"result": "\xff"}',
        b"k1 " + b"[" * 60_000,
    ],
)
def test_what_is_nothing_of_the_protocol_is_nothing(data: bytes) -> None:
    assert decode(data) is None


@given(st.binary(max_size=100))
def test_no_octets_make_a_datagram_of_an_engine_raise(octets: bytes) -> None:
    decode(octets)
    decode(b"k1 " + octets)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["tags", "medias", "streams", "stats", "packets", "bytes", "sdp", "a"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_no_shape_of_a_reply_raises(plain: object) -> None:
    inner = plain if isinstance(plain, dict) else {"sdp": plain, "tags": plain, "error-reason": plain}
    for result in ("ok", "error", "load limit"):
        for verb in ("offer", "delete"):
            command = Command(verb=verb, call="c", from_tag="a")
            reply = reply_to(command, "e", heard({**inner, "result": result}))
            assert all(count >= 0 for count in reply.figures.values())


def test_an_answer_without_a_description_is_an_error() -> None:
    for sdp in (None, 7, "", "hello", "v=0\u20ac"):
        reply = reply_to(OFFER, "e", heard({"result": "ok", "sdp": sdp}))
        assert (reply.sdp, reply.engine, reply.is_lost) == (None, "e", False)
        assert reply.error


def test_an_error_is_told_in_the_engines_words_but_not_in_many() -> None:
    reply = reply_to(OFFER, "e", heard({"result": "error", "error-reason": "Failed to parse SDP"}))
    assert (reply.error, reply.is_lost) == ("Failed to parse SDP", False)
    assert len(reply_to(OFFER, "e", heard({"result": "error", "error-reason": "x" * 5_000})).error) == 200


@pytest.mark.parametrize(
    "plain",
    [{"result": "load limit", "message": "no"}, {"result": "error", "error-reason": "Ran out of ports"}],
)
def test_an_engine_that_is_full_says_nothing_of_the_description(plain: dict[str, object]) -> None:
    assert is_full(heard(plain))
    assert reply_to(OFFER, "e", heard(plain)).is_lost


def test_figures_are_sums_of_what_came_from_either_side() -> None:
    def end(*counts: tuple[int, int]) -> dict[str, object]:
        streams = [{"stats": {"packets": packets, "bytes": octets, "errors": 0}} for packets, octets in counts]
        return {"medias": [{"index": 1, "streams": streams}]}

    tags = {"a": end((10, 1_720), (1, 50)), "b": end((20, 3_440)), "b1": end((3, 30))}
    reply = reply_to(Command(verb="delete", call="c", from_tag="a"), "e", heard({"result": "ok", "tags": tags}))
    assert reply == Reply(
        engine="e", figures={"streams": 1, "packets_a": 11, "octets_a": 1_770, "packets_b": 23, "octets_b": 3_470}
    )


@pytest.mark.parametrize("count", [-1, 1.5, "7", None, [], 2**63])
def test_a_figure_that_is_none_counts_for_nothing(count: object) -> None:
    tags = {"a": {"medias": [{"streams": [{"stats": {"packets": count, "bytes": 5}}]}]}}
    command = Command(verb="delete", call="c", from_tag="a")
    figures = reply_to(command, "e", heard({"result": "ok", "tags": tags})).figures
    assert (figures["packets_a"], figures["octets_a"]) == (count if count == 2**63 else 0, 5)


def test_no_description_shows_where_a_command_or_a_reply_is_printed() -> None:
    secret = b"v=0 secret"
    shown = repr(Command(verb="offer", call="c", from_tag="a", sdp=secret)) + repr(Reply(sdp=secret))
    assert "secret" not in shown + repr(heard({"result": "ok", "sdp": "v=0 secret"}))
