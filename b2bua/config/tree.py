"""The shape of the configuration: one frozen tree, what each key means in its docstring."""

import enum
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from b2bua.config.address import Endpoint, Peer
from b2bua.config.header_rule import HeaderRule
from b2bua.config.media import Media, TrunkMedia
from b2bua.config.password import Password
from b2bua.config.roaming import Roaming
from b2bua.config.store import Clerk, Store
from policy.claim import TrunkClass
from policy.profile import Profile as PolicyProfile
from policy.register import (
    Agreement,
    Attestation,
    BlockedUser,
    CallerList,
    Consent,
    Decision,
    DoNotOriginate,
    Dossier,
    Entry,
    MobileRange,
    Node,
    Shadow,
    Suspension,
)
from policy.register import Register as PolicyRegister

_COUNT = attrs.validators.optional([attrs.validators.ge(0), attrs.validators.le(1_000_000)])
_RATE = attrs.validators.optional([attrs.validators.ge(0.01), attrs.validators.le(100_000.0)])
_SHARE = attrs.validators.and_(attrs.validators.ge(0.0), attrs.validators.le(1.0))
_PAUSE = attrs.validators.and_(attrs.validators.ge(0.5), attrs.validators.le(3_600.0))


def _off_or(least: int, most: int) -> Callable[[object, "attrs.Attribute[int]", int], None]:
    """A number of seconds, or 0 for what is not to be at all."""

    def judge(_: object, field: "attrs.Attribute[int]", value: int) -> None:
        if value and not least <= value <= most:
            raise ValueError(f"'{field.name}' must be 0, or from {least} to {most}: {value}")

    return judge


def _one_of(*values: int) -> Callable[[object, "attrs.Attribute[int]", int], None]:
    def judge(_: object, field: "attrs.Attribute[int]", value: int) -> None:
        if value not in values:
            raise ValueError(f"'{field.name}' must be {' or '.join(map(str, values))}: {value}")

    return judge


@attrs.frozen(kw_only=True)
class Sip:
    """`[sip]`: the times the stack runs by."""

    t1_ms: int = attrs.field(default=500, validator=[attrs.validators.ge(10), attrs.validators.le(5_000)])
    """RFC 3261's T1, milliseconds: the expected round trip. Everything else of a transaction scales with it."""
    t2_ms: int = attrs.field(default=4_000, validator=[attrs.validators.ge(10), attrs.validators.le(60_000)])
    """RFC 3261's T2, milliseconds: the longest pause between two sendings."""
    t4_ms: int = attrs.field(default=5_000, validator=[attrs.validators.ge(10), attrs.validators.le(60_000)])
    """RFC 3261's T4, milliseconds: how long the network may hold a message."""
    no_answer_seconds: int = attrs.field(default=180, validator=[attrs.validators.ge(1), attrs.validators.le(3_600)])
    """How long a call may ring before it is cancelled (RFC 3261 §16.6 timer C asks for more than three minutes of a
    proxy; a B2BUA may choose)."""
    max_call_seconds: int = attrs.field(
        default=14_400, validator=[attrs.validators.ge(60), attrs.validators.le(604_800)]
    )
    """How long a call may last before both sides get BYE: no call outlives peers that have gone silent."""
    session_seconds: int = attrs.field(default=1_800, validator=_off_or(90, 86_400))
    """The session interval asked for on each leg (RFC 4028 §4.2 names 1800); 0: none is asked for, and a peer's is
    followed."""
    min_session_seconds: int = attrs.field(default=90, validator=[attrs.validators.ge(90), attrs.validators.le(86_400)])
    """The shortest session interval taken from a peer; who asks for less gets 422. 90 is the least there is."""
    probe_call_seconds: int = attrs.field(default=900, validator=_off_or(30, 86_400))
    """After how much silence a side without a session timer gets an OPTIONS in the dialog, which every user agent
    answers somehow (RFC 3261 §11); when it gets none, the call ends. 0: never."""


class WhenFull(enum.StrEnum):
    """`when_full` of `[journal]`: what becomes of new screened calls whose evidence has no place any more, neither on
    disk nor in memory. Calls that stand, national calls and emergencies go on either way."""

    REFUSE = "refuse"
    """503 with Retry-After."""
    CARRY = "carry"
    """They are judged like any other, and leave no evidence but their number (`gap`)."""


@attrs.frozen(kw_only=True)
class Journal:
    """`[journal]`: where the evidence goes."""

    directory: str
    """The folder of the segments; made when it is missing. Relative to the configuration file."""
    segment_mib: int = attrs.field(default=64, validator=[attrs.validators.ge(1), attrs.validators.le(4_096)])
    """Size of one segment, MiB, allocated ahead so that a full disk is met at a segment's start, not in a call."""
    fsync_seconds: float = attrs.field(default=1.0, validator=[attrs.validators.ge(0.01), attrs.validators.le(60.0)])
    """How often the segment is forced to disk: what a loss of power may cost. A killed process loses nothing."""
    segment_hours: int = attrs.field(default=24, validator=[attrs.validators.ge(1), attrs.validators.le(744)])
    """After how long another segment is begun though this one is not full: only closed ones are signed, packed and
    purged."""
    spool_lines: int = attrs.field(
        default=20_000, validator=[attrs.validators.ge(2_000), attrs.validators.le(1_000_000)]
    )
    """Lines that wait in memory for a full disk, some 3 KB each; the last fifth is for calls that are going on."""
    when_full: WhenFull = WhenFull.REFUSE
    """"refuse" or "carry": what becomes of new screened calls when that is used up too."""
    signing_key: str | None = None
    """The Ed25519 key (`b2bua journal key`) that signs closed segments, and answers to the regulator. Relative to the
    configuration file. Without it nothing is signed."""
    pack: bool = True
    """Whether closed segments are packed (gzip)."""


@attrs.frozen(kw_only=True)
class Profile:
    """`[profile]`: whose law."""

    name: str = "belgium"
    """A profile of the package, or a path to a TOML file of that form, relative to the configuration file."""
    settings: dict[str, object] = attrs.field(factory=dict)
    """What is chosen otherwise where the law is silent, under the names that it has in the profile: its `[settings]`,
    and in `settings.article-3` its `[derogations.article-3]`."""

    def load(self) -> PolicyProfile:
        """The profile itself. Raises policy.ProfileError."""
        return PolicyProfile.load(Path(self.name) if self.name.endswith(".toml") else self.name, self.settings)


class FourEyes(enum.StrEnum):
    """`four_eyes` of `[register]`: which of the entries that `b2bua register` makes one person alone may not put in
    force."""

    NONE = "none"
    RELIEF = "relief"
    """Those by which more passes than before; whatever stops calls is in force at once."""
    ALL = "all"


@attrs.frozen(kw_only=True)
class Register:
    """`[register]`: the dated entries that change what the rules say, `[[register.consent]]` and so on.

    Each is written with the keys that its class in `policy.register` has as fields. In a file `[register]` may also
    have `file`, another file with such a table, and an entry with `numbers` may have `numbers_file`, a list with one
    number a line; `gather.py` has read both before any of this is made.
    """

    dossier: tuple[Dossier, ...] = ()
    """Why the roaming of a range cannot be checked; "exclusively" then may its numbers be withheld (¶8 3°)."""
    mobile_range: tuple[MobileRange, ...] = ()
    """Numbers that are lent to visitors (art. 3 1°)."""
    consent: tuple[Consent, ...] = ()
    """Whose holder agreed to be called through a foreign number (art. 3)."""
    agreement: tuple[Agreement, ...] = ()
    """What an article-4 trunk may be used for, and by which numbers (art. 4 §1)."""
    attestation: tuple[Attestation, ...] = ()
    """That the calls of a national-transit trunk are national ones (¶31, ¶39)."""
    suspension: tuple[Suspension, ...] = ()
    """Derogations that the regulator has suspended (art. 5)."""
    decision: tuple[Decision, ...] = ()
    """What the regulator decided of one number on one trunk (¶6)."""
    blocked_user: tuple[BlockedUser, ...] = ()
    """Users all of whose calls are refused (art. 4 §2)."""
    do_not_originate: tuple[DoNotOriginate, ...] = ()
    """Numbers that nobody calls from."""
    caller_list: tuple[CallerList, ...] = ()
    """Which home numbers a customer on a national trunk may show."""
    node: tuple[Node, ...] = ()
    """Where session border controllers stand (¶20-23)."""
    shadow: tuple[Shadow, ...] = ()
    """Trunks that are judged and not changed, for 30 days at most."""
    four_eyes: FourEyes = FourEyes.NONE
    """"none", "relief" or "all": which of the entries that `b2bua register` makes another person must approve. Those
    that stand in a file are whoever's who may write it."""

    def kinds(self) -> dict[str, tuple[Entry, ...]]:
        """The entries of each kind, under the name of its table, in the order in which they are written."""
        names = [field.name for field in attrs.fields(type(self)) if field.name != "four_eyes"]
        return {name: getattr(self, name) for name in names}

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, kind by kind."""
        return tuple(entry for kind in self.kinds().values() for entry in kind)

    def as_register(self) -> PolicyRegister:
        """What verdicts are found by. Its version is the number of its entries and a digest of all they say."""
        digest = hashlib.sha256()
        for entry in self.entries:
            digest.update(f"{type(entry).__name__} {_said(entry)}\n".encode())
        return PolicyRegister(f"{len(self.entries)} entries {digest.hexdigest()[:12]}", self.entries)


def _said(entry: Entry) -> list[str]:
    """Each field in words: a set in order, since the same numbers are the same agreement."""
    fields = attrs.astuple(entry, recurse=False)
    return [repr(sorted(value) if isinstance(value, frozenset) else value) for value in fields]


@attrs.frozen(kw_only=True)
class Emergency:
    """`[emergency]`: calls to 112 and the like, which are neither blocked nor withheld."""

    route: str
    """The trunk that carries them."""


@attrs.frozen(kw_only=True)
class Target:
    """One of a trunk's `targets`: an address as text, or a table with the other keys too."""

    address: Endpoint
    priority: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional([attrs.validators.ge(0), attrs.validators.le(65_535)]),
    )
    """Lower ones are tried first. Without it, the place in the list counts, from 1."""
    weight: int = attrs.field(default=1, validator=[attrs.validators.ge(0), attrs.validators.le(65_535)])
    """Its share of the calls among the targets of one priority (RFC 2782)."""


@attrs.frozen(kw_only=True)
class Probe:
    """`probe` of a trunk: OPTIONS sent to each of its targets, so that a dead one is known before a call finds out."""

    interval_seconds: float = attrs.field(default=30.0, validator=_PAUSE)
    """From one probe of a target to the next, give or take a tenth by chance."""
    down_interval_seconds: float | None = attrs.field(default=None, validator=attrs.validators.optional(_PAUSE))
    """The same while the target is down; without it, `interval_seconds`."""
    timeout_seconds: float = attrs.field(default=5.0, validator=[attrs.validators.ge(0.1), attrs.validators.le(60.0)])
    """After which a probe without a final response has failed; no longer than either interval."""
    down_after: int = attrs.field(default=3, validator=[attrs.validators.ge(1), attrs.validators.le(100)])
    """How many probes in a row must fail before a target is down."""
    up_after: int = attrs.field(default=2, validator=[attrs.validators.ge(1), attrs.validators.le(100)])
    """How many in a row must be answered before it is up again."""

    def interval(self, *, is_down: bool) -> float:
        """Seconds from one probe to the next."""
        down = self.down_interval_seconds
        return down if is_down and down is not None else self.interval_seconds


class Passage(enum.StrEnum):
    """`refer` and `replaces` of a trunk: what becomes of requests that need an agreement with the carrier."""

    PASS = "pass"
    REFUSE = "refuse"


class Isup(enum.StrEnum):
    """`isup` of a trunk: what becomes of ISUP in the bodies of its messages (SIP-I, SIP-T)."""

    JUDGE = "judge"
    """Its numbers are judged with those of the headers. What passes crosses octet by octet; else it is taken out, or
    refused with the call; what cannot be read is refused with 415."""
    STRIP = "strip"
    """It is taken out unread."""
    REFUSE = "refuse"
    """415."""


class CalledFormat(enum.StrEnum):
    """`called_format` of a trunk: one spelling of a telephone number."""

    PLUS = "+"
    """+3293330000."""
    ZEROS = "00"
    """003293330000."""
    NATIONAL = "national"
    """093330000 for a number of the profile's country, and 00 before any other."""


class Redirects(enum.StrEnum):
    """What becomes of a redirection (3xx) of a trunk."""

    REFUSE = "refuse"
    FOLLOW = "follow"
    PASS = "pass"


class Mode(enum.StrEnum):
    """`mode` of a trunk: what becomes of the calls that come in by it once they are judged."""

    ENFORCE = "enforce"
    """They are set up to the other side, as the verdict lets them."""
    REDIRECT = "redirect"
    """They are answered by a redirection, and whoever asked makes the call."""


class Inexpressible(enum.StrEnum):
    """What becomes of a call whose verdict no redirection can express."""

    BLOCK = "block"
    PASS = "pass"


@attrs.frozen(kw_only=True)
class Redirect:
    """`[trunk.redirect]`: how the INVITEs of a trunk in mode "redirect" are answered."""

    on_pass: int = attrs.field(default=302, validator=_one_of(302, 404))
    """302, its Contact the Request-URI or the trunk's targets, or 404, after which the asker takes its next route."""
    identity: bool = False
    """Whether the asker takes From, P-Asserted-Identity and Privacy from the headers of that Contact's URI (RFC 3261
    §19.1.5), which many do not: without it no changed identity can be expressed."""
    on_inexpressible: Inexpressible = Inexpressible.BLOCK
    """"block", or "pass" for a call that should lose a field that no redirection takes out. A call whose number must
    be withheld is blocked either way."""


@attrs.frozen(kw_only=True)
class Credentials:
    """`[trunk.credentials]`: who we are to a trunk whose servers ask (RFC 3261 §22)."""

    username: str
    password: Password
    realm: str | None = None
    """The realm they are for. Without one: every realm that no other credentials of the trunk name."""


@attrs.frozen(kw_only=True)
class Circuit:
    """`[[trunk.circuit]]`: a virtual circuit, whose calls are of another class than their trunk's (art. 2, ¶12, ¶30).

    Told apart by a marker in the INVITE: a header with a value of its own, or the trunk group that Contact names."""

    name: str
    """How evidence and the entries of the register name it, in place of the trunk."""
    trunk_class: TrunkClass
    """`class` in the file: "national", "national-transit" or "article-4"."""
    peers: tuple[Peer, ...]
    """Those of the trunk's peers that may say so, and from whom alone requests in such a call are taken."""
    header: str | None = None
    """The header that marks its calls. It is taken out of all that crosses."""
    value: str | None = attrs.field(default=None, repr=False)
    """What that header must be, to the letter, in one line; whoever knows it may try it."""
    trunk_group: str | None = None
    """`tgrp` of the Contact that marks its calls (RFC 4904)."""
    trunk_context: str | None = None
    """Its `trunk-context`, without which a trunk group is nobody's."""
    max_foreign_share: float = attrs.field(default=0.2, validator=_SHARE)
    """As of a trunk, where its class is "national-transit"."""


@attrs.frozen(kw_only=True)
class Trunk:
    """`[[trunk]]`: one interconnection."""

    name: str
    """How logs, evidence and routes name it."""
    declared_class: TrunkClass | None = None
    """`class` in the file: "international", "national", "national-transit" or "article-4". A trunk without one counts
    as international (art. 2)."""
    listen: tuple[Endpoint, ...]
    """Where it is reached; trunks of one class may share a socket, told apart by peer."""
    peers: tuple[Peer, ...]
    """Who may send to it; anything else is dropped before it is parsed."""
    targets: tuple[Target, ...] = ()
    """Where calls towards it go, one tried after the other; those of no family of a listening socket are left out."""
    max_calls_in: int | None = attrs.field(default=None, validator=_COUNT)
    """How many calls that came in by it there may be at one time; more get 503. Emergency calls are never limited."""
    max_calls_out: int | None = attrs.field(default=None, validator=_COUNT)
    """The same for calls that leave by it."""
    max_calls_in_per_second: float | None = attrs.field(default=None, validator=_RATE)
    """How many new calls a second may come in by it, on average; a second's worth may come at once."""
    max_calls_out_per_second: float | None = attrs.field(default=None, validator=_RATE)
    """The same for calls that leave by it."""
    credentials: tuple[Credentials, ...] = ()
    """What its servers' 401 and 407 are answered with, one table or several. Without them these cross to the caller."""
    redirects: Redirects = Redirects.REFUSE
    """Whether a 3xx of its is followed to the number it names, passed to the caller, or answered 480: where a call
    goes, and who pays for it, is not the called side's to say unless we let it."""
    probe: Probe | None = None
    """Whether and how its targets are asked if they are up; without it they are not, and only calls find out."""
    refer: Passage = Passage.REFUSE
    """"pass" or "refuse": what becomes of a REFER from it, which makes a telephone of the other side call somebody."""
    replaces: Passage = Passage.REFUSE
    """"pass" or "refuse": whether a call from it may take over or join one that stands (Replaces, Join)."""
    isup: Isup = Isup.JUDGE
    """"judge", "strip" or "refuse": what becomes of ISUP in the bodies that come from it, where it is screened. That of
    a national trunk crosses as it came."""
    advertise: str | None = None
    """The host that Via and Contact name when the socket listens on every address."""
    domain: str | None = None
    """The host by which URIs name us there, in place of an address of the other side; without it what Via and Contact
    name."""
    called_format: CalledFormat | None = None
    """How the called number is written in calls that leave by it, "+", "00" or "national"; without it as it came."""
    header: tuple[HeaderRule, ...] = ()
    """What is added to, removed from or changed in the headers of what leaves by it, or came in by it, in this
    order."""

    circuit: tuple[Circuit, ...] = ()
    """Virtual circuits of another class within its sockets. The trunk itself is then international."""
    mode: Mode = Mode.ENFORCE
    """"enforce", or "redirect" for a border controller that asks, and makes the calls itself."""
    redirect: Redirect | None = None
    """How it is answered in mode "redirect"."""
    trusted: bool | None = None
    """Whether it keeps a caller's wish not to be shown (`Privacy: id`), so that it may have the number all the same;
    without it, national and national-transit trunks do, and others do not."""
    replace_display_names: bool = False
    """Whether calls that came in by it lose every display-name, and not only those that show a number."""
    max_foreign_share: float = attrs.field(default=0.2, validator=_SHARE)
    """The share of foreign and anonymous callers, from 0 to 1, above which a national-transit trunk raises an alarm."""
    operator: str = ""
    """Whose network is on its other side, as a letter to the regulator names it (art. 4 §2)."""
    contact: str = ""
    """Where that operator is asked from whom a call came: an address of its abuse desk, a telephone."""
    media: TrunkMedia = attrs.field(factory=TrunkMedia)
    """How its peers reach us with the media of their calls, where we relay that."""

    @property
    def trunk_class(self) -> TrunkClass:
        """What its calls are judged as."""
        return self.declared_class or TrunkClass.INTERNATIONAL


@attrs.frozen(kw_only=True)
class Route:
    """`[[route]]`: which trunk a call goes to."""

    source: str
    """`from` in the file: the trunk the call came in by."""
    prefix: str = ""
    """What the called number, in the form +..., starts with; the longest match wins. Empty: every number."""
    to: str
    """The trunk the call leaves by."""


@attrs.frozen(kw_only=True)
class Retention:
    """`[retention]`: how long numbers stand. Without this table they stand for ever: to delete is asked for.

    The decree names no period; these are a lawyer's to set.
    """

    key_file: str
    """The key of the hashes that stand for numbers after their time; relative to the configuration file. Whoever has it
    finds a number again."""
    full_days: int = attrs.field(default=120, validator=[attrs.validators.ge(1), attrs.validators.le(3_650)])
    """Days for which a call's evidence is kept whole; then its numbers, names and headers go."""
    hashed_days: int = attrs.field(default=365, validator=[attrs.validators.ge(1), attrs.validators.le(3_650)])
    """Days for which a keyed hash of each number stands instead, and the call can be found; no fewer than
    `full_days`."""
    case_days: int = attrs.field(default=1_825, validator=[attrs.validators.ge(1), attrs.validators.le(36_500)])
    """Days for which numbers, names and notes of a case stand after it was closed."""
    entry_days: int = attrs.field(default=1_825, validator=[attrs.validators.ge(1), attrs.validators.le(36_500)])
    """Days for which what an entry of the register said stands after its last day in force; longer while evidence does
    that it may still prove."""


@attrs.frozen(kw_only=True)
class Nomadic:
    """`[nomadic]`: when a nomadic number's use from abroad is no longer occasional (art. 4 §1, ¶15), for which the law
    has no figure."""

    window_days: int = attrs.field(default=90, validator=[attrs.validators.ge(1), attrs.validators.le(366)])
    """Days that are looked at."""
    max_share: float = attrs.field(default=0.25, validator=_SHARE)
    """The share of a number's calls that came from abroad, from 0 to 1, above which somebody is told."""
    min_calls: int = attrs.field(default=20, validator=[attrs.validators.ge(1), attrs.validators.le(1_000_000)])
    """Calls from abroad below which a share says nothing."""


class Language(enum.StrEnum):
    """In which an answer or a letter is written."""

    FRENCH = "fr"
    DUTCH = "nl"
    ENGLISH = "en"


@attrs.frozen(kw_only=True)
class Cases:
    """`[cases]`: how the regulator's requests are worked on (art. 4 §2)."""

    operator: str = ""
    """Who we are, as answers and letters name us: name, and the number in the register of companies."""
    contact: str = ""
    """Where we can be asked back."""
    language: Language = Language.FRENCH
    """"fr", "nl" or "en": what an answer is written in unless the command says otherwise."""
    clock_error_seconds: int = attrs.field(default=300, validator=[attrs.validators.ge(0), attrs.validators.le(86_400)])
    """How far a moment in a request may be wrong: a call is looked for so long before and after it."""
    webhook: str | None = attrs.field(default=None, repr=False)
    """An address, https:// or http://, that gets each reminder as JSON by POST, without a number or a name. What
    follows its host may be a secret, and is shown nowhere."""


@attrs.frozen(kw_only=True)
class Outbound:
    """`[[explain.outbound]]`: a call from home that `b2bua explain` takes to have left lately (art. 3, our own leg)."""

    caller: str
    """E.164 with +."""
    called: str
    """E.164 with +."""
    seconds_ago: int = attrs.field(default=0, validator=[attrs.validators.ge(0), attrs.validators.le(86_400)])


@attrs.frozen(kw_only=True)
class Explain:
    """`[explain]`: what `b2bua explain` supposes; the daemon does not read it."""

    outbound: tuple[Outbound, ...] = ()


@attrs.frozen(kw_only=True)
class Config:
    """The whole configuration."""

    journal: Journal
    sip: Sip = attrs.field(factory=Sip)
    profile: Profile = attrs.field(factory=Profile)
    roaming: Roaming | None = None
    """Without it no holder can be asked: a mobile number passes no screened trunk, and only a dossier lets it be
    withheld."""
    emergency: Emergency | None = None
    register: Register = attrs.field(factory=Register)
    explain: Explain = attrs.field(factory=Explain)
    store: Store | None = None
    """Without it calls cannot be searched for, and no clerk works beside the daemon."""
    cases: Cases = attrs.field(factory=Cases)
    retention: Retention | None = None
    """Without it nothing is forgotten."""
    nomadic: Nomadic = attrs.field(factory=Nomadic)
    trunk: tuple[Trunk, ...]
    route: tuple[Route, ...] = ()
    media: Media = attrs.field(factory=Media)
    workers: int = attrs.field(default=1, validator=[attrs.validators.ge(1), attrs.validators.le(16)])
    """How many processes share the calls, each on a core of its own; they are one gateway to everybody else. With more
    than one, answered calls outlive a process that dies. Linux only."""

    clerk: Clerk | None = None
    """"daemon" or "apart": who starts `b2bua clerk`; left out, the daemon does where anything is configured for it."""

    @property
    def has_clerk(self) -> bool:
        """Whether the daemon starts one: by the setting, or for an index, for keeping evidence no longer than it may
        be, for signatures, or for the reminders of cases."""
        if self.clerk is not None:
            return self.clerk is Clerk.DAEMON
        return bool(self.store or self.retention or self.journal.signing_key or self.cases.operator)

    def endpoints(self) -> dict[str, Endpoint]:
        """The listening addresses of all trunks, by what they are called."""
        return {str(endpoint): endpoint for trunk in self.trunk for endpoint in trunk.listen}

    def interfaces(self) -> Iterator[tuple[tuple[str | int, ...], str, TrunkClass]]:
        """Where each trunk and each circuit stands in the file, its name and its class."""
        for at, trunk in enumerate(self.trunk):
            yield ("trunk", at), trunk.name, trunk.trunk_class
            for inner, circuit in enumerate(trunk.circuit):
                yield ("trunk", at, "circuit", inner), circuit.name, circuit.trunk_class
