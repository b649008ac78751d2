"""`b2bua explain`, `b2bua audit` and `b2bua replay`: what the rules say of calls that we do not carry."""

import datetime
import sys
from contextlib import nullcontext
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import orjson

from b2bua.commands.common import WANTING, Flag, Message, Repeated, load_config, moment_of, stop

if TYPE_CHECKING:
    from b2bua.config import Config


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
        The moment it is judged at: 2026-01-31T14:05, in Brussels time, or with its zone; now when left out.
    json
        One JSON object instead of text.
    vectors
        A JSON file of vectors to run instead: one line for each disagreement, then "N of M agree".
    """
    moment = moment_of(at)
    loaded = _with_entries(config)
    if vectors is not None:
        return _vectors(loaded, vectors, moment)
    if file is None or trunk is None:
        stop("explain needs --trunk NAME and a FILE (- for standard input), or --vectors FILE")
    from b2bua import explain as explaining
    from b2bua.explain_text import render

    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    explanation = explaining.explain(loaded, trunk, _crlf(data), moment)
    if json:
        sys.stdout.buffer.write(orjson.dumps(attrs.asdict(explanation), option=orjson.OPT_APPEND_NEWLINE))
    else:
        render(explanation, trunk)
    return 0


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
    loaded = _with_entries(config)
    if html is not None and not html.parent.is_dir():
        stop(f"--html {html}: there is no folder {html.parent}")
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
        stop("replay needs --profile NEW, --config CONFIG, or both")
    loaded = None if config is None else _with_entries(config)
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


def _with_entries(path: Path) -> "Config":
    """The configuration, its register with what was entered over the command line: what a daemon would go by now."""
    from b2bua.register import snapshot

    loaded = load_config(path)
    entered = snapshot.read(Path(loaded.journal.directory))
    return attrs.evolve(loaded, register=entered.beside(loaded.register))


def _vectors(config: "Config", path: Path, moment: datetime.datetime) -> int:
    from b2bua.explain import run_vectors

    total, disagreements = run_vectors(config, path, moment)
    for disagreement in disagreements:
        print(disagreement)  # noqa: T201
    print(f"{total - len(disagreements)} of {total} agree")  # noqa: T201
    return WANTING if disagreements else 0


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        stop(f"--source {text!r} is no address or network; write it as 192.0.2.7 or 192.0.2.0/24")


def _crlf(data: bytes) -> bytes:
    """A message saved by an editor has lone line feeds; on the wire it had none."""
    return data if b"\r\n" in data else data.replace(b"\n", b"\r\n")
