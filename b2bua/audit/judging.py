"""INVITEs judged as if they came in by one trunk, by the way that the gateway's own calls go.

Each becomes a `Call` that begins and is then forgotten: the screening, the rules, what is taken out, the route and the
egress guard are those of the daemon. Nobody is asked where a subscriber is: the table of the configuration answers, and
where it does not the verdict is `needs check`.
"""

import datetime
import ipaddress
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Self

import attrs

from b2bua.app import core_of
from b2bua.audit.traffic import Message
from b2bua.call import Ask, Moment, Record
from b2bua.call.acts import Act, Reply
from b2bua.call.call import Call
from b2bua.call.context import Context
from b2bua.call.pair import Pair
from b2bua.config import Config
from b2bua.errors import GatewayError
from b2bua.explain import NEEDS_CHECK, flow_of
from b2bua.identity.later import LaterScreen
from b2bua.roaming import Table
from b2bua.trunk import Trunk
from policy.position import CLI, Position
from policy.profile import RuleName
from policy.roaming import Answer, Roaming
from policy.verdict import Finding, Outcome, Verdict
from sipstack.effects import Key
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Request

#: Calls whose set-up is remembered for what is said in them later.
MOST_CALLS: Final = 20_000
#: Characters of what is kept of such a call.
_LONGEST: Final = 512
#: Rounds of questions one call may take.
_MOST_ROUNDS: Final = 4

_UNASKED: Final = (Position.DISPLAY, Position.OTHER)


@attrs.frozen(kw_only=True)
class Judgement:
    """What would have become of one INVITE."""

    verdict: str
    """pass, strip, withhold, block; `needs check` when a holder would have to be asked."""
    basis: str
    trunk_class: str
    """What it was judged as, which may be another class than its trunk's; "" where nothing was judged."""
    finding: Finding | None
    """The one that decided; of a call that passes, the one that tells who calls. None where nothing was judged."""
    flags: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    """Headers that would lose something."""
    status: int | None = None
    """With what it is refused, by its verdict or for another reason; None when it goes on."""


@attrs.frozen
class _SetUp:
    """What a call leaves behind for what is said in it later."""

    source: str
    screen: LaterScreen


@attrs.define(eq=False)
class Judge:
    """The gateway of a configuration, with one of its trunks."""

    context: Context
    trunk: Trunk
    table: Table | None
    start: float | None = attrs.field(default=None, init=False)
    """When the first message came: the zero of the other clock."""
    _calls: "OrderedDict[str, _SetUp]" = attrs.field(factory=OrderedDict, init=False, repr=False)

    @classmethod
    def of(cls, config: Config, name: str) -> Self:
        """Raises GatewayError when there is no such trunk."""
        free = [attrs.evolve(trunk, max_calls_out=None, max_calls_out_per_second=None) for trunk in config.trunk]
        context = core_of(attrs.evolve(config, trunk=tuple(free)), Ids(bytes)).context
        trunk = context.trunks.by_name.get(name)
        if trunk is None:
            names = ", ".join(sorted(context.trunks.by_name))
            raise GatewayError(f"there is no trunk {name!r} in this configuration; it declares {names}")
        return cls(context, trunk, None if config.roaming is None else Table.of(config.roaming))

    def judge(self, invite: Request, message: Message) -> Judgement | None:
        """What would have become of an INVITE that opens a call; None when it is refused unjudged, as malformed."""
        moment = self._moment(message)
        call = self._call(invite, message, moment)
        acts = call.begin(moment)
        asked: list[str] = []
        for _ in range(_MOST_ROUNDS):
            ask = next((act for act in acts if isinstance(act, Ask)), None)
            if ask is None:
                break
            known = {} if self.table is None else self.table.answer(ask.questions, moment.utc)
            needed = [number for number in ask.questions.numbers if number not in known]
            asked += needed
            acts = call.answered_questions({**known, **_supposed(needed)}, moment)
        verdict = call.pair.verdict
        if verdict is None:
            return None
        self._remember(call, message)
        return _judgement(call, verdict, acts, frozenset(asked))

    def judge_later(self, request: Request, message: Message) -> Outcome | None:
        """What would have become of a re-INVITE or UPDATE; None when it is not judged: it comes from the other side, or
        the set-up of its call is not in the capture, or was not judged either."""
        set_up = self._calls.get(request.call_id)
        if set_up is None or set_up.source != message.source:
            return None
        law, headers, moment = self.context.law, request.headers.copy(), self._moment(message)
        shown = set_up.screen.apply(request, headers, law.profile, law.register, moment)
        enclosed, _ = set_up.screen.content(request, headers, law.profile, law.register, moment)
        return max(shown, enclosed)

    def _call(self, invite: Request, message: Message, moment: Moment) -> Call:
        context = self.context
        leg = context.caller(self.trunk, self._flow(message), invite, context.ids.tag(), moment)
        return Call(pair=Pair(call=context.ids.call_id(), context=context, a=leg), key=Key("audit"), invite=invite)

    def _flow(self, message: Message) -> Flow:
        """The way it came, if its source is a peer of the trunk; else that of the trunk's first peer."""
        source = ipaddress.ip_address(message.source)
        is_peer = any(peer.admits(source, message.port) for peer in self.trunk.peers)
        return flow_of(self.trunk, (message.source, message.port) if is_peer else None)

    def _moment(self, message: Message) -> Moment:
        self.start = message.at if self.start is None else min(self.start, message.at)
        return Moment(message.at - self.start, datetime.datetime.fromtimestamp(message.at, datetime.UTC))

    def _remember(self, call: Call, message: Message) -> None:
        """Keeps what later messages of a call are judged by, where they are judged at all."""
        screen = call.pair.screen(call.a)
        if screen is None or max(len(call.a.call_id), len(screen.identity), len(screen.claim.called)) > _LONGEST:
            return
        self._calls[call.a.call_id] = _SetUp(message.source, screen)
        if len(self._calls) > MOST_CALLS:
            self._calls.popitem(last=False)


def _supposed(numbers: Sequence[str]) -> dict[str, Answer]:
    """The answers of holders whom nobody asks: good, so that all else is seen."""
    return {number: Answer(Roaming.ABROAD, NEEDS_CHECK) for number in numbers}


def _judgement(call: Call, verdict: Verdict, acts: list[Act], asked: frozenset[str]) -> Judgement:
    is_open = bool(asked) and verdict.outcome is not Outcome.BLOCK
    finding = _open(verdict, asked) if is_open else _telling(verdict)
    record = next((act for act in acts if isinstance(act, Record) and act.kind == "verdict"), None)
    removed = record.facts.get("removed") if record is not None else None
    # A trunk that only asks is told by 302 and 404 too that it may make the call.
    least = 300 if call.a.trunk.redirect is None else 600
    refused = [act.response.status for act in acts if isinstance(act, Reply) and act.response.status >= least]
    return Judgement(
        verdict=NEEDS_CHECK if is_open else verdict.outcome.word,
        basis=finding.basis if is_open and finding is not None and finding.rule == RuleName.MOBILE else verdict.basis,
        trunk_class=str(verdict.trunk_class),
        finding=finding,
        flags=verdict.flags,
        removed=tuple(map(str, removed)) if isinstance(removed, list) else (),
        status=next(iter(refused), None),
    )


def _open(verdict: Verdict, asked: frozenset[str]) -> Finding | None:
    """The finding on a number that a holder would be asked about."""
    found = [f for f in verdict.findings if f.number in asked and f.position not in _UNASKED]
    return next((f for f in found if f.rule == RuleName.MOBILE), next(iter(found or verdict.findings), None))


def _telling(verdict: Verdict) -> Finding | None:
    """The finding by which a decided INVITE is counted."""
    if verdict.outcome is Outcome.PASS:
        wanted = [f for f in verdict.findings if f.position in CLI and f.number is not None]
    else:
        wanted = [f for f in verdict.findings if f.outcome is verdict.outcome]
    return next(iter(wanted or verdict.findings), None)
