"""The audit itself: which messages of a capture are judged, and what is counted of each."""

import ipaddress
from collections.abc import Iterable
from typing import Final

import attrs

from b2bua.audit.capture import Capture, Readable
from b2bua.audit.judging import Judge
from b2bua.audit.report import Report
from b2bua.audit.traffic import Message, Traffic
from b2bua.config import Config
from sipstack.errors import ParseError
from sipstack.message import Request, parse

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: INVITEs remembered, so that each is judged once.
MOST_REMEMBERED: Final = 200_000

_INVITE: Final = b"INVITE "
_LATER: Final = b"UPDATE "


def audit(
    config: Config, trunk: str, file: Readable, *, name: str, sources: Iterable[Network] = (), is_masked: bool = False
) -> Report:
    """What the rules would have done to the traffic of a capture, had it come in by that trunk.

    `name` is what the report calls the file; of `sources`, when there are any, INVITEs from elsewhere are only counted.
    Raises GatewayError when there is no such trunk, CaptureError when the file is no capture.
    """
    judge = Judge.of(config, trunk)
    traffic = Traffic(Capture.open(file, name))
    networks = tuple(sources)
    report = Report(
        file=name,
        trunk=trunk,
        trunk_class=str(judge.trunk.trunk_class),
        profile=judge.context.profile.version,
        register=judge.context.register.version,
        is_masked=is_masked,
        seen=traffic.seen,
        sources=[str(network) for network in networks],
    )
    auditor = _Auditor(judge, report, networks)
    for message in traffic.messages():
        auditor.take(message)
    return report


@attrs.define(eq=False)
class _Auditor:
    judge: Judge
    report: Report
    sources: tuple[Network, ...]
    _known: dict[int, int] = attrs.field(factory=dict, init=False, repr=False)
    """Digests of INVITEs that were met, with that of their topmost branch."""

    def take(self, message: Message) -> None:
        """One message."""
        data = message.data.lstrip(b"\r\n")
        is_invite = data.startswith(_INVITE)
        if not is_invite and not data.startswith(_LATER):
            return
        if self.sources and not self._is_wanted(message.source):
            self.report.elsewhere += is_invite
            return
        if message.fault is not None:
            self._unreadable(message, message.fault, None, is_invite=is_invite)
            return
        try:
            request = parse(data)
        except ParseError as error:
            self._unreadable(message, error.reason, error.status, is_invite=is_invite)
            return
        if isinstance(request, Request):
            self._take(request, message, is_invite=is_invite)

    def _take(self, request: Request, message: Message, *, is_invite: bool) -> None:
        if request.to.tag is not None:
            self.report.later_judged(self.judge.judge_later(request, message))
        elif is_invite and self._is_new(request):
            judgement = self.judge.judge(request, message)
            if judgement is None:
                self.report.unreadable(message, "Malformed", 400)
            else:
                self.report.judged(message, request, judgement)

    def _is_new(self, invite: Request) -> bool:
        """Whether it was not met before, by this branch or another (RFC 3261 §17.2.3, §8.2.2.2).

        From is a part of the name with all its text: who asks with another caller asks something else.
        """
        name = hash((invite.call_id, invite.headers.first("from"), invite.cseq.number))
        branch = hash(invite.via.branch)
        known = self._known.get(name)
        if known is not None:
            self.report.retransmissions += known == branch
            self.report.forks += known != branch
            return False
        self._remember(name, branch)
        return True

    def _unreadable(self, message: Message, reason: str, status: int | None, *, is_invite: bool) -> None:
        if not is_invite:
            return
        name = hash(message.data)
        if name in self._known:
            self.report.retransmissions += 1
            return
        self._remember(name, name)
        self.report.unreadable(message, reason, status)

    def _remember(self, name: int, branch: int) -> None:
        self._known[name] = branch
        if len(self._known) > MOST_REMEMBERED:
            del self._known[next(iter(self._known))]

    def _is_wanted(self, source: str) -> bool:
        address = ipaddress.ip_address(source)
        return any(address in network for network in self.sources)
