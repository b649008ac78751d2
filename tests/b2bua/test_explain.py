import datetime
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Camara, Config, load
from b2bua.errors import GatewayError
from b2bua.explain import NEEDS_CHECK, Explanation, explain, message_of, run_vectors
from b2bua.explain_text import render
from sipstack.errors import ParseError
from tests.b2bua.identity.making_isup import CALLING, TYPE, iam, number

ROOT = Path(__file__).parents[2]
CONFIG = load(ROOT / "examples/vectors/b2bua.toml")
NOW = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
KEYS = {"verdict", "status", "basis", "profile", "flags", "removed", "findings"}
FINDING = {"position", "header", "index", "raw", "number", "range", "rule", "basis", "outcome", "entry", "why"}


def invite(*headers: str, called: str = "+3293330000") -> bytes:
    return message_of({"request_uri": f"sip:{called}@x", "headers": headers})


def told(*headers: str, trunk: str = "INT-1", at: datetime.datetime = NOW, called: str = "+3293330000") -> Explanation:
    return explain(CONFIG, trunk, invite(*headers, called=called), at)


@pytest.mark.law("K25")
def test_a_refusal_is_told_with_its_status_and_the_finding_that_decided() -> None:
    found = told("From: <sip:+442079460000@x>", 'P-Asserted-Identity: "A" <tel:+442079460000>, <tel:+3225551212>')
    assert (found.verdict, found.status) == ("block", 603)
    assert found.basis.startswith("art. 1 2°")
    (deciding,) = [finding for finding in found.findings if finding["outcome"] == "block"]
    assert deciding == {
        "position": "network",
        "header": "P-Asserted-Identity",
        "index": 1,
        "raw": "+3225551212",
        "number": "+3225551212",
        "range": "geographic",
        "rule": "geographic",
        "basis": found.basis,
        "outcome": "block",
        "entry": "",
        "why": deciding["why"],
    }
    assert "+3225551212" in deciding["why"]


@pytest.mark.parametrize(
    ("headers", "verdict", "status"),
    [
        (["From: <sip:+442079460000@x>"], "pass", None),
        (["From: <sip:+32470123456@x>"], "pass", None),
        (["From: <sip:+32470666666@x>"], "withhold", None),
        (["From: <sip:+32470999999@x>"], "block", 603),
        (["From: <sip:+442079460000@x>", "Referred-By: <sip:+3225551212@x>"], "strip", None),
        (["From: <sip:a@x>", "P-Asserted-Identity: <tel:+33"], "block", 400),
    ],
)
def test_every_explanation_has_the_same_keys_fit_for_json(headers: list[str], verdict: str, status: int | None) -> None:
    found = told(*headers)
    again = orjson.loads(orjson.dumps(attrs.asdict(found)))
    assert set(again) == KEYS
    assert (found.verdict, found.status) == (verdict, status)
    assert again["findings"]
    assert all(set(finding) == FINDING for finding in again["findings"])
    assert found.profile.startswith("belgium")


@pytest.mark.law("K25")
def test_what_would_be_taken_out_is_told() -> None:
    found = told(
        "From: <sip:+442079460000@x>", "Remote-Party-ID: <tel:+442079460000>", "Referred-By: <tel:+3225551212>"
    )
    assert set(found.removed) == {"Remote-Party-ID", "Referred-By"}


def test_flags_are_told() -> None:
    assert told("From: <sip:+80012345678@x>").flags
    assert "unreadable" in told("From: <sip:a@x>", "Identity: x").flags


def test_a_national_call_passes_with_nothing_found() -> None:
    found = told("From: <sip:0470999999@x>", trunk="NAT-1")
    assert (found.verdict, found.findings, found.removed) == ("pass", [], [])


# Nobody is asked.


def without_roaming() -> Any:
    return attrs.evolve(CONFIG, roaming=None)


def test_without_a_table_a_mobile_number_needs_a_check() -> None:
    found = explain(without_roaming(), "INT-1", invite("From: <sip:+32470123456@x>", "Subject: hello"), NOW)
    assert (found.verdict, found.status) == (NEEDS_CHECK, None)
    assert found.basis.startswith("art. 1 3°")
    assert [finding["outcome"] for finding in found.findings] == [NEEDS_CHECK, "pass"]
    first = found.findings[0]
    assert set(first) == FINDING
    assert (first["header"], first["raw"], first["number"]) == ("From", "+32470123456", "+32470123456")
    assert "would be asked" in first["why"]


def test_what_needs_a_check_still_tells_what_is_stripped_anyway() -> None:
    found = explain(
        without_roaming(),
        "INT-1",
        invite(
            "From: <sip:+442079460000@x>",
            "P-Asserted-Identity: <tel:+32470123456>",
            "Diversion: <tel:+32475111111>",
            "Referred-By: <tel:+3225551212>",
            "Remote-Party-ID: <tel:+32470123456>",
        ),
        NOW,
    )
    outcomes = {finding["header"]: finding["outcome"] for finding in found.findings}
    assert outcomes == {
        "From": "pass",
        "P-Asserted-Identity": NEEDS_CHECK,
        "Diversion": NEEDS_CHECK,
        "Referred-By": "strip",
        "Remote-Party-ID": NEEDS_CHECK,
    }
    assert {"Remote-Party-ID", "Referred-By"} <= set(found.removed)


def test_what_is_refused_anyway_needs_no_check() -> None:
    headers = ["From: <sip:+32470123456@x>", "P-Asserted-Identity: <tel:+3225551212>"]
    assert explain(without_roaming(), "INT-1", invite(*headers), NOW).verdict == "block"


# The moment.


@pytest.mark.law("¶4")
def test_a_rule_that_is_not_in_force_yet_lets_the_call_pass() -> None:
    before = datetime.datetime(2024, 8, 31, 12, tzinfo=datetime.UTC)
    assert told("From: <sip:+3225551212@x>", at=before).verdict == "pass"
    assert told("From: <sip:+3225551212@x>", at=before + datetime.timedelta(days=1)).verdict == "block"


@pytest.mark.law("L5")
def test_a_dossier_holds_from_its_day() -> None:
    day = datetime.datetime(2024, 12, 1, 12, tzinfo=datetime.UTC)
    assert told("From: <sip:+32456000000@x>", at=day).verdict == "withhold"
    (dossier,) = CONFIG.register.dossier
    register = attrs.evolve(CONFIG.register, dossier=(attrs.evolve(dossier, since=datetime.date(2026, 1, 1)),))
    later = attrs.evolve(CONFIG, register=register)
    assert explain(later, "INT-1", invite("From: <sip:+32456000000@x>"), day).verdict == "block"


# What is no INVITE.


def test_a_trunk_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(GatewayError, match=r"no trunk 'X'.*INT-1, NAT-1, NTR-1, NTR-X, UNK"):
        told(trunk="X")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"garbage",
        b"\x00\xff" * 100,
        b"SIP/2.0 200 OK\r\n\r\n",
        invite().replace(b"INVITE", b"OPTIONS"),
    ],
)
def test_what_is_no_invite_is_a_parse_error(data: bytes) -> None:
    with pytest.raises(ParseError, match=r".+"):
        explain(CONFIG, "INT-1", data, NOW)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"INVITE sip:a@x SIP/2.0\r\n\r\n", 400),
        (invite().replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1), 505),
        (invite().replace(b"Content-Length: 0", b"Content-Length: 9"), 400),
        (invite().replace(b"To: ", b"To : <"), 400),
        (invite("CSeq: 2 BYE"), 400),
        (invite("From: <sip:+32 2 555 12 12@x>"), 400),
    ],
)
def test_an_invite_that_cannot_be_read_does_not_pass_on_a_screened_trunk(data: bytes, status: int) -> None:
    found = explain(CONFIG, "INT-1", data, NOW)
    assert (found.verdict, found.status, found.flags) == ("block", status, ["unreadable"])
    with pytest.raises(ParseError, match=r".+"):  # nothing is judged on a national one, and this is no message
        explain(CONFIG, "NAT-1", data, NOW)


def test_a_folded_header_is_read() -> None:
    assert told("P-Asserted-Identity:\r\n <tel:+442079460000>,\r\n\t<tel:+3225551212>").verdict == "block"


@given(st.binary(max_size=120), st.integers(0, 400))
def test_damage_gives_an_explanation_or_a_parse_error(damage: bytes, at: int) -> None:
    whole = invite("From: <sip:+3225551212@x>", 'P-Asserted-Identity: "x" <tel:+331>')
    try:
        found = explain(CONFIG, "INT-1", whole[:at] + damage + whole[at:], NOW)
    except ParseError:
        return
    assert orjson.dumps(attrs.asdict(found))


def test_bytes_that_are_no_text_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    found = told('From: "\udcff" <sip:\udc80@x>')
    assert orjson.dumps(attrs.asdict(found))
    render(found, "INT-1")
    assert "\\udcff" in capsys.readouterr().out


@pytest.mark.law("K25")
def test_the_text_begins_with_the_verdict_and_gives_each_reason(capsys: pytest.CaptureFixture[str]) -> None:
    render(told("From: <sip:+442079460000@x>", "P-Asserted-Identity: <tel:+3225551212>"), "INT-1")
    head, *rest = capsys.readouterr().out.splitlines()
    assert head.startswith("BLOCK on INT-1, answered 603: art. 1 2°")
    text = " ".join(" ".join(rest).split())
    assert "P-Asserted-Identity, value 1 (network): +3225551212" in text
    assert "From, value 1 (presentation): +442079460000" in text
    assert text.index("P-Asserted-Identity") < text.index("From,")


@pytest.mark.parametrize("config", [CONFIG, without_roaming()])
def test_every_verdict_can_be_told_in_text(config: Any, capsys: pytest.CaptureFixture[str]) -> None:
    headers = ["From: <sip:+32470666666@x>", "Referred-By: <tel:+3225551212>", "Remote-Party-ID: <tel:+331234567>"]
    found = explain(config, "INT-1", invite(*headers), NOW)
    render(found, "INT-1")
    text = capsys.readouterr().out
    assert found.verdict.upper() in text
    assert "Taken out of the message: " in text


# Vectors.


def write(folder: Path, data: Any) -> Path:
    path = folder / "vectors.json"
    path.write_bytes(orjson.dumps(data) if not isinstance(data, bytes) else data)
    return path


VECTOR = {
    "id": "V1",
    "trunk": "INT-1",
    "request_uri": "sip:+3293330000@x",
    "headers": ["From: <sip:+3225551212@x>"],
    "verdict": "block",
}


def test_vectors_that_agree_are_counted_and_the_others_told(tmp_path: Path) -> None:
    vectors = [
        VECTOR,
        {**VECTOR, "id": "V2", "verdict": "pass"},
        {**VECTOR, "id": "V3", "trunk": "NTR-2"},
        {**VECTOR, "id": "V4", "trunk": "NAT-1", "headers": ["CSeq: 2 BYE"]},
    ]
    total, disagreements = run_vectors(CONFIG, write(tmp_path, {"vectors": vectors, "fixtures": {}}), NOW)
    assert total == 4
    assert [one.id for one in disagreements] == ["V2", "V3", "V4"]
    assert str(disagreements[0]).startswith("V2: expected pass, found block (art. 1 2°")
    assert disagreements[1].found == disagreements[2].found == "nothing"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        [],
        5,
        {},
        {"vectors": 5},
        {"vectors": [5]},
        {"vectors": [{}]},
        {"vectors": [{**VECTOR, "headers": "From"}]},
        {"vectors": [{**VECTOR, "headers": [5]}]},
        {"vectors": [{**VECTOR, "trunk": None}]},
        {"vectors": [{**VECTOR, "body": "0x01"}]},
        {"vectors": [{**VECTOR, "body": 1}]},
    ],
)
def test_what_is_no_vector_file_is_an_error_that_names_it(tmp_path: Path, data: Any) -> None:
    with pytest.raises(GatewayError, match=r"vectors\.json is not a vector file"):
        run_vectors(CONFIG, write(tmp_path, data), NOW)


def test_a_vector_file_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match=r"none\.json cannot be read"):
        run_vectors(CONFIG, tmp_path / "none.json", NOW)


def test_a_vector_is_completed_to_a_whole_invite() -> None:
    whole = message_of({"request_uri": "sip:+32@x", "headers": ["f: <sip:a@x>", "Privacy: id"]})
    assert whole.startswith(b"INVITE sip:+32@x SIP/2.0\r\n")
    assert b"\r\nf: <sip:a@x>;tag=vector\r\n" in whole
    assert b"\r\nFrom:" not in whole
    assert whole.endswith(b"\r\nContent-Length: 0\r\n\r\n")
    assert b"\r\nFrom: <sip:anonymous@anonymous.invalid>;tag=vector\r\n" in message_of(
        {"request_uri": "sip:a@x", "headers": []}
    )


def test_the_body_of_a_vector_is_its_octets_in_hexadecimal_digits(tmp_path: Path) -> None:
    octets = iam(number(CALLING, "3280012345"))
    headers = ["From: <sip:+442079460000@x>", f"Content-Type: {TYPE}"]
    enclosing = {**VECTOR, "headers": headers, "body": octets.hex()}
    assert message_of(enclosing).endswith(f"\r\nContent-Length: {len(octets)}\r\n\r\n".encode() + octets)
    vectors = [enclosing, {**enclosing, "body": iam(number(CALLING, "33612345678")).hex(), "verdict": "pass"}]
    assert run_vectors(CONFIG, write(tmp_path, {"vectors": vectors}), NOW) == (2, [])


def test_vectors_that_agree_are_counted(tmp_path: Path) -> None:
    some = orjson.loads((ROOT / "examples/vectors/decree.json").read_bytes())["vectors"][::20]
    assert run_vectors(CONFIG, write(tmp_path, {"vectors": some}), NOW) == (len(some), [])


def test_vectors_that_disagree_are_told(tmp_path: Path) -> None:
    some = orjson.loads((ROOT / "examples/vectors/decree.json").read_bytes())["vectors"][::20]
    turned = [{**vector, "verdict": "pass" if vector["verdict"] == "block" else "block"} for vector in some]
    total, disagreements = run_vectors(CONFIG, write(tmp_path, {"vectors": turned}), NOW)
    assert [one.id for one in disagreements] == [vector["id"] for vector in some]
    assert total == len(some)


def asking(*prefixes: str, **keys: Any) -> Config:
    """The configuration, with a holder beside its table."""
    assert CONFIG.roaming is not None
    holder = Camara(name="one", prefixes=prefixes, url="https://one.example/v1")
    return attrs.evolve(CONFIG, roaming=attrs.evolve(CONFIG.roaming, camara=(holder,), **keys))


@pytest.mark.parametrize(
    ("caller", "verdict", "status"),
    [
        ("+32470123456", "pass", None),  # the table answers
        ("+32471000000", NEEDS_CHECK, None),  # the holder would
        ("+32499000000", "block", 603),  # nobody would
    ],
)
def test_a_holder_is_never_asked_and_the_table_answers_all_the_same(
    caller: str, verdict: str, status: int | None
) -> None:
    found = explain(asking("+3247"), "INT-1", invite(f"From: <sip:{caller}@x>"), NOW)
    assert (found.verdict, found.status) == (verdict, status)


def test_what_the_table_refuses_is_refused_whatever_a_holder_would_say_of_another_number() -> None:
    headers = ("From: <sip:+32470999999@x>", "P-Asserted-Identity: <tel:+32471000000>")
    found = explain(asking("+3247"), "INT-1", invite(*headers), NOW)
    assert (found.verdict, found.status) == ("block", 603)
    assert sorted(one["outcome"] for one in found.findings) == ["block", NEEDS_CHECK]
