"""Servers in C and C++ under configurations of ours: one worker, two regular expressions on the caller's numbers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.boxes import Box, Ports, Start, standing
from bench.peers.offer import NotHereError, Offer, Settings, version

CONFIGS = Path(__file__).with_name("configs")
#: MiB of shared memory, and of a process's own: nothing that is measured comes near them.
_SHARED, _OWN = "2048", "32"


def kamailio(settings: Settings) -> Offer:
    """A proxy, and so less than a B2BUA has to do."""
    program = str(settings.program("kamailio"))

    def command(folder: Path) -> list[str]:
        # Not a daemon, all output to stderr, its files in the box's folder; 4 MiB of socket buffer as all boxes have.
        words = [program, "-f", str(folder / "kamailio.cfg"), "-DD", "-E", "-m", _SHARED, "-M", _OWN, "-b", "4194304"]
        return [*words, "-w", str(folder), "-Y", str(folder), "-P", str(folder / "pid")]

    return Offer(_configured("kamailio", ("kamailio.cfg",), command), version([program, "-v"]))


def opensips(settings: Settings) -> Offer:
    """Its b2b_logic, scenario "top hiding"."""
    program = settings.program("opensips")
    modules = _modules(program)

    def command(folder: Path) -> list[str]:
        return [str(program), "-f", str(folder / "opensips.cfg"), "-F", "-m", _SHARED, "-M", _OWN, "-w", str(folder)]

    start = _configured("opensips", ("opensips.cfg",), command, {"modules": str(modules)})
    return Offer(start, version([str(program), "-V"]))


def yate(settings: Settings) -> Offer:
    """Its SIP channel on both sides."""
    program = settings.program("yate")
    modules = _first(program.parent / "modules", program.parent.parent / "lib/yate", "/usr/lib/yate", of="yate")

    def command(folder: Path) -> list[str]:
        library = f"LD_LIBRARY_PATH={program.parent}"  # where it was built, its library stands beside it
        return ["env", library, str(program), "-c", str(folder), "-m", str(modules)]

    names = ("yate/yate.conf", "yate/ysipchan.conf", "yate/regexroute.conf")
    said = ["env", f"LD_LIBRARY_PATH={program.parent}", str(program), "-V"]
    return Offer(_configured("yate", names, command), version(said))


def sems(settings: Settings) -> Offer:
    """Its sbc, transparent."""
    program = settings.program("sems")
    up = program.parent.parent
    plugins = _first(up / "apps/sbc", up / "lib/sems/plug-in", "/usr/lib/sems/plug-in", of="sems")

    def command(folder: Path) -> list[str]:
        return [str(program), "-f", str(folder / "sems.conf"), "-E", "-D", "0"]

    names = ("sems/sems.conf", "sems/sbc.conf", "sems/passing.sbcprofile.conf")
    return Offer(_configured("sems", names, command, {"modules": str(plugins)}), version([str(program), "-v"]))


def asterisk(settings: Settings) -> Offer:
    """Dial() between two channels of PJSIP. It stands in the way of the media, and binds ports for it."""
    program = settings.program("asterisk")
    up = program.parent.parent
    values = {
        "modules": str(_first(up / "lib/asterisk/modules", "/usr/lib/asterisk/modules", of="asterisk")),
        "data": str(_first(up / "var/lib/asterisk", "/usr/share/asterisk", "/var/lib/asterisk", of="asterisk")),
    }

    def command(folder: Path) -> list[str]:
        return [str(program), "-f", "-C", str(folder / "asterisk.conf")]

    names = tuple(f"asterisk/{name}.conf" for name in ("asterisk", "modules", "logger", "rtp", "pjsip", "extensions"))
    return Offer(_configured("asterisk", names, command, values), version([str(program), "-V"]))


def _modules(program: Path) -> Path:
    """Of OpenSIPS: beside the program where it was built, else where it was installed."""
    up = program.parent.parent
    places = (program.parent / "modules", up / "lib64/opensips/modules", up / "lib/opensips/modules")
    return _first(*places, *Path("/usr/lib").glob("*/opensips/modules"), of="opensips")


def _first(*places: Path | str, of: str) -> Path:
    for place in map(Path, places):
        if place.is_dir():
            return place
    raise NotHereError(f"nothing of {of} in {', '.join(map(str, places))}")


def _configured(
    name: str,
    templates: tuple[str, ...],
    command: Callable[[Path], list[str]],
    values: Mapping[str, str] | None = None,
) -> Start:
    """A server with one face, whose configuration files are these with our ports written in."""

    @contextmanager
    def start(folder: Path, core: int) -> Iterator[Box]:
        free = Ports.free()
        ports = Ports(caller=free.caller, front=free.front, back=free.front, callee=free.callee)
        for template in templates:
            source = CONFIGS / template
            blanks = {"front": ports.front, "callee": ports.callee, "folder": folder, **(values or {})}
            (folder / source.name).write_text(fill(source.read_text(), blanks))
        with standing(name, command(folder), ports, folder / f"{name}.log", core) as box:
            yield box

    return start


def fill(template: str, values: Mapping[str, object]) -> str:
    """A template with each @name@ replaced."""
    for name, value in values.items():
        template = template.replace(f"@{name}@", str(value))
    return template
