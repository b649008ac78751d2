"""French, Dutch and English: the words of an answer's sheet (`words/`)."""

from b2bua import wording
from b2bua.config import Language
from b2bua.errors import CaseError
from b2bua.wording import Words


def words_of(language: Language) -> Words:
    """Those of a language."""
    return wording.words_of("b2bua.cases", language)


def language_of(text: str) -> Language:
    """A language by its letters. Raises CaseError."""
    try:
        return Language(text.lower())
    except ValueError:
        raise CaseError(f"{text!r} is no language that answers are written in; one of {', '.join(Language)}") from None
