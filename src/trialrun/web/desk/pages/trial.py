"""A trial: its page, its record as a file, and its versions side by side."""

from __future__ import annotations

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app.desk_addresses import id_of
from trialrun.app.desk_trial import TrialView, trial_view
from trialrun.app.language import gettext as _
from trialrun.registry.difference import compare_records
from trialrun.registry.record import Record
from trialrun.registry.store.model import Version
from trialrun.registry.trim import legible
from trialrun.registry.write import record_text
from trialrun.web.desk.here import DeskHere
from trialrun.web.desk.routes import page
from trialrun.web.whole_numbers import whole


@page("/trials/{trial:str}")
def trial(here: DeskHere, trial: str) -> Response[str]:
    """The trial's page, in its newest version or the one asked for."""
    return here.render("desk/trial.html", view=_view(here, trial, whole(here.query("version"))))


@page("/trials/{trial:str}/record.json", stateless=True)
def record_file(here: DeskHere, trial: str) -> Response[bytes]:
    """The record as the registry's JSON."""
    found = _record(here, id_of(trial), whole(here.query("version")))
    text = record_text(found).encode("utf-8", "replace")
    return here.download(text, f"{_file_name(id_of(trial))}.json", "application/json")


@page("/trials/{trial:str}/versions", stateless=True)
def versions(here: DeskHere, trial: str) -> Response[str]:
    """What changed between two versions of a record; the last two unless others are asked for."""
    known = here.registry.versions(id_of(trial))
    if not known:
        raise NotFoundException(no_such_trial(id_of(trial)))
    registry_id = known[-1].registry_id
    old, new = _two(here, known)
    difference = None
    if old.number != new.number:
        difference = compare_records(
            legible(_record(here, registry_id, old.number)), legible(_record(here, registry_id, new.number))
        )
    return here.render(
        "desk/versions.html",
        registry_id=registry_id,
        title=_record(here, registry_id, new.number).brief_title or registry_id,
        versions=known,
        old=old,
        new=new,
        difference=difference,
        sections=list(difference.sections) if difference else [],
    )


def no_such_trial(registry_id: str) -> str:
    """The message for a registration number the records do not hold."""
    return _("There is no trial {} among these records. It may not have been imported yet.").format(
        registry_id[:80]
    )


def _view(here: DeskHere, segment: str, number: int) -> TrialView:
    found = trial_view(here.registry, id_of(segment), here.today, number)
    if found is None:
        raise NotFoundException(
            no_such_trial(id_of(segment)) if not number else _("The trial has no version {}.").format(number)
        )
    return found


def _record(here: DeskHere, registry_id: str, number: int) -> Record:
    found = here.registry.record(registry_id, number or None)
    if found is None:
        raise NotFoundException(no_such_trial(registry_id))
    return found


def _two(here: DeskHere, known: tuple[Version, ...]) -> tuple[Version, Version]:
    """The versions to compare, older first, whichever way round they were asked for."""
    numbered = {one.number: one for one in known}
    new = numbered.get(whole(here.query("new")), known[-1])
    before = known[max(0, known.index(new) - 1)]
    old = numbered.get(whole(here.query("old")), before)
    return (old, new) if old.number <= new.number else (new, old)


def _file_name(registry_id: str) -> str:
    return (
        "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in registry_id)[:60]
        or "record"
    )


ROUTES = [trial, record_file, versions]
