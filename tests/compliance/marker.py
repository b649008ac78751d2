"""The markers of a test file: which test proves which citation.

Read from the source: nothing is imported, so a file that does not import yet is read as well, and whoever reads the
page can find each marker by searching for its citation.
"""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]


@attrs.frozen(order=True)
class Proof:
    """One test that says it proves one citation."""

    citation: str
    file: str
    """From the root of the repository, with slashes."""
    test: str
    """As pytest names it within its file."""


@cache
def all_proofs() -> tuple[Proof, ...]:
    """The proofs of every test file below tests/, in order. Raises ValueError for a marker that nobody can read."""
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    return tuple(
        proof for path in paths for proof in proofs(path.read_text("utf-8"), path.relative_to(ROOT).as_posix())
    )


def proofs(source: str, file: str) -> list[Proof]:
    """The proofs of one file, sorted. Raises ValueError with file and line."""
    if "mark.law" not in source:
        return []
    tree = ast.parse(source)
    reader = _Reader(file)
    found = sorted(set(reader.tests(tree.body, (), "")))
    for node in ast.walk(tree):
        if _is_law(node) and node not in reader.read:
            raise reader.fault(node, "stands where no test has it: write it in a decorator or in pytestmark")
    return found


def _is_law(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "law"
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "mark"
    )


@attrs.define(eq=False)
class _Reader:
    file: str
    read: set[ast.AST] = attrs.Factory(set)
    """The markers that some test has."""

    def fault(self, node: ast.AST, why: str) -> ValueError:
        return ValueError(f"{self.file}:{getattr(node, 'lineno', 0)}: the marker law {why}")

    def tests(self, body: Sequence[ast.stmt], above: tuple[str, ...], prefix: str) -> Iterator[Proof]:
        """The proofs of a module or class, whose tests all have what stands above."""
        above += tuple(c for node in body if _names_pytestmark(node) for c in self.citations([node]))
        for node in body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                own = tuple(self.citations(node.decorator_list))
                yield from self.tests(node.body, above + own, f"{prefix}{node.name}::")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for citation in (*above, *self.citations(node.decorator_list)):
                    yield Proof(citation, self.file, prefix + node.name)

    def citations(self, nodes: Sequence[ast.AST]) -> Iterator[str]:
        """What the markers within these nodes cite."""
        for call in (inner for node in nodes for inner in ast.walk(node) if isinstance(inner, ast.Call)):
            if not _is_law(call.func):
                continue
            self.read.add(call.func)
            if not call.args or call.keywords:
                raise self.fault(call, "cites nothing: give it citations, by position")
            for argument in call.args:
                if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
                    raise self.fault(call, "is read and not run: write its citations out")
                yield argument.value


def _names_pytestmark(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in targets)
