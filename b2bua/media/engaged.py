"""What one call holds of an rtpengine: what it must be asked, what it has said, and what each side gets to see by that.

An engine writes descriptions itself and answers in its own time. So whoever holds the messages asks `question` of each
that has a description, has the engine asked, and gives what came of it to `heed`; then the call hears the message, and
`offered` and `answered` know the moved description at once.

The caller's end has the tag "a", the callee's "b", and so have all branches of a fork: an engine that met another tag
would send to that branch from other ports, and from another interface, than the offer named. What a branch says instead
moves "b" to it, as a re-offer would, until one is chosen.
"""

import hashlib
from typing import Final

import attrs

from b2bua.errors import MediaError
from b2bua.media.ng import CALLER, Command, Reply
from b2bua.media.orders import A

#: Tag of the callee.
CALLEE: Final = "b"
#: Branches of one fork whose descriptions are remembered until one is chosen.
MOST_BRANCHES: Final = 32
#: Moved descriptions that are kept beside those in force.
_RECENT: Final = 8

Said = tuple[str, bytes]
"""The tag of an end, and the description that it has told."""


@attrs.frozen
class Moved:
    """What has come of one description."""

    sdp: bytes | None = attrs.field(repr=False)
    """As the other side gets to see it; None: not at all."""
    error: str = ""
    is_lost: bool = False
    """Whether no engine has said anything of it."""


@attrs.define(eq=False, kw_only=True)
class Engaged:
    """One call's, between two trunks; saved with the call. A call that goes on to another trunk, and so to another
    interface of the engine, has another, by another name."""

    call: str
    """Our own name of the call, which the engine gets to see; no two calls may have one name."""
    sides: tuple[str, str] = ("", "")
    """The engine's names of its interfaces towards the caller's trunk and the callee's; "": its first."""
    passes: bool = False
    """Whether an offer that no engine takes crosses as it came, and so does its answer."""
    engine: str = ""
    """Which has the call; "": none yet."""
    faults: list[str] = attrs.field(factory=list)
    """What could not be relayed and was left behind; taken out by whoever tells of it."""
    _moved: dict[tuple[str, str], Moved] = attrs.field(factory=dict, init=False)
    """By tag and digest of what came, oldest first."""
    _in_force: dict[str, str] = attrs.field(factory=dict, init=False)
    """The digest of what the engine goes by, of each tag."""
    _offer: Said | None = attrs.field(default=None, init=False, repr=False)
    """The last that an engine has taken."""
    _is_open: bool = attrs.field(default=False, init=False)
    """Whether it still waits for its answer, or for the end of the exchange it is in."""
    _agreed: tuple[Said, Said] | None = attrs.field(default=None, init=False, repr=False)
    """The last offer that was answered, and its answer."""
    _stood: tuple[Said, Said] | None = attrs.field(default=None, init=False, repr=False)
    """What was agreed when the last offer came."""
    _branches: dict[str, bytes] = attrs.field(factory=dict, init=False, repr=False)
    """What each branch has told last, by the callee's tag, until one is chosen."""
    _is_passing: bool = attrs.field(default=False, init=False)
    """Whether the last offer crosses as it came."""
    _is_undoing: bool = attrs.field(default=False, init=False)
    _is_over: bool = attrs.field(default=False, init=False)

    @property
    def proposer(self) -> int | None:
        """The side whose offer waits for its answer."""
        if not self._is_open or self._offer is None:
            return None
        return A if self._offer[0] == CALLER else 1 - A

    def question(self, side: int, body: bytes, is_offer: bool, branch: str = "") -> Command | None:
        """What must be asked, and heeded, before the call may hear a message of that side with this body; or nothing.
        `branch`: the tag of the callee whose message it is, as long as none has been chosen."""
        if self._is_over:
            return None
        tag = _tag(side)
        if side != A and branch and (branch in self._branches or len(self._branches) < MOST_BRANCHES):
            self._branches[branch] = body
        if is_offer:
            return None if self._is_repeated(tag, body) else self._offering(tag, body)
        if self._is_in_force(tag, body) or self._is_passing or self._offer is None:
            return None
        return self._answering(tag, body)

    def heed(self, command: Command, reply: Reply) -> Command | None:
        """Takes in what has come of a command of ours. What is to be asked and heeded next; mostly nothing."""
        if not command.is_description:
            return None
        if self._is_over:
            # The answer was under way when the call ended: what the engine has made of it is nobody's.
            return None if reply.error else self._deletion(reply.engine)
        if self._is_undoing:
            return self._undone(command, reply)
        teller = command.from_tag if command.verb == "offer" else command.to_tag
        if reply.error:
            self._not_taken(command, reply, teller)
            return None
        if reply.engine != self.engine:
            self._begin_anew(reply.engine)
        self._keep(teller, command.sdp, Moved(reply.sdp))
        if command.verb == "offer":
            self._stood = self._agreed
            self._propose((teller, command.sdp))
            self._is_open, self._is_passing = True, False
        else:
            self._agree((teller, command.sdp))
        return None

    def offered(self, side: int, body: bytes, now: float = 0.0, branch: str = "") -> bytes:
        """An offer of that side, as the other one gets to see it.

        Raises MediaError when an engine did not take it, or, with 503, when there was none for a new call.
        """
        moved = self._moved.get((_tag(side), _digest(body)))
        return self._untold(body) if moved is None else self._told(moved)

    def answered(self, side: int, body: bytes, branch: str = "") -> bytes:
        """The answer of that side to what the other offered, as the other one gets to see it. Raises MediaError."""
        return self.offered(side, body)

    def chosen(self, branch: str) -> Command | None:
        """That branch has accepted the call. What is to be asked, where the engine has another one's media."""
        sdp = self._branches.get(branch)
        self._branches.clear()
        if sdp is None or self._offer is None or self._is_passing or self._is_over or self._is_in_force(CALLEE, sdp):
            return None
        return self._answering(CALLEE, sdp)

    def settled(self) -> None:
        """The offer has had its final answer: a description that the same side says next is another."""
        self._is_open = False

    def refused(self) -> Command | None:
        """The offer came to nothing. What is to be asked so that the engine does as it did before: the offer and the
        answer that stand, once more, for it knows no way back."""
        is_open, self._is_open = self._is_open, False
        if not is_open or self._stood is None or self._is_over or self._offer in self._stood:
            return None
        self._is_undoing = True
        self._agreed = self._stood
        offer, _ = self._stood
        return self._offering(*offer)

    def over(self, now: float = 0.0) -> Command | None:
        """The call is over: the deletion, once. None where no engine has anything of it; what is still being asked then
        brings it, by `heed`."""
        if self._is_over:
            return None
        self._is_over = True
        return self._deletion(self.engine) if self.engine else None

    @property
    def is_undoing(self) -> bool:
        """Whether the engine is on its way back, so that nothing else can be asked of it."""
        return self._is_undoing

    def resume(self) -> None:
        """The same for another process: what was being asked has its answer nowhere."""
        self._is_undoing = False

    def _is_in_force(self, tag: str, body: bytes) -> bool:
        return self._in_force.get(tag) == _digest(body)

    def _is_repeated(self, tag: str, body: bytes) -> bool:
        """Whether it is the offer that is being made. Any other is asked, though it say nothing new: an engine that has
        lost the call finds it again by that."""
        return self._is_open and self._offer == (tag, body) and self._is_in_force(tag, body)

    def _offering(self, tag: str, body: bytes) -> Command:
        towards_callee, towards_caller = self.sides, (self.sides[1], self.sides[0])
        return Command(
            verb="offer",
            call=self.call,
            engine=self.engine,
            from_tag=tag,
            to_tag=_other(tag),
            sdp=body,
            sides=towards_callee if tag == CALLER else towards_caller,
        )

    def _answering(self, tag: str, body: bytes) -> Command:
        return Command(verb="answer", call=self.call, engine=self.engine, from_tag=_other(tag), to_tag=tag, sdp=body)

    def _deletion(self, engine: str) -> Command:
        return Command(verb="delete", call=self.call, engine=engine, from_tag=CALLER)

    def _not_taken(self, command: Command, reply: Reply, teller: str) -> None:
        if command.verb == "offer" and reply.is_lost and self.passes:
            self._begin_anew(self.engine)
            self._is_passing = True
        else:
            self._keep(teller, command.sdp, Moved(None, reply.error, reply.is_lost))

    def _begin_anew(self, engine: str) -> None:
        """What was said of the call before is of no more use."""
        self.engine = engine
        self._moved.clear()
        self._in_force.clear()
        self._agreed = self._stood = None

    def _propose(self, offer: Said) -> None:
        """The engine goes by that offer, and by nothing that the other end has said: it may have lost the call and
        found it again by this."""
        self._offer = offer
        self._in_force = {offer[0]: _digest(offer[1])}

    def _agree(self, answer: Said) -> None:
        tag, sdp = answer
        self._in_force[tag] = _digest(sdp)
        if self._offer is not None:
            self._agreed = (self._offer, answer)

    def _undone(self, command: Command, reply: Reply) -> Command | None:
        """The second step back, after the first."""
        if self._agreed is None or reply.error or reply.engine != self.engine:
            self._is_undoing = False
            return None
        offer, answer = self._agreed
        if command.verb == "offer":
            self._propose(offer)
            return self._answering(*answer)
        self._is_undoing = False
        self._agree(answer)
        return None

    def _keep(self, tag: str, body: bytes, moved: Moved) -> None:
        key = (tag, _digest(body))
        self._moved.pop(key, None)
        self._moved[key] = moved
        spare = [known for known in self._moved if known != key and self._in_force.get(known[0]) != known[1]]
        for known in spare[: max(0, len(spare) - _RECENT)]:
            del self._moved[known]

    def _told(self, moved: Moved) -> bytes:
        if moved.sdp is not None:
            return moved.sdp
        if moved.is_lost and not self.engine:
            raise MediaError(f"no engine for the media: {moved.error}", status=503)
        raise MediaError(f"rtpengine: {moved.error}")

    def _untold(self, body: bytes) -> bytes:
        if self._is_passing:
            return body
        raise MediaError("no engine has been asked about a session description")


def _tag(side: int) -> str:
    return CALLER if side == A else CALLEE


def _other(tag: str) -> str:
    return CALLEE if tag == CALLER else CALLER


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()
