from pathlib import Path
from typing import Any

import attrs
import pytest

from b2bua.config import Camara, Dns, NumberList, OAuth, Own, Password, Peer, Roaming, load, read
from b2bua.config.holders import check_holders
from b2bua.errors import ConfigError

SECRET = "Sesame-open"
FILE = """
[journal]
directory = "j"

[roaming]
portability = "ported.csv"
without_check = ["silent"]
deadline_ms = 500

[[roaming.camara]]
name = "one"
prefixes = ["+3247"]
url = "https://one.example/device-roaming-status/v1"
ca_file = "ca.pem"
timeout_ms = 200
[roaming.camara.oauth]
token_url = "https://one.example/token"
client_id = "us"
client_secret = "Sesame-open"

[[roaming.dns]]
name = "two"
prefixes = ["+32475"]
zone = "e164.arpa"
nameservers = ["192.0.2.53", "[2001:db8::53]:5353"]

[[roaming.list]]
name = "three"
prefixes = ["+3248"]
file = "lists/abroad.csv"

[[trunk]]
name = "home"
class = "national"
listen = ["192.0.2.10"]
peers = ["192.0.2.1"]
targets = ["192.0.2.1"]

[[route]]
from = "home"
to = "home"
"""


def written(folder: Path, text: str = FILE, mode: int = 0o600) -> Path:
    path = folder / "b2bua.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def mistakes(folder: Path, text: str = FILE, mode: int = 0o600) -> list[str]:
    return [str(mistake) for mistake in read(written(folder, text, mode)).mistakes]


def camara(**keys: Any) -> Camara:
    return Camara(**{"name": "one", "prefixes": ("+3247",), "url": "https://one.example/v1", **keys})


def oauth(**keys: Any) -> OAuth:
    secret = Password(SECRET)
    return OAuth(**{"token_url": "https://x/t", "client_id": "us", "client_secret": secret, **keys})


def dns(**keys: Any) -> Dns:
    return Dns(**{"name": "two", "prefixes": ("+32475",), "zone": "e164.arpa", "nameservers": SERVERS, **keys})


SERVERS = (Peer.parse("192.0.2.53"),)


def test_holders_of_every_kind_are_read_with_their_files_beside_the_configuration(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == []
    roaming = load(written(tmp_path)).roaming
    assert roaming is not None
    assert [holder.name for _, holder in roaming.holders()] == ["one", "two", "three"]
    files = dict(roaming.files())
    assert files == {
        ("roaming", "portability"): str(tmp_path / "ported.csv"),
        ("roaming", "camara", 0, "ca_file"): str(tmp_path / "ca.pem"),
        ("roaming", "list", 0, "file"): str(tmp_path / "lists/abroad.csv"),
    }
    assert [(str(one.network.network_address), one.port) for one in roaming.dns[0].nameservers] == [
        ("192.0.2.53", None),
        ("2001:db8::53", 5353),
    ]


def test_a_key_in_place_of_the_secret_stands_beside_the_configuration(tmp_path: Path) -> None:
    text = FILE.replace('client_secret = "Sesame-open"', 'private_key_file = "keys/us.pem"\nkey_id = "k1"')
    roaming = load(written(tmp_path, text)).roaming
    assert roaming is not None
    assert roaming.camara[0].oauth is not None
    assert roaming.camara[0].oauth.private_key_file == str(tmp_path / "keys/us.pem")
    assert str(tmp_path / "keys/us.pem") in dict(roaming.files()).values()


def test_a_secret_shows_itself_nowhere_and_who_could_read_it_is_told(tmp_path: Path) -> None:
    assert SECRET not in repr(load(written(tmp_path)))
    (warning,) = mistakes(tmp_path, mode=0o644)
    assert "every user of this host can read the password" in warning
    assert "roaming.camara" in warning
    assert SECRET not in warning


@pytest.mark.parametrize(
    "line", ["client_secret = 5", "client_secret = {x = 'Sesame-open'}", "client_id = ['Sesame-open']"]
)
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path, line: str) -> None:
    key = line.partition(" ")[0]
    text = "\n".join(line if one.startswith(key) else one for one in FILE.splitlines())
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    assert SECRET not in str(caught.value)


def found(*holders: Any, **keys: Any) -> list[tuple[str, str]]:
    """Key and mend of each fatal finding."""
    kinds: dict[str, Any] = {"camara": (), "dns": (), "list": (), "own": ()}
    names = {Camara: "camara", Dns: "dns", NumberList: "list", Own: "own"}
    for holder in holders:
        kinds[names[type(holder)]] += (holder,)
    findings = list(check_holders(Roaming(**kinds, **keys)))
    for finding in findings:
        assert SECRET not in finding.problem + finding.mend
    return [(".".join(map(str, finding.where)), finding.problem) for finding in findings if finding.fatal]


def test_what_is_well_written_is_no_mistake() -> None:
    assert found(camara(oauth=oauth()), dns(), Own(name="three", prefixes=("+32",))) == []
    assert list(check_holders(None)) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://user:Sesame-open@one.example/v1",
        "https://one.example/v1?key=Sesame-open",
        "https://one.example/v1#Sesame-open",
        "ftp://one.example/Sesame-open",
        "one.example/Sesame-open",
        "https:///Sesame-open",
        "https://one.example:99999/Sesame-open",
        "https://[::1/Sesame-open",
        "https://one.example/Sesame-open\n",
        "http://one.example/Sesame-open",
        "http://192.0.2.1/Sesame-open",
    ],
)
def test_an_address_that_tells_secrets_or_leads_nowhere_is_a_mistake_and_is_not_shown(url: str) -> None:
    ((where, _),) = found(camara(url=url))
    assert where == "roaming.camara.0.url"
    ((where, _),) = found(camara(oauth=oauth(token_url=url)))
    assert where == "roaming.camara.0.oauth.token_url"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9091", "[::1]:9091"])
def test_on_this_host_nothing_crosses_a_network(host: str) -> None:
    assert found(camara(url=f"http://{host}/v1")) == []


@pytest.mark.parametrize(
    ("holders", "where"),
    [
        ((camara(name=""),), "roaming.camara.0.name"),
        ((camara(name="a,b"),), "roaming.camara.0.name"),
        ((camara(name=" a"),), "roaming.camara.0.name"),
        ((camara(), dns(name="one")), "roaming.dns.0.name"),
        ((camara(prefixes=("3247",)),), "roaming.camara.0.prefixes.0"),
        ((camara(), dns(prefixes=("+3247",))), "roaming.dns.0.prefixes.0"),
        ((camara(prefixes=("+32456",)),), "roaming.camara.0.prefixes.0"),
        ((camara(prefixes=()),), "roaming.camara.0"),
        ((camara(timeout_ms=900),), "roaming.camara.0.timeout_ms"),
        ((camara(oauth=oauth(client_secret=Password(""))),), "roaming.camara.0.oauth.client_secret"),
        ((camara(oauth=oauth(client_secret=None)),), "roaming.camara.0.oauth"),
        ((camara(oauth=oauth(private_key_file="k.pem")),), "roaming.camara.0.oauth"),
        ((camara(oauth=oauth(key_id="k")),), "roaming.camara.0.oauth.key_id"),
        (
            (camara(oauth=oauth(client_secret=None, private_key_file="k.pem", secret_in_body=True)),),
            "roaming.camara.0.oauth.secret_in_body",
        ),
        (
            (camara(oauth=oauth(client_secret=None, private_key_file="\0")),),
            "roaming.camara.0.oauth.private_key_file",
        ),
        ((camara(key_file="k.pem"),), "roaming.camara.0.key_file"),
        ((camara(ca_file="\0"),), "roaming.camara.0.ca_file"),
        ((dns(zone="e164..arpa"),), "roaming.dns.0.zone"),
        ((dns(zone=""),), "roaming.dns.0.zone"),
        ((dns(zone="x" * 63 + (".x" * 90)),), "roaming.dns.0.zone"),
        ((dns(nameservers=()),), "roaming.dns.0.nameservers"),
        ((dns(nameservers=(Peer.parse("192.0.2.0/24"),)),), "roaming.dns.0.nameservers.0"),
        ((dns(roaming_parameter=""),), "roaming.dns.0.roaming_parameter"),
    ],
)
def test_a_mistake_names_its_key(holders: Any, where: str) -> None:
    assert [place for place, _ in found(*holders, not_offered=("+32456",))] == [where]


def test_a_list_of_ported_numbers_leads_to_holders_without_prefixes() -> None:
    assert found(camara(prefixes=()), portability="p.csv") == []


def test_a_holder_that_is_asked_is_none_without_check() -> None:
    terms = found(camara(), portability="p.csv", without_check=("one",))
    assert terms == [("roaming.without_check.0", "'one' is a holder that is asked")]


def test_no_more_holders_than_a_list_can_tell_apart() -> None:
    many = tuple(camara(name=f"h{at}", prefixes=(f"+32{at + 100}",)) for at in range(256))
    assert found(*many) == [("roaming", "has more than 255 holders")]


@pytest.mark.parametrize(
    ("key", "value"),
    [("deadline_ms", 2_000), ("deadline_ms", 0), ("abroad_seconds", -1), ("kept_numbers", 10**9)],
)
def test_bounds_are_bounded(tmp_path: Path, key: str, value: int) -> None:
    text = FILE.replace("deadline_ms = 500\n", "").replace("[roaming]\n", f"[roaming]\n{key} = {value}\n")
    (mistake,) = mistakes(tmp_path, text)
    assert f"roaming.{key}" in mistake


def test_every_path_of_a_holder_is_known_as_one() -> None:
    named = {
        field.name for kind in (Camara, Dns, NumberList, Own) for field in attrs.fields(kind) if "file" in field.name
    }
    assert named == {"file", "ca_file", "certificate_file", "key_file"}
