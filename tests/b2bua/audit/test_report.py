"""What is told, to whom it is told, and that a stranger's text does nothing there."""

import io
import re
from html.parser import HTMLParser

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from b2bua.audit import text
from b2bua.audit.page import page
from b2bua.audit.report import TOP
from b2bua.audit.showing import CLIP, masked, masked_raw, shown
from b2bua.audit.tally import Tally
from tests.b2bua.audit.making import FOREIGN, GEOGRAPHIC, MOBILE, SOURCE_6, audited, invite, pcap, udp

KEYS = {
    "file", "trunk", "class", "profile", "register", "masked", "sources", "first", "last", "capture", "invites",
    "verdicts", "classes", "articles", "ranges", "numbers", "peers", "partial", "flags", "removed", "refused_otherwise",
    "later", "unreadable", "examples",
}  # fmt: skip
#: Every place of an INVITE that the report repeats.
EVIL = '<script>alert("x")</script>&\x1b[31m\u202e'


def mixture():
    later = invite(FOREIGN).replace(b"To: <sip:+3293330000@x>", b"To: <sip:+3293330000@x>;tag=b")
    return audited(
        pcap(
            [
                udp(invite(FOREIGN)),
                udp(invite(GEOGRAPHIC, call="2"), SOURCE_6),
                udp(invite(FOREIGN, f"Referred-By: <tel:{GEOGRAPHIC}>", call="3")),
                udp(invite("+80012345678", call="4")),
                udp(invite(MOBILE, call="5")),
                udp(b"INVITE sip:x SIP/2.0\r\n"),
                udp(later.replace(b"CSeq: 1", b"CSeq: 2").replace(b"INVITE", b"UPDATE")),
            ]
        )
    )


def test_the_keys_of_the_report_stay_and_are_fit_for_json():
    told = mixture().as_dict()
    assert orjson.loads(orjson.dumps(told)) == told
    assert set(told) == KEYS
    assert {"basis", "invites", "pass", "strip", "withhold", "block", "needs check"} == set(told["articles"][0])
    assert told["removed"] == {"Referred-By": 1}
    assert told["flags"] == {"global-service": 1, "not-a-cli": 1}


def test_the_sums_of_each_table_agree():
    told = mixture().as_dict()
    for table in ("articles", "ranges", "numbers", "peers"):
        assert sum(row["invites"] for row in told[table]) == told["invites"]["judged"] == 5
        for verdict, count in told["verdicts"].items():
            assert sum(row[verdict] for row in told[table]) == count


def test_of_numbers_and_peers_only_the_most_frequent_are_told():
    messages = [udp(invite(f"+44207946{n:04}", call=str(n))) for n in range(TOP + 10)]
    messages += [udp(invite(FOREIGN[:-1] + "9", call=f"again-{n}")) for n in range(3)]
    told = audited(pcap(messages)).as_dict()
    assert len(told["numbers"]) == TOP
    assert (told["numbers"][0]["number"], told["numbers"][0]["invites"]) == (FOREIGN[:-1] + "9", 4)


# The mask.


def test_a_mask_leaves_no_whole_number_anywhere():
    national = "02/555.12.12"
    report = audited(
        pcap([udp(invite(caller, call=str(n))) for n, caller in enumerate([FOREIGN, GEOGRAPHIC, MOBILE, national])]),
        is_masked=True,
    )
    told = orjson.dumps(report.as_dict()).decode() + page(report.as_dict())
    for number in (FOREIGN, GEOGRAPHIC, MOBILE, "+3293330000"):
        assert number[-8:] not in told
        assert number[:-6] in told
    assert national not in told
    assert "12.12" not in told
    assert report.as_dict()["masked"]


@pytest.mark.parametrize(
    ("text_", "expected"),
    [
        ("+3225551212", "+322555xxxx"),
        ("112", "112"),
        ("1234", "1234"),
        ("+3225551212 in From and 025551212", "+322555xxxx in From and 02555xxxx"),
    ],
)
def test_the_last_four_digits_are_masked(text_, expected):
    assert masked(text_) == expected


@given(st.text(st.sampled_from("0123456789+-. ()a٣"), max_size=40))
def test_of_what_a_caller_wrote_five_digits_are_left(text_):
    hidden = masked_raw(text_)
    assert len(hidden) == len(text_)
    assert sum(c.isdigit() for c in hidden) <= 5


# Strangers' text.


@given(st.text(max_size=300))
def test_what_is_shown_is_one_printable_line_of_bounded_length(text_):
    line = shown(text_)
    assert line.isprintable()
    assert len(line) <= 10 * (CLIP + 1)
    line.encode()


@pytest.mark.parametrize("text_", ["\x1b[2J", "\udcff", "a\nb", "\u202eevil", "\x00", "\r"])
def test_what_a_terminal_would_obey_is_told_as_an_escape(text_):
    assert "\\" in shown(text_)


#: Nothing that runs, and nothing that is fetched.
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "dl", "div", "dt", "dd", "i", "table",
    "thead", "tbody", "tr", "th", "td", "span", "code",
}  # fmt: skip


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def evil():
    """A report with a stranger's text in all its places; the last is what the file and the profile might say."""
    shown_name = b'"<i>+32 2 555 12 12</i>" <sip:'
    message = (
        invite(FOREIGN)
        .replace(b"Call-ID: 1", b"Call-ID: <b>id</b>\xff[31m")
        .replace(b"From: <sip:", b"From: " + shown_name)
    )
    report = audited(pcap([udp(message)]))
    assert report.verdicts == {"block": 1}
    report.file = EVIL
    report.profile = EVIL
    return report


def test_the_page_runs_nothing_fetches_nothing_and_escapes_everything():
    html = page(evil().as_dict())
    reader = Reader()
    reader.feed(html)
    assert reader.tags <= TAGS
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name in ("src", "href", "action")]
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html
    assert re.search(r"<b>|<script|<i>", html) is None
    assert "&lt;i&gt;+32 2 555 12 12&lt;/i&gt;" in html
    assert "&lt;b&gt;id&lt;/b&gt;" in html


def test_the_page_says_what_the_report_says():
    told = mixture().as_dict()
    reader = Reader()
    reader.feed(page(told))
    words = " ".join(reader.text)
    for row in [*told["numbers"], *told["examples"]]:
        assert str(row["number"]) in words
    for row in told["articles"]:
        assert row["basis"] in words
    assert told["examples"][0]["call_id"] in words
    assert "No Empty Line" in words
    assert "2001:db8::7" in words


def test_the_page_of_an_empty_capture_is_a_page():
    assert page(audited(pcap([])).as_dict()).endswith("</html>")


def test_the_terminal_gets_no_command_from_a_capture(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(text, "Console", lambda **options: Console(file=out, width=100, **options))
    report = evil()
    report.file, report.profile = shown(EVIL), "p"
    text.render(report.as_dict())
    told = out.getvalue()
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "<b>id</b>\\udcff[31m" in told


def test_the_terminal_shows_each_table_and_markup_is_only_text(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(text, "Console", lambda **options: Console(file=out, width=120, **options))
    told = mixture().as_dict()
    told["file"] = "[red]x[/red].pcap"
    told["capture"]["damage"] = "at packet [5]"
    told["numbers"][0]["number"] = "[red]5[/red]"
    told["partial"] = True
    text.render(told)
    lines = out.getvalue()
    for heading in ("By article", "By range", "Numbers met most", "By peer", "Examples", "Flags", "at packet [5]"):
        assert heading in lines
    assert "[red]x[/red].pcap" in lines
    assert "[red]5[/red]" in lines
    assert "5 INVITEs judged: 2 pass, 1 strip, 0 withhold, 2 block, 0 needs check" in lines
    assert "INVITEs that cannot be read  No Empty Line (400): 1" in lines


# Counting.


def test_a_tally_counts_names_by_verdict_the_most_frequent_first():
    tally = Tally()
    for name, verdict in [("a", "pass"), ("b", "block"), ("b", "pass"), ("c", "pass")]:
        tally.add((name,), verdict)
    assert tally.rows() == [(("b",), 2, {"block": 1, "pass": 1}), (("a",), 1, {"pass": 1}), (("c",), 1, {"pass": 1})]
    assert tally.rows(1) == [(("b",), 2, {"block": 1, "pass": 1})]
    assert (len(tally), tally.is_partial) == (3, False)


def test_names_without_end_are_bounded_and_the_frequent_keep_their_count():
    tally = Tally(limit=100)
    for n in range(5_000):
        tally.add((f"rare-{n}",), "pass")
        tally.add(("often",), "block")
    assert len(tally) <= 100
    assert tally.is_partial
    assert tally.rows(1) == [(("often",), 5_000, {"block": 5_000})]


def test_a_report_says_when_it_could_not_keep_names_apart():
    report = mixture()
    assert not report.as_dict()["partial"]
    report.numbers.is_partial = True
    assert report.as_dict()["partial"]
    assert "too many names" in page(report.as_dict())
