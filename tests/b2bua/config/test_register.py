"""The register in the configuration: what may stand there, in which files, and what somebody should know of it."""

import datetime
import re
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Config, Mistake, load, read, reread, source
from b2bua.config.due import due
from policy import register as kinds
from policy.register import Derogation, Ruling, Service

DAY = datetime.date(2026, 7, 1)

#: Each class once, and a circuit of one.
TRUNKS = """\
[journal]
directory = "evidence"

[[trunk]]
name = "abroad"
class = "international"
listen = ["192.0.2.10:5060"]
peers = ["192.0.2.1"]
targets = ["192.0.2.1"]

[[trunk.circuit]]
name = "virtual"
class = "national-transit"
peers = ["192.0.2.1"]
header = "X-Circuit"
value = "v"

[[trunk]]
name = "home"
class = "national"
listen = ["198.51.100.10:5060"]
peers = ["198.51.100.1"]
targets = ["198.51.100.1"]

[[trunk]]
name = "transit"
class = "national-transit"
listen = ["198.51.100.10:5070"]
peers = ["198.51.100.2"]

[[trunk]]
name = "contact"
class = "article-4"
listen = ["198.51.100.10:5080"]
peers = ["198.51.100.3"]

[[route]]
from = "abroad"
to = "home"
[[route]]
from = "home"
to = "abroad"
[[route]]
from = "transit"
to = "home"
[[route]]
from = "contact"
to = "home"
"""
LINES = TRUNKS.count("\n")

ENTRIES = {
    "dossier": 'prefix = "+32456"',
    "mobile_range": 'prefix = "+3248699"',
    "consent": 'forwarding = "+33612345678"\ncalled = "+3293330000"',
    "agreement": 'trunk = "contact"\nservice = "customer-support"\nholder = "Undertaking"\nestablished_in = "BE"\n'
    'evidence = "annex 4"\ncompany_number = "0123.456.749"\nnumbers = ["+3225551212", "+3293330000"]',
    "attestation": 'trunk = "transit"\noperator = "O"\ndedicated_circuits = true\ntotal_control = true\nevidence = "e"',
    "suspension": 'derogation = "article-4"\ntrunk = "contact"',
    "decision": 'number = "+3225551212"\ntrunk = "abroad"\naction = "pass"\nuntil = 2026-12-31',
    "blocked_user": 'number = "+442079460000"',
    "do_not_originate": 'number = "+3225551212"',
    "caller_list": 'trunk = "home"\nnumbers = ["+3225551212"]',
    "node": 'network = "198.51.100.0/24"\ncountry = "BE"\nevidence = "e"',
    "shadow": 'trunk = "abroad"\nowner = "O"\nreason = "trial"\nuntil = 2026-06-30',
}


def entry(kind: str, *changes: tuple[str, str], reference: str = "R-1", since: str = "2026-06-01") -> str:
    """A table of that kind, with some text of it in other words."""
    body = ENTRIES[kind]
    for old, new in changes:
        assert old in body
        body = body.replace(old, new)
    return f'[[register.{kind}]]\nreference = "{reference}"\nsince = {since}\n{body}\n'


def write(folder: Path, text: str, **files: str) -> Path:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    path = folder / "b2bua.toml"
    path.write_text(TRUNKS + text)
    return path


def mistakes(folder: Path, text: str, **files: str) -> tuple[Mistake, ...]:
    return read(write(folder, text, **files)).mistakes


def config(folder: Path, text: str) -> Config:
    return load(write(folder, text))


# What may stand there.


@pytest.mark.law("K2", "K3", "K4", "K13")
def test_every_kind_of_entry_is_read_as_what_the_policy_knows(tmp_path: Path) -> None:
    register = config(tmp_path, "".join(entry(kind) for kind in ENTRIES)).register
    since = datetime.date(2026, 6, 1)
    same = {"reference": "R-1", "since": since}
    numbers = frozenset({"+3225551212", "+3293330000"})
    assert register.entries == (
        kinds.Dossier(prefix="+32456", **same),
        kinds.MobileRange(prefix="+3248699", **same),
        kinds.Consent(forwarding="+33612345678", called="+3293330000", **same),
        kinds.Agreement(
            trunk="contact",
            service=Service.CUSTOMER_SUPPORT,
            holder="Undertaking",
            established_in="BE",
            company_number="0123.456.749",
            evidence="annex 4",
            numbers=numbers,
            **same,
        ),
        kinds.Attestation(
            trunk="transit", operator="O", dedicated_circuits=True, total_control=True, evidence="e", **same
        ),
        kinds.Suspension(derogation=Derogation.ARTICLE_4, trunk="contact", **same),
        kinds.Decision(
            number="+3225551212", trunk="abroad", action=Ruling.PASS, until=datetime.date(2026, 12, 31), **same
        ),
        kinds.BlockedUser(number="+442079460000", **same),
        kinds.DoNotOriginate(number="+3225551212", **same),
        kinds.CallerList(trunk="home", numbers=frozenset({"+3225551212"}), **same),
        kinds.Node(network=register.node[0].network, country="BE", evidence="e", **same),
        kinds.Shadow(trunk="abroad", owner="O", reason="trial", until=datetime.date(2026, 6, 30), **same),
    )
    assert str(register.node[0].network) == "198.51.100.0/24"


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_of_any_kind_is_right_as_it_stands(tmp_path: Path, kind: str) -> None:
    assert mistakes(tmp_path, entry(kind)) == ()


def test_entries_name_circuits_as_they_name_trunks(tmp_path: Path) -> None:
    assert mistakes(tmp_path, entry("attestation", ('"transit"', '"virtual"'))) == ()


# What may not.

WRONG = [
    ("dossier", '"+32456"', '"0456"', "prefix", "no number in the form", "write +"),
    ("dossier", '"+32456"', '"+33612"', "prefix", "begins no Belgian number", "home country"),
    ("mobile_range", '"+3248699"', '"+3"', "prefix", "begins no Belgian number", "home country"),
    ("consent", '"+33612345678"', '"+3225551212"', "forwarding", "is a Belgian number", "foreign"),
    ("consent", '"+33612345678"', '"0033612345678"', "forwarding", "no number in the form", "write +"),
    ("consent", '"+3293330000"', '"+33612345678"', "called", "is no Belgian number", "home country"),
    ("agreement", '"contact"', '"contakt"', "trunk", "'contakt' is no trunk", "one of abroad, contact, home, transit"),
    ("agreement", '"contact"', '"abroad"', "trunk", "is international", "one that fits: contact"),
    ("agreement", '"customer-support"', '"support"', "service", "is none of 'nomadic'", "docs/operating.md"),
    ("agreement", '"Undertaking"', '" "', "holder", "says nothing", "name with whom"),
    ("agreement", '"BE"', '"Belgium"', "established_in", "is no country", "ISO 3166"),
    ("agreement", '"0123.456.749"', '"0123.456.748"', "company_number", "check digits", "ten digits"),
    ("agreement", '"0123.456.749"', '"123456749"', "company_number", "check digits", "ten digits"),
    ("agreement", '"+3293330000"', '"+32470123456"', "numbers.+32470123456", "no Belgian geographic number", "mend it"),
    ("agreement", '"+3293330000"', '"+3280012345"', "numbers.+3280012345", "no Belgian geographic number", "mend it"),
    ("agreement", '"+3293330000"', '"+33142685300"', "numbers.+33142685300", "no Belgian geographic number", "mend"),
    ("agreement", '"+3293330000"', '"093330000"', "numbers.093330000", "no number in the form", "mend it"),
    ("agreement", '["+3225551212", "+3293330000"]', "[]", "numbers", "is empty", "name the numbers"),
    ("agreement", '["+3225551212", "+3293330000"]', '"+3225551212"', "numbers", "is not a list", "operating.md"),
    ("agreement", '"+3293330000"]', "5]", "numbers[1]", "is not a string", "operating.md"),
    ("attestation", '"transit"', '"home"', "trunk", "is national", "one that fits: transit, virtual"),
    ("attestation", '"O"', '""', "operator", "says nothing", "with whom the calls begin"),
    ("attestation", "circuits = true", "circuits = 1", "dedicated_circuits", "is not true or false", "operating.md"),
    ("suspension", '"contact"', '"transit"', "trunk", "is national-transit", "one that fits: contact"),
    ("suspension", '"article-4"', '"article-5"', "derogation", "is none of 'article-3'", "operating.md"),
    ("decision", '"+3225551212"', '"025551212"', "number", "no number in the form", "write +"),
    ("decision", '"abroad"', '"home"', "trunk", "is national", "one that fits: abroad, contact, transit, virtual"),
    ("decision", '"pass"', '"allow"', "action", "is none of 'pass'", "operating.md"),
    ("decision", "\nuntil = 2026-12-31", "", "until", "is missing", "operating.md"),
    ("blocked_user", '"+442079460000"', '"+44"', "number", "no number in the form", "write +"),
    ("blocked_user", 'number = "+442079460000"', 'peer = "0.0.0.0/0"', "peer", "0.0.0.0/0 is everybody", "addresses"),
    ("blocked_user", 'number = "+442079460000"', 'peer = "::/0"', "peer", "::/0 is everybody", "addresses"),
    ("do_not_originate", '"+3225551212"', '"1207"', "number", "no number in the form", "write +"),
    ("caller_list", '"home"', '"abroad"', "trunk", "is international", "one that fits: home"),
    ("caller_list", '"+3225551212"', '"+33142685300"', "numbers.+33142685300", "no Belgian number", "mend it"),
    ("node", '"198.51.100.0/24"', '"198.51.100.1/24"', "network", "host bits", "operating.md"),
    ("node", '"198.51.100.0/24"', "5", "network", "is not a string", "operating.md"),
    ("node", '"BE"', '"UK"', "country", "is no country", '"GB"'),
    ("node", '"e"', '""', "evidence", "says nothing", "proof of its place"),
    ("shadow", '"abroad"', '"home"', "trunk", "is national", "one that fits: abroad, contact, transit, virtual"),
    ("shadow", '"O"', '""', "owner", "says nothing", "who answers"),
    ("shadow", '"trial"', '"\\n"', "reason", "says nothing", "what the trial is for"),
    ("shadow", "2026-06-30", "2026-07-01", "until", "more than 30 days from 2026-06-01", "end it on 2026-06-30"),
]


@pytest.mark.parametrize(("kind", "old", "new", "key", "problem", "mend"), WRONG)
def test_a_mistake_in_an_entry_is_named_with_its_line_key_and_mend(
    tmp_path: Path, *, kind: str, old: str, new: str, key: str, problem: str, mend: str
) -> None:
    text = entry(kind, (old, new))
    found = mistakes(tmp_path, f"\n{entry(kind)}\n{text}")
    (mistake,) = [one for one in found if one.fatal and one.key == f"register.{kind}[1].{key}"]
    name = key.partition(".")[0].partition("[")[0]
    line = next((n for n, one in enumerate(text.splitlines()) if one.startswith(f"{name} =")), 0)
    assert mistake.line == LINES + 1 + entry(kind).count("\n") + 1 + line + 1
    assert problem in mistake.problem
    assert mend in f"{mistake.problem} {mistake.mend}"


@pytest.mark.law("¶33")
@pytest.mark.parametrize("kind", ENTRIES)
def test_every_entry_has_a_reference_and_days_in_order(tmp_path: Path, kind: str) -> None:
    (mistake,) = mistakes(tmp_path, entry(kind, reference="  "))
    assert mistake.key == f"register.{kind}[0].reference"
    late = entry(kind, since="2027-01-01") + ("" if "until" in ENTRIES[kind] else "until = 2026-12-31\n")
    (mistake,) = mistakes(tmp_path, late)
    assert (mistake.key, mistake.fatal) == (f"register.{kind}[0].until", True)
    assert "before it begins" in mistake.problem


@pytest.mark.parametrize(("key", "near"), [("numbers_fil", "numbers_file"), ("companynumber", "company_number")])
def test_a_misspelt_key_of_an_entry_is_named_with_the_one_meant(tmp_path: Path, key: str, near: str) -> None:
    (mistake,) = mistakes(tmp_path, f'{entry("agreement")}{key} = "x"\n')
    assert mistake.key == f"register.agreement[0].{key}"
    assert near in mistake.mend
    (mistake,) = mistakes(tmp_path, '[register]\nfiles = "x"\n')
    assert "'file'" in mistake.mend


def test_single_brackets_around_an_entry_are_named(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, entry("consent").replace("[[", "[").replace("]]", "]"))
    assert (mistake.line, mistake.key) == (LINES + 1, "register.consent")
    assert "[[...]]" in mistake.problem


@pytest.mark.law("¶15 list")
@given(st.integers(0, 99_999_999))
def test_one_pair_of_check_digits_makes_an_enterprise_number(first: int) -> None:
    from b2bua.config.entries import _is_enterprise

    digits = f"{first % 20_000_000:08d}"
    fits = [n for n in range(100) if _is_enterprise(f"{digits}{n:02d}")]
    assert fits == [97 - int(digits) % 97]


@pytest.mark.law("art. 4 §1")
@pytest.mark.parametrize(
    ("old", "new", "is_doubtful"),
    [
        ('"BE"', '"FR"', True),
        ('company_number = "0123.456.749"\n', "", True),
        ('established_in = "BE"\n', "", True),
        ('"customer-support"\nholder = "Undertaking"\nestablished_in = "BE"', '"nomadic"\nholder = "Operator"', False),
    ],
)
def test_an_agreement_that_the_law_does_not_allow_is_warned_of(
    tmp_path: Path, old: str, new: str, *, is_doubtful: bool
) -> None:
    found = mistakes(tmp_path, entry("agreement", (old, new)))
    assert [one.fatal for one in found] == [False] * is_doubtful
    assert all("is refused (art. 4 §1)" in one.problem for one in found)


@pytest.mark.law("¶31")
@pytest.mark.parametrize("old", ["circuits = true", "control = true", 'evidence = "e"'])
def test_an_attestation_that_lacks_a_condition_is_warned_of(tmp_path: Path, old: str) -> None:
    new = old.replace("true", "false").replace('"e"', '""')
    (found,) = mistakes(tmp_path, entry("attestation", (old, new)))
    assert not found.fatal
    assert "count as international" in found.problem


def test_the_same_reference_may_stand_twice(tmp_path: Path) -> None:
    assert mistakes(tmp_path, entry("consent") + entry("consent") + entry("node")) == ()


def shadows(*days: tuple[str, str], trunk: str = "abroad") -> str:
    tables = [entry("shadow", ("2026-06-30", until), ('"abroad"', f'"{trunk}"'), since=since) for since, until in days]
    return "".join(tables)


@pytest.mark.law("¶33", "K25")
@pytest.mark.parametrize(
    ("days", "is_wrong"),
    [
        ([("2026-06-01", "2026-06-30"), ("2026-07-01", "2026-07-01")], True),
        ([("2026-06-01", "2026-06-30"), ("2026-06-30", "2026-07-10")], True),
        ([("2026-06-11", "2026-06-20"), ("2026-06-01", "2026-06-10"), ("2026-06-21", "2026-07-01")], True),
        ([("2026-06-01", "2026-06-30"), ("2026-07-02", "2026-07-20")], False),
        ([("2026-06-01", "2026-06-10"), ("2026-06-11", "2026-06-30")], False),
        ([("2026-06-01", "2026-06-30"), ("2026-06-10", "2026-06-11"), ("2026-07-02", "2026-07-20")], False),
    ],
)
def test_trials_that_go_on_from_each_other_are_one_trial(
    tmp_path: Path, days: list[tuple[str, str]], *, is_wrong: bool
) -> None:
    found = mistakes(tmp_path, shadows(*days))
    assert [one.fatal for one in found] == [True] * is_wrong
    assert mistakes(tmp_path, shadows(days[0]) + shadows(*days[1:], trunk="contact")) == () or len(days) > 2


# Where session border controllers stand.


@pytest.mark.law("¶21", "¶35")
@pytest.mark.parametrize(
    ("nodes", "problem"),
    [
        ([("198.51.100.0/24", "BE")], None),
        ([("198.51.100.1/32", "NL")], "stands in NL"),
        ([("0.0.0.0/0", "NL"), ("198.51.100.0/24", "BE")], None),
        ([("198.51.100.0/24", "BE"), ("198.51.100.1/32", "NL")], "stands in NL"),
        ([("0.0.0.0/0", "BE"), ("198.51.100.0/29", "NL"), ("198.51.100.1/32", "BE")], None),
        ([("203.0.113.0/24", "BE")], "no [[register.node]] says where 198.51.100.1/32 stands"),
        ([("203.0.113.0/24", "NL")], "no [[register.node]] says where 198.51.100.1/32 stands"),
        ([("2001:db8::/32", "BE")], "no [[register.node]] says where"),
        ([], None),
    ],
)
def test_a_national_trunk_with_an_end_abroad_is_warned_of(
    tmp_path: Path, nodes: list[tuple[str, str]], problem: str | None
) -> None:
    text = [entry("node", ("198.51.100.0/24", network), ('"BE"', f'"{country}"')) for network, country in nodes]
    found = mistakes(tmp_path, "".join(text))
    assert [(one.key, one.fatal) for one in found] == [("trunk[1].peers", False)] * (problem is not None)
    assert all(problem is not None and problem in one.problem for one in found)


@pytest.mark.law("¶21", "K2")
def test_a_peer_that_is_a_network_stands_abroad_with_any_part_of_it(tmp_path: Path) -> None:
    text = entry("node") + entry("node", ("198.51.100.0/24", "198.51.100.200/32"), ('"BE"', '"NL"'))
    path = write(tmp_path, text)
    path.write_text(path.read_text().replace('peers = ["198.51.100.1"]', 'peers = ["198.51.100.128/25"]'))
    (found,) = [one for one in read(path).mistakes if one.key == "trunk[1].peers"]
    assert "stands in NL" in found.problem


@pytest.mark.law("¶21", "K2")
def test_the_later_of_two_nodes_of_one_network_says_where_it_stands(tmp_path: Path) -> None:
    now = entry("node", since="2026-06-02")
    assert mistakes(tmp_path, now + entry("node", ('"BE"', '"NL"'))) == ()


@pytest.mark.law("¶21", "K2")
def test_a_national_circuit_with_an_end_abroad_is_warned_of_too(tmp_path: Path) -> None:
    text = entry("node") + entry("node", ("198.51.100.0/24", "192.0.2.0/24"), ('"BE"', '"NL"'))
    assert mistakes(tmp_path, text) == ()
    path = tmp_path / "b2bua.toml"
    path.write_text(path.read_text().replace("national-transit", "national", 1))
    (found,) = read(path).mistakes
    assert (found.key, found.fatal) == ("trunk[0].circuit[0].peers", False)


@pytest.mark.law("¶21", "¶23", "K2")
def test_an_address_of_ours_abroad_is_warned_of_too(tmp_path: Path) -> None:
    text = entry("node") + entry("node", ("198.51.100.0/24", "198.51.100.10/32"), ('"BE"', '"NL"'))
    (found,) = mistakes(tmp_path, text)
    assert (found.key, found.fatal) == ("trunk[1].listen", False)


# In other files.


def test_the_register_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    here, there = entry("consent", reference="here"), entry("consent", reference="there") + entry("node")
    path = write(tmp_path, f'[register]\nfile = "register.toml"\n{here}', register_toml=there)
    register = load(path).register
    assert [one.reference for one in register.consent] == ["here", "there"]
    assert len(register.node) == 1


def test_a_mistake_in_the_file_of_the_register_is_named_with_that_file_and_line(tmp_path: Path) -> None:
    wrong = entry("consent", ('"+3293330000"', '"09"'))
    there = f"{entry('consent')}\n{wrong}{entry('decision').replace('action', 'axtion')}"
    text = f'[register]\nfile = "register.toml"\n{entry("consent")}'
    (mistake,) = mistakes(tmp_path, text, register_toml=there.replace("axtion", "action"))
    assert (mistake.file, mistake.line) == (tmp_path / "register.toml", 5 + 1 + 5)
    assert mistake.key == "register.consent[1].called"
    (missing, unknown) = mistakes(tmp_path, text, register_toml=there)
    assert {missing.file, unknown.file} == {tmp_path / "register.toml"}
    assert {missing.key, unknown.key} == {"register.decision[0].action", "register.decision[0].axtion"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file"),
        ("a = ", "not TOML"),
        ("[[trunk]]\nname = 'x'\n", "no other tables"),
        ("register = 5\n", "is not a table"),
        ("[register]\nfile = 'b2bua.toml'\n", "is no array of tables"),
        ("[register.consent]\nreference = 'x'\n", "is no array of tables"),
        ("[[register.consents]]\nreference = 'x'\n", "is no key of this table"),
    ],
)
def test_a_file_that_is_none_of_the_register_is_named(tmp_path: Path, content: str | None, problem: str) -> None:
    files = {} if content is None else {"register_toml": content}
    found = mistakes(tmp_path, '[register]\nfile = "register.toml"\n', **files)
    assert found[0].fatal
    assert problem in found[0].problem
    if problem != "is no key of this table":
        assert found[0].file == tmp_path / "register.toml"


@pytest.mark.parametrize("value", ["5", '""', "[1]"])
def test_what_is_no_name_of_a_file_is_named(tmp_path: Path, value: str) -> None:
    (mistake,) = mistakes(tmp_path, f"[register]\nfile = {value}\n")
    assert (mistake.line, mistake.key) == (LINES + 2, "register.file")


LISTED = 'numbers_file = "list.csv"'


def listed(numbers: str) -> tuple[str, dict[str, str]]:
    """An agreement whose numbers stand in a list."""
    return entry("agreement", ('numbers = ["+3225551212", "+3293330000"]', LISTED)), {"list_csv": numbers}


def test_numbers_may_stand_in_a_list_one_a_line(tmp_path: Path) -> None:
    text, files = listed("\ufeff+3225551212\r\n\r\n# Ghent\r\n  +3293330000  \n+3225551212")
    register = load(write(tmp_path, text, **files)).register
    assert register.agreement[0].numbers == {"+3225551212", "+3293330000"}


def test_numbers_of_the_table_and_of_its_list_are_taken_together(tmp_path: Path) -> None:
    text, files = listed("+3225551212\n")
    text += 'numbers = ["+3293330000"]\n'
    assert len(load(write(tmp_path, text, **files)).register.agreement[0].numbers) == 2
    (mistake,) = mistakes(tmp_path, text.replace("+3293330000", "+32470123456"), **files)
    assert (mistake.file.name, mistake.line) == ("b2bua.toml", LINES + 11)


def test_a_list_beside_the_file_of_the_register_is_found_from_there(tmp_path: Path) -> None:
    folder = tmp_path / "register"
    folder.mkdir()
    text, files = listed("+3225551212\n+32470123456\n")
    (folder / "register.toml").write_text(text)
    (folder / "list.csv").write_text(files["list_csv"])
    head = '[register]\nfile = "register/register.toml"\n' + entry("agreement")
    (mistake,) = mistakes(tmp_path, head)
    assert (mistake.file, mistake.line) == (folder / "list.csv", 2)
    assert "+32470123456" in mistake.problem
    (folder / "list.csv").write_text("+3225551212\n")
    assert load(write(tmp_path, head)).register.agreement[1].numbers == {"+3225551212"}


def test_a_hundred_thousand_numbers_are_read_and_the_wrong_ones_among_them_named(tmp_path: Path) -> None:
    numbers = [f"+3225{number:06d}" for number in range(100_000)]
    text, files = listed("\n".join(numbers))
    assert len(load(write(tmp_path, text, **files)).register.agreement[0].numbers) == 100_000
    numbers[99_998:] = ["+32470123456", "0470"]
    text, files = listed("\n".join(numbers))
    found = mistakes(tmp_path, text, **files)
    assert [(one.file.name, one.line) for one in found] == [("list.csv", 99_999), ("list.csv", 100_000)]


def test_of_many_wrong_numbers_some_are_told_and_the_others_counted(tmp_path: Path) -> None:
    text, files = listed("\n".join(f"+3247{number:07d}" for number in range(50)))
    found = mistakes(tmp_path, text, **files)
    assert len(found) == 11
    assert "40 numbers more" in found[-1].problem


def test_of_many_mistakes_a_hundred_are_told_and_none_that_is_fatal_is_hidden_by_warnings(tmp_path: Path) -> None:
    wrong = entry("blocked_user", ("+442079460000", "0470"))
    found = mistakes(tmp_path, entry("attestation", ('"e"', '""')) * 150 + wrong)
    assert len(found) == 101
    assert [one.fatal for one in found[:2]] == [True, False]
    assert not found[-1].fatal
    assert "51 mistakes more" in found[-1].problem
    found = mistakes(tmp_path, wrong * 150)
    assert (len(found), found[-1].fatal) == (101, True)


@pytest.mark.parametrize("change", ["missing", "bytes", "large"])
def test_a_list_that_cannot_be_read_is_named(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, files = listed("+3225551212\n" * 1_000)
    path = write(tmp_path, text, **files)
    if change == "missing":
        (tmp_path / "list.csv").unlink()
    elif change == "bytes":
        (tmp_path / "list.csv").write_bytes(b"\xff\xfe+\x003\x00")
    else:
        monkeypatch.setattr(source, "LARGEST", 10_000)
    found = read(path)
    assert found.config is None
    assert {"missing": "No such file", "bytes": "not UTF-8", "large": "is larger"}[change] in found.mistakes[0].problem
    assert found.mistakes[0].file == tmp_path / "list.csv"


# The page of keys.


def test_the_examples_of_the_page_of_keys_are_right(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/operating.md").read_text()
    register = page.partition("\n### `[register]`\n")[2].partition("\n### ")[0]
    settings = page.partition("`[profile.settings]` has keys")[2].partition("\n### ")[0]
    text = TRUNKS + "".join(re.findall("```toml\n(.*?)```", settings + register, re.DOTALL))
    for here, there in (("abroad", "transit-paris"), ("home", "core"), ("contact", "contact-centre")):
        text = text.replace(f'"{here}"', f'"{there}"')
    text = text.replace('"transit"', '"transit-via-frankfurt"').replace("198.51.100.", "10.0.0.")
    (tmp_path / "register.toml").write_text("")
    (tmp_path / "numbers.csv").write_text("+3225551213\n")
    path = tmp_path / "b2bua.toml"
    path.write_text(text)
    assert read(path).mistakes == ()
    kept = load(path).register
    assert all(getattr(kept, field.name) for field in attrs.fields(type(kept)))
    assert load(path).profile.load().article_3 is not None


# Its version.


def test_the_same_entries_are_the_same_version_wherever_they_stand(tmp_path: Path) -> None:
    text, files = listed("+3293330000\n+3225551212")
    one = config(tmp_path, entry("agreement")).register.as_register().version
    other = load(write(tmp_path, '[register]\nfile = "register.toml"', register_toml=text, **files))
    assert other.register.as_register().version == one
    count, _, digest = one.partition(" entries ")
    assert (count, len(digest)) == ("1", 12)


@pytest.mark.law("¶33", "K18")
@pytest.mark.parametrize("kind", ENTRIES)
def test_another_word_in_an_entry_is_another_version(tmp_path: Path, kind: str) -> None:
    one = config(tmp_path, entry(kind)).register
    (known,) = one.entries
    versions = {one.as_register().version}
    for field in attrs.fields(type(known)):
        value = getattr(known, field.name)
        other = value | {"+3211111111"} if isinstance(value, frozenset) else f"{value}x"
        changed = attrs.evolve(one, **{kind: (attrs.evolve(known, **{field.name: other}),)})
        versions.add(changed.as_register().version)
    assert len(versions) == len(attrs.fields(type(known))) + 1


# What ends.


def dues(folder: Path, text: str, day: datetime.date = DAY) -> list[tuple[str, str]]:
    """What somebody should know on that day, but for classes that have no entry."""
    found = config(folder, text)
    told = due(found, found.register.as_register(), day)
    assert not any(one.fatal for one in told)
    return [(".".join(map(str, one.where)), one.problem) for one in told if one.where[0] == "register"]


@pytest.mark.law("¶32")
@pytest.mark.parametrize(
    ("until", "is_due"),
    [("2026-06-30", False), ("2026-07-01", True), ("2026-07-31", True), ("2026-08-01", False), (None, False)],
)
def test_what_ends_within_thirty_days_is_told(tmp_path: Path, until: str | None, *, is_due: bool) -> None:
    text = entry("consent") + (f"until = {until}\n" if until else "")
    assert dues(tmp_path, text) == [("register.consent.0.until", f"R-1 ends on {until}")] * is_due


def test_many_that_end_are_told_in_one_word(tmp_path: Path) -> None:
    ends = [
        entry("consent", ("+33612345678", f"+3361234567{n}"), reference=f"R-{n}") + f"until = 2026-07-{20 - n}\n"
        for n in range(3)
    ]
    (found,) = dues(tmp_path, "".join(ends))
    assert found == ("register.consent.2.until", "R-2 ends on 2026-07-18, and 2 more of its kind within 30 days")


@pytest.mark.parametrize(
    ("kind", "change", "goes_on"),
    [
        ("consent", (), True),
        ("consent", (("+33612345678", "+33612345679"),), False),
        ("node", (), True),
        ("node", (("198.51.100.0/24", "198.51.100.0/25"),), False),
        ("agreement", (), True),
    ],
)
def test_what_is_renewed_does_not_end(
    tmp_path: Path, kind: str, change: tuple[tuple[str, str], ...], *, goes_on: bool
) -> None:
    renewed = entry(kind, *change, since="2026-07-11")
    found = dues(tmp_path, entry(kind) + "until = 2026-07-10\n" + renewed)
    assert found == [(f"register.{kind}.0.until", "R-1 ends on 2026-07-10")] * (not goes_on)
    assert dues(tmp_path, entry(kind) + "until = 2026-07-10\n" + renewed.replace("07-11", "07-12")) != []


@pytest.mark.law("¶33")
def test_a_trial_is_told_while_it_lasts(tmp_path: Path) -> None:
    days = [datetime.date(2026, 5, 31), datetime.date(2026, 6, 1), datetime.date(2026, 6, 30), DAY]
    found = [dues(tmp_path, entry("shadow"), day) for day in days]
    assert [len(one) for one in found] == [0, 1, 1, 0]
    assert found[1][0] == ("register.shadow.0", "'abroad' is judged and nothing is enforced until 2026-06-30 (R-1)")


@pytest.mark.law("¶31", "¶32")
def test_trunks_of_a_class_that_no_entry_of_the_day_supports_are_told(tmp_path: Path) -> None:
    text = entry("attestation", ('"transit"', '"virtual"')) + entry("agreement") + "until = 2026-07-10\n"
    found = config(tmp_path, text)

    def without(day: datetime.date) -> list[str]:
        told = due(found, found.register.as_register(), day)
        return [".".join(map(str, one.where)) for one in told if one.where[0] == "trunk"]

    assert without(DAY) == ["trunk.2.class"]
    assert without(datetime.date(2026, 5, 31)) == ["trunk.0.circuit.0.class", "trunk.2.class", "trunk.3.class"]
    assert without(datetime.date(2026, 7, 11)) == ["trunk.2.class", "trunk.3.class"]
    path = tmp_path / "b2bua.toml"
    assert [one.key for one in read(path, DAY).mistakes] == ["trunk[2].class", "register.agreement[0].until"]
    assert read(path).mistakes == ()


def test_the_last_day_there_is_can_be_looked_at(tmp_path: Path) -> None:
    assert dues(tmp_path, entry("consent") + "until = 9999-12-31\n", datetime.date.max) == []


# Read again.


def test_the_register_is_read_again_by_itself(tmp_path: Path) -> None:
    running = config(tmp_path, entry("consent"))
    path = tmp_path / "b2bua.toml"
    path.write_text(f'[[trunk]]\nname = "broken"\n{entry("blocked_user")}')
    result = reread(path, running)
    assert result.config == attrs.evolve(running, register=result.config.register if result.config else None)
    assert result.config is not None
    assert [type(one) for one in result.config.register.entries] == [kinds.BlockedUser]
    path.write_text("")
    assert reread(path, running).config == attrs.evolve(running, register=type(running.register)())


@pytest.mark.parametrize(
    "text",
    ["register = 5\n", "a = \n", entry("agreement", ('"contact"', '"new"')), '[register]\nfile = "none.toml"\n'],
)
def test_what_cannot_be_read_again_is_told_with_file_and_line(tmp_path: Path, text: str) -> None:
    running = config(tmp_path, entry("consent"))
    path = tmp_path / "b2bua.toml"
    path.write_text(text)
    result = reread(path, running)
    assert result.config is None
    assert result.mistakes[0].fatal


def test_a_profile_that_cannot_be_loaded_is_told_once_and_the_register_not_at_all(tmp_path: Path) -> None:
    path = write(tmp_path, '[profile]\nname = "none.toml"\n' + entry("consent", ("+3293330000", "x")))
    assert [one.key for one in read(path).mistakes] == ["profile.name"]
