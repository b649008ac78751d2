"""French, Dutch and English: the words of an answer's sheet, one file of `words/` for each language."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import attrs

from b2bua.config import Language
from b2bua.errors import CaseError


@attrs.frozen
class Words:
    """The words of one language, by table and key."""

    language: Language
    tables: Mapping[str, Mapping[str, str]] = attrs.field(repr=False)

    def __call__(self, table: str, key: str, **told: object) -> str:
        """One of them, with what it tells put in."""
        return self.tables[table][key].format(**told)

    def perhaps(self, table: str, key: str) -> str:
        """The word for a value that may be none of those we know; itself then."""
        return self.tables[table].get(key, key)


@lru_cache(maxsize=8)
def words_of(language: Language) -> Words:
    """Those of a language."""
    text = files("b2bua.cases").joinpath("words", f"{language}.toml").read_text("utf-8")
    return Words(language, tomllib.loads(text))


def language_of(text: str) -> Language:
    """A language by its letters. Raises CaseError."""
    try:
        return Language(text.lower())
    except ValueError:
        raise CaseError(f"{text!r} is no language that answers are written in; one of {', '.join(Language)}") from None
