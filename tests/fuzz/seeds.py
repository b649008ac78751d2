"""What fuzzing starts from: the messages of RFC 4475 and RFC 5118, those of vendors, and whole conversations."""

from typing import Final

from sipstack.errors import ParseError
from sipstack.message import parse_structure
from sipstack.values import LISTS
from tests.fuzz.machines import MARK, SDP
from tests.sipstack.differential.vendors import MESSAGES as VENDORS
from tests.sipstack.differential.vendors import SIP_I
from tests.torture import rfc4475, rfc5118

MESSAGES: Final = (
    *[torture.data for torture in (*rfc4475.MESSAGES, *rfc5118.MESSAGES)],
    *VENDORS.values(),
)


def lines() -> list[bytes]:
    """The values of all header lines of all messages, and of examples for headers that no message has."""
    found: dict[bytes, None] = {}
    for data in MESSAGES:
        try:
            headers = parse_structure(data).headers
        except ParseError:
            continue
        for key in dict.fromkeys(headers.keys):
            for value in headers.all(key):
                found[value.encode("utf-8", "surrogateescape")] = None
                if key in LISTS:
                    found |= {one.encode("utf-8", "surrogateescape"): None for one in value.split(",")}
    return [*found, *_EXAMPLES]


_EXAMPLES: Final = (
    b'Digest realm="a", nonce="b", qop="auth,auth-int", algorithm=SHA-256, stale=true, Digest realm="a", nonce="c"',
    b'Digest username="alice", realm="a", nonce="b", uri="sip:a", response="00", qop=auth, nc=00000001, cnonce="c"',
    b"Bearer eyJhbGciOiJub25lIn0.e30.",
    b'nextnonce="x", rspauth="00", qop=auth, nc=00000001, cnonce="c"',
    b"sip:alice:secret@example.org:5061;maddr=239.1.1.1;ttl=15;transport=udp;method=INVITE;lr?Subject=a%20b&body=c",
    b"sip:+1-212-555-1212;ext=3;phone-context=+1@gw.example;user=phone",
    b"tel:7042;phone-context=example.com;ext=5;isub=1",
    b"tel:+1-201-555-0123",
    b"urn:service:sos.police",
    b'"A \\"B\\" \\\\" <sip:a@[2001:db8::1]:5060;x=%41?From=%3csip:x@y%3e>;q=0.5;expires=60;tag=1;+i="<urn:x>"',
    b"<sip:a@b?Reason=SIP%3Bcause%3D302>;index=1.1.2;rc=1, <sip:c@d>;index=1.2;mp=1.1",
    b"<sip:a@b>;reason=no-answer;counter=3;limit=5;privacy=full;screen=yes",
    b"<sip:a@b?Replaces=1%40c%3Bto-tag%3D2%3Bfrom-tag%3D3>;method=INVITE",
    b"425928@bobster.example.org;to-tag=7743;from-tag=6472;early-only",
    b'<sip:r@r.example>;cid="20398823.2UWQFN309shb3@referrer.example"',
    b'Q.850;cause=16;text="Normal call clearing";location=LN, SIP;cause=200;text="a, b"',
    b"eyJhbGciOiJFUzI1NiJ9.e30.c2ln;info=<https://c.example/cert.pem>;alg=ES256;ppt=shaken",
    b"SIP / 2.0 / TCP [2001:db8::9]:5060 ;branch=z9hG4bK1;received=192.0.2.1;rport=5060;ttl=1;maddr=239.1.1.1",
    b"1800;refresher=uac",
    b"120 (I'm in a (big) meeting);duration=3600",
    b"54.5 0.25",
    b"Sat, 13 Nov 2010 23:29:00 GMT",
    b'307 isi.example "Session parameter \\"foo\\" not understood", 399 [::1]:5060 "x"',
    b"776656 1 INVITE",
    b"4711 INVITE",
    b"active;expires=60;reason=deactivated;retry-after=10",
    b"refer;id=93809824",
    b"header;user;id",
    b"INVITE, ACK, CANCEL, OPTIONS, BYE",
    b"100rel, timer , replaces",
    b'multipart/mixed;boundary="b 1";type="application/sdp"',
    b"signal;handling=optional",
    b"text/html;level=1;q=0.7, application/*;q=0, */*",
    b"gzip;q=1.0, identity; q=0.5, *;q=0, en-gb",
)


def streams() -> list[bytes]:
    """Each message alone, and some together with keep-alives between them; the first octet seeds the cuts."""
    sound = [data for data in MESSAGES if b"\r\nContent-Length: 0\r\n" in data]
    together = [b"\r\n\r\n" + b"\r\n\r\n".join(sound[at : at + 3]) for at in range(0, len(sound) - 2, 3)]
    return [bytes([at % 256]) + data for at, data in enumerate([*MESSAGES, *together])]


def bodies() -> list[bytes]:
    """A media type and a body of it."""
    inner = b"--in\r\nContent-Type: text/plain\r\n\r\nx\r\n--in\r\n\r\ny\r\n--in--\r\n"
    made = [
        b"multipart/mixed;boundary=b1\r\n" + SIP_I,
        b'multipart/mixed;boundary="b1"\r\npreamble\r\n' + SIP_I + b"epilogue",
        b"multipart/related;boundary=b1\r\n--b1\r\nContent-Type: multipart/alternative;boundary=in\r\n\r\n"
        + inner
        + b"\r\n--b1\r\nContent-ID: <a@b>\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\xff\r\n--b1--\r\n",
        b"multipart/mixed;boundary=b1\r\n--b1\r\n\r\n--b1 \t\r\nno empty line\r\n--b1",
        b"multipart/mixed;boundary=b1\r\n--b1\n\nlone line feeds\n--b1--\n",
        b"multipart/mixed;boundary=b1\r\n" + SIP_I + b"--b1\r\n\r\nbehind the end\r\n--b1--\r\n",
        b"application/sdp\r\n" + SDP,
    ]
    for data in MESSAGES:
        try:
            message = parse_structure(data)
        except ParseError:
            continue
        if message.content_type and message.content_type.startswith("multipart"):
            made.append((message.headers.first("content-type") or "").encode() + b"\r\n" + message.body)
    return made


def proofs() -> list[bytes]:
    """Challenges, credentials and proofs, one a line."""
    challenge = b'Digest realm="example.org", nonce="%s", qop="auth", algorithm=%s, opaque="x"'
    answer = (
        b'Digest username="%s", realm="example.org", nonce="n", uri="sip:example.org", response="0", '
        b'algorithm=%s, qop=%s, nc=00000001, cnonce="c"'
    )
    return [
        b"\r\n".join([challenge % (b"n1", b"MD5"), challenge % (b"n2", b"SHA-256-sess"), b"Basic realm=x"]),
        challenge % (b"bell \\\x07", b"MD5"),
        b"\r\n".join([challenge % (b"n1", b"MD5"), b"x", b"y", challenge % (b"n2", b"MD5") + b", stale=true"]),
        b'nextnonce="n2", rspauth="00", qop=auth, nc=00000001, cnonce="c"\r\n\r\n',
        *[
            answer % (user, algorithm, qop)
            for user in (b"alice", b"mallory")
            for algorithm in (b"MD5", b"SHA-256", b"SHA-512-256-sess")
            for qop in (b"auth", b'"auth-int"')
        ],
        b'Digest username="alice",realm="example.org",nonce="n",uri="sip:EXAMPLE.org",response="0"',
        b'Digest username="alice",userhash=true,realm="example.org",nonce="n",uri="sip:example.org",response="0"',
    ]


def zones() -> list[bytes]:
    """A URI, and what name servers answer one after the other."""
    return [
        b"sip:example.org\nN 50 50 s SIPS+D2T _sips._tcp.example.org 60 50 s SIP+D2U _sip._udp.example.org\n"
        b"S 0 1 5061 a.example.org 0 2 5061 b.example.org\nA 192.0.2.1 2001:db8::1\nA 192.0.2.2",
        b"sips:example.org;transport=tcp\nS 1 0 5061 . 2 0 0 a\nA 0.0.0.0 224.0.0.1 ::ffff:192.0.2.1 fe80::1",
        b"sip:example.org\nN 1 1  SIP+D2U a.example 1 1 a SIP+D2T example.org 1 2  SIP+D2U b.example\nNN\nSSS",
        b"sip:[2001:db8::1]:5070;maddr=239.1.1.1\nA ::1",
        b"sip:host.example:5062;transport=tls\nA 192.0.2.1",
        b"SIP/2.0/TCP host.example;received=192.0.2.1\nS 0 0 5060 host.example\nA 192.0.2.9",
        b"tel:+123\nA ::1",
        b"sip:127.1\nA 127.1 010.0.0.1",
    ]


def growths() -> list[bytes]:
    """A head, what is repeated, a tail."""
    return [
        MARK.join(parts)
        for parts in (
            (b'"', b'\\"', b""),
            (b"<sip:a@b>", b" ; a = b", b"!"),
            (b"sip:a@b", b";a=b", b"\0"),
            (b"", b"<sip:a@b>,", b""),
            (b"Digest ", b"a=b, ", b""),
            (b"Digest", b" ", b"\0"),
            (b"SIP/2.0/UDP h", b" ", b"x"),
            (b"120 ", b"(", b")"),
            (b"multipart/mixed;boundary=b1\r\n", b"\r\n--b1\r\n\r\n", b"--b1--"),
            (b"INVITE sip:b@b SIP/2.0\r\n", b" \r\n", b"\r\n\r\n"),
            (b"sip:a@b?", b"a=%41&", b""),
        )
    ]


_VIA: Final = b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%s\r\n"


def theirs(
    method: bytes, cseq: int, *more: bytes, to: bytes = b"<sip:us@192.0.2.9>", body: bytes = b"", branch: bytes = b""
) -> bytes:
    """A request of the peer's, in its own dialog."""
    lines = [
        method + b" sip:us@192.0.2.9 SIP/2.0",
        (_VIA % (branch or b"%s%d" % (method, cseq))).rstrip(),
        b"From: <sip:bob@192.0.2.1>;tag=bob",
        b"To: " + to,
        b"Call-ID: theirs",
        b"CSeq: %d " % cseq + method,
        b"Contact: <sip:bob@192.0.2.1>",
        b"Max-Forwards: 70",
        *more,
        *([b"Content-Type: application/sdp"] if body else []),
        b"Content-Length: %d" % len(body),
    ]
    return b"r" + b"\r\n".join(lines) + b"\r\n\r\n" + body


def within(method: bytes, cseq: int, *more: bytes, body: bytes = b"", branch: bytes = b"") -> bytes:
    return theirs(method, cseq, *more, to=b"<sip:us@192.0.2.9>;tag=$TAG", body=body, branch=branch)


def answer(status: int, *more: bytes, tag: bytes = b"bob", body: bytes = b"") -> bytes:
    """The peer's response to our last request."""
    lines = [
        b"SIP/2.0 %d X" % status,
        b"Via: $VIA",
        b"From: $FROM",
        b"To: <sip:bob@192.0.2.1>" + (b";tag=" + tag if tag else b""),
        b"Call-ID: $ID",
        b"CSeq: $CSEQ",
        b"Contact: <sip:bob@192.0.2.1>",
        *more,
        *([b"Content-Type: application/sdp"] if body else []),
        b"Content-Length: %d" % len(body),
    ]
    return b"r" + b"\r\n".join(lines) + b"\r\n\r\n" + body


def to_invite(status: int, *more: bytes, tag: bytes = b"bob", body: bytes = b"") -> bytes:
    """The peer's response to our last INVITE, whatever we have sent since."""
    made = answer(status, *more, tag=tag, body=body)
    return made.replace(b"$VIA", b"$IVIA").replace(b"$CSEQ", b"$ICSEQ")


def in_ours(method: bytes, cseq: int, *more: bytes, body: bytes = b"") -> bytes:
    """The peer's request in the dialog that our last request is of."""
    lines = [
        method + b" sip:us@192.0.2.9 SIP/2.0",
        (_VIA % (b"%s%d" % (method, cseq))).rstrip(),
        b"From: <sip:bob@192.0.2.1>;tag=bob",
        b"To: $FROM",
        b"Call-ID: $ID",
        b"CSeq: %d " % cseq + method,
        b"Contact: <sip:bob@192.0.2.1:5070>",
        *more,
        *([b"Content-Type: application/sdp"] if body else []),
        b"Content-Length: %d" % len(body),
    ]
    return b"r" + b"\r\n".join(lines) + b"\r\n\r\n" + body


def layers() -> list[bytes]:
    """Conversations with a transaction layer."""
    invite = theirs(b"INVITE", 1, body=SDP)
    ack = within(b"ACK", 1, branch=b"INVITE1")
    cancel = theirs(b"CANCEL", 1, branch=b"INVITE1")
    scripts = [
        [invite, b"t", b"a80", invite, b"a386", b"t", ack, b"w400"],
        [invite, b"a100", within(b"ACK", 1), invite, b"w400"],
        [invite, cancel, b"a387", ack, cancel],
        [b"s" + invite[1:], b"a80", b"R" + cancel[1:], b"f2", b"a100"],
        [theirs(b"BYE", 2), b"a100", theirs(b"BYE", 2), theirs(b"OPTIONS", 3), b"f", b"w400"],
        [b"i", answer(100, tag=b""), answer(180), b"c", answer(200), to_invite(487), to_invite(487), b"w400"],
        [b"i", b"t", b"t", answer(404), answer(404), b"w400"],
        [b"i", answer(200, body=SDP), answer(200, tag=b"eve"), b"w400"],
        [b"o", b"t", answer(100), b"t", answer(503, b"Retry-After: 5"), b"f"],
        [b"i2", b"f2", b"w400"],
        [b"r" + data for data in MESSAGES[:20]],
        *[[b"r" + data, b"a80", b"a100"] for data in MESSAGES[20:]],
    ]
    return [MARK.join(script) for script in scripts]


def agents() -> list[bytes]:
    """Conversations with a user agent."""
    rel = (b"Supported: 100rel, timer", b"Allow: INVITE, ACK, BYE, PRACK, UPDATE", b"Session-Expires: 90;refresher=uac")
    invite = theirs(b"INVITE", 1, *rel, body=SDP)
    ack = within(b"ACK", 1)
    prack = within(b"PRACK", 2, b"RAck: $RSEQ 1 INVITE")
    challenge = b'WWW-Authenticate: Digest realm="r", nonce="n%d", qop="auth", algorithm=SHA-256'
    scripts = [
        [
            invite,
            ack,
            within(b"INFO", 2),
            within(b"INVITE", 3, *rel, body=SDP),
            within(b"ACK", 3),
            within(b"BYE", 4),
        ],
        [theirs(b"INVITE", 1), within(b"ACK", 1, body=SDP), b"n", answer(200, body=SDP), b"h", answer(200)],
        [b"p1", invite, b"q", prack, b"a", ack, within(b"UPDATE", 3, *rel, body=SDP), b"u", answer(491), b"w100"],
        [b"p1", invite, theirs(b"CANCEL", 1, branch=b"INVITE1"), b"w10"],
        [b"p1", theirs(b"INVITE", 1, b"Require: 100rel", body=SDP), b"t", b"t", prack, b"a", b"w700"],
        [
            theirs(b"INVITE", 1, b"Session-Expires: x"),
            theirs(b"INVITE", 2, b'Supported: "', b"Record-Route: <sip:p;lr>"),
        ],
        [
            theirs(b"INVITE", 1, b"Min-SE: 1 (", b"Supported: timer"),
            theirs(b"PRACK", 2, b"RAck: x"),
            b"g",
            answer(423),
        ],
        [
            invite,
            ack,
            within(b"INVITE", 2, b"Session-Expires: x", body=SDP),
            within(b"UPDATE", 3, b"Min-SE: x"),
            b"n",
        ],
        [
            b"i",
            answer(183, b"RSeq: x", b"Require: 100rel"),
            to_invite(200, b"Session-Expires: x", b"Record-Route: x"),
        ],
        [b"p2", invite, within(b"ACK", 1, branch=b"INVITE1")],
        [b"p3", invite, b"h", ack, answer(200)],
        [b"p3", invite, ack, b"w2000"],
        [theirs(b"OPTIONS", 1), theirs(b"MESSAGE", 2), theirs(b"FOO", 3), within(b"BYE", 4), theirs(b"REFER", 5)],
        [theirs(b"INVITE", 1, b"Require: foo"), theirs(b"INVITE", 2, b"Session-Expires: 30", b"Supported: timer")],
        [b"i", answer(180), answer(200, *rel, body=SDP), b"m", answer(200), b"h", answer(200)],
        [
            b"i",
            answer(183, b"Require: 100rel", b"RSeq: 7", body=SDP),
            answer(200),
            to_invite(200),
            in_ours(b"BYE", 1),
        ],
        [b"i", answer(180), b"h", answer(200), to_invite(487), b"w400"],
        [b"i", answer(180), b"h", to_invite(200, body=SDP), b"w400"],
        [
            b"i",
            answer(180, b"Require: 100rel", b"RSeq: 1"),
            to_invite(183, b"Require: 100rel", b"RSeq: 2", tag=b"b2"),
        ],
        [b"i-", answer(200, body=SDP), in_ours(b"INVITE", 2, body=SDP), in_ours(b"ACK", 2), in_ours(b"UPDATE", 3)],
        [b"i", answer(401, challenge % 1), answer(401, challenge % 2 + b", stale=true"), answer(200, body=SDP)],
        [b"i", answer(407, b'Proxy-Authenticate: Digest realm="p", nonce="n"'), answer(404)],
        [b"i1", b"l3", answer(503, b"Retry-After: 10"), b"f", b"w400", answer(180), b"h", answer(487)],
        [b"i", answer(180), answer(200, body=SDP), to_invite(200, tag=b"eve", body=SDP), to_invite(200, body=SDP)],
        [b"i", answer(422, b"Min-SE: 1800"), answer(200, b"Session-Expires: 1800;refresher=uac", body=SDP), b"w9000"],
        [b"i", answer(302, b"Contact: <sip:c@192.0.2.3>"), b"w10"],
        [b"i2", b"s" + answer(200, b"Record-Route: <sip:p.example;lr>", body=SDP)[1:], b"l1", b"N", b"l2", b"k"],
        [b"g", answer(401, challenge % 1), answer(200, b"Expires: 60"), b"w600", answer(423, b"Min-Expires: 7200")],
        [b"o", b"l2", answer(200)],
        *[[b"p%d" % (at % 5), b"r" + data, b"a", b"h"] for at, data in enumerate(MESSAGES)],
    ]
    return [MARK.join(script) for script in scripts]
