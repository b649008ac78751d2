"""The command line. Every command says by its exit code what happened: 0 done, 1 found wanting, 2 could not begin."""

import datetime
import logging
import sys
from contextlib import nullcontext
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import attrs
import orjson

from b2bua import __version__
from b2bua.errors import GatewayError
from policy.errors import PolicyError
from sipstack.errors import SipError

try:
    from cyclopts import App as CommandLine
    from cyclopts import Parameter
except ModuleNotFoundError as missing:  # the base install is for programs that embed the gateway
    print(f"b2bua: the command line needs {missing.name}: pip install 'b2bua[daemon]'", file=sys.stderr)  # noqa: T201
    raise SystemExit(2) from None

if TYPE_CHECKING:
    from b2bua.config import Config

#: A switch that is either given or not: no `--no-json`.
Flag = Annotated[bool, Parameter(negative="")]
#: An option that may be given several times, and has no `--empty-` form.
Repeated = Annotated[list[str], Parameter(negative="")]
#: A file, or - for standard input, which is no option for all its hyphen.
Message = Annotated[Path, Parameter(allow_leading_hyphen=True)]

cli = CommandLine(
    name="b2bua",
    help="A SIP B2BUA that applies the Belgian decree of 12 May 2024 against spoofed caller numbers.",
    version=__version__,
    version_flags=["--version"],
)

WANTING, UNUSABLE = 1, 2


@cli.command
def run(config: Path, /) -> None:
    """Run the daemon until SIGTERM or Ctrl-C.

    Parameters
    ----------
    config
        The configuration file; `b2bua check` says what is wrong with it.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    loaded = _load(config)
    if loaded.workers > 1:
        from b2bua.workers.overseer import run as serve
    else:
        from b2bua.app import run as serve
    serve(loaded, config)


@cli.command
def check(config: Path, /) -> int:
    """Validate a configuration: file, line, key and mend for each mistake; exit code 2 when it cannot be used.

    Parameters
    ----------
    config
        The configuration file.
    """
    from b2bua.config import read
    from policy.register import civil_day

    result = read(config, civil_day(datetime.datetime.now(datetime.UTC)))
    for mistake in result.mistakes:
        print(mistake)  # noqa: T201 - this is what the command is for
    if result.config is None:
        return UNUSABLE
    trunks = ", ".join(f"{trunk.name} ({trunk.trunk_class})" for trunk in result.config.trunk)
    print(f"{config}: usable; trunks: {trunks}")  # noqa: T201
    return 0


@cli.command
def explain(
    config: Path,
    file: Message | None = None,
    /,
    *,
    trunk: str | None = None,
    at: str | None = None,
    json: Flag = False,
    vectors: Path | None = None,
) -> int:
    """Say what would become of one INVITE and why, or run a file of vectors.

    Nobody is asked: a mobile number is answered from the table of the configuration, or reported as `needs check`.

    Parameters
    ----------
    config
        The configuration file.
    file
        One INVITE as it stands in a datagram; - for standard input.
    trunk
        The trunk it comes in by.
    at
        The moment it is judged at, ISO 8601 (2026-01-31T12:00:00+01:00); now when left out, UTC without an offset.
    json
        One JSON object instead of text.
    vectors
        A JSON file of vectors to run instead: one line for each disagreement, then "N of M agree".
    """
    moment = _moment(at)
    loaded = _load(config)
    if vectors is not None:
        return _vectors(loaded, vectors, moment)
    if file is None or trunk is None:
        _stop("explain needs --trunk NAME and a FILE (- for standard input), or --vectors FILE")
    from b2bua import explain as explaining
    from b2bua.explain_text import render

    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    explanation = explaining.explain(loaded, trunk, _crlf(data), moment)
    if json:
        sys.stdout.buffer.write(orjson.dumps(attrs.asdict(explanation), option=orjson.OPT_APPEND_NEWLINE))
    else:
        render(explanation, trunk)
    return 0


@cli.command
def audit(
    config: Path,
    capture: Message,
    /,
    *,
    trunk: str,
    source: Repeated | None = None,
    json: Flag = False,
    html: Path | None = None,
    mask: Flag = False,
) -> int:
    """Say what the rules would have done to captured traffic, had it come in by a trunk; exit code 0 whatever it was.

    Each INVITE that opens a call is judged once, at the moment it was captured. Nobody is asked: a mobile number is
    answered from the table of the configuration, or reported as `needs check`.

    Parameters
    ----------
    config
        The configuration file.
    capture
        A pcap or pcapng file, gzip or not; - for standard input.
    trunk
        The trunk it is judged as coming in by.
    source
        An address or network whose INVITEs alone are judged (192.0.2.0/24); may be given several times.
    json
        One JSON object instead of tables.
    html
        A file to write the report to, as a page to hand on.
    mask
        Leave the last digits of every number out of the report.
    """
    networks = [_network(text) for text in source or ()]
    loaded = _load(config)
    if html is not None and not html.parent.is_dir():
        _stop(f"--html {html}: there is no folder {html.parent}")
    from b2bua import audit as auditing
    from b2bua.audit.text import render, watched

    name = "standard input" if str(capture) == "-" else capture.name
    with nullcontext(sys.stdin.buffer) if str(capture) == "-" else watched(capture) as file:
        told = auditing.audit(loaded, trunk, file, name=name, sources=networks, is_masked=mask).as_dict()
    if html is not None:
        from b2bua.audit.page import page

        html.write_text(page(told), encoding="utf-8")
    if json:
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
    else:
        render(told)
    return 0


@cli.command
def verify(directory: Path, /) -> int:
    """Check the hash chain of a journal; exit code 1 and the first broken line when it does not hold.

    Parameters
    ----------
    directory
        The folder of the journal.
    """
    from b2bua.evidence import chains_of
    from b2bua.evidence import verify as verify_chain

    chains = chains_of(directory)
    if not chains:
        _stop(f"{directory} holds no journal")
    broken = [found for chain in chains if (found := verify_chain(chain)) is not None]
    for found in broken:
        print(found)  # noqa: T201
    if broken:
        return WANTING
    segments, hold = sum(map(len, chains)), "the chain holds" if len(chains) == 1 else f"{len(chains)} chains hold"
    print(f"{directory}: {segments} segments, {hold}")  # noqa: T201
    return 0


@cli.command
def replay(journal: Path, /, *, profile: str | None = None, config: Path | None = None, json: Flag = False) -> int:
    """Say which verdicts of a journal another profile, or another register, would change; exit code 1 when any would.

    Nobody is asked: where the new rules would ask a holder who was not asked then, the verdict is `needs check`.

    Parameters
    ----------
    journal
        The folder of the journal, or one of its segments.
    profile
        The new profile: the name of one that ships, or a path ending in .toml; that of the configuration when left out.
    config
        A configuration whose register the calls are judged by, and its profile unless another is named. Without one,
        calls whose verdict rests on an entry of the register are left out.
    json
        A JSON line for each call instead of text, and one with the counts.
    """
    from b2bua.replay import Judge, replayed, segments
    from b2bua.replay_text import print_json, print_text
    from policy.profile import Profile

    if profile is None and config is None:
        _stop("replay needs --profile NEW, --config CONFIG, or both")
    loaded = None if config is None else _load(config)
    if profile is not None:
        rules = Profile.load(Path(profile) if profile.endswith(".toml") else profile)
    else:
        assert loaded is not None, "one of the two is given"
        rules = loaded.profile.load()
    judge = Judge(rules, None if loaded is None else loaded.register.as_register())
    changes = replayed(segments(journal), judge, lambda broken: print(broken, file=sys.stderr))  # noqa: T201
    if json:
        print_json(changes, judge.tally, sys.stdout.buffer)
    else:
        print_text(changes, judge.tally)
    return WANTING if judge.tally.changed else 0


@cli.command
def demo(*, once: Flag = False, json: Flag = False) -> int:
    """Play the stories of the decree between two carriers on this machine, until Ctrl-C.

    Parameters
    ----------
    once
        Play each story once; exit code 0 only if every verdict was as it should be.
    json
        One JSON object a story instead of the table.
    """
    from b2bua.demo import play

    return play(once=once, as_json=json)


def _load(path: Path) -> "Config":
    """The configuration; its warnings go to standard error, its mistakes end the command."""
    from b2bua.config import read

    result = read(path)
    for mistake in result.mistakes:
        print(mistake, file=sys.stderr)  # noqa: T201
    if result.config is None:
        _stop(f"{path} cannot be used")
    return result.config


def _vectors(config: "Config", path: Path, moment: datetime.datetime) -> int:
    from b2bua.explain import run_vectors

    total, disagreements = run_vectors(config, path, moment)
    for disagreement in disagreements:
        print(disagreement)  # noqa: T201
    print(f"{total - len(disagreements)} of {total} agree")  # noqa: T201
    return WANTING if disagreements else 0


def _moment(at: str | None) -> datetime.datetime:
    if at is None:
        return datetime.datetime.now(datetime.UTC)
    try:
        moment = datetime.datetime.fromisoformat(at)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        # A day to either side must exist too: the civil day in Brussels may be the next one.
        return moment.astimezone(datetime.UTC) + datetime.timedelta(days=1) - datetime.timedelta(days=1)
    except (ValueError, OverflowError):
        _stop(f"--at {at!r} is no moment; write it as 2026-01-31T12:00:00+01:00")


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        _stop(f"--source {text!r} is no address or network; write it as 192.0.2.7 or 192.0.2.0/24")


def _crlf(data: bytes) -> bytes:
    """A message saved by an editor has lone line feeds; on the wire it had none."""
    return data if b"\r\n" in data else data.replace(b"\n", b"\r\n")


def _stop(message: str) -> NoReturn:
    print(f"b2bua: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(UNUSABLE)


def main() -> None:
    """The entry point of the `b2bua` command."""
    try:
        sys.exit(cli(sys.argv[1:]))
    except (GatewayError, PolicyError, SipError, OSError) as error:
        _stop(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
