"""A binding kept alive at a registrar: REGISTER as a client sends it (RFC 3261 §10.2, RFC 5626 §4.2 and §4.5).

One machine keeps one binding of one address-of-record. It refreshes before the granted time is over, learns a longer
interval from 423, answers challenges, and backs off with jitter when it fails. Path (RFC 3327) is supported and
Service-Route (RFC 3608) handed on. No GRUU (RFC 5627); a redirection is a failure like others.
"""

import enum
from typing import Final, TypeAlias

import attrs

from sipstack.auth import DigestClient
from sipstack.effects import Cause
from sipstack.errors import ParseError, StateError
from sipstack.ids import Ids
from sipstack.message import Request, Response
from sipstack.message import request as build
from sipstack.values.address import Address
from sipstack.values.equivalence import same_uri
from sipstack.values.grammar import number, quote, unquote
from sipstack.values.parameters import NO_PARAMETERS, Parameters
from sipstack.values.uri import parse_uri

_HIGHEST: Final = 2**32 - 1
_MOST_ADJUSTMENTS: Final = 3
_MOST_DOUBLINGS: Final = 16


class State(enum.Enum):
    """Where a registration is."""

    IDLE = "idle"
    """Nothing is wanted, or it was given up."""
    REGISTERING = "registering"
    REGISTERED = "registered"
    WAITING = "waiting"
    """It failed and will be tried again."""
    UNREGISTERING = "unregistering"


IDLE = State.IDLE
REGISTERING = State.REGISTERING
REGISTERED = State.REGISTERED
WAITING = State.WAITING
UNREGISTERING = State.UNREGISTERING


def _is_uri(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    try:
        parse_uri(value)
    except ParseError as error:
        raise StateError(f"{attribute.name} is no URI: {value!r}") from error


@attrs.frozen(kw_only=True)
class Binding:
    """What is to be registered where, and how patiently. Raises StateError when it cannot be."""

    registrar: str = attrs.field(validator=_is_uri)
    """The Request-URI: the domain without a user, as in `sip:example.com` (§10.2)."""
    aor: str = attrs.field(validator=_is_uri)
    """The address-of-record, a URI: who is to be found."""
    contact: str = attrs.field(validator=_is_uri)
    """The URI where to find them."""
    parameters: Parameters = NO_PARAMETERS
    """More of the Contact, such as `q`; neither `expires` nor what `instance` and `reg_id` say."""
    route: tuple[str, ...] = ()
    """Route values for the REGISTER, an outbound proxy's `<sip:proxy;lr>` first."""
    headers: tuple[tuple[str, str], ...] = ()
    """Others to send along, such as User-Agent or Allow."""
    instance: str = ""
    """`urn:uuid:...`: which device this is, whatever its addresses (RFC 5626 §4.1)."""
    reg_id: int | None = attrs.field(default=None)
    """Which of the device's flows (RFC 5626 §4.2); asks for outbound, and needs `instance`."""
    expires: int = attrs.field(default=3600)
    """Seconds to ask for."""
    longest: int = 7 * 24 * 3600
    """Seconds beyond which a 423 cannot push us."""
    refresh_before: float = 600.0
    """Seconds before the end, but at most half of the time granted."""
    shortest: float = 5.0
    """Seconds between two tries at least, whatever the registrar grants."""
    first_pause: float = 30.0
    """Doubled at each failure in a row; between the half and the whole of it is drawn (RFC 5626 §4.5)."""
    longest_pause: float = 1800.0
    """No pause is longer, even if Retry-After says so; to that, up to a tenth is added by chance."""
    give_up_on: frozenset[int] = frozenset({401, 403, 404, 405, 407, 416, 420, 501, 505, 604})
    """Answers that trying again will not change; 401 and 407 when they cannot be answered (any more)."""

    @expires.validator
    def _is_positive(self, _: object, value: int) -> None:
        if not 1 <= value <= _HIGHEST:
            raise StateError(f"not a time to register for: {value}")

    @reg_id.validator
    def _has_instance(self, _: object, value: int | None) -> None:
        if value is not None and not self.instance:
            raise StateError("reg-id without instance")


@attrs.define
class Register:
    """Send this request by a new transaction, as `Ask` does; it still lacks a Via."""

    request: Request
    hop: str
    """The URI of the next hop: the topmost route, else the registrar."""


@attrs.define
class Registered:
    """The binding stands until `expires_at`, and is refreshed before."""

    expires_at: float
    listed: bool
    """Whether the answer lists our contact: not where addresses are rewritten on the way; elsewhere it is a warning."""
    proved: bool | None = attrs.field(default=None, kw_only=True)
    """Whether the registrar has shown that it knows our secret (`DigestClient.proves`)."""
    path: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    """By which way requests will come: the Path values the registrar has stored (RFC 3327 §5.3)."""
    service_route: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    """Route values for requests other than REGISTER, in their order (RFC 3608 §5)."""
    outbound: bool = attrs.field(default=False, kw_only=True)
    """The flow will be used for requests to us, so it is to be kept alive (RFC 5626 §4.2.1)."""
    flow_timer: float | None = attrs.field(default=None, kw_only=True)
    """Seconds after which the server takes a silent flow for dead (RFC 5626 §4.4)."""


@attrs.define
class Unregistered:
    """The registrar has removed what we asked it to."""


@attrs.define
class RegisterFailed:
    """A try has failed; a binding that still stands, stands until its end."""

    status: int | None
    """Of the answer; None when there was none."""
    reason: str
    retry_at: float | None
    """None: given up, until `register` is called."""


@attrs.define
class Lapsed:
    """The time of the binding is over and it was not renewed: we cannot be found."""


Outcome: TypeAlias = Register | Registered | Unregistered | RegisterFailed | Lapsed
Outcomes: TypeAlias = tuple[Outcome, ...]


@attrs.define(eq=False, repr=False)
class Registration:
    """One binding. Call `register`, give it the final responses to what it sends, and `tick` at each `deadline`.

    Never two requests at once: what is wanted meanwhile waits for the answer (§10.2).
    """

    binding: Binding
    ids: Ids
    auth: DigestClient | None = None
    state: State = attrs.field(default=IDLE, init=False)
    call_id: str = attrs.field(init=False)
    """One for all REGISTERs (§10.2)."""
    tag: str = attrs.field(init=False)
    cseq: int = attrs.field(default=0, init=False)
    """The number of the last REGISTER; the next is one higher (§10.2)."""
    expires: int = attrs.field(init=False)
    """What is asked for: the setting, or more after a 423."""
    expires_at: float | None = attrs.field(default=None, init=False)
    """The end of the binding that stands; None when none does."""
    pending: Request | None = attrs.field(default=None, init=False)
    """What has no final response yet."""
    wanted: bool = attrs.field(default=False, init=False)
    everything: bool = attrs.field(default=False, init=False)
    """Unregister all contacts, not only ours."""
    failures: int = attrs.field(default=0, init=False)
    """In a row."""
    _sent_at: float = attrs.field(default=0.0, init=False)
    _due: float | None = attrs.field(default=None, init=False)
    _adjustments: int = attrs.field(default=0, init=False)

    @call_id.default
    def _a_call_id(self) -> str:
        return self.ids.call_id()

    @tag.default
    def _a_tag(self) -> str:
        return self.ids.tag()

    @expires.default
    def _as_set(self) -> int:
        return self.binding.expires

    def register(self, now: float) -> Outcomes:
        """Register, or refresh at once, as after a change of address; also after having given up."""
        self.wanted = True
        self.everything = False
        return () if self.pending is not None else self._send(now)

    def unregister(self, now: float, *, everything: bool = False) -> Outcomes:
        """Remove our contact, or `everything` that is registered for the address-of-record (§10.2.2)."""
        self.wanted = False
        self.everything = everything
        return () if self.pending is not None else self._send(now)

    def receive(self, response: Response, now: float) -> Outcomes:
        """A response to the request that is out; provisional ones and those to others change nothing."""
        request = self.pending
        if request is None or response.status < 200 or response.cseq.number != self.cseq:
            return ()
        self.pending = None
        fields = None if self.auth is None else self.auth.answer(request, response)
        if fields is not None:
            return self._send(now, fields)
        if response.status == 423 and self._takes_longer(response):
            return self._send(now)
        if response.status < 300:
            return self._succeed(request, response, now)
        return self._fail(response.status, response.reason, _seconds(response, "retry-after"), now)

    def failed(self, cause: Cause, now: float) -> Outcomes:
        """The request that is out gets no answer: its transaction timed out, or nobody could be reached."""
        if self.pending is None:
            return ()
        self.pending = None
        return self._fail(None, cause.value, None, now)

    def deadline(self) -> float | None:
        """When `tick` is due next, or None."""
        due = [at for at in (self._due, self.expires_at) if at is not None]
        return min(due) if due else None

    def tick(self, now: float) -> Outcomes:
        """The clock has moved: a refresh or another try may be due, or the binding has lapsed."""
        lapsed: Outcomes = ()
        if self.expires_at is not None and now >= self.expires_at:
            self.expires_at = None
            lapsed = (Lapsed(),)
        if self._due is not None and now >= self._due:
            return lapsed + self._send(now)
        return lapsed

    def _send(self, now: float, fields: tuple[tuple[str, str], ...] | None = None) -> Outcomes:
        binding = self.binding
        if fields is None:
            fields = () if self.auth is None else self.auth.credentials("REGISTER", binding.registrar)
        self.cseq += 1
        self.state = REGISTERING if self.wanted else UNREGISTERING
        self._sent_at = now
        self._due = None
        headers = [
            *(("Route", route) for route in binding.route),
            ("Max-Forwards", "70"),
            ("From", f"<{binding.aor}>;tag={self.tag}"),
            ("To", f"<{binding.aor}>"),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.cseq} REGISTER"),
            ("Contact", self._contact()),
            # Registrars are about that know only this header, and for `*` it is the rule.
            ("Expires", str(self.expires if self.wanted else 0)),
            ("Supported", "path" if binding.reg_id is None else "path, outbound"),
            *binding.headers,
            *fields,
        ]
        self.pending = build("REGISTER", binding.registrar, headers)
        hop = str(Address.parse(binding.route[0]).uri) if binding.route else binding.registrar
        return (Register(self.pending, hop),)

    def _contact(self) -> str:
        binding = self.binding
        if self.everything and not self.wanted:
            return "*"
        parameters = binding.parameters.with_("expires", str(self.expires if self.wanted else 0))
        if binding.instance:
            parameters = parameters.with_("+sip.instance", quote(f"<{binding.instance}>"))
        if binding.reg_id is not None:
            parameters = parameters.with_("reg-id", str(binding.reg_id))
        return f"<{binding.contact}>{parameters}"

    def _takes_longer(self, response: Response) -> bool:
        """423: whether the registrar names an interval that is longer, and that we can live with (§10.2.8)."""
        least = _seconds(response, "min-expires")
        self._adjustments += 1
        if least is None or not self.expires < least <= self.binding.longest or self._adjustments > _MOST_ADJUSTMENTS:
            return False
        self.expires = least
        return self.wanted

    def _succeed(self, request: Request, response: Response, now: float) -> Outcomes:
        if self.state is UNREGISTERING:
            return self._end(now)
        granted, listed = self._granted(response)
        if granted == 0:
            return self._fail(response.status, "Nothing Granted", None, now)
        self.failures = self._adjustments = 0
        self.state = REGISTERED
        # The registrar cannot have begun to count before it was asked: so counted, ours ends first.
        self.expires_at = self._sent_at + granted
        lead = min(self.binding.refresh_before, granted / 2)
        self._due = max(self.expires_at - lead, now + self.binding.shortest)
        # What was wanted while the request was out has its turn.
        return (self._registered(request, response, self.expires_at, listed), *(() if self.wanted else self._send(now)))

    def _end(self, now: float) -> Outcomes:
        """Unregistered; unless it is wanted again by now."""
        self.state = IDLE
        self.expires_at = None
        return (Unregistered(), *(self._send(now) if self.wanted else ()))

    def _registered(self, request: Request, response: Response, expires_at: float, listed: bool) -> Registered:
        flow_timer = _seconds(response, "flow-timer")
        return Registered(
            expires_at,
            listed,
            proved=None if self.auth is None else self.auth.proves(request, response),
            path=_values(response, "path"),
            service_route=_values(response, "service-route"),
            outbound="outbound" in [tag.lower() for tag in _values(response, "require")],
            flow_timer=None if not flow_timer else float(flow_timer),
        )

    def _granted(self, response: Response) -> tuple[int, bool]:
        """For how many seconds, and whether our contact is listed (§10.2.4).

        The time of a contact is its parameter, else the Expires header, else what was asked for.
        """
        ours = self._ours(_contacts(response))
        text = None if ours is None else ours.parameters.get("expires")
        granted = None if text is None else number(text, _HIGHEST)
        if granted is None:
            granted = _seconds(response, "expires")
        return (self.expires if granted is None else granted), ours is not None

    def _ours(self, contacts: list[Address]) -> Address | None:
        """By URI comparison (§10.2.4), else by the device and flow, which outlive addresses (RFC 5626 §6)."""
        uri = parse_uri(self.binding.contact)
        by_uri = [contact for contact in contacts if same_uri(contact.uri, uri)]
        by_flow = [contact for contact in contacts if self.binding.instance and self._is_our_flow(contact.parameters)]
        return next(iter(by_uri + by_flow), None)

    def _is_our_flow(self, parameters: Parameters) -> bool:
        instance = unquote(parameters.get("+sip.instance") or "")
        reg_id = None if self.binding.reg_id is None else str(self.binding.reg_id)
        return instance.lower() == f"<{self.binding.instance}>".lower() and parameters.get("reg-id") == reg_id

    def _fail(self, status: int | None, reason: str, retry_after: int | None, now: float) -> Outcomes:
        leaving = self.state is UNREGISTERING
        self.failures += 1
        if leaving and not self.wanted:
            # The binding will lapse by itself: one that is not wanted is not worth another try.
            self.state = IDLE
            return (RegisterFailed(status, reason, None),)
        if not self.wanted:
            return (RegisterFailed(status, reason, None), *self._send(now))
        if status in self.binding.give_up_on and not leaving:
            self.state = IDLE
            return (RegisterFailed(status, reason, None),)
        self.state = WAITING
        self._due = now + self._pause(retry_after)
        return (RegisterFailed(status, reason, self._due),)

    def _pause(self, retry_after: int | None) -> float:
        """Seconds until the next try: what the server says, or twice the last pause; never all clients at once."""
        binding = self.binding
        chance = int.from_bytes(self.ids.randbytes(4)) / 2**32
        if retry_after is not None:
            return min(max(float(retry_after), binding.shortest), binding.longest_pause) * (1 + chance / 10)
        doubled = binding.first_pause * float(1 << min(self.failures, _MOST_DOUBLINGS))
        return max(min(doubled, binding.longest_pause) * (0.5 + chance / 2), binding.shortest)

    def __repr__(self) -> str:
        due = self.deadline()
        return f"<Registration {self.binding.aor} {self.state.value}{'' if due is None else f', due at {due:g}'}>"


def _contacts(response: Response) -> list[Address]:
    """Those that can be read: somebody else's odd contact does not undo our binding."""
    found: list[Address] = []
    for value in _values(response, "contact"):
        try:
            found.append(Address.parse(value))
        except ParseError:
            continue
    return found


def _values(response: Response, key: str) -> tuple[str, ...]:
    try:
        return tuple(response.headers.values(key))
    except ParseError:
        return ()


def _seconds(response: Response, key: str) -> int | None:
    """The number a header begins with (Retry-After may go on); None when there is none."""
    text = (response.headers.first(key) or "").partition("(")[0].partition(";")[0]
    return number(text.strip(" \t"), _HIGHEST)
