"""Our reading beside that of sipmessage, another parser in Python. Every difference is in the table with its reason."""

import pytest
import sipmessage

from tests.sipstack.differential.reading import CORPUS, TAKEN, Reading, differences, ours, unexplained

EXPLAINED: dict[str, dict[str, str]] = {
    "wsinv": {TAKEN: "3261 7.3.1: lines are folded; sipmessage knows no folds"},
    "intmeth": {"branches": "4475 3.1.1.2: a branch is a token, compared as it is; sipmessage undoes its %66"},
    "esc01": {"to": "4475 3.1.1.3: escapes are undone by the owner alone; sipmessage undoes them and prints others"},
    "longreq": {
        "hosts": "3261 7.3.1: blanks may stand before the colon; sipmessage does not see such a Via",
        "transports": "as hosts",
    },
    "dblreq": {"body": "3261 18.3: octets beyond Content-Length are dropped; sipmessage keeps them"},
    "semiuri": {TAKEN: "3261 25.1: user-unreserved has the semicolon; sipmessage refuses it"},
    "unkscm": {TAKEN: "4475 3.3.2: a Request-URI of any scheme is read, then refused with 416; sipmessage reads sip"},
    "novelsc": {TAKEN: "4475 3.3.3: as unkscm"},
    "unksm2": {TAKEN: "4475 3.3.4: parsers must not fail on schemes in From, To and Contact"},
    "via-received-param-no-delim": {TAKEN: "5118 4.5: received without brackets is what RFC 3261's grammar has"},
    "ipv6-in-sdp": {"body": "3261 18.3: its Content-Length is ten octets short of its body"},
    "mult-ip-in-sdp": {"body": "3261 18.3: its Content-Length is eight octets short of its body"},
    "ipv4-mapped-ipv6": {"body": "3261 18.3: its Content-Length is nine octets short of its body"},
    "ipv6-correct-abnf-2-colons": {TAKEN: "5118 4.10: an IPv4 address may end an IPv6 one"},
    "blanks and tabs before the colons": {TAKEN: "3261 7.3.1: blanks and tabs may stand before the colon"},
    "no reason phrase and no blank before it": {
        TAKEN: "3261 25.1 has a blank before an empty phrase; some leave it out, and there is no other reading"
    },
    "a reason phrase in Latin-1": {TAKEN: "3261 7.1: the phrase is for people; sipmessage decodes all as UTF-8"},
    "a display name in Latin-1": {TAKEN: "3261 25.1 has UTF-8; what is not crosses as octets, which lose no call"},
    "a display name in UTF-8 without quotes": {
        TAKEN: "3261 25.1 has tokens without quotes; accents there hide nothing and are in service"
    },
    "line feeds alone": {TAKEN: "3261 7 has CRLF; line feeds are in service, and leave us as CRLF"},
    "a keep-alive in front": {TAKEN: "3261 7.5: CRLF before the start line is ignored"},
    "a transport in small letters and a port not filled in": {
        TAKEN: "3261 7.3.1: tokens that a header defines know no case; sipmessage wants SIP/2.0/UDP"
    },
    "two hops in one line, the second folded": {TAKEN: "3261 7.3.1: as wsinv, and names with _ are in service"},
    "a semicolon after the last parameter": {
        TAKEN: "3261 25.1 has none; the one at the end is in service, and says nothing that two could read"
    },
    "a hash in the user part": {TAKEN: "3261 25.1 has %23; gateways dial # as it is, and nothing else can be meant"},
    "a body with octets beyond Content-Length": {"body": "3261 18.3: as dblreq"},
}
"""By message and aspect: who is right, by which RFC and section. What we refuse has its reason in `REFUSALS`."""


def theirs(data: bytes) -> Reading | None:
    """The reading of sipmessage; None when it refuses, at once or when a header is asked for."""
    try:
        message = sipmessage.Message.parse(data)
        return {
            "method": message.method if isinstance(message, sipmessage.Request) else None,
            "target": str(message.uri) if isinstance(message, sipmessage.Request) else str(message.code),
            "call-id": message.call_id,
            "cseq": (message.cseq.sequence, message.cseq.method),
            "from": str(message.from_address.uri),
            "from-tag": message.from_address.parameters.get("tag"),
            "to": str(message.to_address.uri),
            "to-tag": message.to_address.parameters.get("tag"),
            "transports": [via.transport for via in message.via],
            "hosts": [via.host.strip("[]") for via in message.via],
            "branches": [branch for via in message.via if (branch := via.parameters.get("branch"))],
            "body": message.body,
        }
    except (ValueError, KeyError):
        return None


@pytest.mark.parametrize("name", CORPUS)
def test_every_difference_from_sipmessage_has_its_reason(name: str) -> None:
    found = differences(ours(CORPUS[name]), theirs(CORPUS[name]))
    assert unexplained(name, found) == EXPLAINED.get(name, {}).keys()
