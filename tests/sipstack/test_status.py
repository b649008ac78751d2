import pytest

from sipstack.status import reason


@pytest.mark.parametrize(
    ("status", "phrase"), [(100, "Trying"), (200, "OK"), (487, "Request Terminated"), (603, "Decline")]
)
def test_a_registered_status_has_its_phrase(status: int, phrase: str) -> None:
    assert reason(status) == phrase


@pytest.mark.parametrize(
    ("status", "phrase"), [(199 - 1, "Progress"), (299, "Success"), (499, "Request Failure"), (999, "Unknown")]
)
def test_an_unregistered_status_has_the_phrase_of_its_class(status: int, phrase: str) -> None:
    assert reason(status) == phrase
