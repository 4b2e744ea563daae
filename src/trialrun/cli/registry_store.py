"""The verbs on the store of records: `registry import`, `registry search`, `registry show`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trialrun.cli.output import heading, printable, say, shortened, table

if TYPE_CHECKING:
    from trialrun.registry.store import RegistryStore
    from trialrun.registry.store.model import Found, Hit, Imported, Progress, Search

STORE = click.Path(path_type=Path, dir_okay=False)
_SHOWN = 10
_LISTED_FACETS = 8


def _store_option(function):
    return click.option(
        "--store", required=True, type=STORE, envvar="TRIALRUN_REGISTRY", help="The store's file.",
        show_envvar=True,
    )(function)  # fmt: skip


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_store_option
@click.option("--json", "as_json", is_flag=True, help="Print the counts and what was rejected as JSON.")
def import_(files: tuple[Path, ...], store: Path, as_json: bool) -> int:
    """Take registry records into a store that can be searched.

    FILES are JSON, JSON Lines, an array or a page of studies from the registry's API, a saved registry page, any
    of them gzipped, a zip of them, or a folder. The store's file is made on first use. Every version of a record
    is kept; content that is there already changes nothing, so an import that was cut off is simply run again.
    What could not be taken is listed, and the exit code is then 1.
    """
    from datetime import UTC, datetime

    from trialrun.registry.store import open_registry

    registry = open_registry(store)
    now = datetime.now(UTC)
    quiet = as_json or not sys.stderr.isatty()
    with click.progressbar(length=1000, label="Importing", file=sys.stderr, hidden=quiet) as bar:

        def progress(step: Progress) -> None:
            bar.label = f"Importing, {step.records:,} records"
            bar.update(1000 * step.bytes_read // max(step.bytes_total, 1) - bar.pos)

        done = registry.import_files(files, progress=progress, now=now)
        bar.update(1000 - bar.pos)
    if as_json:
        _print_json(registry, done)
    else:
        _say_imported(registry, done, store)
    registry.close()
    return 1 if done.bad else 0


def _print_json(registry: RegistryStore, done: Imported) -> None:
    listed = [asdict(one) for one in registry.rejected(max(done.bad, 1))] if done.bad else []
    _echo_json({**asdict(done), "rejected": listed}, indent=2)


def _echo_json(value: object, indent: int | None = None) -> None:
    # a character written as its code is the same character to whoever reads the JSON
    click.echo(printable(json.dumps(value, ensure_ascii=False, indent=indent)))


def _say_imported(registry: RegistryStore, done: Imported, store: Path) -> None:
    say(
        f"{done.read:,} record(s) read from {done.files:,} file(s): {done.new:,} new, {done.updated:,} in a new "
        f"version, {done.unchanged:,} unchanged. {store} now holds {registry.statistics().trials:,} trials."
    )
    if not done.bad:
        return
    heading(f"{done.bad:,} could not be taken")
    for one in registry.rejected(min(done.bad, _SHOWN)):
        place = f"{one.file}, {one.place}" if one.place else one.file
        say(f"{place}: {one.reason}", hanging=2)
    if done.bad > _SHOWN:
        say(f"… and {done.bad - _SHOWN:,} more; --json prints them all, and the store keeps them.")


@click.command()
@click.argument("words", nargs=-1)
@_store_option
@click.option("--condition", default="", help="Words in the conditions.")
@click.option("--intervention", default="", help="Words in the interventions.")
@click.option("--sponsor", default="", help="Words in the sponsor's or collaborators' names.")
@click.option(
    "--phase", "phases", multiple=True, help="PHASE1, PHASE2 …; may be repeated, as may the next ones."
)
@click.option("--status", "statuses", multiple=True, help="RECRUITING, COMPLETED …")
@click.option("--country", "countries", multiple=True, help="As the records write it, e.g. 'United States'.")
@click.option("--study-type", "study_types", multiple=True, help="INTERVENTIONAL, OBSERVATIONAL …")
@click.option("--age", type=click.FloatRange(0, 150), help="Trials that admit this age in years.")
@click.option("--sex", type=click.Choice(["FEMALE", "MALE"], case_sensitive=False), help="Who is admitted.")
@click.option("--results/--no-results", default=None, help="With or without posted results.")
@click.option("--overdue", is_flag=True, default=None, help="Results that should be posted and are not.")
@click.option(
    "--sort",
    type=click.Choice(["relevance", "updated", "started"]),
    default="relevance",
    show_default=True,
    help="Order; without words the last updated come first.",
)
@click.option("--page", type=click.IntRange(1), default=1, help="Page, from 1.")
@click.option("--size", type=click.IntRange(1, 1000), default=20, show_default=True, help="Trials a page.")
@click.option("--all", "everything", is_flag=True, help="With --json or --csv: all trials found, not a page.")
@click.option(
    "--json", "form", flag_value="json", help="Print JSON: one object with facets, or lines with --all."
)
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
def search(
    words: tuple[str, ...],
    store: Path,
    page: int,
    size: int,
    everything: bool,
    form: str | None,
    **asked: object,
) -> None:
    """Search a store of registry records.

    All WORDS must be found in a record's protocol part; "two words" in quotes are a phrase, -word must not be
    found (write -- before it), word* is a beginning. Without words and options all trials are listed.
    """
    from datetime import UTC, datetime

    from trialrun.registry.store import open_existing

    question = _search(" ".join(words), page, size, asked)
    today = datetime.now(UTC).date()
    registry = open_existing(store)
    try:
        if everything and form:
            _print_all(registry, question, form)
        else:
            found = registry.search(question, today)
            {"json": _found_json, "csv": _found_csv}.get(form or "", _say_found)(found, question)
    finally:
        registry.close()


def _search(words: str, page: int, size: int, asked: dict[str, object]) -> Search:
    from trialrun.registry.store.model import Search, Sort

    given = {name: value for name, value in asked.items() if value not in (None, ())}
    for name in ("phases", "statuses", "study_types"):
        if name in given:
            given[name] = tuple(str(code).upper() for code in given[name])  # type: ignore[attr-defined]
    if "age" in given:
        given["age"] = Decimal(str(given["age"]))
    if "sex" in given:
        given["sex"] = str(given["sex"]).upper()
    given["sort"] = Sort(str(given["sort"]))
    return Search(words=words, page=page, size=size, **given)  # type: ignore[arg-type]


def _say_found(found: Found, question: Search) -> None:
    for note in found.notes:
        say(f"Note: {note}", hanging=2)
    say(f"{found.total:,} trial(s) found." if found.total != 1 else "1 trial found.")
    for hit in found.hits:
        say()
        click.echo(click.style(hit.registry_id, bold=True) + f"  {printable(shortened(hit.title, 60))}")
        facts = [hit.status, *hit.phases, hit.sponsor, hit.updated and f"updated {hit.updated}"]
        say(" · ".join(fact for fact in facts if fact), indent=2, hanging=2)
        if hit.conditions:
            say(shortened("; ".join(hit.conditions), 76), indent=2, hanging=2)
    last = (found.total + question.size - 1) // question.size
    if found.total > question.size:
        say()
        say(f"Page {question.page:,} of {last:,} (--page).")
    if found.total > 1:
        rows = [
            (
                name.replace("_", " "),
                ", ".join(f"{one.value} {one.count:,}" for one in values[:_LISTED_FACETS])
                + (f" … {len(values) - _LISTED_FACETS} more" if len(values) > _LISTED_FACETS else ""),
            )
            for name, values in found.facets.items()
            if values
        ]
        say()
        table(("facet", "trials with it chosen"), rows)


def _found_json(found: Found, question: Search) -> None:
    value = {
        "total": found.total,
        "page": question.page,
        "size": question.size,
        "notes": list(found.notes),
        "facets": {name: [asdict(one) for one in values] for name, values in found.facets.items()},
        "trials": [asdict(hit) for hit in found.hits],
    }
    _echo_json(value, indent=2)


def _found_csv(found: Found, question: Search) -> None:  # noqa: ARG001 - the same call for all forms
    for note in found.notes:
        click.echo(printable(f"Note: {note}"), err=True)
    _print_csv(found.hits)


def _print_all(registry: RegistryStore, question: Search, form: str) -> None:
    from datetime import UTC, datetime

    hits = registry.export(question, datetime.now(UTC).date())
    if form == "csv":
        _print_csv(hits)
        return
    for hit in hits:
        _echo_json(asdict(hit))


def _print_csv(hits: Iterable[Hit]) -> None:
    from trialrun.app.csv_text import csv_pieces
    from trialrun.registry.store.model import Hit

    names = list(Hit.__dataclass_fields__)
    rows = (
        [
            "; ".join(value) if isinstance(value, tuple) else value
            for value in map(partial(getattr, hit), names)
        ]
        for hit in hits
    )
    for piece in csv_pieces(names, rows):
        text = piece.replace("\r\n", "\n")
        click.echo(printable(text) if sys.stdout.isatty() else text, nl=False)


@click.command()
@click.argument("registry_id")
@_store_option
@click.option(
    "--version", type=click.IntRange(1), help="Of this number, counted from the oldest; the current one."
)
@click.option("--versions", is_flag=True, help="List the versions the store has.")
def show(registry_id: str, store: Path, version: int | None, versions: bool) -> None:
    """Print a record of the store as JSON, or list its versions.

    The JSON is what was imported; `trialrun draft`, `registry compare` and `registry lint` read it.
    """
    from trialrun.errors import RecordError
    from trialrun.registry.store import open_existing
    from trialrun.registry.write import record_text

    registry = open_existing(store)
    try:
        known = registry.versions(registry_id)
        if not known:
            raise RecordError(f"{store} has no trial {registry_id}", "look for it with registry search")
        if versions:
            rows = [(one.number, one.updated or "not stated", one.imported, one.source) for one in known]
            table(("version", "updated", "imported", "from"), rows)
            return
        record = registry.record(registry_id, version)
        if record is None:
            raise RecordError(f"{registry_id} has {len(known)} version(s), none of number {version}")
        click.echo(printable(record_text(record)), nl=False)
    finally:
        registry.close()
