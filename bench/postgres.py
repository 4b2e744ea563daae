"""A private PostgreSQL server for one measurement, flushing to disk as a real one does."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """The folder of this machine's newest PostgreSQL server programs; `None` without any."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


def _run(command: list[str], *, check: bool = True) -> None:
    # PostgreSQL refuses to run as root.
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*prefix, *command], capture_output=True, text=True, check=False, cwd="/")
    if check and done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")


@contextmanager
def server(where: Path) -> Iterator[str]:
    """The URL of a server whose files lie in a temporary folder on the disk of the folder `where`.

    As root the server's own account must be able to reach `where`; when it cannot, the machine's
    temporary folder is used.
    Errors: `RuntimeError` when the server does not start.
    """
    found = programs()
    if found is None:
        raise RuntimeError("PostgreSQL server programs (initdb, pg_ctl) are not installed")
    folder = _folder(where)
    try:
        data = str(folder / "data")
        _run([f"{found}/initdb", "-D", data, "-U", "trialrun", "-A", "trust", "-E", "UTF8", "--no-locale"])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=on"
        _run(
            [f"{found}/pg_ctl", "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start"],
        )
        try:
            yield f"postgresql://trialrun@127.0.0.1:{port}/postgres"
        finally:
            _run([f"{found}/pg_ctl", "-D", data, "-m", "fast", "-w", "stop"], check=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(where: Path) -> Path:
    if os.geteuid() != 0:
        return Path(tempfile.mkdtemp(prefix="postgres-", dir=where))
    for place in (where, Path(tempfile.gettempdir())):
        folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=place))
        shutil.chown(folder, "postgres", "postgres")
        reached = subprocess.run(
            ["runuser", "-u", "postgres", "--", "test", "-w", str(folder)], check=False, capture_output=True
        )
        if reached.returncode == 0:
            return folder
        shutil.rmtree(folder)
    raise RuntimeError("the account postgres can write to no folder of this machine")
