"""The hunters are tested on prey: with a bug planted in the house, each must find it among few seeded calls.

A plain loop over seeds stands in for Hypothesis: what it finds, it finds in every run.
"""

import importlib
import random
import re
from collections.abc import Callable

import attrs
import pytest

from b2bua.call import bridge, pair, upshot
from b2bua.identity import later, passport, redaction, screening
from policy.claim import Position
from policy.numbering import hidden
from policy.rules import redirect
from sipstack.message import Headers
from sipstack.values import registry
from sipstack.values.grammar import WHITE
from tests.safety.conversation import play
from tests.safety.draft import Draft, finished
from tests.safety.hiding import (
    attempt,
    secret,
)
from tests.safety.hiding import later as lines_after
from tests.safety.stand import FOREIGN, NATIONAL, Stand
from tests.safety.test_callee_identity import INVITE
from tests.safety.test_callee_identity import shown as shown_to_caller
from tests.safety.test_no_forbidden_number import shown
from tests.safety.test_smuggling import PIECES, crossed
from tests.safety.test_smuggling import invite as smuggling_invite
from tests.safety.test_verstat import invite as verified_invite

Patch = pytest.MonkeyPatch
CALLS = 400
#: The module, whose name in its package is that of its function.
PARSING = importlib.import_module("sipstack.message.parse")


def in_the_invite() -> bool:
    """Whether any of the seeded INVITEs leaks."""
    for seed in range(CALLS):
        made = attempt(random.Random(seed))
        stand = Stand()
        stand.invite(made.invite)
        if shown(stand, made.number):
            return True
    return False


def in_a_passport() -> bool:
    """Whether any of the seeded INVITEs leaks that hide their number in a PASSporT, which few do."""
    for seed in range(10 * CALLS):
        made = attempt(random.Random(seed))
        if "identity" in made.places:
            stand = Stand()
            stand.invite(made.invite)
            if shown(stand, made.number):
                return True
    return False


def afterwards() -> bool:
    """Whether any of the seeded conversations leaks after a set-up that is in order."""
    for seed in range(CALLS):
        rng = random.Random(seed)
        made = attempt(rng)
        invite = made.invite if seed % 2 else finished(Draft(rng))
        stand = Stand()
        if stand.invite(invite) is None:
            continue
        other = play(rng, stand, invite, made.number)
        if shown(stand, other) or (seed % 2 and shown(stand, made.number)):
            return True
    return False


def from_the_callee() -> bool:
    """Whether any of the seeded answers from abroad leaks to the national caller."""
    for seed in range(CALLS):
        rng = random.Random(seed)
        number = secret(rng)
        stand = Stand(caller=NATIONAL)
        arrived = stand.invite(INVITE)
        assert arrived is not None
        stand.answer(arrived, "180 Ringing", lines_after(rng, number, known=False)[0])
        if shown_to_caller(stand, number):
            return True
    return False


def smuggled() -> bool:
    """Whether any of the pieces crosses as something else than was meant."""
    for piece, names in PIECES:
        try:
            left = crossed(smuggling_invite([piece]), FOREIGN)
        except AssertionError:
            return True
        if left is not None and left != ["content-type", *(names or ())]:
            return True
    return False


def verified_by_others() -> bool:
    """Whether a verification of somebody else crosses."""
    caller = "<tel:+33612345678;verstat=TN-Validation-Passed>"
    left = Stand().invite(verified_invite(caller, caller))
    assert left is not None
    return "verstat" in left.get("from")


def forget_carrier(key: str) -> Callable[[Patch], None]:
    def plant(patch: Patch) -> None:
        patch.setattr(screening, "CARRIERS", {name: at for name, at in screening.CARRIERS.items() if name != key})

    return plant


def first_value_only(patch: Patch) -> None:
    whole = Headers.values
    patch.setattr(Headers, "values", lambda headers, key: whole(headers, key)[: 1 if key.startswith("p-") else None])


def no_display_names(patch: Patch) -> None:
    whole = screening._address

    def without(*arguments: object) -> object:
        return (one for one in whole(*arguments) if one.position is not Position.DISPLAY)

    patch.setattr(screening, "_address", without)


def no_rest(patch: Patch) -> None:
    patch.setattr(screening, "_rest", lambda address, header: "")


def no_texts(patch: Patch) -> None:
    patch.setattr(screening, "TEXTS", ())


def no_guard(patch: Patch) -> None:
    patch.setattr(pair, "leak", lambda *_: None)


def no_sweep(patch: Patch) -> None:
    patch.setattr(redaction, "sweep", lambda *_: None)
    no_guard(patch)


def no_scrub(patch: Patch) -> None:
    patch.setattr(redaction, "scrub_sdp", lambda body, secrets: body)
    no_guard(patch)


def no_secrets(patch: Patch) -> None:
    for module in (upshot, redaction):
        patch.setattr(module, "secrets_of", lambda verdict: ())


def caller_stays(patch: Patch) -> None:
    whole = redaction.withhold
    patch.setattr(redaction, "ANONYMOUS", "<sip:+32470666666@carrier.example>")
    patch.setattr(redaction, "withhold", whole)
    no_guard(patch)


def asserted_stays(patch: Patch) -> None:
    patch.setattr(redaction, "IDENTITY", redaction.IDENTITY - {"p-asserted-identity"})
    no_sweep(patch)


def remember_apart(patch: Patch, keys: dict[str, str]) -> None:
    """Other names than those the house goes on with afterwards."""
    patch.setattr(PARSING, "KEYS", keys)
    patch.setattr(registry, "KEYS", keys)


def blind_to_compact(patch: Patch) -> None:
    patch.setattr(registry, "COMPACT", {short: name for short, name in registry.COMPACT.items() if short not in "bys"})
    remember_apart(patch, registry._Keys())


def case_matters(patch: Patch) -> None:
    class Exact(dict[str, str]):
        def __missing__(self, name: str) -> str:
            stripped = name.rstrip(" \t")
            return registry.COMPACT.get(stripped, stripped.lower() if stripped[:1].isupper() else stripped)

    remember_apart(patch, Exact())


def line_feeds_stay(patch: Patch) -> None:
    def with_bare_ones(data: bytes) -> tuple[str, bytes | None]:
        head, _, rest = data.partition(b"\r\n\r\n")
        return head.decode("utf-8", "surrogateescape"), rest

    patch.setattr(PARSING, "_with_whole_line_ends", with_bare_ones)


def contact_crosses(patch: Patch) -> None:
    patch.setattr(bridge, "OWN", bridge.OWN - {"contact"})


def verstat_stays(patch: Patch) -> None:
    patch.setattr(redaction, "_VERSTAT", re.compile(r"(?!)"))


def no_passports(patch: Patch) -> None:
    patch.setattr(screening, "read_passport", lambda value: passport.Passport())


def claims_unread(patch: Patch) -> None:
    whole = screening.read_passport
    patch.setattr(screening, "read_passport", lambda value: attrs.evolve(whole(value), texts=()))


def any_target_is_current(patch: Patch) -> None:
    def current(assertion: object, *_: object) -> bool:
        return assertion.header == "History-Info"

    patch.setattr(redirect, "is_current_target", current)


def escapes_stay(patch: Patch) -> None:
    for module in ("policy.numbering.hidden", "policy.numbering.number"):
        patch.setattr(f"{module}.unescape", lambda text: text)


def digits_of_one_script(patch: Patch) -> None:
    patch.setattr(hidden, "_fold", lambda char: "")


def folds_end_a_header(patch: Patch) -> None:
    patch.setattr(
        "sipstack.message.headers._value", lambda line: line[line.index(":") + 1 :].partition("\r")[0].strip(WHITE)
    )


def later_unscreened(patch: Patch) -> None:
    patch.setattr(later.LaterScreen, "_judge", lambda *_: (later.Outcome.PASS, ()))


def later_only_requests(patch: Patch) -> None:
    whole = later.LaterScreen.apply

    def apply(self: object, message: object, *rest: object) -> object:
        return later.Outcome.PASS if hasattr(message, "status") else whole(self, message, *rest)

    patch.setattr(later.LaterScreen, "apply", apply)


def later_unswept(patch: Patch) -> None:
    patch.setattr(later, "sweep", lambda *_: None)
    no_guard(patch)


BUGS: dict[str, tuple[Callable[[Patch], None], Callable[[], bool]]] = {
    "P-Asserted-Identity is not read": (forget_carrier("p-asserted-identity"), in_the_invite),
    "From is not read": (forget_carrier("from"), in_the_invite),
    "Diversion is not read": (forget_carrier("diversion"), in_the_invite),
    "History-Info is not read": (forget_carrier("history-info"), in_the_invite),
    "Referred-By is not read": (forget_carrier("referred-by"), in_the_invite),
    "Call-Info is not read": (forget_carrier("call-info"), in_the_invite),
    "only the first asserted identity is read": (first_value_only, in_the_invite),
    "display-names are not read": (no_display_names, in_the_invite),
    "parameters, passwords and embedded headers are not read": (no_rest, in_the_invite),
    "Subject and Organization are not read": (no_texts, in_the_invite),
    "neither sweep nor guard": (no_sweep, in_the_invite),
    "neither scrub nor guard": (no_scrub, in_the_invite),
    "no secrets": (no_secrets, in_the_invite),
    "a withheld From stays, no guard": (caller_stays, in_the_invite),
    "a withheld P-Asserted-Identity stays, no sweep": (asserted_stays, in_the_invite),
    "compact names are strangers": (blind_to_compact, in_the_invite),
    "names are compared with their case": (case_matters, in_the_invite),
    "PASSporTs are not read": (no_passports, in_a_passport),
    "only orig and div of a PASSporT are read": (claims_unread, in_a_passport),
    "every History-Info entry is the current target": (any_target_is_current, in_the_invite),
    "escapes are not undone": (escapes_stay, in_the_invite),
    "digits of other scripts vanish": (digits_of_one_script, in_the_invite),
    "a header ends at its first fold": (folds_end_a_header, in_the_invite),
    "nobody listens after the set-up": (later_unscreened, afterwards),
    "responses are not screened": (later_only_requests, afterwards),
    "no sweep and no guard after the set-up": (later_unswept, afterwards),
    "no screening of a callee abroad": (later_unscreened, from_the_callee),
    "a bare line feed stays": (line_feeds_stay, smuggled),
    "the Contact of the other leg crosses": (contact_crosses, smuggled),
    "a verstat stays": (verstat_stays, verified_by_others),
}


@pytest.mark.parametrize("hunt", dict.fromkeys(hunt for _, hunt in BUGS.values()))
def test_without_a_bug_nothing_is_found(hunt: Callable[[], bool]) -> None:
    assert not hunt()


@pytest.mark.law("¶33")
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str, monkeypatch: Patch) -> None:
    plant, hunt = BUGS[name]
    plant(monkeypatch)
    assert hunt()
