"""A process in which a bug can be planted: `python -m tests.sipstack.planting`, one order a line on standard input.

An order is JSON: the `module` to change, the `old` text, which must stand in it exactly once, the `new` text, and the
`tests` to run. The answer is the exit code of pytest and the end of what it said. Each order is carried out in a fork
that has never imported the package, so that a planted bug is everywhere and is gone afterwards.
"""

import importlib.machinery
import json
import os
import sys
import tempfile
import traceback

import hypothesis.stateful  # noqa: F401 - imported once and not once an order
import pytest

#: A plugin that is imported before pytest is told of it gets no rewritten assertions, and needs none here.
WITHOUT = ("-W", "ignore::pytest.PytestAssertRewriteWarning")


class Planted(importlib.machinery.SourceFileLoader):
    """Loads a module from changed text, past the cache of compiled files."""

    order = None

    def get_code(self, fullname):
        source = self.get_data(self.path).decode("utf-8")
        old, new = self.order["old"], self.order["new"]
        if source.count(old) != 1:
            raise ImportError(f"{fullname} holds {source.count(old)} times: {old}")
        return compile(source.replace(old, new), self.path, "exec")


class Planter:
    """Finds the one module that an order names."""

    def __init__(self, order):
        self.order = order

    def find_spec(self, fullname, path, target=None):
        if fullname != self.order["module"]:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        spec.loader = Planted(fullname, spec.origin)
        spec.loader.order = self.order
        return spec


def carry_out(order):
    """In the fork: plant, and let the tests run until the first that fails."""
    if order["module"] is not None:
        sys.meta_path.insert(0, Planter(order))
    return pytest.main(["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *WITHOUT, *order["tests"]])


def in_a_fork(order):
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            code = 70
            try:
                code = int(carry_out(order))
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return {"code": os.waitstatus_to_exitcode(status), "said": output.read().decode(errors="replace")[-3000:]}


if __name__ == "__main__":
    assert not any(name.startswith("sipstack") for name in sys.modules)
    for line in sys.stdin:
        print(json.dumps(in_a_fork(json.loads(line))), flush=True)
