"""The stories themselves: enough of them, each tied to the law, none contradicting itself."""

from collections import Counter

import pytest

from b2bua.config import Endpoint
from b2bua.config.check import check
from b2bua.demo.judgement import shows
from b2bua.demo.stage import config
from b2bua.demo.stories import STORIES
from b2bua.demo.story import TELLING, Side
from policy.verdict import Outcome

each_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)


def test_there_are_at_least_fourteen_and_no_two_have_one_title():
    titles = {story.title for story in STORIES}
    assert len(titles) == len(STORIES) >= 14


def test_every_verdict_and_every_direction_has_its_story():
    assert set(Counter(story.verdict for story in STORIES)) == set(Outcome)
    assert {(story.caller, story.callee) for story in STORIES} == {
        (Side.FOREIGN, Side.NATIONAL),
        (Side.NATIONAL, Side.FOREIGN),
        (Side.NEIGHBOUR, Side.NATIONAL),
    }


@pytest.mark.parametrize(
    "words",
    [
        "02 number from abroad",
        "Short number",
        "+32 and a digit too few",
        "0475 roaming",
        "0475 not roaming",
        "0475 not verifiable",
        "Forwarded by an 02",
        "history",
        "second PAI",
        "Anonymous",
        "Foreign number",
        "112",
        "National call",
        "abroad",
        "as a name",
        "Referred by",
    ],
)
def test_what_a_visitor_comes_to_see_is_among_them(words):
    assert any(words in story.title for story in STORIES)


@each_story
def test_a_story_fits_its_row_and_names_its_law(story):
    assert 0 < len(story.title) <= 25
    assert len(story.decided_by) <= 21
    assert story.article
    assert len(f"{story.title}. {story.told}") <= 2 * 79, "two lines of caption"


@each_story
def test_from_comes_first_without_a_tag_and_only_telling_headers_are_sent(story):
    assert story.sends[0][0] == "From"
    assert all(name.lower() in TELLING and ";tag=" not in value for name, value in (*story.sends, *story.sees))


@each_story
def test_what_may_be_seen_follows_from_the_verdict(story):
    if story.verdict is Outcome.BLOCK:
        assert story.sees == ()
    elif story.verdict is Outcome.PASS:
        assert story.sees == story.sends
        assert not story.secret
    else:
        assert story.sees != story.sends
        assert story.secret


@each_story
def test_a_secret_stands_in_what_is_sent_and_not_in_what_may_be_seen(story):
    if story.secret:
        assert any(shows(value.encode(), story.secret) for _, value in story.sends)
        assert not any(shows(value.encode(), story.secret) for _, value in story.sees)


def test_the_configuration_of_the_stage_is_one_an_operator_could_write(tmp_path):
    carriers = {side: Endpoint(f"127.0.0.{number}", 5060) for number, side in enumerate(Side, start=2)}
    made = config(tmp_path, carriers, Endpoint("127.0.0.1", 5060), Endpoint("127.0.0.1", 5062), "http://127.0.0.1:9")
    assert [finding for finding in check(made) if finding.fatal] == []
