"""`[roaming]`: who knows whether a mobile subscriber is abroad, and how that is asked (art. 1 3°).

A *holder* is an operator, or a proxy of several, that answers for numbers: over HTTP (`[[roaming.camara]]`), over DNS
(`[[roaming.dns]]`), by lists that it hands over (`[[roaming.list]]`), or by an adapter of the embedding program
(`[[roaming.own]]`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs

from b2bua.config.address import Peer
from b2bua.config.password import Password
from policy.roaming import Roaming as RoamingOutcome

H = TypeVar("H", bound="Holder")
#: Keys that name files.
_PATHS: Final = ("file", "ca_file", "certificate_file", "key_file")


@attrs.frozen(kw_only=True)
class Holder:
    """What all holders have."""

    name: str
    """How evidence, statistics and the list of ported numbers name it."""
    prefixes: tuple[str, ...] = ()
    """What its numbers begin with (+3247); of several the longest decides, and a ported number's own line before it."""


@attrs.frozen(kw_only=True)
class Asked(Holder):
    """A holder that is asked about each number by itself, and the bounds of that."""

    timeout_ms: int = attrs.field(default=400, validator=[attrs.validators.ge(10), attrs.validators.le(1_900)])
    """How long one attempt may take, milliseconds."""
    attempts: int = attrs.field(default=2, validator=[attrs.validators.ge(1), attrs.validators.le(5)])
    """How often a question is put when the holder's side fails, within `deadline_ms`."""
    most_questions: int = attrs.field(default=100, validator=[attrs.validators.ge(1), attrs.validators.le(10_000)])
    """How many questions may be open at one time, in each worker; a number beyond is not asked about."""
    failures: int = attrs.field(default=5, validator=[attrs.validators.ge(0), attrs.validators.le(1_000)])
    """After how many failures in a row it is left alone for a while (a circuit breaker); 0: never."""
    pause_seconds: float = attrs.field(default=10.0, validator=[attrs.validators.ge(0.1), attrs.validators.le(3_600.0)])
    """How long it is left alone; one question then tries whether it is back."""


@attrs.frozen(kw_only=True)
class OAuth:
    """`[roaming.camara.oauth]`: how we get the token that a holder wants to see (RFC 6749 §4.4, client credentials)."""

    token_url: str
    client_id: str
    client_secret: Password | None = None
    """Either this or a private key proves who we are."""
    private_key_file: str | None = None
    """A private key of ours, PEM, P-256 or RSA, by which we sign who we are (RFC 7523, `private_key_jwt`), which
    CAMARA's security profile asks for."""
    key_id: str | None = None
    """By which name the server knows that key (`kid`)."""
    scope: str = "device-roaming-status:read"
    """What the token is asked for; empty: nothing is said, and the server has its own idea."""
    secret_in_body: bool = False
    """Whether the secret is sent as a field of the form and not as HTTP Basic, which every server takes (§2.3.1)."""


@attrs.frozen(kw_only=True)
class Camara(Asked):
    """`[[roaming.camara]]`: a holder that serves CAMARA Device Roaming Status, version 1, over HTTP."""

    url: str
    """Where the API begins, its version included: https://api.example/device-roaming-status/v1."""
    oauth: OAuth | None = None
    """Without it no token is shown."""
    ca_file: str | None = None
    """The authorities whose word on its certificate is believed, PEM; without it those of this host."""
    certificate_file: str | None = None
    """Our own certificate, PEM, where the holder asks for one (mutual TLS)."""
    key_file: str | None = None
    """Its key, PEM, unless it stands in `certificate_file`."""
    max_status_seconds: int | None = attrs.field(
        default=None, validator=attrs.validators.optional([attrs.validators.ge(1), attrs.validators.le(31_536_000)])
    )
    """How old `lastStatusTime` may be. Without it any age will do, for a telephone that stays in one network may have
    been there for weeks."""


@attrs.frozen(kw_only=True)
class Dns(Asked):
    """`[[roaming.dns]]`: a holder that answers NAPTR questions, as ENUM's are written (RFC 6116 §3.2), on a private
    network: nobody signs these answers."""

    zone: str
    """What stands behind the reversed digits: e164.arpa, or the holder's own."""
    nameservers: tuple[Peer, ...]
    """Its servers, addresses with a port or without (53); the next one is asked when one fails."""
    roaming_parameter: str = "roaming"
    """The parameter of the record that says true or false, 1 or 0, yes or no."""
    mcc_parameter: str = "mcc"
    """The parameter, where there is one, that has the mobile country code of the network the subscriber is *in*. Some
    services give that of the network he belongs to: then write another name here, or an empty one."""


@attrs.frozen(kw_only=True)
class NumberList(Holder):
    """`[[roaming.list]]`: a holder that hands over the list of its subscribers abroad, one number a line."""

    file: str
    """Read again when it has changed; to be replaced in one piece. Relative to the configuration file."""
    max_age_seconds: int = attrs.field(
        default=86_400, validator=[attrs.validators.ge(1), attrs.validators.le(31_536_000)]
    )
    """How old the file may be; what an older one says is not believed."""


@attrs.frozen(kw_only=True)
class Own(Asked):
    """`[[roaming.own]]`: a holder that the embedding program asks by an adapter of its own (`Gateway(holders=...)`)."""


@attrs.frozen(kw_only=True)
class Roaming:
    """`[roaming]`: who knows where mobile subscribers are."""

    table: dict[str, RoamingOutcome] = attrs.field(factory=dict)
    """Number (+32...) to outcome: "abroad", "not abroad", "unknown subscriber" or "failed". Nobody is asked about it.

    Without any holder, a number that stands in no line is an unknown subscriber."""
    not_offered: tuple[str, ...] = ()
    """Prefixes (+32456) whose holder offers no check; only with a dossier may their numbers be withheld."""
    portability: str | None = None
    """A file of ported numbers, `number,holder` a line: who answers for it now, whatever it begins with. Read again
    when it has changed; to be replaced in one piece. Relative to the configuration file."""
    without_check: tuple[str, ...] = ()
    """Names that stand in that file as holders, and offer no check."""
    deadline_ms: int = attrs.field(default=800, validator=[attrs.validators.ge(50), attrs.validators.le(1_900)])
    """How long one question may take in all, milliseconds: with its token and with every attempt. No call waits longer
    than 2 s."""
    abroad_seconds: int = attrs.field(default=60, validator=[attrs.validators.ge(0), attrs.validators.le(3_600)])
    """How long "abroad" is believed without asking again."""
    home_seconds: int = attrs.field(default=30, validator=[attrs.validators.ge(0), attrs.validators.le(3_600)])
    """How long "not abroad", "unknown subscriber" and "not offered" are. A failure is never kept."""
    kept_numbers: int = attrs.field(default=100_000, validator=[attrs.validators.ge(0), attrs.validators.le(5_000_000)])
    """How many answers are kept, in each worker; the one that was used longest ago goes first."""
    camara: tuple[Camara, ...] = ()
    dns: tuple[Dns, ...] = ()
    list: tuple[NumberList, ...] = ()
    own: tuple[Own, ...] = ()

    def holders(self) -> Iterator[tuple[tuple[str | int, ...], Holder]]:
        """All of them, each with its place in the file."""
        kinds: dict[str, tuple[Holder, ...]] = {
            "camara": self.camara,
            "dns": self.dns,
            "list": self.list,
            "own": self.own,
        }
        for kind, holders in kinds.items():
            for at, holder in enumerate(holders):
                yield ("roaming", kind, at), holder

    def files(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """The path of each file that is named, with the place of its key."""
        if self.portability is not None:
            yield ("roaming", "portability"), self.portability
        for where, holder in self.holders():
            for key in _PATHS:
                path = getattr(holder, key, None)
                if path is not None:
                    yield (*where, key), path
            oauth = getattr(holder, "oauth", None)
            if oauth is not None and oauth.private_key_file is not None:
                yield (*where, "oauth", "private_key_file"), oauth.private_key_file

    def relative_to(self, folder: Path) -> "Roaming":
        """The same, its paths taken from there."""
        return attrs.evolve(
            self,
            portability=None if self.portability is None else str(folder / self.portability),
            camara=tuple(_relative(holder, folder) for holder in self.camara),
            list=tuple(_relative(holder, folder) for holder in self.list),
        )

    @property
    def asks(self) -> bool:
        """Whether there is anybody to ask but the table."""
        return next(self.holders(), None) is not None


def _relative(holder: H, folder: Path) -> H:
    written = {key: getattr(holder, key, None) for key in _PATHS}
    named: dict[str, Any] = {key: str(folder / path) for key, path in written.items() if path is not None}
    oauth = getattr(holder, "oauth", None)
    if oauth is not None and oauth.private_key_file is not None:
        named["oauth"] = attrs.evolve(oauth, private_key_file=str(folder / oauth.private_key_file))
    return attrs.evolve(holder, **named)
