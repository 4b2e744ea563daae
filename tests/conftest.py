"""What all tests share."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# Modules that several folders of tests use are imported by their plain name.
sys.path.insert(0, str(ROOT / "tests"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Find a file of the reference data that lies beside the repository; skip when there is none."""

    def find(path: str) -> Path:
        found = SHARED / path
        if not found.exists():
            if os.environ.get("CI") and SHARED.exists():
                pytest.fail(f"the reference data lack {path}")
            pytest.skip(f"reference data are not beside this clone ({path})")
        return found

    return find


def _postgres_programs() -> Path | None:
    """The newest PostgreSQL server programs of this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _run_as_server(command: list[str], *, check: bool = True) -> None:
    # PostgreSQL refuses to run as root.
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*prefix, *command], capture_output=True, text=True, check=False, cwd="/")
    if check and done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")


def _start_postgres(programs: Path) -> tuple[Path, str]:
    folder = Path(tempfile.mkdtemp(prefix="trialrun-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    _run_as_server([f"{programs}/initdb", "-D", str(data), "-U", "trialrun", "-A", "trust", "-E", "UTF8",
                    "--no-locale", "--no-sync"])  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # The server process is never killed in tests, only clients are, so flushing the disk proves nothing here.
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off -c max_connections=200"
    _run_as_server(
        [f"{programs}/pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-w", "-o", options, "start"]
    )
    return folder, f"postgresql://trialrun@127.0.0.1:{port}/postgres"


def _stop_postgres(programs: Path, folder: Path) -> None:
    _run_as_server(
        [f"{programs}/pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "-w", "stop"], check=False
    )
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked_state(path: Path) -> Iterator[dict[str, object]]:
    """A small JSON file that the test workers change one at a time."""
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        state = json.loads(text) if text else {}
        yield state
        file.seek(0)
        file.truncate()
        file.write(json.dumps(state))


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private PostgreSQL server for this test session, one for all workers; stopped at the end.

    Tests share its database: make your own schema or database and drop it again.
    """
    programs = _postgres_programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL server programs (initdb, pg_ctl) are not installed")
        pytest.skip("PostgreSQL server programs (initdb, pg_ctl) are not installed")
    base = tmp_path_factory.getbasetemp()
    shared_by_workers = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    state_file = shared_by_workers / "postgres.json"
    with _locked_state(state_file) as state:
        if not state.get("users"):
            folder, url = _start_postgres(programs)
            state.update(users=0, folder=str(folder), url=url)
        state["users"] = int(str(state["users"])) + 1
        url = str(state["url"])
    yield url
    with _locked_state(state_file) as state:
        state["users"] = int(str(state["users"])) - 1
        if not state["users"]:
            _stop_postgres(programs, Path(str(state["folder"])))


@pytest.fixture(scope="session")
def spark() -> Iterator[object]:
    """One local Spark for the whole session: it takes ten seconds to start."""
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        if os.environ.get("CI"):
            pytest.fail("Spark needs a Java runtime, which is not installed")
        pytest.skip("Spark needs a Java runtime, which is not installed")
    from rule_engines import spark_session

    session = spark_session()
    yield session
    session.stop()


@pytest.fixture
def small() -> object:
    """The small study written by hand, for the rooms above the ledger."""
    from small_study import make_study

    return make_study()


@pytest.fixture
def snapshot(tmp_path: Path) -> object:
    """Six people of the small study, as a snapshot."""
    from small_study import origin, six_people
    from trialrun.snapshot.read import read_snapshot
    from trialrun.snapshot.write import write_snapshot

    write_snapshot(tmp_path / "cut", six_people().tables, origin())
    return read_snapshot(tmp_path / "cut")


@pytest.fixture
def dataset(snapshot: object, small: object) -> object:
    """What is derived from them."""
    from small_study import SmallRules
    from trialrun.derive.dataset import derive_dataset

    return derive_dataset(snapshot, small, rules=SmallRules())  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def trial() -> object:
    """The first study, at two sites."""
    from web_kit import two_sites

    return two_sites()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, trial: object) -> Path:
    """A log of it with everybody's account, to be copied."""
    from web_kit import prepare

    database = tmp_path_factory.mktemp("prepared") / "trial.sqlite"
    prepare(database, trial)  # type: ignore[arg-type]
    return database
