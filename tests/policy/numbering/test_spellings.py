"""No spelling of a number is judged milder than its canonical one.

A spelling is put together from layers: how the number begins, what stands between its digits, in which script and
behind which escapes it is written, and what stands around it.
"""

import base64
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import Notation
from policy.numbering import Number, Range, judge, read_display
from tests.policy.making import PLAN
from tests.policy.strategies import home, mobile

Layer = Callable[[str], str]

FORBIDDEN = (
    Range.GEOGRAPHIC,
    Range.NON_GEOGRAPHIC,
    Range.MACHINE,
    Range.UNALLOCATED,
    Range.UNOPENED_MOBILE,
)


def severity(number: Number) -> int:
    """How hard the rows of the decision table fall on it, in whatever column."""
    hidden = {one.range for one in number.hidden}
    if number.range in FORBIDDEN or hidden & {*FORBIDDEN, Range.SHORT}:
        return 3
    if number.range is Range.MOBILE or hidden:
        return 2
    return 1 if number.range in (Range.BAD_FORM, Range.SHORT) else 0


BEGINNINGS: dict[str, Layer] = {
    "+32": lambda national: "+32" + national,
    "0032": lambda national: "0032" + national,
    "32": lambda national: "32" + national,
    "+0032": lambda national: "+0032" + national,
    "00+32": lambda national: "00+32" + national,
    "++32": lambda national: "++32" + national,
    "+ 32": lambda national: "+ 32 " + national,
    "+32 0": lambda national: "+320" + national,
    "+32 00": lambda national: "+3200" + national,
    "+32 (0)": lambda national: "+32(0)" + national,
    "0032 (0)": lambda national: "0032(0)" + national,
    "32 0": lambda national: "320" + national,
    "(+32)": lambda national: "(+32)" + national,
    "(0032)": lambda national: "(0032) " + national,
    "0": lambda national: "0" + national,
    "(0)": lambda national: "(0)" + national,
    "011": lambda national: "01132" + national,
    "010": lambda national: "01032" + national,
    "8 10": lambda national: "81032" + national,
}


def between(what: str) -> Layer:
    return what.join


def pairwise(what: str) -> Layer:
    return lambda text: text[:4] + what + what.join(text[at : at + 2] for at in range(4, len(text), 2))


SEPARATORS: dict[str, Layer] = {
    "nothing": str,
    "spaces": between(" "),
    "two spaces": between("  "),
    "no-break spaces": between("\u00a0"),
    "thin spaces": between("\u2009"),
    "ideographic spaces": between("\u3000"),
    "tabs": between("\t"),
    "hyphens": between("-"),
    "minus signs": between("\u2212"),
    "dots": between("."),
    "middle dots": between("\u00b7"),
    "slashes": pairwise("/"),
    "backslashes": pairwise("\\ "),
    "underscores": between("_"),
    "commas": pairwise(","),
    "bars": pairwise("|"),
    "tildes": pairwise("~"),
    "asterisks": pairwise("*"),
    "brackets": lambda text: text[:4] + "[" + text[4:6] + "] {" + text[6:] + "}",
    "parentheses": between("()"),
    "mixed": lambda text: text[:3] + ".-/" + text[3:5] + " \u2013 " + text[5:7] + "\u00a0" + text[7:],
    "zero width": between("\u200b"),
    "joiners": between("\u200d\u2060"),
    "soft hyphens": between("\u00ad"),
    "variation selectors": between("\ufe0f"),
    "combining marks": between("\u0336"),
    "blank letters": between("\u3164"),
    "controls": between("\x01"),
    "nulls": between("\x00"),
    "left-to-right marks": between("\u200e"),
    "undecodable bytes": between("\udcff"),
    "tags": between("\U000e0041"),
}


def script(zero: str) -> Layer:
    return lambda text: "".join(chr(ord(zero) + int(c)) if c in "0123456789" else c for c in text)


def one_by_one(digits: str) -> Layer:
    return lambda text: text.translate(dict(zip(map(ord, "0123456789"), digits, strict=True)))


SCRIPTS: dict[str, Layer] = {
    "ASCII": str,
    "full width": script("\uff10"),
    "Arabic-Indic": script("\u0660"),
    "Persian": script("\u06f0"),
    "Devanagari": script("\u0966"),
    "Thai": script("\u0e50"),
    "Tibetan": script("\u0f20"),
    "N'Ko": script("\u07c0"),
    "mathematical bold": script("\U0001d7ce"),
    "mathematical monospace": script("\U0001d7f6"),
    "segmented": script("\U0001fbf0"),
    "superscript": one_by_one("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"),
    "subscript": script("\u2080"),
    "circled": one_by_one("\u24ea\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468"),
    "negative circled": one_by_one("\u24ff\u2776\u2777\u2778\u2779\u277a\u277b\u277c\u277d\u277e"),
    "double circled": one_by_one("\u24ea\u24f5\u24f6\u24f7\u24f8\u24f9\u24fa\u24fb\u24fc\u24fd"),
    "parenthesised": one_by_one("\uff10\u2474\u2475\u2476\u2477\u2478\u2479\u247a\u247b\u247c"),
    "with full stops": one_by_one("\U0001f100\u2488\u2489\u248a\u248b\u248c\u248d\u248e\u248f\u2490"),
    "with commas": script("\U0001f101"),
    "Suzhou": one_by_one("\u3007\u3021\u3022\u3023\u3024\u3025\u3026\u3027\u3028\u3029"),
    "keycaps": lambda text: "".join(c + "\ufe0f\u20e3" if c in "0123456789" else c for c in text),
    "two scripts": lambda text: script("\uff10")(text[:6]) + script("\u0660")(text[6:]),
}


def percent(text: str) -> str:
    return "".join(f"%{octet:02x}" for octet in text.encode("utf-8", "surrogateescape"))


def encoded_word(text: str) -> str:
    return f"=?utf-8?B?{base64.b64encode(text.encode('utf-8', 'surrogateescape')).decode()}?="


ESCAPES: dict[str, Layer] = {
    "none": str,
    "percent": percent,
    "percent, twice": lambda text: percent(percent(text)),
    "percent, the middle": lambda text: text[:3] + percent(text[3:6]) + text[6:],
    "references": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "hexadecimal references": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    "a reference for +": lambda text: text.replace("+", "&#43;"),
    "a named +": lambda text: text.replace("+", "&plus;"),
    "references, escaped": lambda text: percent("".join(f"&#{ord(c)};" for c in text)),
}
TEXT_ESCAPES: dict[str, Layer] = ESCAPES | {
    "JSON": lambda text: "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else c for c in text),
    "an encoded word": encoded_word,
    "a quoted encoded word": lambda text: "=?UTF-8?Q?" + percent(text).replace("%", "=").upper() + "?=",
}
TURNED: dict[str, Layer] = {
    "right to left": lambda text: "\u202e" + text[::-1],
    "groups from right to left": lambda text: "\u202b" + "".join(reversed(re.findall(r"\d+|\D", text))),
}

AROUND: dict[str, Layer] = {
    "nothing": str,
    "spaces": lambda text: f"  {text} ",
    "an ext": lambda text: text + ";ext=5",
    "a routing number": lambda text: "+442079460000;rn=" + (percent(text) if ";" in text else text),
    "an isup address": lambda text: text + ";isub=123",
    "angle brackets": lambda text: f"<{text}>",
    "quotes": lambda text: f'"{text}"',
    "a host": lambda text: text + "@host.example",
    "a password": lambda text: text + ":secret",
    "commas": lambda text: text + ",,9",
    "a service prefix": lambda text: "#31#" + text,
    "stars": lambda text: f"*{text}*",
    "an ISUP prefix": lambda text: "B" + text,
    "another number before": lambda text: "+442079460000 " + text,
    "another number behind": lambda text: text + " / +442079460000",
}
URIS: dict[str, Layer] = {
    scheme: lambda text, scheme=scheme: scheme + text  # type: ignore[misc]
    for scheme in ("", "sip:", "SIPS:", "tel:", "<sip:", "callto:", "x-phone+a:", " 'tel:")
}
DISPLAYED = [name for name in AROUND if name != "an ISUP prefix"]


def one_of(layers: dict[str, Layer]) -> st.SearchStrategy[Layer]:
    names = sorted(layers)
    return st.integers(0, len(names) - 1).map(lambda at: layers[names[at]])


def spelt(*more: dict[str, Layer]) -> st.SearchStrategy[tuple[str, str]]:
    """A number, and it spelt in another way."""
    layers = st.tuples(*map(one_of, (BEGINNINGS, SEPARATORS, SCRIPTS, *more)))
    return st.tuples(home, layers).map(lambda made: (made[0], _through(made[0][3:], made[1])))


def _through(text: str, layers: tuple[Layer, ...]) -> str:
    for layer in layers:
        text = layer(text)
    return text


NUMBERS = ("+3225551212", "+32470123456")


@pytest.mark.law("¶8 1°", "¶9", "K5")
@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(layer, id=name)
        for layers in (SEPARATORS, SCRIPTS, ESCAPES, AROUND)
        for name, layer in layers.items()
    ],
)
def test_no_spelling_is_judged_milder_wherever_the_number_begins(layer: Layer) -> None:
    for number in NUMBERS:
        plain = severity(judge(number, Notation.SIP, PLAN))
        for begin in BEGINNINGS.values():
            text = layer(begin(number[3:]))
            for notation in (Notation.SIP, Notation.OTHER):
                assert severity(judge(text, notation, PLAN)) >= plain, repr(text)


@pytest.mark.law("¶9", "L2", "K8")
@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(layer, id=name)
        for layers in (SEPARATORS, SCRIPTS, TEXT_ESCAPES, TURNED)
        for name, layer in layers.items()
    ],
)
def test_no_text_is_judged_milder_wherever_the_number_begins(layer: Layer) -> None:
    for number in NUMBERS:
        plain = severity(judge(number, Notation.SIP, PLAN))
        for begin in BEGINNINGS.values():
            for part in (str, SEPARATORS["spaces"]):
                text = layer(part(begin(number[3:])))
                assert max(map(severity, read_display(text, PLAN)), default=0) >= plain, repr(text)


@pytest.mark.law("¶8 1°", "¶9", "K5")
@given(spelt(ESCAPES, AROUND), st.booleans())
@pytest.mark.parametrize("notation", [Notation.SIP, Notation.TEL, Notation.OTHER])
def test_no_spelling_of_a_user_part_is_judged_milder_than_the_number(
    notation: Notation, made: tuple[str, str], phone: bool
) -> None:
    number, text = made
    assert severity(judge(text, notation, PLAN, phone)) >= severity(judge(number, Notation.SIP, PLAN)), repr(text)


@pytest.mark.law("¶8")
@given(spelt(ESCAPES, URIS))
def test_no_spelling_in_another_uri_is_judged_milder_than_the_number(made: tuple[str, str]) -> None:
    number, text = made
    assert severity(judge(text, Notation.OTHER, PLAN)) >= severity(judge(number, Notation.SIP, PLAN)), repr(text)


@pytest.mark.law("¶9", "L2", "K8")
@given(spelt(TEXT_ESCAPES, {name: layer for name, layer in AROUND.items() if name != "an ISUP prefix"}))
def test_no_spelling_of_a_display_text_is_judged_milder_than_the_number(made: tuple[str, str]) -> None:
    number, text = made
    shown = max(map(severity, read_display(text, PLAN)), default=0)
    assert shown >= severity(judge(number, Notation.SIP, PLAN)), repr(text)


@pytest.mark.law("¶8 4°")
@given(spelt(TURNED))
def test_no_text_that_is_drawn_from_right_to_left_is_judged_milder_than_the_number(made: tuple[str, str]) -> None:
    number, text = made
    shown = max(map(severity, read_display(text, PLAN)), default=0)
    assert shown >= severity(judge(number, Notation.SIP, PLAN)), repr(text)


@given(st.sampled_from(["1207", "112", "116000", "8111"]), one_of(SEPARATORS), one_of(SCRIPTS), one_of(ESCAPES))
def test_no_spelling_of_a_short_number_is_judged_milder_than_it(
    number: str, part: Layer, write: Layer, escape: Layer
) -> None:
    text = escape(write(part(number)))
    for notation in (Notation.SIP, Notation.TEL, Notation.OTHER):
        assert judge(text, notation, PLAN).range in (Range.SHORT, Range.BAD_FORM), repr(text)
    assert {number.range for number in read_display(text, PLAN)} & {Range.SHORT, Range.BAD_FORM}, repr(text)


@pytest.mark.law("¶8 1°")
@given(mobile, st.integers(0, 8), one_of(SCRIPTS), st.sampled_from([str, percent]))
def test_a_context_cut_anywhere_makes_no_number_milder(number: str, cut: int, write: Layer, escape: Layer) -> None:
    for forbidden in (number, "+3225551212", "+3280012345"):
        national = forbidden[3:]
        text = escape(write(national[cut:])) + ";phone-context=+32" + national[:cut]
        for notation in (Notation.SIP, Notation.TEL):
            assert severity(judge(text, notation, PLAN)) >= (2 if forbidden is number else 3), repr(text)
