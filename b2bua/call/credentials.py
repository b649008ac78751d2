"""A trunk's credentials: what its servers ask us to prove is ours to prove (RFC 3261 §22.2, §22.3).

The caller hears of it only where it was not us they asked: a challenge for a realm of which the trunk has credentials
never crosses, nor does what the caller wrote for such a realm. What one leg has been asked is remembered with the leg,
so that its later requests bring the proof with them; the password stays with the trunk.
"""

from typing import Final

import attrs

from sipstack.auth import CREDENTIALS, Account, DigestClient, Known, repeated_in_ack
from sipstack.errors import ParseError
from sipstack.ids import Ids
from sipstack.message import Headers, Request, Response
from sipstack.values import Credentials

Accounts = tuple[Account, ...]

#: How often one request is sent again with a proof: each proxy on its way may ask for one, and a nonce may grow old
#: meanwhile, but nobody may have us come back for ever.
MOST: Final = 5
_CREDENTIALS: Final = frozenset(CREDENTIALS)
#: What asks, by its key.
_CHALLENGES: Final = ("www-authenticate", "proxy-authenticate")
#: What a server says of a proof it took: if that was ours, it is not the caller's to read.
_TAKEN: Final = ("authentication-info", "proxy-authentication-info")


@attrs.define(eq=False)
class Asked:
    """What the servers on one leg's way have asked for: all that is needed to answer, but the secrets."""

    known: tuple[Known, ...] = attrs.field(default=(), repr=False)
    inviting: int = 0
    """The CSeq number of our last INVITE, if that had a proof."""
    proof: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    """The credentials it went with, whoever's they were."""
    repeated: tuple[tuple[int, int], ...] = ()
    """How often a request that waits for its response has been repeated, by its CSeq number."""

    def learn(self, accounts: Accounts, sent: Request, response: Response, ids: Ids, following: int) -> bool:
        """Takes in a final response to a request of ours; whether to repeat it, with the CSeq number `following`, since
        it asks for what `prove` can give.

        Of other responses a nonce for the next request is kept, and what they say of our proof is taken out.
        """
        if not accounts or response.status < 200:
            return False
        number = sent.cseq.number
        times = dict(self.repeated).get(number, 0)
        self.repeated = tuple([one for one in self.repeated if one[0] != number])
        client = self._client(accounts, ids)
        is_asked = client.learn(sent, response) and times < MOST
        if self.known:
            for key in _TAKEN:
                response.headers.remove(key)
        self.known = client.known()
        if is_asked:
            self.repeated = (*self.repeated, (following, times + 1))
        return is_asked

    def prove(self, accounts: Accounts, request: Request, ids: Ids) -> None:
        """Puts what has been asked for into a request that is complete, since a proof may cover the body; of what a
        caller wrote there only what is not for us stays."""
        if accounts:
            request.headers = _without(request.headers, CREDENTIALS, accounts)
            client = self._client(accounts, ids)
            for name, value in client.credentials(request.method, request.uri, request.body):
                request.headers.add(name, value)
            self.known = client.known()
        if request.method == "INVITE":
            self.proof = () if _CREDENTIALS.isdisjoint(request.headers.keys) else repeated_in_ack(request)
            self.inviting = request.cseq.number if self.proof else 0

    def acknowledge(self, accounts: Accounts, ack: Request) -> None:
        """An ACK to a 2xx has the credentials of its INVITE, for nobody may challenge it (§22.1)."""
        if self.proof and ack.cseq.number == self.inviting:
            ack.headers = ack.headers.without(CREDENTIALS)
            for name, value in self.proof:
                ack.headers.add(name, value)
        elif accounts:
            ack.headers = _without(ack.headers, CREDENTIALS, accounts)

    def _client(self, accounts: Accounts, ids: Ids) -> DigestClient:
        client = DigestClient(accounts, ids.randbytes)
        client.recall(self.known)
        return client


def is_theirs(accounts: Accounts, response: Response) -> bool:
    """Whether a 401 or 407 that we have not answered asks the caller for something; what it asks of us is taken out.

    A challenge for a realm of ours that comes this far was answered in vain, or could not be: the caller, who cannot
    answer it either, must not be asked.
    """
    if not accounts:
        return True
    response.headers = _without(response.headers, _CHALLENGES, accounts)
    return any(key in response.headers for key in _CHALLENGES)


def _without(headers: Headers, keys: tuple[str, ...], accounts: Accounts) -> Headers:
    """The headers less what is for a realm of ours in the lines of these keys."""
    if not any(key in headers for key in keys):
        return headers
    kept = [
        (key, line)
        for key, whole in zip(headers.keys, headers.lines, strict=True)
        if (line := _others(whole, accounts) if key in keys else whole)
    ]
    return Headers([key for key, _ in kept], [line for _, line in kept])


def _others(line: str, accounts: Accounts) -> str:
    """What of a line is for no realm of ours; "" when that is nothing.

    A line that cannot be read goes too: it might be for us, and nobody could answer it.
    """
    name, _, value = line.partition(":")
    try:
        every = Credentials.parse_list(value)
    except ParseError:
        return ""
    others = [each for each in every if not any(account.realm in (None, each.realm) for account in accounts)]
    if len(others) == len(every):
        return line
    return f"{name}: {', '.join(str(each) for each in others)}" if others else ""
