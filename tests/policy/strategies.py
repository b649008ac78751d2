"""Numbers of every home range, and the spellings by which one may try to slip through."""

from collections.abc import Callable

from hypothesis import strategies as st

from policy import Position

Spelling = Callable[[str], str]


def _digits(least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=least if most is None else most)


def _beginning(prefixes: tuple[str, ...], length: int) -> st.SearchStrategy[str]:
    return st.sampled_from(prefixes).flatmap(lambda p: _digits(length - len(p)).map(lambda rest: "+32" + p + rest))


geographic = _beginning(("2", "3", "40", "44", "91", "99", "10", "16", "19", "50", "60", "71", "801", "87", "89"), 8)
non_geographic = _beginning(("70", "78", "800", "90"), 8)
machine = _beginning(("77",), 8) | _beginning(("77",), 12)
unallocated = _beginning(("17", "18", "62", "66", "72", "76", "79", "88"), 8)
mobile = _beginning(("45", "46", "47", "48", "49"), 9)
unopened = _beginning(("40", "44"), 9)
forbidden = st.one_of(geographic, non_geographic, machine, unallocated, unopened)
home = st.one_of(forbidden, mobile)

_LONDON = "+442079460000"
CLI_POSITIONS = (Position.PRESENTATION, Position.NETWORK, Position.REDIRECT)


def _percent(text: str) -> str:
    return "".join(f"%{ord(c):02X}" for c in text)


def _other_digits(zero: str) -> Spelling:
    return lambda text: "".join(chr(ord(zero) + int(c)) if c.isdecimal() else c for c in text)


def _between(what: str) -> Spelling:
    return lambda text: text[:4] + "".join(what + c for c in text[4:])


def _twice(prefix: str) -> Spelling:
    return lambda text: prefix + " " + text


SPELLINGS: dict[str, Spelling] = {
    "percent escapes": _percent,
    "percent escapes twice": lambda text: _percent(_percent(text)),
    "full width": _other_digits("\uff10"),
    "full width, escaped": lambda text: "".join(f"%EF%BC%{0x90 + int(c):02X}" if c.isdecimal() else c for c in text),
    "Arabic-Indic": _other_digits("\u0660"),
    "mathematical bold": _other_digits("\U0001d7ce"),
    "zero width": _between("\u200b"),
    "word joiner": _between("\u2060"),
    "soft hyphen": _between("\u00ad"),
    "variation selector": _between("\ufe0f"),
    "blank letters": _between("\u3164"),
    "hyphens": _between("-"),
    "dots": _between("."),
    "spaces": _between(" "),
    "no-break spaces": _between("\u00a0"),
    "slashes": _between("/"),
    "parentheses": _between("()"),
    "undecodable bytes": _between("\udcff"),
    "trunk zero": lambda text: "+320" + text[3:],
    "(0)": lambda text: "+32(0)" + text[3:],
    "two pluses": lambda text: "+" + text,
    "00": lambda text: "00" + text[1:],
    "+00": lambda text: "+00" + text[1:],
    "full-width plus": lambda text: "\uff0b" + text[1:],
    "no prefix": lambda text: text[1:],
    "letters": lambda text: text[:4] + "a" + text[4:],
    "a word before": lambda text: "tel " + text,
    "a digit too many": lambda text: text + "1",
    "an extension": lambda text: text + " ext 5",
    "two numbers": _twice(_LONDON),
    "two numbers, the other way": lambda text: f"{text} {_LONDON}",
}

USER_SPELLINGS: dict[str, Spelling] = {
    "ext parameter": lambda text: text + ";ext=5",
    "phone-context": lambda text: text[3:] + ";phone-context=+32",
    "phone-context in two": lambda text: text[4:] + ";phone-context=+32" + text[3],
    "phone-context, escaped": lambda text: text[3:] + "%3Bphone-context=%2B32",
    "PHONE-CONTEXT": lambda text: text[3:] + ";PHONE-CONTEXT=0032",
    "in a parameter": lambda text: "+442079460000;rn=" + text,
    "a local routing number": lambda text: "+442079460000;npdi;rn=" + text[3:] + ";rn-context=+32",
    "a local carrier": lambda text: "+442079460000;cic-context=+32" + text[3] + ";cic=" + text[4:],
    "ISUP prefix": lambda text: "B" + text,
    "service prefix": lambda text: "%23" + "31%23" + text,
    "password-like tail": lambda text: text + ":pw",
    "comma": lambda text: text + ",,5",
    "with host": lambda text: text + "%40example.com",
}

NATIONAL_SPELLINGS: dict[str, Spelling] = {
    "national": lambda text: "0" + text[3:],
    "national, spaced": lambda text: "0" + " ".join(text[3:]),
    "national, slash": lambda text: "0" + text[3] + "/" + text[4:],
    "national, letter O": lambda text: "O" + text[3:],
}
