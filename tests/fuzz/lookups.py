"""What must hold whatever name servers answer (RFC 3263, RFC 2782, RFC 3403)."""

import ipaddress
from typing import Final

from sipstack.errors import ParseError
from sipstack.locate import Answer, Host, Kind, Naptr, Outcome, Preferences, Question, Srv, search
from sipstack.locate.cache import Cache
from sipstack.values import Uri, Via, parse_uri

PREFERENCES: Final = (
    Preferences(),
    Preferences(transports=("TLS", "TCP")),
    Preferences(families=(Kind.AAAA,), targets=2, questions=5, records=2, ways=2, depth=2),
)
_OUTCOMES: Final = tuple(Outcome)


def zone(data: bytes) -> None:
    """The first line is a URI or a Via; each further one answers a question: records, fields split by blanks.

    The questions take the answers in turn, so that a server may lead anywhere and round in circles.
    """
    first, *lines = data.split(b"\n")
    wanted = _wanted(first.decode("utf-8", "surrogateescape"))
    if wanted is None:
        return
    answers = [_answer(line.decode("utf-8", "surrogateescape")) for line in lines[:64]] or [Answer(Outcome.NO_NAME)]
    for preferences in PREFERENCES:
        _searched(wanted, answers, preferences, dice=data[-4:])


def _searched(wanted: Uri | Via, answers: list[Answer], preferences: Preferences, *, dice: bytes) -> None:
    known: dict[Question, Answer] = {}
    cache = Cache(limit=16)
    for _ in range(preferences.questions + 2):
        findings = search(wanted, known.get, preferences, dice)
        assert findings.questions or findings.targets or findings.miss
        if not findings.questions:
            break
        for question in findings.questions:
            assert question not in known
            assert question.name == question.name.lower()
            assert len(question.name) <= 253
            known[question] = cache.put(question, answers[len(known) % len(answers)], float(len(known)))
    assert not findings.questions, "the search never ends"
    assert len(known) <= preferences.questions
    assert (findings.miss is None) is bool(findings.targets)
    assert len(findings.targets) <= preferences.targets
    assert cache.size <= 16
    for target in findings.targets:
        assert target.transport in preferences.transports
        assert 0 < target.port <= 65535
        address = ipaddress.ip_address(target.address)
        assert str(address) == target.address
        assert not address.is_unspecified
        assert not address.is_multicast or not known
        assert (Kind.AAAA if address.version == 6 else Kind.A) in preferences.families or known
    assert search(wanted, known.get, preferences, dice) == findings


def _wanted(text: str) -> Uri | Via | None:
    try:
        return Via.parse(text) if text[:4].upper() == "SIP/" else parse_uri(text)
    except ParseError:
        return None


def _answer(line: str) -> Answer:
    """`A 192.0.2.1 ...`, `S priority weight port target ...`, `N order preference flags service replacement ...`, or
    the number of an outcome."""
    kind, *fields = line.split(" ")
    match kind:
        case "A":
            return Answer(Outcome.FOUND, tuple(map(Host, fields)), 60.0)
        case "S":
            groups = zip(*[iter(fields)] * 4, strict=False)
            found = [Srv(_number(one), _number(two), _number(port), target=name) for one, two, port, name in groups]
            return Answer(Outcome.FOUND, tuple(found), 0.0)
        case "N":
            groups = zip(*[iter(fields)] * 5, strict=False)
            return Answer(
                Outcome.FOUND,
                tuple(
                    Naptr(_number(order), _number(liked), flags, service=service, replacement=name)
                    for order, liked, flags, service, name in groups
                ),
                1e9,
            )
    return Answer(_OUTCOMES[len(kind) % len(_OUTCOMES)], (), float(len(fields)))


def _number(text: str) -> int:
    """What two octets on the wire can say."""
    return int(text) % 65536 if text.isascii() and text.isdigit() and len(text) < 9 else len(text)
