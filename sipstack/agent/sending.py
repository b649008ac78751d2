"""Requests of ours on their way: next hops, targets, credentials, CANCEL, and the ACK to a 2xx.

RFC 3261 §8.1.2 (which next hop), §8.1.3.1 (what never came counts as 408 or 503), §9.1, §13.2.2.4 and §22; RFC 3263 §4.
It speaks to the transaction layer below and knows nothing of calls: what comes of a request is an `Outcome`.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

import attrs

from sipstack.agent.acts import Acknowledge, Ask
from sipstack.agent.attempt import Attempt
from sipstack.agent.listener import Listener
from sipstack.auth import Account, DigestClient, repeated_in_ack
from sipstack.auth.client import CREDENTIALS
from sipstack.effects import Answered, Cause, Effect, Key, Send
from sipstack.errors import StateError
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.locate import FailureMemory, Hunt, Locate, Located, Preferences, Target, retry_after, search
from sipstack.message import Response, response_to
from sipstack.transaction import TransactionLayer
from sipstack.values import SipUri, parse_uri

Fields = Iterable[tuple[str, str]]

_LARGEST_FORK: Final = 16
"""ACKs kept for repeated 2xx, per INVITE."""
_MOST_DOMAINS: Final = 4_096
_MOST_CHALLENGES: Final = 8
"""Of one request: each proxy on its way may ask once, but nobody may have us come back for ever."""


@attrs.define
class Outcome:
    """A response to the request, or our own word in place of one."""

    attempt: Attempt
    response: Response


@attrs.define
class Renewed:
    """The request is about to go out by another transaction; what came by the last one counts no more."""

    attempt: Attempt


Step: TypeAlias = Effect | Locate | Outcome | Renewed
"""What comes of an input: effects of the layer, for its user to take in, and what is said of requests."""


@attrs.define(eq=False, repr=False, kw_only=True)
class Sending:
    """All requests of one user agent that have no final response, and the INVITEs whose 2xx may come again."""

    layer: TransactionLayer
    ids: Ids
    listeners: tuple[Listener, ...]
    accounts: tuple[Account, ...]
    preferences: Preferences
    memory: FailureMemory
    domains: dict[tuple[str, int], str]
    _attempts: dict[str, Attempt] = attrs.field(factory=dict, init=False)
    """By token."""
    _asked: dict[Key, Attempt] = attrs.field(factory=dict, init=False)
    """By the transaction that runs."""
    _unsent_acks: dict[str, Acknowledge] = attrs.field(factory=dict, init=False)
    """ACKs whose next hop is being looked for, by branch."""
    _clients: dict[str, DigestClient] = attrs.field(factory=dict, init=False)
    """By the host the next hop leads to."""

    def __attrs_post_init__(self) -> None:
        spoken = {listener.transport for listener in self.listeners}
        if not spoken or not spoken.issuperset(self.preferences.transports):
            raise StateError(f"listeners for {sorted(spoken)} and {self.preferences.transports} preferred")

    def __len__(self) -> int:
        return len(self._attempts)

    # What our side wants.

    def begin(self, ask: Ask, now: float) -> list[Step]:
        """Send a request wherever its hop leads. Raises ParseError when the hop is no URI."""
        wanted = parse_uri(ask.hop)
        attempt = self._attempts[ask.token] = Attempt(
            token=ask.token,
            request=ask.request,
            hop=ask.hop,
            owner=ask.owner,
            dialog=ask.dialog,
            authorize=ask.authorize,
        )
        client = self._client(attempt)
        if client is not None:
            request = ask.request
            self._authorize(attempt, client.credentials(request.method, request.uri, request.body))
        findings = search(wanted, _nothing_known, self.preferences)
        if findings.questions:
            return [Locate(ask.token, wanted)]
        return self._found(attempt, Located(ask.token, findings.targets, findings.miss), now)

    def acknowledge(self, act: Acknowledge) -> list[Step]:
        """Send an ACK to a 2xx: it has a next hop of its own (§13.2.2.4), and no transaction."""
        attempt = self._attempts.get(act.token)
        if attempt is None:
            return []  # 64*T1 are over, and whoever waited for it has given up
        self._keep(attempt, act, act)
        wanted = parse_uri(act.hop)
        findings = search(wanted, _nothing_known, self.preferences)
        if not findings.questions:
            return self._send_ack(act, findings.targets)
        branch = act.ack.via.branch or ""
        if branch in self._unsent_acks:
            return []
        self._unsent_acks[branch] = act
        return [Locate(branch, wanted)]

    def withdraw(self, token: str, headers: tuple[tuple[str, str], ...], now: float) -> list[Step]:
        """CANCEL an INVITE (§9.1)."""
        attempt = self._attempts.get(token)
        if attempt is None:
            return []
        attempt.withdrawn = headers
        if attempt.hunt is None:
            return self._conclude(attempt, response_to(attempt.request, 487))
        attempt.hunt.stop()
        return [] if attempt.key is None else [*self.layer.cancel(attempt.key, now, headers)]

    # What has come.

    def located(self, located: Located, now: float) -> list[Step]:
        """The answer to a `Locate`."""
        ack = self._unsent_acks.pop(located.token, None)
        if ack is not None:
            return self._send_ack(ack, located.targets)
        attempt = self._attempts.get(located.token)
        return [] if attempt is None or attempt.hunt is not None else self._found(attempt, located, now)

    def answered(self, effect: Answered, now: float) -> list[Step]:
        """A response to one of them."""
        attempt = self._asked.get(effect.key)
        if attempt is None or attempt.hunt is None:
            return []
        response = effect.response
        repeated = attempt.acks.get(response.to.tag or "") if 200 <= response.status < 300 else None
        if repeated is not None:
            return [repeated] if isinstance(repeated, Send) else self.acknowledge(repeated)
        following = attempt.hunt.answered(response.status, now, retry_after(response))
        if following is not None:
            return self._try(attempt, following, now)
        fields = self._challenged(attempt, response)
        if fields is not None and attempt.withdrawn is None and attempt.hunt.target is not None:
            return self._try_authorized(attempt, fields, attempt.hunt.target, now)
        return self._conclude(attempt, response)

    def failed(self, key: Key, cause: Cause, now: float) -> list[Step]:
        """One of them gets no final response."""
        attempt = self._asked.get(key)
        if attempt is None or attempt.hunt is None:
            return []
        hunt = attempt.hunt
        following = hunt.unreachable(now) if cause is Cause.TRANSPORT else hunt.timed_out(now)
        if following is not None:
            return self._try(attempt, following, now)
        status = 487 if attempt.withdrawn is not None else 503 if cause is Cause.TRANSPORT else 408
        return self._conclude(attempt, response_to(attempt.request, status))

    def ended(self, key: Key) -> None:
        """A transaction is over; with that of an accepted INVITE, so is the time of repeated 2xx."""
        attempt = self._asked.pop(key, None)
        if attempt is not None and attempt.key == key:
            self._attempts.pop(attempt.token, None)

    # Target after target.

    def _found(self, attempt: Attempt, located: Located, now: float) -> list[Step]:
        attempt.hunt = hunt = Hunt.start(located.targets, self.memory, now)
        if hunt.target is None:
            status = 503 if located.miss is None else located.miss.status
            return self._conclude(attempt, response_to(attempt.request, status))
        return self._try(attempt, hunt.target, now)

    def _try(self, attempt: Attempt, target: Target, now: float) -> list[Step]:
        steps: list[Step] = []
        if attempt.key is not None:
            self._asked.pop(attempt.key, None)
            steps.append(Renewed(attempt))
        self._name(target)
        flow = self._flow(target)
        attempt.renew(self._listener(target).via(self.ids.branch()))
        key, effects = self.layer.request(attempt.request, flow, now, self._stream_beside(flow))
        attempt.key = key
        self._asked[key] = attempt
        return [*steps, *effects]

    def _conclude(self, attempt: Attempt, response: Response) -> list[Step]:
        if response.status >= 200 and not (attempt.request.method == "INVITE" and response.status < 300):
            self._attempts.pop(attempt.token, None)
        return [Outcome(attempt, response)]

    def _send_ack(self, act: Acknowledge, targets: tuple[Target, ...]) -> list[Step]:
        attempt = self._attempts.get(act.token)
        if attempt is None or not targets:
            return []  # when the 2xx comes again, the next hop is looked for again
        target = targets[0]
        if target.host != target.address or target.remote not in self.domains:
            # A bare address stands for nobody: where the INVITE has asked there for a domain, its ACK does too.
            self._name(target)
        act.ack.headers.replace_top("via", self._listener(target).via(self.ids.branch()))
        for name in CREDENTIALS:
            act.ack.headers.remove(name)
        for name, value in repeated_in_ack(attempt.request):
            act.ack.headers.add(name, value)
        send = Send(self._flow(target), act.ack.encode())
        self._keep(attempt, act, send)
        return [send]

    def _keep(self, attempt: Attempt, act: Acknowledge, ack: Send | Acknowledge) -> None:
        tag = act.answer.to.tag or ""
        if tag in attempt.acks or len(attempt.acks) < _LARGEST_FORK:
            attempt.acks[tag] = ack

    # Credentials.

    def _client(self, attempt: Attempt) -> DigestClient | None:
        """The credentials for its next hop: what one peer has asked for is shown to no other."""
        if not self.accounts or not attempt.authorize:
            return None
        uri = parse_uri(attempt.hop)
        # `maddr` leads elsewhere than the host says: whoever writes a Contact could send another's credentials there.
        host = (uri.parameters.get("maddr") or uri.host).lower() if isinstance(uri, SipUri) else ""
        client = self._clients.get(host)
        if client is None:
            if len(self._clients) >= _MOST_DOMAINS:
                self._clients.clear()
            client = self._clients[host] = DigestClient(self.accounts, self.ids.randbytes)
        return client

    def _challenged(self, attempt: Attempt, response: Response) -> Fields | None:
        """The credentials that a final response asks for, when we have them; other finals may bring the next nonce."""
        client = self._client(attempt) if response.status >= 200 else None
        if client is None or attempt.challenges >= _MOST_CHALLENGES:
            return None
        return client.answer(attempt.request, response)

    def _try_authorized(self, attempt: Attempt, fields: Fields, target: Target, now: float) -> list[Step]:
        """The same request with credentials, as a new one to the same target (§22.2), the others still behind it."""
        attempt.challenges += 1
        attempt.renumber()
        self._authorize(attempt, fields)
        others = () if attempt.hunt is None else attempt.hunt.targets[attempt.hunt.targets.index(target) + 1 :]
        attempt.hunt = Hunt.start((target, *others), self.memory, now)
        return self._try(attempt, attempt.hunt.target or target, now)

    def _authorize(self, attempt: Attempt, fields: Fields) -> None:
        """Credentials in place of those it has; when there are none, what the application wrote itself stays."""
        fresh = tuple(fields)
        for name in CREDENTIALS if fresh else ():
            attempt.request.headers.remove(name)
        for name, value in fresh:
            attempt.request.headers.add(name, value)

    # Where we send from.

    def listener_for(self, uri: str) -> Listener:
        """The address that a Contact for this URI will name; the way is chosen later, target by target.

        Raises ParseError when it is no URI.
        """
        targets = search(parse_uri(uri), _nothing_known, self.preferences).targets
        if targets:
            return self._listener(targets[0])
        return next(own for own in self.listeners if own.transport == self.preferences.transports[0])

    def _listener(self, target: Target) -> Listener:
        """Our address of that transport, of the same family where there is one."""
        fitting = [own for own in self.listeners if own.transport == target.transport]
        return next((own for own in fitting if (":" in own.host) is (":" in target.address)), fitting[0])

    def _name(self, target: Target) -> None:
        """Note whom a TLS peer at this address must prove to be (RFC 5922 §7.3)."""
        if len(self.domains) >= _MOST_DOMAINS:
            self.domains.clear()
        self.domains[target.remote] = target.host

    def _flow(self, target: Target) -> Flow:
        return Flow(self._listener(target).name, target.remote, target.transport)

    def _stream_beside(self, flow: Flow) -> Flow | None:
        """The way over TCP to the same place, for a request too large for UDP (§18.1.1)."""
        tcp = next((own for own in self.listeners if own.transport == "TCP"), None)
        return None if tcp is None or flow.reliable else Flow(tcp.name, flow.remote, "TCP")


def _nothing_known(question: object) -> None:
    return None
