import io
import json

import pytest
from rich.console import Console

from b2bua.demo.judgement import Played
from b2bua.demo.screen import Closing, JsonLines, Lines, Place, Tally, Terminal, live_view, screen_for, table
from b2bua.demo.stories import STORIES

GOOD = Closing(lines=54, broken=None, calls=0)
PLACE = Place(international="127.0.0.1:1", national="127.0.0.1:2", journal="var/demo/x")


def played(story, *faults, ms=1.25):
    return Played(
        story=story,
        verdict=story.verdict.word,
        article=story.article,
        decided_by=story.decided_by,
        seen="refused 603; no packet",
        ms=ms,
        faults=faults,
    )


def tally_of(count, *faults):
    tally = Tally()
    for story in STORIES[:count]:
        tally.add(played(story, *faults))
    return tally


def shown(renderable, width, height=40):
    out = io.StringIO()
    Console(file=out, width=width, height=height, color_system=None).print(renderable)
    return out.getvalue().splitlines()


class Tty(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("width", [80, 120])
def test_each_story_has_one_line_that_fits_the_terminal(width):
    lines = shown(table(tally_of(len(STORIES)), width), width)
    assert len(lines) == 1 + len(STORIES)
    assert all(len(line.rstrip()) <= width and "…" not in line for line in lines)
    for story, line in zip(STORIES, lines[1:], strict=True):
        assert line.startswith(f"✓ {story.title}")
        assert story.decided_by in line
        assert story.verdict.word in line
        assert line.rstrip().endswith("1.2")


def test_where_there_is_room_the_paragraph_and_both_sides_are_shown():
    narrow, wide = (shown(table(tally_of(1), width), width)[1] for width in (80, 120))
    assert "art. 1 2°, ¶8-9" in wide
    assert "refused 603; no packet" in wide
    assert "art. 1 2°" in narrow
    assert "¶" not in narrow


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("height", [16, 24, 30, 60])
def test_the_live_view_is_never_higher_than_the_window_and_shows_the_current_story(width, height):
    for index, story in enumerate(STORIES):
        lines = shown(live_view(story, tally_of(index), width, height), width, height)
        assert len(lines) <= height
        assert any(line[2:].startswith(story.title) for line in lines if line[:1] in "▸✓")
        assert any(line.startswith(f"{story.title}. ") for line in lines), "the caption"
        assert "as expected" in lines[-1]


def test_a_column_keeps_its_width_whether_or_not_a_story_has_been_played():
    before, after = (shown(table(tally_of(count), 80), 80)[0] for count in (0, len(STORIES)))
    assert before == after


def test_a_story_that_went_wrong_has_a_cross():
    lines = shown(table(tally_of(1, "the callee got no ACK"), 80), 80)
    assert lines[1].startswith("✗ ")


def test_a_story_without_evidence_is_shown_as_such():
    tally = Tally()
    tally.add(Played(story=STORIES[0], verdict=None, article="", decided_by="", seen="", ms=None, faults=("x",)))
    assert shown(table(tally, 80), 80)[1].split()[-3:] == ["-", "-", "-"]


def test_plain_lines_have_a_mark_the_verdict_the_article_and_each_fault():
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    screen = Lines(out)
    screen.opened(PLACE)
    tally = Tally()
    for each in (played(STORIES[0]), played(STORIES[1], "one fault", "two faults")):
        tally.add(each)
        screen.played(each, tally)
    screen.closed(tally, GOOD)
    screen.gone()
    lines = out.buffer.getvalue().decode().splitlines()
    assert " ".join(lines[3].split()) == "✓ 02 number from abroad From block art. 1 2°, ¶8-9 1.2 ms"
    assert lines[4].startswith("✗ 0800")
    assert lines[5:7] == ["    one fault", "    two faults"]
    assert lines[7] == "1 of 2 as expected (0 pass, 0 strip, 0 withhold, 2 block); 1 NOT as expected"
    assert lines[8] == "journal: 54 lines, its chain holds; the daemon holds no call any more"
    assert "\x1b" not in "".join(lines)


def test_a_log_without_ticks_in_its_encoding_gets_words():
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    screen = Lines(out)
    screen.played(played(STORIES[0]), Tally())
    screen.played(played(STORIES[1], "x"), Tally())
    good, bad, _ = out.buffer.getvalue().decode("ascii").splitlines()
    assert good.startswith("ok ")
    assert bad.startswith("NOT ")


def test_json_has_one_object_a_story_and_the_counts_last(capsys):
    out = io.StringIO()
    screen, tally = JsonLines(out), Tally()
    screen.opened(PLACE)
    for each in (played(STORIES[0]), played(STORIES[1], "a fault", ms=None)):
        screen.playing(each.story, tally)
        tally.add(each)
        screen.played(each, tally)
    screen.closed(tally, GOOD)
    screen.gone()
    first, second, last = (json.loads(line) for line in out.getvalue().splitlines())
    assert first == {
        "story": "02 number from abroad",
        "article": "art. 1 2°, ¶8-9",
        "decided_by": "From",
        "verdict": "block",
        "expected": "block",
        "ms": 1.25,
        "as_expected": True,
    }
    assert (second["ms"], second["as_expected"]) == (None, False)
    assert last == {"stories": 2, "as_expected": 1}
    assert capsys.readouterr().err == "0800 number from abroad: a fault\n"


@pytest.mark.parametrize(
    ("closing", "words"),
    [
        (Closing(lines=1, broken="journal-1:3: was changed", calls=0), "ITS CHAIN IS BROKEN: journal-1:3"),
        (Closing(lines=1, broken=None, calls=2), "the daemon holds 2 CALLS"),
    ],
)
def test_a_broken_chain_and_a_call_left_behind_are_said_aloud(closing, words):
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    Lines(out).closed(tally_of(len(STORIES)), closing)
    assert words in out.buffer.getvalue().decode()
    assert not closing.is_good


def test_the_screen_follows_what_standard_output_is(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    assert isinstance(screen_for(as_json=True, out=Tty()), JsonLines)
    assert isinstance(screen_for(as_json=False, out=io.StringIO()), Lines)
    assert isinstance(screen_for(as_json=False, out=Tty()), Terminal)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(screen_for(as_json=False, out=Tty()), Lines)


def test_the_live_table_is_cleared_and_the_whole_table_stays_behind():
    out = Tty()
    screen = Terminal(Console(file=out, width=80, height=24, force_terminal=True, color_system=None))
    tally = Tally()
    screen.opened(PLACE)
    for story in STORIES:
        screen.playing(story, tally)
        tally.add(played(story))
        screen.played(played(story), tally)
    screen.closed(tally, GOOD)
    screen.gone()
    left = out.getvalue().rpartition("\x1b[2K")[2]
    assert [story.title for story in STORIES if f"✓ {story.title}" not in left] == []
    assert "\x1b[?25h" in out.getvalue(), "the cursor comes back"


def test_a_tally_is_good_only_when_all_were_played_and_none_went_wrong():
    assert tally_of(len(STORIES)).is_good
    assert not tally_of(len(STORIES) - 1).is_good
    assert not tally_of(len(STORIES), "x").is_good
