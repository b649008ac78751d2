"""A profile is read whole or refused with the file, the key and the mend."""

from importlib.resources import files
from pathlib import Path

import pytest

from policy import Position, Profile, ProfileError
from policy.profile import Action, RuleName

TEXT = (files("policy.profiles") / "belgium.toml").read_text(encoding="utf-8")


@pytest.mark.law("K27")
def test_the_belgian_profile_ships_with_the_package() -> None:
    profile = Profile.load("belgium")
    assert profile.plan.country_code == "32"
    assert set(profile.rules) == set(RuleName)
    assert profile.rules[RuleName.GEOGRAPHIC].actions[Position.REDIRECT] is Action.BLOCK


@pytest.mark.law("¶33")
def test_the_version_changes_with_any_byte_of_the_file() -> None:
    assert Profile.parse(TEXT.encode(), "f").version == Profile.load("belgium").version
    assert Profile.parse(TEXT.encode() + b"\n", "f").version != Profile.load("belgium").version


def test_a_profile_can_be_loaded_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT, encoding="utf-8")
    assert Profile.load(path) == Profile.load("belgium")


@pytest.mark.parametrize("source", ["atlantis", "../belgium", "", Path("/nowhere/at/all.toml"), Path("/")])
def test_a_profile_that_is_not_there_is_refused_by_name(source: str | Path) -> None:
    with pytest.raises(ProfileError):
        Profile.load(source)


@pytest.mark.parametrize(
    ("old", "new", "key", "mend"),
    [
        ('name = "belgium"', "", "name", "is missing"),
        ('name = "belgium"', "name = 1", "name", "write a text"),
        ('home = "Belgian"', 'home = "Belgian"\ncolour = "red"', "colour", "not a known key"),
        ('on_error = "withhold"', 'on_error = "shrug"', "settings.on_error", "withhold, block"),
        ("max_questions = 8", "max_questions = -1", "settings.max_questions", "from 0 to 64"),
        ("max_questions = 8", "max_questions = true", "settings.max_questions", "from 0 to 64"),
        ('country_code = "32"', 'country_code = "+32"', "numbering.country_code", "without +"),
        ("short_lengths = [3, 4, 6]", "short_lengths = []", "numbering.short_lengths", "list of numbers"),
        ('prefixes = "77"', 'prefixes = "7x"', "numbering.blocks[5].prefixes", "write digits"),
        ('prefixes = "77"', 'prefixes = "79-77"', "numbering.blocks[5].prefixes", "write digits"),
        ('prefixes = "77"', 'prefixes = "78"', "numbering.blocks[5].prefixes", "already has a range"),
        ('lengths = "any"', 'lengths = "some"', "numbering.blocks[6].lengths", "any"),
        ('range = "machine"', 'range = "foreign"', "numbering.blocks[5].range", "write one of"),
        ("[rules.short]", "[rules.shirt]", "rules.short", "is missing"),
        ("effective = 2024-12-01", 'effective = "soon"', "rules.mobile.effective", "write a date"),
        ('presentation = "verify"', 'presentation = "ask"', "rules.mobile.presentation", "write one of"),
        ('display = "equal"', 'display = "verify"', "rules.foreign.display", "can be verified"),
        ('hidden.other = "strip"', 'hidden.others = "strip"', "rules.form.hidden.others", "not a known key"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_its_mend(old: str, new: str, key: str, mend: str) -> None:
    assert old in TEXT
    with pytest.raises(ProfileError) as caught:
        Profile.parse(TEXT.replace(old, new, 1).encode(), "mine.toml")
    assert (caught.value.file, caught.value.key) == ("mine.toml", key)
    assert mend in caught.value.mend


@pytest.mark.parametrize("data", [b"\xff", b"= 1", b""])
def test_what_is_no_profile_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(ProfileError):
        Profile.parse(data, "x")


@pytest.mark.law("K23", "L4")
def test_an_operator_may_choose_no_setting_that_shows_what_the_profile_hides() -> None:
    with pytest.raises(ProfileError, match="never shown"):
        Profile.load("belgium", {"on_error": "mark"})
    assert Profile.load("belgium", {"on_error": "block"}).version != Profile.load("belgium").version


@pytest.mark.law("K23", "¶33")
@pytest.mark.parametrize(
    "chosen",
    [
        {"rules": {"geographic": {"presentation": "pass"}}},
        {"verify": {"not-abroad": "pass"}},
        {"article-3": {"basis": "none"}},
        {"article-3": {"effective": "2099-01-01"}},
        {"effective": "2099-01-01"},
        {"article-4": {"basis": "x"}},
        {"unless": []},
    ],
)
def test_no_choice_reaches_a_row_of_the_law(chosen: dict[str, object]) -> None:
    with pytest.raises(ProfileError):
        Profile.load("belgium", chosen)
