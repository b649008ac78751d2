"""`python -m b2bua`, and the entry point of the `b2bua` command."""

import sys

try:
    from b2bua.commands import main
except ModuleNotFoundError as missing:  # the base install is for programs that embed the gateway
    if missing.name not in ("cyclopts", "rich"):
        raise
    print(f"b2bua: the command line needs {missing.name}: pip install 'b2bua[daemon]'", file=sys.stderr)  # noqa: T201
    raise SystemExit(2) from None

if __name__ == "__main__":
    main()
