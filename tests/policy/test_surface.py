"""What the package promises to others, and what it never imports."""

import ast
from importlib.resources import files
from pathlib import Path

import policy

FORBIDDEN = {"asyncio", "socket", "time", "random", "logging", "secrets", "sipstack", "b2bua"}


def test_every_public_name_exists_and_is_listed_in_order() -> None:
    assert policy.__all__ == sorted(policy.__all__)
    assert all(hasattr(policy, name) for name in policy.__all__)


def test_no_module_reads_a_clock_a_socket_or_another_package() -> None:
    modules = list(Path(str(files("policy"))).rglob("*.py"))
    assert len(modules) > 20
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not {name.partition(".")[0] for name in names} & FORBIDDEN, module
