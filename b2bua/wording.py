"""The words of what is printed in several languages: a file of `words/` in a part's package for each language."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import attrs


@attrs.frozen
class Words:
    """The words of one language, by table and key."""

    language: str
    """Its two letters."""
    tables: Mapping[str, Mapping[str, str]] = attrs.field(repr=False)

    def __call__(self, table: str, key: str, **told: object) -> str:
        """One of them, with what it tells put in."""
        return self.tables[table][key].format(**told)

    def perhaps(self, table: str, key: str) -> str:
        """The word for a value that may be none of those we know; itself then."""
        return self.tables[table].get(key, key)


@lru_cache(maxsize=16)
def words_of(package: str, language: str) -> Words:
    """Those of a part in a language."""
    text = files(package).joinpath("words", f"{language}.toml").read_text("utf-8")
    return Words(language, tomllib.loads(text))
