"""One side of a call: its dialog, the answers that wait for an ACK, and where its requests go."""

from functools import lru_cache
from typing import Final

import attrs

from b2bua.call.acts import Act, Repeat, Reply, Transmit
from b2bua.call.bridge import next_hop
from b2bua.call.credentials import Asked
from b2bua.call.liveness import Liveness
from b2bua.trunk import Circuit, Signalled, Socket, Trunk
from policy.claim import Claim, TrunkClass
from sipstack.dialog import Dialog, SentAcks, UnackedAnswer
from sipstack.effects import Key
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Headers, Request, Response
from sipstack.timing import Timing

#: Branches of one fork whose early dialogs are kept.
BRANCHES = 16
# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02 (2026-11-23).
_SCREENED: Final = (TrunkClass.INTERNATIONAL, TrunkClass.ARTICLE_4)
_AT_HOME: Final = (TrunkClass.NATIONAL, TrunkClass.NATIONAL_TRANSIT)


@attrs.define(eq=False)
class Branch:
    """One branch of an INVITE that forks, as one side of the call has it."""

    dialog: Dialog
    liveness: Liveness = attrs.field(repr=False)
    """What has been said in that dialog: each has a session of its own (RFC 3261 §13.2.1)."""


@attrs.define(eq=False, kw_only=True)
class Leg:
    """One side. The A leg has the caller behind it, the B leg the callee."""

    trunk: Trunk
    flow: Flow
    """Where its messages go when nothing better is known: where the INVITE came from, or the target it went to."""
    socket: Socket
    call_id: str
    """The Call-ID of this side; the other has another."""
    tag: str
    """Our tag in this side's dialog; before an answer that of the first branch, and of what no branch has said."""
    invite_number: int = 1
    """The CSeq number of the INVITE of ours that opened it; of the B leg alone."""
    asked: Asked = attrs.field(factory=Asked)
    """What its servers want proved."""
    dialog: Dialog | None = None
    acks: SentAcks = attrs.field(factory=SentAcks)
    """The ACKs we sent here, for a 2xx that comes again."""
    held: Response | None = None
    """A 2xx of this side that carries an offer: its ACK waits for the other side's, which has the answer."""
    unacked: UnackedAnswer | None = None
    """A 2xx we sent here, until its ACK comes."""
    unacked_key: Key | None = None
    unacked_number: int = 0
    """The CSeq number of the INVITE it answers."""
    branches: dict[str, Branch] = attrs.field(factory=dict)
    """Early dialogs by the callee's tag on the B leg; each counts its own requests (§12.1.2)."""
    declared: TrunkClass = attrs.field()
    """The class of its trunk, or of the circuit."""
    trunk_class: TrunkClass = attrs.field()
    """What that truly was as the leg began (`policy.standing`): an attestation may have lapsed."""
    known_as: str = attrs.field()
    """How the register names its trunk, or the virtual circuit of it that the call came by."""
    is_enforced: bool = True
    """Whether what is found in its messages has consequences, which it has not on trial (`trial.py`)."""
    wishes: frozenset[str] = frozenset()
    """What it last asked for that keeps it from being shown (`identity.privacy`)."""
    is_forged: bool = False
    """Whether its INVITE has a marker of a circuit that does not verify."""
    left: tuple[str, ...] = ()
    """The latest branches whose early dialog the caller has hung up, by the callee's tag."""
    referred: tuple[tuple[int, int], ...] = ()
    """REFERs sent on to this side: the CSeq number of each here, with the one it came with."""
    liveness: Liveness = attrs.field(factory=Liveness, repr=False)
    """Whether this side is still there."""
    before: Liveness | None = attrs.field(default=None, repr=False)
    """The same as it was before the first branch spoke, from which each branch starts; None until then."""

    @declared.default
    def _as_its_trunks(self) -> TrunkClass:
        return self.trunk.trunk_class

    @trunk_class.default
    def _as_declared(self) -> TrunkClass:
        return self.declared

    @known_as.default
    def _as_its_trunk(self) -> str:
        return self.trunk.name

    def mark(self, signalled: Signalled) -> None:
        """Its INVITE is of a virtual circuit, in whose class and under whose name it is judged from now on."""
        self.is_forged = signalled.is_forged
        if signalled.circuit is not None:
            self.known_as, self.declared = signalled.circuit.name, signalled.circuit.trunk_class

    @property
    def circuit(self) -> Circuit | None:
        """The virtual circuit that the call came by; None when it came by the trunk itself."""
        return self.trunk.circuits.find(self.known_as)

    @property
    def max_foreign_share(self) -> float:
        """Of the callers on its circuit, or else its trunk."""
        circuit = self.circuit
        return self.trunk.max_foreign_share if circuit is None else circuit.max_foreign_share

    @property
    def is_screened(self) -> bool:
        """Whether what comes from it is judged, and changed by what is found."""
        return self.trunk_class in _SCREENED

    @property
    def is_trusted(self) -> bool:
        """Whether it may have the number of somebody who is not to be shown: national networks are bound to keep that
        wish, each in its own law, and one abroad only where a contract says so."""
        if self.trunk.trusted is not None:
            return self.trunk.trusted
        return self.trunk_class in _AT_HOME

    @property
    def origin(self) -> Claim:
        """A claim from there that asserts nothing."""
        carrier = "" if self.known_as == self.trunk.name else self.trunk.name
        return _origin(self.known_as, self.declared, self.flow.remote[0], self.socket.address, carrier)

    @property
    def tags(self) -> tuple[str, ...]:
        """Ours, by which and the Call-ID a message in one of its dialogs is found, whichever tag the peer has."""
        if not self.branches:
            return (self.tag,)
        return tuple(dict.fromkeys([self.tag, *[branch.dialog.local_tag for branch in self.branches.values()]]))

    def hears(self, flow: Flow) -> bool:
        """Whether a request that came by that flow can be this side's: a socket has one class (art. 2), so that whoever
        has learnt the names of a dialog at home, from a REFER, is not taken for home when abroad. On the socket of a
        circuit that is told by signalling, only its peers speak for it."""
        if flow.socket not in self.trunk.names:
            return False
        circuit = self.circuit
        return circuit is None or circuit.admits(*flow.remote)

    def via(self, ids: Ids) -> str:
        """A Via value with a fresh branch."""
        return self.socket.via(ids.branch())

    def request(self, method: str, ids: Ids, hops: int = 70) -> Request:
        """Our next request in this side's dialog, less the lines that cross; raises AssertionError without a dialog."""
        assert self.dialog is not None, "no request without a dialog"
        contact = self.socket.contact if method in ("INVITE", "UPDATE", "SUBSCRIBE", "REFER", "NOTIFY") else None
        return self.dialog.request(method, via=self.via(ids), contact=contact, max_forwards=hops)

    def prove(self, request: Request, ids: Ids) -> None:
        """The last that is done to a request of ours: what this side's servers have asked for goes into it."""
        self.asked.prove(self.trunk.accounts, request, ids)

    def again(self, sent: Request, response: Response, dialog: Dialog, ids: Ids) -> Request | None:
        """A request in a dialog of this side once more, with the proof that its final response asks for (§22.2); None
        when the response stands."""
        if not self.asked.learn(self.trunk.accounts, sent, response, ids, dialog.local_cseq + 1):
            return None
        dialog.local_cseq += 1
        repeated = Request(sent.method, sent.uri, sent.headers.copy(), sent.body)
        repeated.headers.replace("via", self.via(ids))
        repeated.headers.replace("cseq", f"{dialog.local_cseq} {sent.method}")
        self.prove(repeated, ids)
        return repeated

    def next_hop(self) -> Flow:
        """Where requests in the dialog go."""
        return self.flow if self.dialog is None else next_hop(self.dialog.next_hop, self.flow)

    def acknowledge(self, answer: Response, dialog: Dialog, ids: Ids, headers: Headers, body: bytes) -> Act:
        """ACKs a 2xx of this side; headers and body are the other side's, whose ACK may answer a late offer."""
        ack = dialog.ack(answer.cseq.number, via=self.via(ids), body=body)
        ack.headers.extend(headers)
        self.asked.acknowledge(self.trunk.accounts, ack)
        wire = ack.encode()
        self.acks.remember(answer, wire)
        return Transmit(next_hop(dialog.next_hop, self.flow), wire)

    def answer(self, key: Key, response: Response, timing: Timing, now: float, *, is_awaited: bool = False) -> Act:
        """Sends a 2xx to this side's INVITE, and again until the ACK comes (RFC 3261 §13.3.1.4).

        Where the other side waits for that ACK too, because it has the answer to a late offer, it is waited for a
        little less long: the ACK across must come before that side gives up in its turn.
        """
        wire = response.encode()
        self.unacked = UnackedAnswer(wire, timing, now, patience=(60 if is_awaited else 64) * timing.t1)
        self.unacked_key, self.unacked_number = key, response.cseq.number
        return Reply(key, response, wire)

    def open(self, name: str, branch: Branch) -> None:
        """A branch of a fork has spoken; of too many, the oldest is forgotten."""
        self.branches[name] = branch
        if len(self.branches) > BRANCHES:
            del self.branches[next(iter(self.branches))]

    def leave(self, name: str) -> None:
        """A branch has had its BYE; what it says after that it said before."""
        del self.branches[name]
        self.left = (*self.left[1 - BRANCHES :], name)

    def turn(self, name: str) -> None:
        """What comes next is in the dialog of that branch."""
        branch = self.branches[name]
        self.dialog, self.liveness = branch.dialog, branch.liveness

    def branch_of(self, local_tag: str, remote_tag: str) -> str | None:
        """The name of the branch whose dialog has these tags."""
        for name, branch in self.branches.items():
            if branch.dialog.local_tag == local_tag and branch.dialog.remote_tag == remote_tag:
                return name
        return None

    def is_in(self, local_tag: str, remote_tag: str) -> bool:
        """Whether the current dialog has these tags."""
        dialog = self.dialog
        return dialog is not None and dialog.local_tag == local_tag and dialog.remote_tag == remote_tag

    def find(self, local_tag: str, remote_tag: str) -> Dialog | None:
        """The dialog that has these tags."""
        name = self.branch_of(local_tag, remote_tag)
        if name is not None:
            return self.branches[name].dialog
        return self.dialog if self.is_in(local_tag, remote_tag) else None

    def across(self, other: "Leg", local_tag: str, remote_tag: str) -> Dialog | None:
        """The dialog of the other leg that belongs to the one that has these tags here."""
        name = self.branch_of(local_tag, remote_tag)
        if name is not None and name in other.branches:
            return other.branches[name].dialog
        return other.dialog if self.is_in(local_tag, remote_tag) else None

    def awaits(self, ack: Request) -> bool:
        """Whether an ACK is the one this side's 2xx waits for, and not a late copy of an earlier one (§13.3.1.4)."""
        ours = self.dialog is not None and self.dialog.remote_tag == (ack.from_.tag or "")
        return ours and self.unacked is not None and ack.cseq.number == self.unacked_number

    def acknowledged(self) -> None:
        """The ACK has come."""
        self.unacked = None
        self.unacked_key = None

    def tick(self, now: float) -> list[Act]:
        """Sends the 2xx again when it is time; look at `unacked.given_up` after."""
        if self.unacked is None or self.unacked_key is None:
            return []
        wire = self.unacked.tick(now)
        return [] if wire is None else [Repeat(self.unacked_key, wire)]

    def deadline(self) -> float | None:
        """When `tick` is due."""
        return None if self.unacked is None else self.unacked.deadline()


@lru_cache(maxsize=1_024)
def _origin(name: str, declared: TrunkClass, host: str, own: str, carrier: str) -> Claim:
    """One for all calls of a peer: a claim is a value."""
    return Claim(trunk=name, trunk_class=declared, peer=host.partition("%")[0], own=own, carrier=carrier)
