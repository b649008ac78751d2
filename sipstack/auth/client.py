"""Answering challenges: the client's side of Digest (RFC 3261 §22.2 and §22.3, RFC 7616 §3.4 to §3.6, RFC 8760 §2.4).

Of several challenges of one realm the topmost that can be computed is answered, for the server has put its preference
first; every realm that asks gets its own credentials. Credentials that were just refused are not sent again, unless it
was only their nonce that had grown old.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import attrs

from sipstack.auth.digest import Algorithm, Proof, Secret, composed, octets, same, userhash
from sipstack.errors import ParseError, StateError
from sipstack.message import Request, Response
from sipstack.values.credentials import AuthenticationInfo, Challenge, Credentials

Fields: TypeAlias = tuple[tuple[str, str], ...]
"""Header names and values, in order."""

CREDENTIALS: Final = ("authorization", "proxy-authorization")
"""The keys of the headers a `DigestClient` makes: take a request's old ones out before the new ones go in."""

_ASKED_BY: Final = {"www-authenticate": "Authorization", "proxy-authenticate": "Proxy-Authorization"}
_INFO_OF: Final = {"Authorization": "authentication-info", "Proxy-Authorization": "proxy-authentication-info"}
_MOST_REALMS: Final = 16
_MOST_RENEWALS: Final = 3


@attrs.frozen
class Account:
    """Who we are for a realm. Raises StateError when the user name is no text of one line."""

    user: str = attrs.field(converter=composed)
    secret: Secret
    realm: str | None = None
    """None: for every realm that no other account names. Whoever asks then gets a digest to guess the password by."""

    @user.validator
    def _is_one_line(self, _: "attrs.Attribute[str]", value: str) -> None:
        if not value or not _is_plain(value):
            raise StateError(f"not a user name: {value!r}")


@attrs.frozen(kw_only=True)
class Known:
    """One realm as a client knows it: what was asked, and how far its nonce is used. No secret is in it."""

    header: str
    """`Authorization` or `Proxy-Authorization`: what it is answered by."""
    challenge: Challenge
    nonce: str
    cnonce: str
    count: int
    """How many requests the nonce has served."""
    renewals: int
    """How many nonces in a row were called stale at their first use."""


@attrs.define(eq=False, repr=False)
class DigestClient:
    """The credentials of one dialog, registration or peer: what it was asked for once, it later sends of itself.

    Give each of these a client of its own: everything it has learnt goes into every request it is asked about.
    """

    accounts: tuple[Account, ...]
    randbytes: Callable[[int], bytes]
    """A source of random bytes, as `Ids` has it: cnonces are made of it."""
    _spaces: "dict[tuple[str, str], _Space]" = attrs.field(factory=dict, init=False)

    def answer(self, request: Request, response: Response) -> Fields | None:
        """Take the final response to a request of ours; the credentials for its repetition, or None when it stands.

        The repetition is the same request with its `CREDENTIALS` headers replaced by these, a new branch and the next
        CSeq number (RFC 3261 §8.1.3.5). Of other responses only `nextnonce` is kept (RFC 7616 §3.5), unless the
        server's own proof is wrong (`proves`).

        None after 401 or 407: nobody we have an account for asks in a way we know, or our secret is wrong. A challenge
        to an ACK or a CANCEL, which is forbidden, cannot be answered either (§22.1).
        """
        return self.credentials(request.method, request.uri, request.body) if self.learn(request, response) else None

    def learn(self, request: Request, response: Response) -> bool:
        """The same for whoever makes the repetition first and asks for its `credentials` then: whether to repeat it."""
        if response.status not in (401, 407):
            self._note(request, response)
            return False
        if request.method in ("ACK", "CANCEL"):
            return False
        asked = self._choose(response)
        if not asked or not all(self._may_answer(key, space, request) for key, space in asked.items()):
            return False
        for key, space in asked.items():
            self._spaces.pop(key, None)
            self._spaces[key] = space
        while len(self._spaces) > _MOST_REALMS:
            del self._spaces[next(iter(self._spaces))]
        return True

    def credentials(self, method: str, uri: str, body: bytes = b"") -> Fields:
        """The credentials of a request of ours, for every realm that has asked so far; empty when none has.

        `uri` is the Request-URI as it will be printed, `body` the body. Each call uses up a nonce count.
        """
        return tuple([(name, space.respond(method, uri, body)) for (name, _), space in self._spaces.items()])

    def known(self) -> tuple[Known, ...]:
        """What it has learnt, to be put away: `recall` gives it to another client of the same accounts."""
        return tuple(
            [
                Known(
                    header=name,
                    challenge=space.challenge,
                    nonce=space.nonce,
                    cnonce=space.cnonce,
                    count=space.count,
                    renewals=space.renewals,
                )
                for (name, _), space in self._spaces.items()
            ]
        )

    def recall(self, known: Iterable[Known]) -> None:
        """Know again what a client has learnt before; what no account answers any more is left out."""
        for each in known:
            space = self._space(each.challenge, each.cnonce)
            if space is not None:
                space.nonce, space.count, space.renewals = each.nonce, each.count, each.renewals
                self._spaces[each.header, each.challenge.realm or ""] = space

    def proves(self, request: Request, response: Response) -> bool | None:
        """Whether every server that shows a proof of its own knows our secret too; None when none shows one.

        False means that somebody else has answered (RFC 7616 §3.5). `request` is the one with the credentials.
        """
        proofs = [space.is_proved(sent, info, response.body) for space, sent, info in self._infos(request, response)]
        told = [proof for proof in proofs if proof is not None]
        return all(told) if told else None

    def _note(self, request: Request, response: Response) -> None:
        for space, sent, info in self._infos(request, response):
            following = info.nextnonce
            if following and _is_plain(following) and space.is_proved(sent, info, response.body) is not False:
                space.renew(following, self.randbytes)

    def _infos(
        self, request: Request, response: Response
    ) -> "Iterator[tuple[_Space, Credentials, AuthenticationInfo]]":
        """What servers say of credentials they took; the header names no realm, so it can mean only a lone one."""
        for name, key in _INFO_OF.items():
            lines = response.headers.all(key)
            sent = [each for each in _sent(request, name) if (name, each.realm) in self._spaces]
            if len(lines) == 1 and len(sent) == 1:
                try:
                    yield self._spaces[name, sent[0].realm or ""], sent[0], AuthenticationInfo.parse(lines[0])
                except ParseError:
                    continue

    def _choose(self, response: Response) -> "dict[tuple[str, str], _Space]":
        """For each realm the topmost challenge that can be answered. A forking proxy sends both kinds (§22.3)."""
        chosen: dict[tuple[str, str], _Space] = {}
        for key, name in _ASKED_BY.items():
            for challenge in _challenges(response, key):
                place = (name, challenge.realm or "")
                if place not in chosen and len(chosen) < _MOST_REALMS:
                    space = self._space(challenge, self.randbytes(16).hex())
                    if space is not None:
                        chosen[place] = space
        return chosen

    def _space(self, challenge: Challenge, cnonce: str) -> "_Space | None":
        algorithm = Algorithm.named(challenge.algorithm)
        account = self._account(challenge.realm)
        texts = (challenge.realm, challenge.nonce, challenge.opaque or "")
        if algorithm is None or account is None or not all(text is not None and _is_plain(text) for text in texts):
            return None
        ha1 = account.secret.ha1(algorithm.hash, account.user, challenge.realm or "")
        qop = _quality(challenge)
        if ha1 is None or qop == "":
            return None
        return _Space(account, challenge, algorithm, qop, ha1, challenge.nonce or "", cnonce=cnonce)

    def _account(self, realm: str | None) -> Account | None:
        named = [account for account in self.accounts if account.realm == realm]
        fallback = [account for account in self.accounts if account.realm is None]
        return next(iter(named + fallback), None)

    def _may_answer(self, place: tuple[str, str], fresh: "_Space", request: Request) -> bool:
        """Whether it is worth trying: "MUST NOT re-attempt requests with the credentials that have just been rejected"
        (§22.2), though an old nonce is no fault of theirs."""
        name, realm = place
        refused = next((sent for sent in _sent(request, name) if sent.realm == realm), None)
        if refused is None:
            return True
        if refused.nonce == fresh.nonce:
            return False
        known = self._spaces.get(place)
        # A count above 1 says that the nonce has served before: the secret was right, some servers just do not say so.
        if refused.qop is None:
            served = known is not None and known.nonce == refused.nonce and known.count > 1
        else:
            served = (refused.nc or 1) > 1
        if served:
            return True
        fresh.renewals = 1 + (known.renewals if known is not None else 0)
        return fresh.challenge.stale and fresh.renewals <= _MOST_RENEWALS

    def __repr__(self) -> str:
        return f"<DigestClient {', '.join(realm for _, realm in self._spaces) or 'not asked yet'}>"


@attrs.define(eq=False, repr=False)
class _Space:
    """One realm's credentials, as long as its nonce lasts."""

    account: Account
    challenge: Challenge
    algorithm: Algorithm
    qop: str | None
    ha1: str
    nonce: str
    cnonce: str = attrs.field(kw_only=True)
    """One for the life of the nonce: the -sess algorithms hash the first."""
    count: int = attrs.field(default=0, kw_only=True)
    renewals: int = attrs.field(default=0, kw_only=True)
    """How many nonces in a row were called stale at their first use."""

    def respond(self, method: str, uri: str, body: bytes) -> str:
        """The header value for one more request."""
        self.count += 1
        nc = f"{self.count:08x}"
        proof = Proof(
            algorithm=self.algorithm,
            nonce=self.nonce,
            uri=uri,
            method=method,
            qop=self.qop,
            nc=nc,
            cnonce=self.cnonce,
            body=body,
        )
        realm = self.challenge.realm or ""
        hashed = self.challenge.userhash
        user = userhash(self.algorithm.hash, self.account.user, realm) if hashed else self.account.user
        values = {"username": user, "realm": realm, "nonce": self.nonce, "uri": uri}
        values["response"] = proof.response(self.ha1)
        if self.challenge.algorithm is not None:
            values["algorithm"] = str(self.algorithm)
        if self.qop is not None:
            values |= {"qop": self.qop, "nc": nc, "cnonce": self.cnonce}
        elif self.algorithm.session:
            values["cnonce"] = self.cnonce
        if self.challenge.opaque is not None:
            values["opaque"] = self.challenge.opaque
        if hashed:
            values["userhash"] = "true"
        return str(Credentials.digest(values))

    def is_proved(self, sent: Credentials, info: AuthenticationInfo, body: bytes) -> bool | None:
        """Whether `rspauth` is right for the credentials we sent; None when there is nothing to judge."""
        if info.rspauth is None or Algorithm.named(sent.algorithm) != self.algorithm:
            return None
        if (info.cnonce or sent.cnonce) != sent.cnonce or (info.nc or sent.nc) != sent.nc:
            return False
        proof = Proof(
            algorithm=self.algorithm,
            nonce=sent.nonce or "",
            uri=sent.uri or "",
            method="",
            qop=sent.qop,
            nc=sent.get("nc") or "",
            cnonce=sent.cnonce or "",
            body=body,
        )
        return same(proof.rspauth(self.ha1), info.rspauth)

    def renew(self, nonce: str, randbytes: Callable[[int], bytes]) -> None:
        """The server has given the next nonce: counting starts anew."""
        self.nonce, self.count, self.renewals = nonce, 0, 0
        self.cnonce = randbytes(16).hex()


def repeated_in_ack(invite: Request) -> Fields:
    """The credentials of the INVITE, to go as they are into the ACK to its 2xx (RFC 3261 §13.2.2.4 and §22.1)."""
    return tuple([(name, value) for name in _INFO_OF for value in invite.headers.all(name.lower())])


def _quality(challenge: Challenge) -> str | None:
    """Which protection to choose: `auth` if offered, else `auth-int`; None from an RFC 2069 server; "" when neither."""
    if challenge.get("qop") is None:
        return None
    return next((qop for qop in ("auth", "auth-int") if qop in challenge.qop), "")


def _challenges(response: Response, key: str) -> list[Challenge]:
    """Those that can be read; a damaged line asks nothing."""
    found: list[Challenge] = []
    for line in response.headers.all(key):
        try:
            found += [challenge for challenge in Challenge.parse_list(line) if challenge.is_digest]
        except ParseError:
            continue
    return found


def _sent(request: Request, name: str) -> list[Credentials]:
    found: list[Credentials] = []
    for line in request.headers.all(name.lower()):
        try:
            found += Credentials.parse_list(line)
        except ParseError:  # ours can be read; a request that crosses us may bring others
            continue
    return found


def _is_plain(text: str) -> bool:
    """Without control characters: nothing of the kind goes back out."""
    return all(each >= 0x20 and each != 0x7F for each in octets(text))
