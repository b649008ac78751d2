"""The stories, in the order they are played. The numbers of mobile subscribers are those of `SUBSCRIBERS`."""

from collections.abc import Mapping
from typing import Final

from b2bua.demo.story import Fields, Side, Story
from policy.verdict import Outcome

_BRUSSELS: Final = "+3225551212"
_FREEPHONE: Final = "+3280012345"
_LONDON: Final = "+442079460123"
_ABROAD: Final = "+32475111111"
_AT_HOME: Final = "+32475222222"
_UNREACHABLE: Final = "+32475333333"
_UNCHECKED: Final = "+32456123456"

#: The subscribers of the mobile operator in this play, as `holder.Stub` has them: in Germany, in Belgium, and one who
#: cannot be asked about.
SUBSCRIBERS: Final[Mapping[str, int | str]] = {_ABROAD: 262, _AT_HOME: 206, _UNREACHABLE: "failing"}
#: A range whose holder has shown that it cannot check, with a dossier that says so.
NOT_OFFERED: Final = "+32456"

_GHENT: Final = "sip:+3293330000@gateway.example"
_PARIS: Final = "sip:+33199001234@gateway.example"
_EMERGENCY: Final = "sip:112@gateway.example"

_ANONYMOUS: Final = '"Anonymous" <sip:anonymous@anonymous.invalid>'
_WITHHELD: Final = (("From", _ANONYMOUS), ("Privacy", "id"))


def _sip(number: str, name: str = "") -> str:
    return f'"{name}" <sip:{number}@abroad.example>' if name else f"<sip:{number}@abroad.example>"


def _calling(number: str, *others: tuple[str, str]) -> Fields:
    return (("From", _sip(number)), *others)


def _blocked(title: str, told: str, article: str, sends: Fields, decided_by: str = "From") -> Story:
    return Story(
        title=title,
        told=told,
        article=article,
        decided_by=decided_by,
        verdict=Outcome.BLOCK,
        uri=_GHENT,
        sends=sends,
        sees=(),
    )


def _passed(
    title: str,
    told: str,
    article: str,
    sends: Fields,
    decided_by: str = "From",
    *,
    uri: str = _GHENT,
    caller: Side = Side.FOREIGN,
    callee: Side = Side.NATIONAL,
) -> Story:
    """Whatever the caller says of itself arrives as it was sent."""
    return Story(
        title=title,
        told=told,
        article=article,
        decided_by=decided_by,
        verdict=Outcome.PASS,
        uri=uri,
        sends=sends,
        sees=sends,
        caller=caller,
        callee=callee,
    )


def _hidden(
    title: str,
    told: str,
    article: str,
    verdict: Outcome,
    *,
    sends: Fields,
    sees: Fields,
    secret: str,
    decided_by: str = "From",
) -> Story:
    """The call goes on, and something of what it says does not."""
    return Story(
        title=title,
        told=told,
        article=article,
        decided_by=decided_by,
        verdict=verdict,
        uri=_GHENT,
        sends=sends,
        sees=sees,
        secret=secret,
    )


STORIES: Final = (
    _blocked(
        "02 number from abroad",
        "A Belgian landline number cannot call from abroad.",
        "art. 1 2°, ¶8-9",
        _calling(_BRUSSELS),
    ),
    _blocked(
        "0800 number from abroad",
        "A freephone number never calls, least of all from abroad.",
        "art. 1 2°, ¶8-9",
        _calling(_FREEPHONE),
    ),
    _blocked(
        "Short number as caller",
        "Four digits are a service of one country, not a caller from another.",
        "art. 1 4°, ¶9",
        _calling("1207"),
    ),
    _blocked(
        "+32 and a digit too few",
        "A Belgian number of the wrong length is no number.",
        "art. 1 1°, ¶8",
        _calling("+322555121"),
    ),
    _blocked(
        "02 number, oddly spelt",
        "Escapes and dots do not make it another number, only a worse one.",
        "art. 1 1°, ¶8",
        _calling("%2B32-2-555.12.12"),
    ),
    _passed(
        "0475 roaming abroad",
        "The holder of the mobile number says that its subscriber is abroad.",
        "art. 1 3°, ¶8",
        _calling(_ABROAD, ("P-Asserted-Identity", _sip(_ABROAD))),
    ),
    _blocked(
        "0475 not roaming",
        "The holder says that its subscriber is at home: somebody borrows the number.",
        "art. 1 3°, ¶8",
        _calling(_AT_HOME),
    ),
    _hidden(
        "0475 not verifiable",
        "The holder does not answer, and that is on record: the call goes on, its number does not.",
        "art. 1 3°, ¶8",
        Outcome.WITHHOLD,
        sends=(("From", _sip(_UNREACHABLE, "Jan")), ("P-Asserted-Identity", f"<tel:{_UNREACHABLE}>")),
        sees=_WITHHELD,
        secret="475333333",
    ),
    _hidden(
        "0456, no check exists",
        "The holder offers no check and a dossier says why: the call goes on without its number.",
        "art. 1 3°, ¶8",
        Outcome.WITHHOLD,
        sends=_calling(_UNCHECKED),
        sees=_WITHHELD,
        secret="456123456",
    ),
    _blocked(
        "Forwarded by an 02 number",
        "The caller is foreign; the number that forwarded the call is a Belgian landline.",
        "art. 1 2°, ¶8-9",
        _calling(_LONDON, ("Diversion", f"{_sip(_BRUSSELS)};reason=unconditional")),
        "Diversion",
    ),
    _blocked(
        "02 number in the history",
        "From is clean; an earlier entry of History-Info is not.",
        "art. 1 2°, ¶8-9",
        _calling(_LONDON, ("History-Info", f"{_sip(_BRUSSELS)};index=1, <{_GHENT}>;index=1.1")),
        "History-Info",
    ),
    _blocked(
        "02 number in a second PAI",
        "The first P-Asserted-Identity is clean; the second is not.",
        "art. 1 2°, ¶8-9",
        _calling(_LONDON, ("P-Asserted-Identity", f"{_sip(_LONDON)}, <tel:{_BRUSSELS}>")),
        "P-Asserted-Identity 2",
    ),
    _blocked(
        "02 number as a name",
        "The number is foreign; the name that a phone would show is a Belgian landline.",
        "art. 1 2°, ¶8-9",
        (("From", _sip(_LONDON, "02 555 12 12")),),
        "From (name)",
    ),
    _hidden(
        "Mobile number as a name",
        "The number is foreign; the name is a Belgian mobile number and is taken away.",
        "art. 1 3°, ¶8",
        Outcome.STRIP,
        sends=(("From", _sip(_LONDON, "0475 44 44 44")),),
        sees=_calling(_LONDON),
        secret="475444444",
        decided_by="From (name)",
    ),
    _hidden(
        "Forwarded by a 0475",
        "A Belgian mobile at home forwarded the call: no ground to block, but that number goes no further.",
        "art. 1 3°, ¶8",
        Outcome.STRIP,
        sends=_calling(_LONDON, ("Diversion", f"{_sip(_AT_HOME)};reason=no-answer")),
        sees=_calling(_LONDON),
        secret="475222222",
        decided_by="Diversion",
    ),
    _hidden(
        "Referred by an 02 number",
        "Referred-By is no caller's number, yet a phone may show it: taken away.",
        "art. 1 2°, ¶8-9",
        Outcome.STRIP,
        sends=_calling(_LONDON, ("Referred-By", _sip(_BRUSSELS))),
        sees=_calling(_LONDON),
        secret="25551212",
        decided_by="Referred-By",
    ),
    _passed(
        "Anonymous caller",
        "A call without a number concerns the decree as little as a letter without a sender.",
        "¶25",
        (("From", _ANONYMOUS), ("Privacy", "id")),
    ),
    _passed(
        "Foreign number",
        "A London number calls from abroad, as London numbers do.",
        "¶25",
        (("From", _sip(_LONDON, "Ada")), ("P-Asserted-Identity", f"<tel:{_LONDON}>")),
    ),
    _passed(
        "02 number calls 112",
        "A call for help is neither stopped nor changed, whatever number it shows.",
        "call to an emergency service",
        _calling(_BRUSSELS, ("P-Asserted-Identity", _sip(_BRUSSELS))),
        "Request-URI",
        uri=_EMERGENCY,
    ),
    _passed(
        "National call",
        "From one Belgian operator to another: outside the decree, nothing is touched.",
        "¶24",
        (
            ("From", _sip(_BRUSSELS, "02 555 12 12")),
            ("P-Asserted-Identity", f"<tel:{_BRUSSELS}>"),
            ("Diversion", f"{_sip(_FREEPHONE)};reason=unconditional"),
        ),
        "class of the trunk",
        caller=Side.NEIGHBOUR,
    ),
    _passed(
        "National call to Paris",
        "A Belgian number calls Paris: what leaves the country is not judged.",
        "¶24",
        _calling(_BRUSSELS, ("P-Asserted-Identity", f"<tel:{_BRUSSELS}>")),
        "class of the trunk",
        uri=_PARIS,
        caller=Side.NATIONAL,
        callee=Side.FOREIGN,
    ),
)
