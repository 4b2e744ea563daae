"""The public page: the registry record's sections, recruitment in counts, and whom to ask.

Everything comes from the record and the definition; what they do not say is not shown. Of
participants only counts leave the system, never a list, a date or a site's share.
"""

from __future__ import annotations

from dataclasses import dataclass

from trialrun.app.public_questions import public_words
from trialrun.app.record_page import Beside, Contact, GroupLine, LocationLine, RecordPage, record_page
from trialrun.app.workspace import Workspace
from trialrun.registry.record import Record
from trialrun.study.model import Study


@dataclass(frozen=True, slots=True)
class Progress:
    """Recruitment in counts: screened, enrolled, planned, and whether new people are looked for.

    `rehearsal`: the people are made up.
    """

    screened: int
    enrolled: int
    planned: int
    rehearsal: bool


def recruitment(workspace: Workspace) -> Progress:
    """Recruitment so far, in counts and nothing else."""
    state = workspace.conduct.study_state()
    return Progress(
        len(state.candidates),
        len(state.participants),
        workspace.study.target,
        rehearsal=state.mode != "live",
    )


def public_page(study: Study) -> RecordPage:
    """Everything the registry page shows, from the record; the definition fills in where there is none."""
    own = public_words(study).contact
    contact = Contact(own.get("name", ""), own.get("phone", ""), own.get("email", ""))
    beside = Beside(
        title=study.title,
        sponsor=study.sponsor,
        registry_id=study.registry_id,
        acronym=study.acronym,
        target=study.target,
        groups=tuple(GroupLine(arm.title, (), arm.description) for arm in study.arms.values()),
        locations=tuple(
            LocationLine(
                site.get("name", ""), ", ".join(p for p in (site.get("city"), site.get("country")) if p)
            )
            for site in study.sites
        ),
        contacts=(contact,) if any(own.values()) else (),
    )
    return record_page(Record(study.record), beside)
