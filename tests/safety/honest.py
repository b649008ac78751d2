"""Callers who hide nothing, in the many legal ways there are to say so."""

import base64
import json

from tests.safety.draft import Draft, Random, finished, may
from tests.safety.stand import CALLED, Invite

#: Numbers as their countries write them; the tail is drawn.
COUNTRIES = (
    ("+336", 8),
    ("+331", 8),
    ("+4420794", 5),
    ("+4930", 7),
    ("+31201", 6),
    ("+3906", 8),
    ("+1415555", 4),
    ("+3526211", 5),
    ("+41446", 6),
    ("+8613800", 6),
    ("+551199", 7),
    ("+2126611", 5),
    ("+6837", 3),
    ("+57321", 7),
    ("+39324", 7),
    ("+1321234", 4),
)
NAMES = (
    "",
    '"Jean Dupont" ',
    "Jean Dupont ",
    '"Müller, Hans" ',
    '"O\'Brien \\"Bob\\" \\\\ Söhne" ',
    "Anaïs ",
    '"Agent 47" ',
    '"Studio 54 Paris" ',
    '"Room 12" ',
    '"日本 太郎" ',
    '"Taxi Vert 24/7" ',
    '"A.C.M.E. (sales)" ',
    '"privé" ',
    '"Inconnu" ',
    "H&M ",
)
USERS = ("anonymous", "alice", "j.dupont", "bob_99", "sales+paris", "o%27brien", "unknown", "%61lice")
TEXTS = ("Re: the offer of last week", "Room 12, second floor", "Bonjour Agnès", "Ticket #4711", "24/7 hotline", "")
HEX = "0123456789abcdef"


def number(rng: Random) -> str:
    head, length = rng.choice(COUNTRIES)
    return head + "".join(rng.choice("0123456789") for _ in range(length))


def _uri(rng: Random, caller: str) -> str:
    digits = caller[1:]
    parted = f"+{digits[:2]}-{digits[2:5]}.{digits[5:]}"
    return rng.choice(
        (
            f"sip:{caller}@carrier.example",
            f"sip:{caller}@carrier.example;user=phone",
            f"SIP:%2B{digits}@Carrier.Example:5060;transport=udp",
            f"sip:00{digits}@192.0.2.7",
            f"sips:{caller}@[2001:db8::7]",
            f"tel:{caller}",
            f"TEL:{parted}",
            f"sip:{parted}@carrier.example;user=phone",
            f"sip:{caller};npdi@carrier.example",
            f"tel:{caller};cpc=ordinary",
        )
    )


def _token(rng: Random, length: int) -> str:
    return "".join(rng.choice(HEX) for _ in range(length))


def _passport(rng: Random, caller: str) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")

    header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": f"https://certs.example/{_token(rng, 16)}.crt"}
    claims = {
        "attest": "A",
        "dest": {"tn": [CALLED[1:]]},
        "iat": 1782900000 + rng.randrange(100_000),
        "orig": {"tn": caller[1:]},
        "origid": "-".join(_token(rng, n) for n in (8, 4, 4, 4, 12)),
    }
    signature = base64.urlsafe_b64encode(bytes(rng.randrange(256) for _ in range(12))).decode()
    return f"{part(header)}.{part(claims)}.{signature};info=<https://certs.example/a.crt>;alg=ES256;ppt=shaken"


def _adorn(draft: Draft, caller: str) -> None:
    """Headers that honest calls have."""
    rng = draft.rng
    also = number(rng)
    icid = f"icid-value={_token(rng, 32)};orig-ioi=carrier.example"
    some = [
        ("P-Asserted-Identity", f"{rng.choice(NAMES)}<{_uri(rng, caller)}>"),
        ("P-Asserted-Identity", f"<tel:{caller}>"),
        ("Diversion", f"<sip:{also}@carrier.example>;reason=no-answer;counter=1;privacy=off"),
        ("History-Info", f"<sip:{also}@carrier.example?Reason=SIP%3Bcause%3D408>;index=1"),
        ("History-Info", f"<sip:{CALLED}@b2bua.example;cause=408>;index=1.1"),
        ("Identity", _passport(rng, caller)),
        ("Call-Info", "<https://www.example/icons/7.png>;purpose=icon, <https://example/v>;purpose=card"),
        ("Reply-To", f"{rng.choice(NAMES)}<sip:alice@carrier.example>"),
        ("Referred-By", f"<sip:{also}@carrier.example>"),
        ("Subject", rng.choice(TEXTS)),
        ("Organization", "Dupont & Fils S.A."),
        ("User-Agent", f"Gateway/4.{rng.randrange(100)} (build 20260701-{rng.randrange(10_000)})"),
        ("Privacy", rng.choice(("id", "none", "header;session", "id;critical"))),
        ("P-Charging-Vector", icid),
        ("P-Access-Network-Info", "3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2080111122223333"),
        ("Supported", "100rel, timer,replaces"),
        ("Session-Expires", "1800;refresher=uac"),
        ("Allow", "INVITE, ACK, CANCEL, BYE, UPDATE, PRACK"),
        ("X-Trace", _token(rng, 24)),
        ("X-Empty", ""),
        ("Unheard-Of", '"quoted, \\" and;odd" , <b>;c="d;e"'),
        ("Accept-Contact", '*;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel";explicit'),
        ("User-to-User", f"{_token(rng, 12)};encoding=hex"),
        ("Date", "Wed, 01 Jul 2026 12:00:00 GMT"),
    ]
    for name, value in some:
        if may(rng, 0.35):
            draft.add(name, value)


def honest(rng: Random) -> Invite:
    """An INVITE of a caller whom the decree leaves alone (¶25)."""
    caller = number(rng)
    draft = Draft(rng)
    draft.display = rng.choice(NAMES)
    draft.uri = f"sip:{rng.choice(USERS)}@carrier.example" if may(rng, 0.25) else _uri(rng, caller)
    if may(rng, 0.1):
        draft.display, draft.uri = '"Anonymous" ', "sip:anonymous@anonymous.invalid"
    elif may(rng, 0.1) and draft.uri.find(caller) >= 0:
        draft.display = f'"{caller}" '  # a telephone that repeats its number as its name
    elif may(rng, 0.1) and draft.uri.find(caller) >= 0:
        cut = rng.randrange(3, 7)
        draft.display = f'"Jean ({caller[:3]} {caller[3:cut]} {caller[cut:]})" '
    if may(rng, 0.3):
        draft.caller_parameters = rng.choice((";x=y", ';note="a;tag=b>"', ";isup-oli=00"))
    _adorn(draft, caller)
    draft.vias = tuple(
        f"Via: SIP/2.0/UDP 192.0.2.{n};branch=z9hG4bK{n};received=198.51.100.{n}"
        for n in range(rng.choice((0, 0, 2, 40)))
    )
    if may(rng, 0.15):
        draft.body = rng.choice(
            (
                (b"", "application/sdp"),
                (b"--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--x--\r\n", 'multipart/mixed ; boundary="x"'),
                (bytes(range(256)), "application/octet-stream"),
            )
        )
    return finished(draft)
