from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b2bua.config import Config, Endpoint, Mistake, load, read
from b2bua.config.source import line_of
from b2bua.errors import ConfigError
from policy.claim import TrunkClass
from policy.roaming import Roaming

GOOD = """\
[journal]
directory = "evidence"

[[trunk]]
name = "abroad"
class = "international"
listen = ["192.0.2.10:5060"]
peers = ["192.0.2.1"]
targets = ["192.0.2.1:5060"]

[[trunk]]
name = "home"
class = "national"
listen = ["198.51.100.10:5060"]
peers = ["198.51.100.1"]
targets = ["198.51.100.1:5060"]

[[route]]
from = "abroad"
to = "home"

[[route]]
from = "home"
to = "abroad"
"""

# One mistake each: what is written instead of what, then the line, the key, and words of the problem and of its mend.
MISTAKES = [
    ("[journal]\n", "[jurnal]\n", 1, "jurnal", "is no key", "did you mean 'journal'"),
    ('directory = "evidence"\n', "", 1, "journal.directory", "is missing", "docs/operating.md"),
    ('"evidence"', "5", 2, "journal.directory", "5 is not a string", "docs/operating.md"),
    ('"evidence"', '"a\\u0000b"', 2, "journal.directory", "is no path", "take the NUL out"),
    ('"evidence"\n', '"evidence"\nsegment_mib = 0\n', 3, "journal.segment_mib", "must be >= 1", "in that range"),
    (
        '"evidence"\n',
        '"evidence"\nsegment_mib = true\n',
        3,
        "journal.segment_mib",
        "True is not a whole",
        "docs/operating.md",
    ),
    ('"evidence"\n', '"evidence"\nfsync_seconds = nan\n', 3, "journal.fsync_seconds", "must be", "in that range"),
    ('"evidence"\n', '"evidence"\nfsync_seconds = "1"\n', 3, "journal.fsync_seconds", "is not a number", "docs/"),
    ('[journal]\ndirectory = "evidence"', 'journal = "evidence"', 1, "journal", "is not a table", "docs/"),
    ("[journal]", "[[journal]]", 1, "journal", "is not a table", "docs/operating.md"),
    (
        'targets = ["198.51.100.1:5060"]',
        'targets = [{ address = "x" }]',
        16,
        "trunk[1].targets[0].address",
        "'x'",
        "docs/operating.md",
    ),
    (
        'targets = ["198.51.100.1:5060"]',
        'targets = [{ address = "198.51.100.1", wight = 2 }]',
        16,
        "trunk[1].targets[0].wight",
        "is no key",
        "did you mean 'weight'",
    ),
    (
        'targets = ["198.51.100.1:5060"]',
        'targets = [{ address = "198.51.100.1", weight = -1 }]',
        16,
        "trunk[1].targets[0].weight",
        "must be >= 0",
        "in that range",
    ),
    ('targets = ["198.51.100.1:5060"]', "targets = [5]", 16, "trunk[1].targets[0]", "is not a table", "docs/"),
    ('name = "home"', 'name = "home"\nprobe = 30', 13, "trunk[1].probe", "30 is not a table", "docs/"),
    (
        'name = "home"',
        'name = "home"\nprobe = { interval_seconds = 0.4 }',
        13,
        "trunk[1].probe.interval_seconds",
        "must be >= 0.5",
        "in that range",
    ),
    (
        'name = "home"',
        'name = "home"\nprobe = { down_interval_seconds = nan }',
        13,
        "trunk[1].probe.down_interval_seconds",
        "must be",
        "in that range",
    ),
    (
        'name = "home"',
        'name = "home"\nprobe = { timeout_seconds = 31 }',
        13,
        "trunk[1].probe.timeout_seconds",
        "would wait 31 s",
        "make the interval longer",
    ),
    (
        'name = "home"',
        'name = "home"\nprobe = { down_after = 0 }',
        13,
        "trunk[1].probe.down_after",
        "must be >= 1",
        "in that range",
    ),
    (
        'name = "home"',
        'name = "home"\nprobe = { up_afer = 2 }',
        13,
        "trunk[1].probe.up_afer",
        "is no key",
        "did you mean 'up_after'",
    ),
    ('name = "abroad"', 'name = ""', 5, "trunk[0].name", "is no name", "in a log"),
    ('name = "home"', 'name = "abroad"', 12, "trunk[1].name", "is taken", "another name"),
    ('"international"', '"foreign"', 6, "trunk[0].class", "is none of 'international', 'national'", "docs/"),
    ('"international"', '"transit"', 6, "trunk[0].class", "is none of 'international'", "'national-transit'"),
    ("peers = ", "peer = ", 8, "trunk[0].peer", "is no key", "did you mean 'peers'"),
    ("peers = ", "zzzz = ", 8, "trunk[0].zzzz", "is no key", "one of advertise, called_format, "),
    ('["192.0.2.10:5060"]', '"192.0.2.10:5060"', 7, "trunk[0].listen", "is not a list", "docs/operating.md"),
    ('["192.0.2.10:5060"]', "[]", 7, "trunk[0].listen", "is empty", "at least one"),
    ('"192.0.2.10:5060"', "5060", 7, "trunk[0].listen[0]", "5060 is not a string", "docs/operating.md"),
    ('"192.0.2.10:5060"', '"gw.example:5060"', 7, "trunk[0].listen[0]", "IPv4 or IPv6", "docs/operating.md"),
    ('"192.0.2.10:5060"', '"192.0.2.10:0"', 7, "trunk[0].listen[0]", "is no port", "docs/operating.md"),
    ('"192.0.2.10:5060"', '"192.0.2.10:65536"', 7, "trunk[0].listen[0]", "is no port", "docs/operating.md"),
    ('"192.0.2.10:5060"', '"[2001:db8::1:5060"', 7, "trunk[0].listen[0]", "close its bracket", "docs/operating.md"),
    ('"192.0.2.10:5060"', '"0.0.0.0:5070"', 7, "trunk[0].listen", "every address", "advertise ="),
    ('"192.0.2.10:5060"', '"[::]:5060", "192.0.2.10:5060"', 7, "trunk[0].listen", "every address", "advertise ="),
    ('peers = ["192.0.2.1"]', "peers = []", 8, "trunk[0].peers", "is empty", "at least one"),
    ('peers = ["192.0.2.1"]', 'peers = ["192.0.2.1/24"]', 8, "trunk[0].peers[0]", "host bits", "docs/operating.md"),
    ('name = "abroad"', 'name = "abroad"\nadvertise = "a b"', 6, "trunk[0].advertise", "neither a host", "host alone"),
    ('name = "abroad"', 'name = "abroad"\nrefer = "allow"', 6, "trunk[0].refer", "is none of 'pass'", "docs/operating"),
    (
        'name = "abroad"',
        'name = "abroad"\nreplaces = "no"',
        6,
        "trunk[0].replaces",
        "is none of 'pass'",
        "docs/operating",
    ),
    ('name = "abroad"', 'name = "abroad"\nadvertise = "gw:5060"', 6, "trunk[0].advertise", "neither", "host alone"),
    ('["192.0.2.1:5060"]', '["[2001:db8::1]:5060"]', 9, "trunk[0].targets", "address family", "listen on"),
    (
        '["198.51.100.10:5060"]',
        '["192.0.2.10:5060"]',
        14,
        "trunk[1].listen",
        "both international and national",
        "art. 2",
    ),
    ('to = "home"', 'to = "nowhere"', 20, "route[0].to", "'nowhere' is no trunk", "one of abroad, home"),
    ('from = "home"', 'from = "nowhere"', 23, "route[1].from", "'nowhere' is no trunk", "one of abroad, home"),
    ('targets = ["198.51.100.1:5060"]\n', "", 19, "route[0].to", "'home' has no targets", "give that trunk targets"),
    ('to = "home"', 'to = "home"\nprefix = "0032"', 21, "route[0].prefix", "00 is read as +", "write +"),
    ('from = "home"\nto = "abroad"', 'from = "abroad"\nto = "home"', 22, "route[1].prefix", "never used", "take one"),
]

MORE = [
    ('[profile]\nname = "atlantis"', 27, "profile.name", "no such profile", "name a profile"),
    ('[profile]\nname = "none.toml"', 27, "profile.name", "none.toml", "name a profile"),
    ("[sip]\nt1_ms = 5", 27, "sip.t1_ms", "must be >= 10", "in that range"),
    ("[sip]\nsession_seconds = 89", 27, "sip.session_seconds", "must be 0, or from 90", "in that range"),
    ("[sip]\nsession_seconds = 90_000", 27, "sip.session_seconds", "must be 0, or from 90", "in that range"),
    ("[sip]\nsession_seconds = 1_800\nmin_session_seconds = 1_801", 27, "sip.session_seconds", "1801 s", "at least"),
    ("[sip]\nmin_session_seconds = 89", 27, "sip.min_session_seconds", "must be >= 90", "in that range"),
    ("[sip]\nprobe_call_seconds = 29", 27, "sip.probe_call_seconds", "must be 0, or from 30", "in that range"),
    ("[sip]\nt1_ms = 500.0", 27, "sip.t1_ms", "is not a whole number", "docs/operating.md"),
    ('[roaming]\nnot_offered = "+32455"', 27, "roaming.not_offered", "is not a list", "docs/operating.md"),
    ('[roaming]\nnot_offered = ["0455"]', 27, "roaming.not_offered[0]", "no number in the form", "write +"),
    ('[roaming.table]\n"0470" = "abroad"', 27, "roaming.table.0470", "no number in the form", "write +"),
    ('[roaming.table]\n"+32470" = "maybe"', 27, "roaming.table.+32470", "is none of 'abroad'", "docs/operating.md"),
    ("[profile.settings]\non_errors = 1", 27, "profile.settings.on_errors", "no such setting", "as a setting"),
    ('[profile.settings]\non_error = "pass"', 27, "profile.settings.on_error", "write one of", "as a setting"),
    ("[profile.settings.article-3]\nbasis = 1", 27, "profile.settings.article-3.basis", "no such setting", "as a"),
    ("[profile.settings.article-3]\nroamer = 1", 27, "profile.settings.article-3.roamer", "true or false", "as a"),
    ("[profile.settings.article-4]\nbasis = 1", 26, "profile.settings.article-4", "no such table", "as a setting"),
    ("[profile]\nsettings = 5", 27, "profile.settings", "is not a table", "docs/operating.md"),
    ('[[explain.outbound]]\ncaller = "0470"\ncalled = "+336"', 27, "explain.outbound[0].caller", "form", "write +"),
    ('[emergency]\nroute = "nowhere"', 27, "emergency.route", "'nowhere' is no trunk", "one of abroad, home"),
    ("[a.b]\nc = 1", 26, "a", "is no key", "one of cases, clerk, emergency"),
]


def mistakes(folder: Path, text: str | bytes) -> tuple[Mistake, ...]:
    path = folder / "b2bua.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path).mistakes


def good(folder: Path, text: str = GOOD) -> Config:
    path = folder / "b2bua.toml"
    path.write_text(text)
    return load(path)


def test_a_good_file_has_no_mistake(tmp_path: Path) -> None:
    config = good(tmp_path)
    assert [trunk.trunk_class for trunk in config.trunk] == [TrunkClass.INTERNATIONAL, TrunkClass.NATIONAL]
    assert config.trunk[0].listen == (Endpoint("192.0.2.10", 5060),)
    assert mistakes(tmp_path, GOOD) == ()


@pytest.mark.parametrize(("old", "new", "line", "key", "problem", "mend"), MISTAKES)
def test_a_mistake_is_named_with_its_line_key_and_mend(
    tmp_path: Path, *, old: str, new: str, line: int, key: str, problem: str, mend: str
) -> None:
    assert old in GOOD
    found = mistakes(tmp_path, GOOD.replace(old, new, 1))
    (mistake,) = [one for one in found if one.key == key and one.fatal]
    assert mistake.line == line
    assert problem in mistake.problem
    assert mend in f"{mistake.problem} {mistake.mend}"
    assert str(mistake).startswith(f"{tmp_path}/b2bua.toml:{line}: {key}: ")


@pytest.mark.parametrize(("table", "line", "key", "problem", "mend"), MORE)
def test_a_mistake_in_another_table_is_named_alike(
    tmp_path: Path, *, table: str, line: int, key: str, problem: str, mend: str
) -> None:
    (mistake,) = mistakes(tmp_path, f"{GOOD}\n{table}\n")
    assert (mistake.line, mistake.key, mistake.fatal) == (line, key, True)
    assert problem in mistake.problem
    assert mend in f"{mistake.problem} {mistake.mend}"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('"evidence"', "5").replace("peers", "peer").replace('"national"', '"natoinal"')
    keys = {one.key for one in mistakes(tmp_path, text)}
    assert keys == {
        "journal.directory",
        "trunk[0].peer",
        "trunk[0].peers",
        "trunk[1].peer",
        "trunk[1].peers",
        "trunk[1].class",
    }


def test_load_raises_with_every_mistake_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        good(tmp_path, GOOD.replace('"evidence"', "5").replace('to = "home"', "to = 7"))
    assert "b2bua.toml:2: journal.directory" in str(caught.value)
    assert "b2bua.toml:20: route[0].to" in str(caught.value)


@pytest.mark.parametrize("single", ["trunk", "route"])
def test_single_brackets_where_there_may_be_several_are_named(tmp_path: Path, single: str) -> None:
    text = f'[journal]\ndirectory = "x"\n\n[{single}]\nname = "a"\n'
    found = [one for one in mistakes(tmp_path, text) if one.key == single and one.problem != "is missing"]
    assert found[0].line == 4
    assert "[[...]]" in found[0].problem


@pytest.mark.parametrize("value", ["5", '"abc"', "[1]", "[[]]", "true", "1979-05-27", "{a = 1}"])
@pytest.mark.parametrize(
    "key", ["trunk", "route", "register", "explain", "journal", "sip", "roaming", "emergency", "profile"]
)
def test_a_value_of_the_wrong_shape_is_named(tmp_path: Path, key: str, value: str) -> None:
    found = mistakes(tmp_path, f"{key} = {value}\n")
    named = [one for one in found if one.key.startswith(key) and one.problem != "is missing"]
    assert named
    assert named[0].line == 1
    assert "has no attribute" not in named[0].problem
    assert "iterable" not in named[0].problem


def test_an_empty_file_lacks_its_tables(tmp_path: Path) -> None:
    assert {one.key: one.line for one in mistakes(tmp_path, "")} == {"journal": None, "trunk": None}


def test_no_trunk_at_all_is_a_mistake(tmp_path: Path) -> None:
    found = mistakes(tmp_path, 'trunk = []\n[journal]\ndirectory = "x"\n')
    assert [(one.key, one.line) for one in found] == [("trunk", 1)]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a = \n", "not TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a = " + b"[" * 50_000, "nested too deep"),
        (b"a = " + b"{a=" * 50_000, "nested too deep"),
        (b"a = " + b"9" * 5_000, "not TOML"),
        (b"a = 2024-99-99\n", "not TOML"),
        (b"[a]\n[a]\n", "not TOML"),
    ],
)
def test_what_is_no_toml_is_named(tmp_path: Path, data: bytes, problem: str) -> None:
    (mistake,) = mistakes(tmp_path, data)
    assert problem in mistake.problem


def test_the_line_of_broken_toml_is_told(tmp_path: Path) -> None:
    assert mistakes(tmp_path, GOOD + "\nbroken\n")[0].line == 26


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    (mistake,) = read(tmp_path / "none.toml").mistakes
    assert "none.toml: (file): No such file" in str(mistake)
    (mistake,) = read(tmp_path).mistakes
    assert "directory" in mistake.problem


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    assert good(tmp_path).journal.directory == str(tmp_path / "evidence")
    absolute = GOOD.replace('"evidence"', '"/var/lib/evidence"')
    assert good(tmp_path, absolute).journal.directory == "/var/lib/evidence"


def test_a_profile_of_ones_own_is_found_beside_the_file(tmp_path: Path) -> None:
    import policy.profile

    own = (Path(policy.profile.__file__).parent / "profiles" / "belgium.toml").read_text()
    (tmp_path / "mine.toml").write_text(own)
    config = good(tmp_path, f'{GOOD}\n[profile]\nname = "mine.toml"\n')
    assert config.profile.load().emergency == load(tmp_path / "b2bua.toml").profile.load().emergency


def test_roaming_is_read_by_the_words_of_the_table(tmp_path: Path) -> None:
    config = good(
        tmp_path, GOOD + '\n[roaming]\nnot_offered = ["+32455"]\n[roaming.table]\n"+32470123456" = "not abroad"\n'
    )
    assert config.roaming is not None
    assert config.roaming.table == {"+32470123456": Roaming.NOT_ABROAD}
    assert config.roaming.not_offered == ("+32455",)


def test_left_out_tables_have_their_defaults(tmp_path: Path) -> None:
    config = good(tmp_path)
    assert (config.sip.t1_ms, config.sip.t2_ms, config.sip.t4_ms) == (500, 4_000, 5_000)
    assert config.roaming is None
    assert config.emergency is None
    assert config.register.entries == ()
    assert config.profile.settings == {}


# Where a key stands.


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (("journal",), 1),
        (("journal", "directory"), 2),
        (("journal", "absent"), 1),
        (("trunk", 0, "name"), 5),
        (("trunk", 1, "name"), 12),
        (("trunk", 1, "absent"), 11),
        (("trunk", 0, "listen", 3), 7),
        (("route", 1, "from"), 23),
        (("absent",), None),
        ((), None),
    ],
)
def test_the_line_of_a_key_is_found(where: tuple[str | int, ...], line: int | None) -> None:
    assert line_of(GOOD, where) == line


def test_keys_in_quotes_and_inner_tables_have_their_lines() -> None:
    text = '[roaming]\nnot_offered = []\n[roaming . "table"]\n# x\n"+32" = "abroad"\n\'+33\' = "abroad"\n'
    assert line_of(text, ("roaming", "table", "+32")) == 5
    assert line_of(text, ("roaming", "table", "+33")) == 6
    assert line_of(text, ("roaming", "table", "+34")) == 3


# Whatever is in the file.

VALUES = st.recursive(
    st.sampled_from(['""', '"+32"', '"192.0.2.1"', "5", "-1", "nan", "true", "2024-12-01", '"\\u0000"', '"national"']),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: f"[{', '.join(values)}]"),
        inner.map(lambda value: f'{{name = {value}, "{{}}" = 1}}'),
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "name",
        "class",
        "listen",
        "peers",
        "targets",
        "from",
        "to",
        "prefix",
        "route",
        "table",
        "directory",
        "since",
        "x-y",
        '"+32"',
    ]
)
TABLES = "[journal] [[journal]] [trunk] [[trunk]] [[route]] [roaming] [roaming.table] [sip] [profile] [o.x]"
HEADERS = st.sampled_from([*TABLES.split(), "[emergency]", "[[register.dossier]]"])
LINES = st.one_of(HEADERS, st.builds("{} = {}".format, KEYS, VALUES))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, max_size=25), is_good=st.booleans())
def test_any_toml_gives_a_configuration_or_mistakes(tmp_path: Path, lines: list[str], is_good: bool) -> None:
    path = tmp_path / "any.toml"
    path.write_text((GOOD if is_good else "") + "\n".join(lines))
    result = read(path)
    assert (result.config is None) == any(one.fatal for one in result.mistakes)
    assert all(one.problem and one.mend and one.key for one in result.mistakes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_give_a_mistake(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(data)
    assert read(path).config is None


def test_a_target_is_an_address_or_a_table(tmp_path: Path) -> None:
    file = tmp_path / "b2bua.toml"
    table = '["198.51.100.1:5060", { address = "198.51.100.2", priority = 7, weight = 3 }]'
    file.write_text(GOOD.replace('targets = ["198.51.100.1:5060"]', f"targets = {table}"))
    plain, full = load(file).trunk[1].targets
    assert (str(plain.address), plain.priority, plain.weight) == ("198.51.100.1:5060", None, 1)
    assert (str(full.address), full.priority, full.weight) == ("198.51.100.2:5060", 7, 3)
