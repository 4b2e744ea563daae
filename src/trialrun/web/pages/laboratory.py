"""Laboratory: a participant's values, reference ranges, and results from a file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from litestar import Response

from trialrun.app.csv_text import csv_text
from trialrun.app.lab_file import (
    COLUMNS,
    DATES,
    NEEDED,
    LabFile,
    Meaning,
    lab_items,
    propose,
    read_lab_file,
    words,
)
from trialrun.app.lab_import import Standing, import_results, last_mapping, preview
from trialrun.app.laboratory import TERMS, grade_words, lab_table
from trialrun.app.language import gettext as _
from trialrun.app.ranges import COLUMNS as RANGE_COLUMNS
from trialrun.app.ranges import laboratories, set_ranges, write_ranges
from trialrun.errors import UserError
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import is_whole


@page("/participants/{key:str}/laboratory", who="see_lab")
def values(here: Here, key: str) -> Response[str]:
    """All laboratory values of a participant."""
    person = here.participant(key)
    table = lab_table(here.workspace, key)
    return here.render(
        "laboratory/values.html", person=person, table=table, grade_words=grade_words, terms=TERMS
    )


@page("/laboratory", who="see_lab")
def home(here: Here) -> Response[str]:
    """Laboratories of the sites in scope, and the way to import."""
    held = [(site, laboratories(here.workspace, site)) for site in here.sites]
    imports = [
        event
        for event in here.workspace.store.read("study")
        if event.type == "FileImported" and event.data["kind"] == "laboratory"
        and event.data["site"] in ("", *here.sites)
    ]  # fmt: skip
    return here.render("laboratory/home.html", held=held, imports=imports[::-1][:50])


@page("/sites/{site:str}/ranges", who="see_lab")
def ranges(here: Here, site: str) -> Response[str]:
    """One laboratory's reference ranges."""
    return _ranges_page(here, site, here.query("laboratory"))


def _ranges_page(
    here: Here, site: str, laboratory: str, text: str | None = None, error: UserError | None = None
) -> Response[str]:
    held = next((one for one in laboratories(here.workspace, site) if one.laboratory == laboratory), None)
    rows = held.ranges if held else ()
    return here.render(
        "laboratory/ranges.html",
        status=422 if error else 200,
        site=site,
        laboratory=laboratory,
        ranges=rows,
        columns=RANGE_COLUMNS,
        text=text if text is not None else write_ranges(rows).replace("\r\n", "\n"),
        error=error,
        items=lab_items(here.workspace.study),
    )


@action("/sites/{site:str}/ranges", who="SetRanges")
def save_ranges(here: Here, site: str) -> Response[Any]:
    """Replace a laboratory's ranges."""
    laboratory = here.text("laboratory")
    sent = here.uploads.get("file")
    text = sent.content.decode("utf-8-sig", "replace") if sent else here.text("ranges")
    try:
        set_ranges(here.workspace, here.actor, site, laboratory, text)
    except UserError as error:
        return _ranges_page(here, site, laboratory, text, error)
    return here.redirect("/laboratory", _("The ranges of {} are recorded.").format(laboratory))


# --- import ----------------------------------------------------------------------------------------


@page("/laboratory/import", who="RecordImport")
def choose_file(here: Here) -> Response[str]:
    """Choose the laboratory's file."""
    return here.render("laboratory/choose.html", error=None)


@action("/laboratory/import", who="RecordImport")
def take_file(here: Here) -> Response[str]:
    """Read the file and propose what its columns, tests and units mean. Nothing is kept on the server yet."""
    sent = here.uploads.get("file")
    try:
        if sent is None:
            raise UserError(_("no file was chosen"), _("choose the laboratory's CSV file"))  # noqa: TRY301
        file = read_lab_file(sent.name, sent.content)
    except UserError as error:
        return here.render("laboratory/choose.html", status=422, error=error)
    return _mapping_page(
        here, file, propose(here.workspace.study, file, last_mapping(here.workspace, here.sites[0]))
    )


@action("/laboratory/import/mapping", who="RecordImport")
def map_file(here: Here) -> Response[str]:
    """Take the mapping; go on to the preview when it is complete."""
    file, meaning = _sent(here)
    missing = [name for name in NEEDED if not meaning.columns.get(name)]
    fresh = propose(here.workspace.study, file, meaning)
    if (
        missing
        or here.text("again")
        or set(fresh.tests) != set(meaning.tests)
        or set(fresh.units) != set(meaning.units)
    ):
        lacking = UserError(
            _("not every column is named: {}").format(", ".join(_(COLUMNS[name]) for name in missing))
        )
        return _mapping_page(here, file, fresh, lacking if missing else None)
    return _preview_page(here, file, meaning)


@action("/laboratory/import/confirm", who="RecordImport")
def confirm(here: Here) -> Response[Any]:
    """Save what was previewed."""
    file, meaning = _sent(here)
    chosen = frozenset(int(number) for number in here.texts("replace") if is_whole(number))
    try:
        done = import_results(
            here.workspace, here.actor, here.sites, file, meaning,
            replace_lines=chosen, reason=here.text("reason"),
        )  # fmt: skip
    except UserError as error:
        return _preview_page(here, file, meaning, error)
    return here.render("laboratory/done.html", done=done, file=file, carried=_carried(file, meaning))


@action("/laboratory/import/rejected", who="RecordImport")
def rejected(here: Here) -> Response[bytes]:
    """The rejected lines as CSV: line number, reason and the file's own cells."""
    file, _meaning = _sent(here)
    numbers = {int(text) for text in here.texts("line") if is_whole(text)}
    reasons = dict(zip(here.texts("line"), here.texts("why"), strict=False))
    rows = [
        [number, reasons.get(str(number), ""), *(cells[name] for name in file.columns)]
        for number, cells in file.rows
        if number in numbers
    ]
    return here.download(
        csv_text(["line", "reason", *file.columns], rows), "rejected.csv", "text/csv; charset=utf-8"
    )


def _sent(here: Here) -> tuple[LabFile, Meaning]:
    """The file and mapping that travel with the pages of an import."""
    # A form sends its lines with other endings than the file had: the checksum is that of the file as uploaded.
    file = read_lab_file(here.text("name") or "file.csv", (here.form.get("content") or [""])[0].encode())
    if re.fullmatch(r"[0-9a-f]{64}", here.text("checksum")):
        file = replace(file, checksum=here.text("checksum"))
    columns = {
        ours: here.text(f"column-{ours}") for ours in COLUMNS if here.text(f"column-{ours}") in file.columns
    }
    given = {
        kind: dict(zip(here.form.get(f"{kind}-theirs", []), here.form.get(f"{kind}-ours", []), strict=False))
        for kind in ("test", "unit")
    }
    dates = here.text("dates") if here.text("dates") in DATES else "%Y-%m-%d"
    meaning = Meaning(
        columns,
        given["test"],
        given["unit"],
        dates,
        here.text("laboratory"),
        comma=here.text("comma") == "true",
    )
    return file, meaning


def _carried(file: LabFile, meaning: Meaning) -> list[tuple[str, str]]:
    """The hidden fields that bring the file and its mapping to the next page."""
    fields = [
        ("name", file.name),
        ("content", file.text),
        ("dates", meaning.dates),
        ("laboratory", meaning.laboratory),
    ]
    fields += [(f"column-{ours}", theirs) for ours, theirs in meaning.columns.items()]
    for kind, known in (("test", meaning.tests), ("unit", meaning.units)):
        for theirs, ours in known.items():
            fields += [(f"{kind}-theirs", theirs), (f"{kind}-ours", ours)]
    return [*fields, ("comma", "true")] if meaning.comma else fields


def _mapping_page(
    here: Here, file: LabFile, meaning: Meaning, error: UserError | None = None
) -> Response[str]:
    items = lab_items(here.workspace.study)
    units = dict.fromkeys(unit for item in items for unit in (item.unit, *item.units) if unit)
    return here.render(
        "laboratory/mapping.html", status=422 if error else 200, file=file, meaning=meaning, error=error,
        items=items, units=list(units), columns=[(name, _(label), name in NEEDED) for name, label in COLUMNS.items()],
        dates=list(DATES.items()), tests=words(file, meaning.columns, "test"), found=words(file, meaning.columns, "unit"),
    )  # fmt: skip


def _preview_page(
    here: Here, file: LabFile, meaning: Meaning, error: UserError | None = None
) -> Response[str]:
    seen = preview(here.workspace, here.actor, here.sites, file, meaning)
    return here.render(
        "laboratory/preview.html", status=422 if error else 200, file=file, seen=seen, error=error,
        standing=Standing, carried=_carried(file, meaning), items=here.workspace.study.items,
        chosen=set(here.texts("replace")), reason=here.text("reason"),
    )  # fmt: skip


ROUTES = [values, home, ranges, save_ranges, choose_file, take_file, map_file, confirm, rejected]
