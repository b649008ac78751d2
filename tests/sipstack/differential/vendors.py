"""Messages in the manner of what is in service: the habits of gateways, exchanges, proxies and telephones.

All are written here. Each bends or stretches something that the examples of the RFCs do not.
"""

from tests.torture.torture import lines, text

SDP = text("v=0", "o=- 1 1 IN IP4 192.0.2.3", "s=-", "c=IN IP4 192.0.2.3", "t=0 0", "m=audio 49217 RTP/AVP 8 101")
ISUP = b"\x01\x00\x49\x00\x00\x03\x02\x00\x07\x04\x10\x33\x63\x21\x43\x00\x00\x03\x06\x0d\x03\x80\x90\xa2\xff\x00"
SIP_I = (
    text("--b1", "Content-Type: application/sdp", "")
    + SDP
    + text("--b1", "Content-Type: application/isup;version=itu-t92+;base=itu-t92+", "Content-Disposition: signal", "")
    + ISUP
    + text("", "--b1--")
)


def message(
    start: str,
    *more: str,
    via: str = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-1",
    from_: str = "From: <sip:+33612345678@carrier.example;user=phone>;tag=94021",
    to: str = "To: <sip:+3222000000@exchange.example;user=phone>",
    call_id: str = "Call-ID: 7d1f-22@192.0.2.1",
    cseq: str = "",
    body: bytes = b"",
    length: str | None = None,
) -> bytes:
    """A sound message but for what is told."""
    cseq = cseq or f"CSeq: 102 {start.partition(' ')[0] if not start.startswith('SIP/') else 'INVITE'}"
    length = f"Content-Length: {len(body)}" if length is None else length
    return lines(*filter(None, [start, via, from_, to, call_id, cseq, *more, length]), body=body)


INVITE = "INVITE sip:+3222000000@exchange.example;user=phone SIP/2.0"
HOPS = "Max-Forwards: 70"

MESSAGES: dict[str, bytes] = {
    "a gateway with guid, timestamp and a tag of its trunk group": message(
        INVITE,
        'Remote-Party-ID: "X" <sip:0612345678@192.0.2.1>;party=calling;screen=no;privacy=off',
        "Cisco-Guid: 3221225472-1114111-0000065536-0000000001",
        "Timestamp: 730947404",
        "Allow-Events: telephone-event",
        "Contact: <sip:0612345678@192.0.2.1:5060>",
        "Expires: 180",
        "Date: Mon, 01 Mar 1993 00:05:40 gmt",
        "Content-Type: application/sdp",
        HOPS,
        via='Via: SIP/2.0/UDP 192.0.2.1:5060;x-route-tag="tgrp:trunk;1,2";branch=z9hG4bK74A1F',
        body=SDP,
    ),
    "an exchange with stars in its branch and its own parameters in Contact": message(
        INVITE,
        "Contact: <sip:+33612345678@192.0.2.1:5060;Hpt=8e62_16;CxtId=4;TRC=ffffffff-ffffffff>",
        'P-Charging-Vector: icid-value="imsgrp0.1600";icid-generated-at=192.0.2.1;orig-ioi=carrier.example',
        "P-Asserted-Identity: <sip:+33612345678;cpc=ordinary@carrier.example;user=phone>,<tel:+33612345678;cpc=test>",
        "P-Early-Media: supported",
        HOPS,
        via="Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK*1-2-16384-3456-1-1*abcd.1",
        from_="From: <sip:+33612345678@carrier.example;user=phone>;tag=sbc0407dmfa-CC-1009-OFC-29",
        call_id="Call-ID: asbc6fdzbcz6ffzh(1)@192.0.2.1",
    ),
    "a ported number with its routing number and trunk group in the user part": message(
        "INVITE sip:+3222000000;npdi;rn=+32980000@exchange.example:5060;user=phone SIP/2.0",
        "Contact: <sip:+33612345678;tgrp=TG-7;trunk-context=carrier.example@192.0.2.1:5060;transport=udp>",
        'Diversion: <sip:+33123456789@carrier.example>;privacy=off;screen=no;reason=unconditional;counter=1,"B, C" '
        "<sip:+33987654321@carrier.example>;reason=no-answer",
        HOPS,
    ),
    "an anonymous caller with dots and blanks in the display name": message(
        INVITE,
        "Privacy: id;header",
        HOPS,
        from_='From: "Anonymous  Caller." <sip:anonymous@anonymous.invalid>;tag=as3b1d',
    ),
    "a switch that says what it supports": message(
        INVITE,
        "X-FS-Support: update_display,send_info",
        "Content-Disposition: session",
        "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY, PUBLISH, SUBSCRIBE",
        "Supported: timer, path, replaces",
        "Allow-Events: talk, hold, conference, presence, as-feature-event, dialog, line-seize, call-info, sla",
        'Remote-Party-ID: "0612345678" <sip:0612345678@192.0.2.1>;party=calling;screen=yes;privacy=off',
        "Content-Type: application/sdp",
        HOPS,
        body=SDP,
    ),
    "a proxy whose ACK has a branch of zero": message(
        "ACK sip:+3222000000@192.0.2.9:5060 SIP/2.0",
        "Record-Route: <sip:192.0.2.75;ftag=420976BC-4DB7D064;avp=Ak8DCQBkaWFsb2dfaWQWAA==;lr=on>",
        "P-hint: rr-enforced",
        "Max-Forwards:  9",
        via="Via: SIP/2.0/UDP 192.0.2.75;branch=0",
    ),
    "a cloud telephony service with its state in the Contact": message(
        INVITE,
        "Record-Route: <sip:sip-du-a-eu.pstn.example:5061;transport=tls;lr>",
        "Contact: <sip:api-du-a-euwe.pstn.example:443;x-i=3f0c2e6e-2a7b-4d5c;x-c=5f1c/d/8/e9bd6d>",
        "User-Agent: Cloud.PSTNHub.SIPProxy v.2024.1.18.3",
        "Content-Type: application/sdp",
        HOPS,
        via="Via: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bK6f8f",
        body=SDP,
    ),
    "a telephone with epid and no blank before the bracket": message(
        INVITE,
        "ms-user-logon-data: RemoteUser",
        HOPS,
        from_='From: "Doe, J."<sip:j.doe@carrier.example>;tag=8f3;epid=01010101',
    ),
    "a Contact with methods and an instance in quotes": message(
        "REGISTER sip:exchange.example SIP/2.0",
        'Contact: <sip:1001@192.0.2.1:5060;line=abc>;methods="INVITE, ACK, BYE";reg-id=1;q=1.0;'
        '+sip.instance="<urn:uuid:0d9a>";audio;mobility="fixed"',
        "Expires: 3600",
        HOPS,
    ),
    "an unbracketed Contact with an instance": message(
        "REGISTER sip:exchange.example SIP/2.0",
        'Contact: sip:1001@192.0.2.1:5060;+sip.instance="<urn:uuid:0d9a>";expires=60',
        HOPS,
    ),
    "a Contact of a star": message("REGISTER sip:exchange.example SIP/2.0", "Contact: *", "Expires: 0", HOPS),
    "a BYE with its cause and its statistics": message(
        "BYE sip:+3222000000@192.0.2.9:5060 SIP/2.0",
        'Reason: Q.850;cause=16;text="Terminated", SIP;cause=200;text="Call completed elsewhere"',
        "P-RTP-Stat: PS=1507,OS=241120,PR=1498,OR=239680,PL=0,JI=0,LA=0,DU=30",
        HOPS,
    ),
    "a history of two entries in one line": message(
        INVITE,
        "History-Info: <sip:+3222000001@exchange.example?Reason=SIP%3Bcause%3D302>;index=1,"
        '"Desk" <sip:+3222000000@exchange.example>;index=1.1;mp=1',
        'P-Location: SM;origlocname="Main";origsiglocname="Main"',
        HOPS,
    ),
    "no blank after the colons": lines(
        INVITE,
        "Via:SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        "From:<sip:a@b.example>;tag=1",
        "To:<sip:c@d.example>",
        "Call-ID:1",
        "CSeq:1 INVITE",
        "Max-Forwards:70",
        "Content-Length:0",
    ),
    "compact names throughout": lines(
        INVITE,
        "v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        "f: <sip:a@b.example>;tag=1",
        "t: <sip:c@d.example>",
        "i: 1",
        "CSeq: 1 INVITE",
        "m: <sip:a@192.0.2.1>",
        "c: application/sdp",
        "k: timer",
        "x: 1800",
        "s: hello",
        "l: 0",
    ),
    "blanks and tabs before the colons": lines(
        INVITE,
        "Via : SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        "From\t: <sip:a@b.example>;tag=1",
        "To  : <sip:c@d.example>",
        "Call-ID : 1",
        "CSeq : 1\tINVITE",
        "Content-Length : 0",
    ),
    "two languages of signalling in one body": message(
        INVITE, "MIME-Version: 1.0", "Content-Type: multipart/mixed;boundary=b1", HOPS, body=SIP_I
    ),
    "no reason phrase and no blank before it": message("SIP/2.0 180", "Contact: <sip:b@192.0.2.9>"),
    "a reason phrase in Latin-1": message("SIP/2.0 486 Occup\udce9"),
    "line feeds alone": message(INVITE, HOPS, "Content-Type: application/sdp", body=SDP)
    .replace(b"\r\n", b"\n")
    .replace(b"Content-Length: %d" % len(SDP), b"Content-Length: %d" % (len(SDP) - SDP.count(b"\r"))),
    "a keep-alive in front": b"\r\n\r\n" + message(INVITE, HOPS),
    "two challenges and a list in quotes": message(
        "SIP/2.0 401 Unauthorized",
        'WWW-Authenticate: Digest realm="a, b", nonce="x==", algorithm=SHA-256, qop="auth,auth-int"',
        'WWW-Authenticate: Digest realm="a, b", nonce="x==", algorithm=MD5, qop="auth,auth-int", stale=FALSE',
        "Server: box/1.0 (x; y)",
    ),
    "headers with nothing in them": message(INVITE, "Supported:", "Allow-Events: ", "Accept:", "Subject:", HOPS),
    "a transport in small letters and a port not filled in": message(
        INVITE, HOPS, via="Via: sip/2.0/udp 192.0.2.1:5060;rport;received=192.0.2.77;branch=z9hG4bK1;alias"
    ),
    "two hops in one line, the second folded": message(
        INVITE,
        HOPS,
        via="Via: SIP/2.0/UDP proxy_1.example;branch=z9hG4bK2,\r\n SIP/2.0/TCP [2001:db8::1]:5060;branch=z9hG4bK1",
    ),
    "a semicolon after the last parameter": message(
        INVITE, HOPS, via="Via: SIP/2.0/TCP uac.example.com:5060;branch=z9hG4bK1;rport=15060;received=192.0.2.4;"
    ),
    "a transfer with its Replaces escaped": message(
        "REFER sip:+3222000000@192.0.2.9 SIP/2.0",
        "Refer-To: <sip:c@d.example?Replaces=12345%40192.0.2.1%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>",
        "Referred-By: <sip:+33612345678@carrier.example>",
        HOPS,
    ),
    "numbers as tel URIs": message(
        "INVITE tel:+32-2-200.00.00;phone-context=exchange.example SIP/2.0",
        HOPS,
        from_="From: <tel:+33-6-12-34-56-78>;tag=1",
        to="To: <tel:+32-2-200.00.00;phone-context=exchange.example>",
    ),
    "a hash in the user part": message(
        "INVITE sip:7117#+3222000000@192.0.2.9;user=phone SIP/2.0", HOPS, to="To: <sip:7117#+3222000000@192.0.2.9>"
    ),
    "a display name in Latin-1": message(INVITE, HOPS, from_='From: "Andr\udce9" <sip:a@b.example>;tag=1'),
    "a display name in UTF-8 without quotes": message(INVITE, HOPS, from_="From: Zoë Müller <sip:a@b.example>;tag=1"),
    "a display name with a bracket and an escaped quote in quotes": message(
        INVITE, HOPS, from_='From: "a \\"<sip:x@y>\\" b" <sip:a@b.example>;tag=1'
    ),
    "a password in the user part": message("INVITE sip:a:secret@exchange.example SIP/2.0", HOPS),
    "zeros in front of numbers": message(INVITE, "Max-Forwards: 0070", cseq="CSeq: 0000000102 INVITE"),
    "a body without Content-Length": message(INVITE, "Content-Type: application/sdp", HOPS, body=SDP, length=""),
    "a body with octets beyond Content-Length": message(
        INVITE, "Content-Type: application/sdp", HOPS, body=SDP + b"\r\n\r\n", length=f"Content-Length: {len(SDP)}"
    ),
    "a provisional response to be acknowledged": message(
        "SIP/2.0 183 Session Progress",
        "Require: 100rel",
        "RSeq: 988789",
        "Content-Type: application/sdp",
        to="To: <sip:+3222000000@exchange.example>;tag=a6c85cf",
        body=SDP,
    ),
    "its acknowledgement": message(
        "PRACK sip:b@192.0.2.9 SIP/2.0", "RAck: 988789 102 INVITE", HOPS, cseq="CSeq: 103 PRACK"
    ),
    "a message waiting": message(
        "NOTIFY sip:1001@192.0.2.1 SIP/2.0",
        "Event: message-summary",
        "Subscription-State: active;expires=3599",
        "Content-Type: application/simple-message-summary",
        HOPS,
        body=text("Messages-Waiting: yes", "Voice-Message: 2/8 (0/2)"),
    ),
    "no tag in From": message(INVITE, HOPS, from_="From: sip:a@b.example"),
    "a method of its own": message("KDMQ sip:notification@exchange.example SIP/2.0", HOPS),
    "a head that ends without its empty line": message(INVITE, HOPS)[:-2],
    "a Contact without a scheme": message("REGISTER sip:exchange.example SIP/2.0", "Contact: <1001@192.0.2.1>", HOPS),
    "blanks after the version": message(INVITE + "   ", HOPS),
    "a tag with nothing in it": message(INVITE, HOPS, to="To: sip:b@exchange.example;tag="),
    "a carriage return too many": message(INVITE, HOPS, to="To: <sip:b@exchange.example>\r"),
    "backslashes before quotes": message(INVITE, HOPS, from_='From: \\"a\\" <sip:a@b.example>;tag=1'),
    "parameters without brackets after the host's blank": message(
        INVITE, HOPS, to="To: <sip:b@exchange.example ;user=phone>"
    ),
    "a length that is no number": message(INVITE, HOPS, length="Content-Length: bad"),
    "a sequence that is no number": message(INVITE, HOPS, cseq="CSeq: x INVITE"),
    "two callers": message(INVITE, "From: <sip:+3222000009@exchange.example>;tag=2", HOPS),
    "two addresses in From": message(INVITE, HOPS, from_="From: <sip:a@b.example>, <sip:+3222000009@b.example>;tag=1"),
    "an @ behind a semicolon without brackets": message(
        INVITE, HOPS, from_="From: sip:user1;phone-context=national@b.example;tag=1"
    ),
    "two @ in a URI": message(INVITE, HOPS, from_="From: <sip:a@b@c.example>;tag=1"),
    "no host in Via": message(INVITE, HOPS, via="Via: SIP/2.0/UDP ;branch=z9hG4bK0000"),
    "a header name folded before its colon": message(INVITE, HOPS, call_id="Call-ID\r\n : 1"),
    "a version in other digits": message(INVITE.replace("SIP/2.0", "SIP/02.00"), HOPS),
}
