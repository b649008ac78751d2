"""A marker is read where some test has it, and refused where none has."""

import pytest

from tests.compliance.marker import Proof, all_proofs, proofs

WHOLE = """
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.law("¶24")]

@pytest.mark.law("¶9", "L2")
def test_one(): ...

class TestTwo:
    pytestmark = pytest.mark.law("¶7")

    @pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.law("K1"))])
    async def test_three(self, x): ...

def not_a_test(): ...
"""


def test_a_test_has_its_own_markers_and_those_of_its_class_and_file() -> None:
    assert proofs(WHOLE, "f.py") == [
        Proof("K1", "f.py", "TestTwo::test_three"),
        Proof("L2", "f.py", "test_one"),
        Proof("¶24", "f.py", "TestTwo::test_three"),
        Proof("¶24", "f.py", "test_one"),
        Proof("¶7", "f.py", "TestTwo::test_three"),
        Proof("¶9", "f.py", "test_one"),
    ]


def test_a_class_may_have_a_marker_itself() -> None:
    source = '@pytest.mark.law("¶7")\nclass TestOne:\n    def test_two(self): ...\n    def other(self): ...\n'
    assert proofs(source, "f.py") == [Proof("¶7", "f.py", "TestOne::test_two")]


def test_a_file_without_markers_proves_nothing() -> None:
    assert proofs("def test_one(): ...", "f.py") == []


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('@pytest.mark.law("¶7")\ndef made(): ...', "f.py:1: the marker law stands where no test has it"),
        ('CASES = [pytest.param(1, marks=pytest.mark.law("¶7"))]', "f.py:1: the marker law stands where no test"),
        ("law = pytest.mark.law\n@law('¶7')\ndef test_one(): ...", "f.py:1: the marker law stands where no test"),
        ("\n@pytest.mark.law\ndef test_one(): ...", "f.py:2: the marker law stands where no test has it"),
        ("@pytest.mark.law()\ndef test_one(): ...", "cites nothing"),
        ("@pytest.mark.law(at='¶7')\ndef test_one(): ...", "cites nothing"),
        ("@pytest.mark.law(*ALL)\ndef test_one(): ...", "write its citations out"),
        ("@pytest.mark.law(f'¶{7}')\ndef test_one(): ...", "write its citations out"),
        ("@pytest.mark.law(7)\ndef test_one(): ...", "write its citations out"),
    ],
)
def test_a_marker_that_would_prove_nothing_is_refused(source: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"f\.py:") as caught:
        proofs(source, "f.py")
    assert why in str(caught.value)


def test_the_markers_of_this_repository_are_read(request: pytest.FixtureRequest) -> None:
    """What is read from the source is what pytest itself has collected: here, of what runs beside this test."""
    read = {(proof.file, proof.test, proof.citation) for proof in all_proofs()}
    collected = {
        (item.nodeid.partition("::")[0], item.nodeid.partition("::")[2].partition("[")[0], citation)
        for item in request.session.items
        for mark in item.iter_markers("law")
        for citation in mark.args
    }
    assert collected <= read
