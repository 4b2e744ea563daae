"""What goes into the store: files of every kind, versions, bad records, imports that are cut off."""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_store_kit import NOW, TODAY, studies, study
from trialrun.errors import RecordError
from trialrun.registry.read import read_record
from trialrun.registry.record import thaw
from trialrun.registry.store import RegistryStore, open_existing, open_registry, preparing, writing
from trialrun.registry.store.documents import DICTIONARY, packed, unpacked
from trialrun.registry.store.model import Imported, Search

TWO = [study("NCT1", "First", updated="2020-01-01"), study("NCT2", "Second")]


@pytest.fixture
def store(tmp_path: Path) -> RegistryStore:
    return open_registry(tmp_path / "store.db")


@pytest.fixture
def give(store: RegistryStore, tmp_path: Path) -> Callable[..., Imported]:
    """Import content under a file's name."""

    def into(name: str, content: bytes | str) -> Imported:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        return store.import_files([path], now=NOW)

    return into


def ids(store: RegistryStore) -> list[str]:
    return sorted(hit.registry_id for hit in store.export(Search(), TODAY))


def zipped(members: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


LINES = "\n".join(map(json.dumps, TWO)) + "\n"
PAGE = json.dumps({"totalCount": 2, "studies": TWO, "nextPageToken": "x"}, indent=1)
KINDS: dict[str, bytes | str] = {
    "a.jsonl": LINES,
    "lines-without-the-suffix.json": LINES,
    "lines.ndjson.gz": gzip.compress(LINES.encode()),
    "gzip-without-the-suffix": gzip.compress(LINES.encode()),
    "windows.jsonl": LINES.replace("\n", "\r\n\r\n"),
    "mark.jsonl": "\ufeff" + LINES,
    "array.json": json.dumps(TWO, indent=2),
    "array-on-a-line.json": " \n" + json.dumps(TWO),
    "page.json": PAGE,
    "page-other-order.json": json.dumps({"studies": TWO, "totalCount": 2}),
    "page.json.gz": gzip.compress(PAGE.encode()),
    "singles.zip": zipped({f"a/{number}.json": json.dumps(one, indent=2) for number, one in enumerate(TWO)}),
    "mixed.zip": zipped({"1.jsonl.gz": gzip.compress(json.dumps(TWO[0]).encode()), "2.json": json.dumps([TWO[1]]),
                         "__MACOSX/._2.json": "junk", ".hidden": "junk"}),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_a_file_of_any_usual_kind_gives_its_records(store: RegistryStore, give: Any, name: str) -> None:
    done = give(name, KINDS[name])
    assert done == Imported(files=1, read=2, new=2, updated=0, unchanged=0, bad=0), store.rejected()
    assert ids(store) == ["NCT1", "NCT2"]
    for one in TWO:
        record = store.record(one["protocolSection"]["identificationModule"]["nctId"])
        assert record is not None
        assert thaw(record.document) == one
    assert store.versions("NCT1")[0].source == name


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_one_document_in_other_encodings(store: RegistryStore, give: Any, encoding: str) -> None:
    assert give("one.json", json.dumps(TWO[0], indent=3).encode(encoding)).new == 1
    assert ids(store) == ["NCT1"]


def test_real_records_and_a_saved_page_come_back_as_they_were(store: RegistryStore, shared: Any) -> None:
    paths = sorted(shared("ctgov").glob("NCT*.json"))
    assert store.import_files([shared("ctgov")], now=NOW).new == len(paths) == 20
    for path in paths:
        kept, read = store.record(path.stem), read_record(path)[0]
        assert kept is not None
        assert kept.document == read.document
    assert store.import_files(paths, now=NOW).unchanged == 20


def test_a_saved_page_keeps_its_provenance(store: RegistryStore, root: Path, tmp_path: Path) -> None:
    from trialrun.registry.write import write_record

    page = next(
        path for path in sorted((root / "tests").rglob("*.html")) if b"Lead Sponsor" in path.read_bytes()
    )
    read = read_record(page)[0]
    assert store.import_files([page], now=NOW).new == 1
    assert store.record(read.registry_id) == read
    written = write_record(read, tmp_path / "as-json.json")
    assert store.import_files([written], now=NOW).unchanged == 1


BAD: dict[str, tuple[bytes | str, str, str]] = {
    "empty.json": ("", "", "empty"),
    "text.txt": ("Dear colleague, the records are attached.", "", "neither JSON nor"),
    "binary.json": (b"\x00\x01\x02\xff\xfe" * 9, "", "not text"),
    "cut.json": (json.dumps(TWO[0], indent=2)[:-40], "line", "too early"),
    "cut.json.gz": (gzip.compress(LINES.encode())[:-30], "", "cannot be read"),
    "cut.zip": (zipped({"a.json": LINES})[:-30], "", "cannot be read"),
    "number.json": ("17", "", "neither"),
    "list-of-numbers.json": ("[1]", "entry 1", "not a study"),
    "other.json": ('{"a": 1}', "", "without a protocolSection"),
    "retired.json": ('{"FullStudy": {}}', "", "FullStudy"),
    "no-number.json": (json.dumps(study("")), "", "no registration number"),
    "long-number.json": (json.dumps(study("N" * 200)), "", "cannot be one"),
    "number-of-controls.json": (json.dumps(study("NCT\u202e1")), "", "cannot be one"),
    "nan.json": ('{"protocolSection": NaN}', "", "NaN"),
    "infinite.json": (json.dumps(study()).replace("false", "1e999"), "", "not JSON"),
    "deep.json": (json.dumps(study()).replace("false", "[" * 300 + "]" * 300), "", "nested deeper"),
    "deeper.json": ("[" * 100_000, "character", "nested too deeply"),
    "archive.zip": (zipped({"inner.zip": zipped({"a.json": LINES})}), "", "archive within"),
    "readme.zip": (zipped({"README": "about these"}), "", "neither JSON nor"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_kept_apart_with_its_reason(store: RegistryStore, give: Any, name: str) -> None:
    content, place, reason = BAD[name]
    done = give(name, content)
    assert (done.new, done.bad) == (0, 1)
    (listed,) = store.rejected()
    assert listed.file.startswith(name)
    assert listed.place.startswith(place)
    assert reason in listed.reason
    assert give(name, content).bad == 1
    assert len(store.rejected()) == 1  # the same fault again is no second one


def test_bad_lines_do_not_stop_the_good_ones(store: RegistryStore, give: Any) -> None:
    lines = [
        "{ cut",
        json.dumps(TWO[0]),
        "",
        "[]",
        '"x"',
        json.dumps(TWO[1]) + "}",
        json.dumps(study("NCT3")),
    ]
    done = give("some.jsonl", "\n".join(lines))
    assert (done.read, done.new, done.bad) == (2, 2, 4)
    assert [one.place for one in store.rejected()] == ["line 1", "line 4", "line 5", "line 6"]
    assert ids(store) == ["NCT1", "NCT3"]


def test_bytes_that_are_no_text_spoil_only_their_line(store: RegistryStore, give: Any) -> None:
    done = give(
        "some.jsonl", LINES.encode() + b'{"protocolSection": "\xff"}\n' + json.dumps(study("NCT3")).encode()
    )
    assert (done.new, done.bad) == (3, 1)
    assert store.rejected()[0].place == "line 3"


def test_a_list_is_read_up_to_where_it_breaks(store: RegistryStore, give: Any) -> None:
    done = give("page.json", PAGE[: PAGE.rindex('"Second"')])
    assert (done.new, done.bad) == (1, 1)
    assert "what follows was not read" in store.rejected()[0].reason


def test_a_damaged_member_does_not_spoil_the_archive(store: RegistryStore, give: Any) -> None:
    data = zipped({"a.json": json.dumps(TWO[0]), "b.json": json.dumps(TWO[1])})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.getinfo("b.json").header_offset + 30 + len("b.json")
    spoilt = data[: start + 5] + bytes(30) + data[start + 35 :]
    done = give("half.zip", spoilt)
    assert (done.new, done.bad) == (1, 1)
    assert store.rejected()[0].file == "half.zip: b.json"


def test_what_grows_without_end_is_not_unpacked(store: RegistryStore, give: Any, monkeypatch) -> None:
    from trialrun.registry.store import sources

    monkeypatch.setattr(sources, "_LARGEST_GROWTH", 1_000_000)
    bomb = b'{"protocolSection": {"a": "' + b"a" * 9_000_000
    assert give("bomb.zip", zipped({"a.json": bomb})).bad == 1
    assert give("bomb.jsonl.gz", gzip.compress(bomb)).bad == 1
    assert all("grow" in one.reason for one in store.rejected())


def test_megabytes_in_one_field_are_searched_in_part_and_kept_whole(store: RegistryStore, give: Any) -> None:
    long = study(
        "NCT9", summary="begin " + "x " * 3_000_000 + "end", conditions=[str(n) for n in range(10_000)]
    )
    assert give("long.json", json.dumps(long)).new == 1
    assert store.search(Search(words="begin"), TODAY).total == 1
    assert store.search(Search(words="end"), TODAY).total == 0
    record = store.record("NCT9")
    assert record is not None
    assert record.brief_summary.endswith("end")
    assert len(store.search(Search(), TODAY).hits[0].conditions) == 100


def test_files_that_are_not_there_stop_the_import_before_it_begins(
    store: RegistryStore, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text(LINES)
    with pytest.raises(RecordError, match="no such file"):
        store.import_files([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], now=NOW)
    assert ids(store) == []


def test_other_files_are_not_taken_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database" * 99)
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE a (b)")
    for name in ("text", "other.db", "no-folder/store.db"):
        with pytest.raises(RecordError):
            open_registry(tmp_path / name)
    with pytest.raises(RecordError, match="no such store"):
        open_existing(tmp_path / "new.db")
    open_registry(tmp_path / "later.db").close()
    with sqlite3.connect(tmp_path / "later.db") as later:
        later.execute("PRAGMA user_version = 99")
    with pytest.raises(RecordError, match="later trialrun"):
        open_registry(tmp_path / "later.db")


def test_versions_are_ordered_by_their_own_date(store: RegistryStore, give: Any) -> None:
    give("b.json", json.dumps(study("NCT1", "Middle", updated="2021-05-01")))
    assert give("a.json", json.dumps(study("NCT1", "Oldest", updated="2019-01-01"))).updated == 1
    assert give("c.json", json.dumps(study("nct1", "Newest", updated="2024-01-01"))).updated == 1
    assert (
        give("c2.json", json.dumps(study("NCT1", "Newest", updated="2024-01-01"), indent=5)).updated == 1
    )  # the number
    assert [(one.number, one.updated, one.source) for one in store.versions("NCT1")] == [
        (1, "2019-01-01", "a.json"),
        (2, "2021-05-01", "b.json"),
        (3, "2024-01-01", "c.json"),
        (4, "2024-01-01", "c2.json"),
    ]
    titles = [store.record("NCT1", number) for number in (1, 2, 3, 4, None)]
    assert [one.brief_title for one in titles if one] == ["Oldest", "Middle", "Newest", "Newest", "Newest"]
    assert store.record("NCT1", 0) is None
    assert store.record("NCT1", 5) is None
    assert store.search(Search(words="middle"), TODAY).total == 0
    (hit,) = store.search(Search(words="newest"), TODAY).hits
    assert hit.versions == 4


def test_what_the_registry_makes_anew_every_day_is_no_version(store: RegistryStore, give: Any) -> None:
    one = study("NCT1")
    give("a.json", json.dumps(one))
    one["derivedSection"] = {"miscInfoModule": {"versionHolder": "2026-02-02"}}
    assert give("b.json", json.dumps(dict(reversed(one.items())))).unchanged == 1
    one["resultsSection"] = {"more": 1}
    assert give("b.json", json.dumps(one)).updated == 1


def test_one_trial_several_times_in_one_import(store: RegistryStore, give: Any) -> None:
    lines = [study("NCT1", f"Title {day}", updated=f"2020-01-{day:02}") for day in (3, 1, 2, 3, 9)]
    done = give("a.jsonl", "\n".join(map(json.dumps, lines)))
    assert (done.new, done.updated, done.unchanged) == (1, 3, 1)
    assert [one.updated[-2:] for one in store.versions("NCT1")] == ["01", "02", "03", "09"]


def vocabulary(path: Path) -> list[tuple[Any, ...]]:
    """Every word of the index with how many trials and places have it."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIRTUAL TABLE temp.found USING fts5vocab(main, words, col)")
    return connection.execute("SELECT term, col, doc, cnt FROM temp.found ORDER BY 1, 2").fetchall()


def test_after_many_versions_the_index_is_that_of_the_latest_alone(tmp_path: Path) -> None:
    rounds = [studies(40, seed) for seed in (1, 2, 3)]
    latest: dict[str, dict[str, Any]] = {}
    several = open_registry(tmp_path / "several.db")
    for number, documents in enumerate(rounds):
        for order, one in enumerate(documents):
            one["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = (
                f"20{10 + (order * 7 + number) % 5}"
            )
            key = one["protocolSection"]["identificationModule"]["nctId"]
            dated = one["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"]
            old = latest.get(key)
            if (
                old is None
                or dated >= old["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"]
            ):
                latest[key] = one
        (tmp_path / "round.jsonl").write_text("\n".join(map(json.dumps, documents)))
        several.import_files([tmp_path / "round.jsonl"], now=NOW)
    (tmp_path / "latest.jsonl").write_text("\n".join(map(json.dumps, latest.values())))
    once = open_registry(tmp_path / "once.db")
    once.import_files([tmp_path / "latest.jsonl"], now=NOW)
    assert vocabulary(several.path) == vocabulary(once.path)
    facets = [store.search(Search(words="zorp"), TODAY).facets for store in (several, once)]
    assert facets[0] == facets[1]


def test_an_import_that_fails_keeps_whole_batches_and_is_taken_up(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(writing, "_BATCH", 10)
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, studies(45))))
    store = open_registry(tmp_path / "store.db")
    insert = writing.Writer._insert
    left = [3]

    def failing(self: writing.Writer, *given: Any) -> None:
        insert(self, *given)
        left[0] -= 1
        if not left[0]:
            raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(writing.Writer, "_insert", failing)
        with pytest.raises(sqlite3.OperationalError):
            store.import_files([path], now=NOW)
    assert store.statistics().trials == 20
    assert store.search(Search(), TODAY).total == 20
    done = store.import_files([path], now=NOW)
    assert (done.new, done.unchanged) == (25, 20)
    whole = open_registry(tmp_path / "whole.db")
    whole.import_files([path], now=NOW)
    assert vocabulary(store.path) == vocabulary(whole.path)


def test_a_killed_import_leaves_a_store_that_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, studies(4000))))
    script = """
        import sys
        from datetime import UTC, datetime
        from pathlib import Path
        from trialrun.registry.store import open_registry, writing
        writing._BATCH = 50
        def progress(step):
            print(step.records, flush=True)
        open_registry(sys.argv[1]).import_files([Path(sys.argv[2])], now=datetime.now(UTC), progress=progress)
    """
    running = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "store.db"), str(path)],
        stdout=subprocess.PIPE,
    )
    assert running.stdout is not None
    for _ in range(5):
        running.stdout.readline()
    running.kill()
    running.wait()
    store = open_existing(tmp_path / "store.db")
    kept = store.statistics().trials
    assert kept % 50 == 0
    assert kept == store.search(Search(), TODAY).total < 4000
    done = store.import_files([path], now=NOW)
    assert (done.new, done.unchanged) == (4000 - kept, kept)


def test_many_are_prepared_in_other_processes_with_the_same_outcome(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*map(json.dumps, studies(30)), "{ cut"]))
    stores = [open_registry(tmp_path / name) for name in ("here.db", "beside.db")]
    outcomes = [stores[0].import_files([path], now=NOW)]
    monkeypatch.setattr(preparing, "_MANY", 1)
    monkeypatch.setattr(preparing, "_MOST_PIECES", 5)
    outcomes.append(stores[1].import_files([path], now=NOW))
    assert outcomes[0] == outcomes[1] == Imported(1, 30, 30, 0, 0, 1)
    assert vocabulary(stores[0].path) == vocabulary(stores[1].path)


def test_the_processes_of_a_killed_import_end_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, studies(3000))))
    script = """
        import multiprocessing, sys
        from datetime import UTC, datetime
        from pathlib import Path
        from trialrun.registry.store import open_registry, preparing, writing
        if __name__ == "__main__":
            preparing._MANY, writing._BATCH = 1, 50
            def progress(step):
                print(*[child.pid for child in multiprocessing.active_children()], flush=True)
            open_registry(sys.argv[1]).import_files([Path(sys.argv[2])], now=datetime.now(UTC), progress=progress)
    """
    (tmp_path / "importing.py").write_text(textwrap.dedent(script))
    running = subprocess.Popen(
        [
            sys.executable,
            str(tmp_path / "importing.py"),
            str(tmp_path / "store.db"),
            str(tmp_path / "a.jsonl"),
        ],
        stdout=subprocess.PIPE,
    )
    assert running.stdout is not None
    workers = [int(word) for word in running.stdout.readline().split()]
    assert workers
    running.kill()
    running.wait()
    waited = 0
    while any(_lives(pid) for pid in workers) and waited < 300:
        time.sleep(0.1)
        waited += 1
    assert not any(_lives(pid) for pid in workers)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_progress_is_told(store: RegistryStore, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(writing, "_BATCH", 10)
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, studies(35))))
    steps = []
    store.import_files([tmp_path / "a.jsonl"], now=NOW, progress=steps.append)
    assert [step.records for step in steps] == [10, 20, 30, 35]
    assert all(step.bytes_read <= step.bytes_total for step in steps)
    assert steps[-1].bytes_read == steps[-1].bytes_total


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
MODULES = [*study()["protocolSection"]]
FIELDS = [name for module in study(results=True)["protocolSection"].values() for name in module]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(MODULES),
            JSON | st.dictionaries(st.sampled_from([*FIELDS, "nctId", "phases"]), JSON, max_size=4),
            max_size=5,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_wrong_types_anywhere_are_taken_or_rejected_and_never_raise(
    store: RegistryStore, tmp_path: Path, given_modules: list[dict[str, Any]]
) -> None:
    documents = []
    for number, modules in enumerate(given_modules):
        one = study(f"NCT{number}")
        one["protocolSection"] |= modules
        documents.append(one)
    path = tmp_path / "odd.jsonl"
    path.write_text("\n".join(map(json.dumps, documents)), "utf-8")
    done = store.import_files([path], now=NOW)
    assert done.read + done.bad == len(documents)
    answer = store.search(Search(size=1000), TODAY)
    assert answer.total == len(answer.hits)
    for hit in answer.hits[:5]:
        record = store.record(hit.registry_id)
        assert record is not None
        assert (
            record.registry_id.strip() == hit.registry_id
            or record.registry_id.lower() == hit.registry_id.lower()
        )


@given(JSON.filter(lambda value: isinstance(value, dict)))
def test_a_packed_document_comes_back(document: Any) -> None:
    assert unpacked(packed(document, DICTIONARY), DICTIONARY) == document


def test_brackets_within_a_text_are_no_levels(store: RegistryStore, give: Any) -> None:
    documents = [study("NCT1", "[{" * 100_000), study("NCT2", "[" * 500 + "]" * 500), study("NCT3", "}{")]
    assert give("a.jsonl", "\n".join(map(json.dumps, documents))).new == 3
