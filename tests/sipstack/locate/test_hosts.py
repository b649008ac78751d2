import pytest

from sipstack.locate import Answer, Host, Kind, Outcome, Question, known, parse_hosts

TEXT = """\
# the machine
127.0.0.1\tlocalhost  Loop
::1 localhost ip6-localhost # both
10.0.0.7 sbc.Example.com sbc
2001:db8::7 sbc.example.com
not-an-address somebody
10.0.0.8 127.1 bad..name fine
10.0.0.9
"""


def test_a_hosts_file_gives_each_name_its_addresses_in_order() -> None:
    assert parse_hosts(TEXT) == {
        "localhost": ("127.0.0.1", "::1"),
        "loop": ("127.0.0.1",),
        "ip6-localhost": ("::1",),
        "sbc.example.com": ("10.0.0.7", "2001:db8::7"),
        "sbc": ("10.0.0.7",),
        "fine": ("10.0.0.8",),
    }


def test_localhost_is_known_without_a_file() -> None:
    assert parse_hosts("") == {"localhost": ("127.0.0.1", "::1")}


@pytest.mark.parametrize(
    ("name", "kind", "answer"),
    [
        ("sbc.example.com", Kind.A, Answer(Outcome.FOUND, (Host("10.0.0.7"),))),
        ("sbc.example.com", Kind.AAAA, Answer(Outcome.FOUND, (Host("2001:db8::7"),))),
        ("sbc", Kind.AAAA, Answer(Outcome.NO_DATA)),
        ("sbc", Kind.NAPTR, Answer(Outcome.NO_DATA)),
        ("_sip._udp.sbc", Kind.SRV, Answer(Outcome.NO_DATA)),
        ("_sips._tcp.sbc.example.com", Kind.SRV, Answer(Outcome.NO_DATA)),
        ("example.com", Kind.A, None),
        ("_sip._udp.example.com", Kind.SRV, None),
        ("sbc", Kind.SRV, Answer(Outcome.NO_DATA)),
    ],
)
def test_a_name_in_the_hosts_is_a_machine_and_is_not_asked_for(name: str, kind: Kind, answer: Answer | None) -> None:
    assert known(Question(name, kind), parse_hosts(TEXT)) == answer
