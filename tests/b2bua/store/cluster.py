"""A PostgreSQL of the tests' own: its programs as Debian packages them, its data in a folder, on a socket in that."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import attrs

USER = "postgres"


def programs() -> Path | None:
    """Where they are: on Debian not in the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    control = shutil.which("pg_ctl")
    return None if control is None else Path(control).parent


@attrs.define(eq=False)
class Cluster:
    """One server; it can be stopped, as for maintenance, and started again."""

    folder: Path
    programs: Path

    @classmethod
    def made(cls, folder: Path, programs: Path) -> "Cluster":
        """One that runs. The server does not run as root, so then another user owns its data."""
        cluster = cls(folder, programs)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(USER if _is_user(USER) else "nobody")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            for parent in folder.parents[:3]:
                parent.chmod(parent.stat().st_mode | 0o011)
        cluster._run("initdb", "-D", cluster.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        cluster.start()
        return cluster

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@/{name}?host={self.folder}"

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", self.data, "-l", str(self.folder / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        """At once, whoever is connected."""
        self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def database(self, name: str) -> str:
        """The url of a new one."""
        self._run("createdb", "-h", str(self.folder), "-U", USER, name)
        return self.url(name)

    def _run(self, program: str, *words: str) -> None:
        command = [str(self.programs / program), *words]
        user = (USER if _is_user(USER) else "nobody") if os.geteuid() == 0 else None
        done = (
            subprocess.run(
                command,
                user=user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if program != "pg_ctl"
            else _unheard(command, user, self.folder)
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"


def _unheard(command: list[str], user: str | None, folder: Path) -> subprocess.CompletedProcess[str]:
    """The server inherits what it is started with: a pipe would never end."""
    code = subprocess.run(
        command,
        user=user,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode
    log = folder / "log"
    return subprocess.CompletedProcess(command, code, log.read_text() if log.exists() else "", "")


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
