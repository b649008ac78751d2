"""Escapes that are no URI's: undone once, and what is malformed stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.numbering.escapes import undo


@pytest.mark.parametrize(
    ("text", "undone"),
    [
        ("", ""),
        ("AT&T", "AT&T"),
        ("&#43;32", "+32"),
        ("&#x2b;32", "+32"),
        ("&#X2B;32", "+32"),
        ("&#43", "+"),
        ("&plus;32", "+32"),
        ("&nosuch;", "&nosuch;"),
        ("&#38;#43;", "&#43;"),
        ("&#9999999;", "&#9999999;"),
        ("&#xFFFFFF;", "&#xFFFFFF;"),
        ("&#xD800;", "\ud800"),
        ("&#;", "&#;"),
        (r"\u002b32", "+32"),
        (r"\u00", r"\u00"),
        ("=?utf-8?Q?=2B32_2?=", "+32 2"),
        ("=?UTF-8?q?=2b32=?=", "+32="),
        ("=?utf-8?B?KzMy?=", "+32"),
        ("=?utf-8?b?KzMyMg?=", "+322"),
        ("=?utf-8?B?A?=", "=?utf-8?B?A?="),
        ("=?utf-8?B?/w==?=", "\udcff"),
        ("=?utf-16*en?B?ADMAMg==?=", "\x003\x002"),
        ("=?utf-8?X?+32?=", "=?utf-8?X?+32?="),
        ("a =?utf-8?Q?3?= b =?utf-8?Q?2?=", "a 3 b 2"),
        ("=?utf-8?Q?é\udcff?=", "é\udcff"),
    ],
)
def test_an_escape_is_undone_once(text: str, undone: str) -> None:
    assert undo(text) == undone


@given(
    st.text()
    | st.lists(st.sampled_from(["&", "#", "x", "4", "3;", "=?", "?", "q", "b", "=", "\\u", "\ud800"])).map("".join)
)
def test_undoing_never_raises_nor_grows_a_text(text: str) -> None:
    assert len(undo(text)) <= len(text)
