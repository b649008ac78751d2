"""One INVITE through the real path, without a socket: the verdict and every reason for it.

The message is given to a core as if a peer of the trunk had sent it, so that parsing, screening, policy, redaction and
the egress guard are those of the daemon.
"""

import datetime
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import orjson

from b2bua.app import core_of
from b2bua.call import Ask, Core, Moment, Record
from b2bua.call.account import of_finding
from b2bua.config import Config
from b2bua.errors import GatewayError
from b2bua.evidence import printable
from b2bua.identity.screening import unreadable
from b2bua.roaming import Table
from b2bua.trunk import Trunk
from policy.claim import Claim, TrunkClass
from policy.position import Position
from policy.profile import RuleName
from policy.roaming import Answer, Roaming
from policy.verdict import Outcome
from sipstack.effects import Send
from sipstack.errors import ParseError
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Response, parse
from sipstack.values.registry import key as key_of

NEEDS_CHECK = "needs check"
_BLOCK = Outcome.BLOCK.word


@attrs.frozen(kw_only=True)
class Explanation:
    """What would become of the INVITE; the fields are the keys of `--json`."""

    verdict: str
    """pass, strip, withhold, block; `needs check` when a holder would have to be asked."""
    status: int | None
    """With which the caller is refused; None when the call goes on."""
    basis: str
    profile: str
    flags: list[str]
    removed: list[str]
    findings: list[dict[str, Any]]


@attrs.define(eq=False)
class _Source:
    """Random bytes for the ids of one explanation: nothing leaves, so they may be the same every time."""

    count: int = 0

    def __call__(self, size: int) -> bytes:
        self.count += 1
        return hashlib.shake_128(self.count.to_bytes(8, "big")).digest(size)


def explain(config: Config, trunk: str, data: bytes, at: datetime.datetime) -> Explanation:
    """What the gateway does with one INVITE from that trunk at that moment.

    Raises GatewayError when the trunk is not declared, ParseError when the bytes are no INVITE that could be judged.
    """
    core = core_of(config, Ids(_Source()))
    found = core.context.trunks.by_name.get(trunk)
    if found is None:
        names = ", ".join(sorted(core.context.trunks.by_name))
        raise GatewayError(f"there is no trunk {trunk!r} in this configuration; it declares {names}")
    unread = _unreadable(data)
    for leg in sorted(config.explain.outbound, key=lambda leg: -leg.seconds_ago):
        core.context.ledger.sent([leg.caller], leg.called, at - datetime.timedelta(seconds=leg.seconds_ago))
    moment = Moment(0.0, at)
    try:
        return _explain(core, config, found, data, moment)
    except ParseError:
        origin = Claim(trunk=trunk, trunk_class=found.trunk_class)
        if unread is None or core.context.class_of(origin, moment) is TrunkClass.NATIONAL:
            raise
        return _refused_unread(core, unread, at)


def _unreadable(data: bytes) -> ParseError | None:
    """What keeps an INVITE from being read; raises ParseError for what is none."""
    try:
        request = parse(data)
    except ParseError as error:
        if not data.startswith(b"INVITE "):
            raise
        return error
    if isinstance(request, Response) or request.method != "INVITE":
        raise ParseError("not an INVITE")
    return None


def _refused_unread(core: Core, unread: ParseError, at: datetime.datetime) -> Explanation:
    """A screened call whose headers nobody can read is answered before it is judged, and does not pass."""
    context = core.context
    verdict = unreadable(unread, context.profile.version, context.register.version, at)
    return Explanation(
        verdict=verdict.outcome.word,
        status=unread.status,
        basis=verdict.basis,
        profile=verdict.profile,
        flags=list(verdict.flags),
        removed=[],
        findings=[{**of_finding(one), "why": f"the message cannot be read: {unread}"} for one in verdict.findings],
    )


def _explain(core: Core, config: Config, trunk: Trunk, data: bytes, moment: Moment) -> Explanation:
    flow = flow_of(trunk)
    waiting = list(core.receive(data, flow, moment))
    record: Record | None = None
    refused: int | None = None
    for output in waiting:
        if isinstance(output, Ask):
            known = {} if config.roaming is None else Table.of(config.roaming).answer(output.questions, moment.utc)
            if len(known) < len(output.questions.numbers):
                return _needs_check(core, output, known, moment)
            waiting += core.answered(output.call, known, moment)
        elif isinstance(output, Record) and output.kind == "verdict":
            record = output
        elif isinstance(output, Send) and output.flow == flow:
            refused = _status(output.data)
    if record is None:
        raise ParseError("the gateway answers it without judging it")
    return _of(record, refused)


def _of(record: Record, refused: int | None) -> Explanation:
    facts: Mapping[str, Any] = record.facts
    findings: Any = printable(record.personal["findings"])
    return Explanation(
        verdict=facts["verdict"],
        status=refused,
        basis=facts["basis"],
        profile=facts["profile"],
        flags=facts["flags"],
        removed=facts["removed"],
        findings=findings,
    )


def _needs_check(core: Core, ask: Ask, known: Mapping[str, Answer], moment: Moment) -> Explanation:
    """What is known before a holder is asked: the findings as they would be if every answer of theirs were good."""
    numbers = [number for number in ask.questions.numbers if number not in known]
    supposed = {number: Answer(Roaming.ABROAD, NEEDS_CHECK) for number in numbers}
    outputs = core.answered(ask.call, {**known, **supposed}, moment)
    (record,) = [output for output in outputs if isinstance(output, Record) and output.kind == "verdict"]
    refused = [_status(output.data) for output in outputs if isinstance(output, Send)]
    explanation = _of(record, refused[-1] if refused and record.facts["verdict"] == _BLOCK else None)
    for finding in explanation.findings:
        if finding["number"] in numbers and finding["position"] not in (Position.DISPLAY, Position.OTHER):
            finding["outcome"] = NEEDS_CHECK
            finding["why"] = (
                f"{finding['number']} in {finding['header']} is a mobile number: its holder would be asked."
            )
    if explanation.verdict == _BLOCK:
        return explanation  # what is known refuses it already
    open_ones = [finding for finding in explanation.findings if finding["outcome"] == NEEDS_CHECK]
    basis = next((one["basis"] for one in open_ones if one["rule"] == RuleName.MOBILE), explanation.basis)
    return attrs.evolve(explanation, verdict=NEEDS_CHECK, basis=basis)


def _status(data: bytes) -> int | None:
    message = parse(data)
    return message.status if isinstance(message, Response) and message.status >= 300 else None


def flow_of(trunk: Trunk, remote: tuple[str, int] | None = None) -> Flow:
    """The flow of what comes to the trunk from there; without it, one that the trunk's first peer could have."""
    if remote is None:
        peer = trunk.peers[0]
        remote = str(peer.network.network_address), peer.port or 5060
    same_family = [socket for socket in trunk.sockets if socket.is_ipv6 == (":" in remote[0])]
    socket = (same_family or list(trunk.sockets))[0]
    return Flow(socket.name, remote)


# Vector files.


@attrs.frozen
class Disagreement:
    """A vector that was judged otherwise than it expects."""

    id: str
    expected: str
    found: str
    basis: str

    def __str__(self) -> str:
        return f"{self.id}: expected {self.expected}, found {self.found} ({self.basis})"


def run_vectors(config: Config, path: Path, at: datetime.datetime) -> tuple[int, list[Disagreement]]:
    """How many vectors a file has, and those that disagree. Raises GatewayError when it is not a vector file."""
    try:
        vectors = [_vector(vector) for vector in orjson.loads(path.read_bytes())["vectors"]]
    except OSError as error:
        raise GatewayError(f"{path} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise GatewayError(f"{path} is not a vector file: {error}") from error
    return len(vectors), list(_disagreements(config, vectors, at))


def _vector(vector: dict[str, Any]) -> dict[str, Any]:
    """The same, its shape tried. Raises KeyError, TypeError and ValueError."""
    texts = [vector[key] for key in ("id", "trunk", "request_uri", "verdict")]
    headers = vector["headers"]
    if not isinstance(headers, list) or not all(isinstance(text, str) for text in [*texts, *headers]):
        raise TypeError(f"{vector['id']}: id, trunk, request_uri and verdict are strings, headers a list of strings")
    bytes.fromhex(vector.get("body", ""))
    return vector


def _disagreements(config: Config, vectors: list[dict[str, Any]], at: datetime.datetime) -> Iterator[Disagreement]:
    for vector in vectors:
        try:
            explanation = explain(config, vector["trunk"], message_of(vector), at)
            found, basis = explanation.verdict, explanation.basis
        except (GatewayError, ParseError) as error:
            found, basis = "nothing", str(error)
        if found != vector["verdict"]:
            yield Disagreement(vector["id"], vector["verdict"], found, basis)


def message_of(vector: Mapping[str, Any]) -> bytes:
    """A vector's Request-URI and headers, completed to a whole INVITE by what it does not say itself.

    Its body, if it has one, is written in hexadecimal digits: ISUP is no text.
    """
    said, body = [_tagged(header) for header in vector["headers"]], bytes.fromhex(vector.get("body", ""))
    names = {key_of(header.partition(":")[0].strip()) for header in said}
    usual = (
        "Via: SIP/2.0/UDP vector.invalid:5060;branch=z9hG4bKvector;rport",
        "Max-Forwards: 70",
        "From: <sip:anonymous@anonymous.invalid>;tag=vector",
        f"To: <{vector['request_uri']}>",
        "Call-ID: vector@vector.invalid",
        "CSeq: 1 INVITE",
        "Contact: <sip:vector.invalid>",
    )
    lines = [
        f"INVITE {vector['request_uri']} SIP/2.0",
        *(line for line in usual if key_of(line.partition(":")[0]) not in names),
        *said,
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def _tagged(header: str) -> str:
    name, _, value = header.partition(":")
    untagged = name.strip().lower() in ("from", "f") and ";tag=" not in value.lower()
    return f"{header};tag=vector" if untagged else header
