"""From a registry record to a draft study folder: thin, honest, and loadable at once.

What the record states and what the draft assumes are never mixed: every default is an assumption
that waits for a named person. Nothing is parsed that could be parsed wrongly: apart from age and sex,
each criterion is a question in the record's own words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trialrun.errors import RecordError
from trialrun.registry.draft_analysis import ASSUMPTION, analysis_assumption, analysis_section
from trialrun.registry.draft_criteria import draft_criteria
from trialrun.registry.draft_design import draft_design, measured_after_the_start
from trialrun.registry.draft_fixed import ROLES, consent_text, draft_fixed, fixed_settings
from trialrun.registry.draft_outcomes import draft_outcome, plan_outcomes
from trialrun.registry.draft_rehearsal import REHEARSAL_FILE, rehearsal_text
from trialrun.registry.draft_rules import settle_screening_forms
from trialrun.registry.draft_schedule import draft_visits
from trialrun.registry.draft_sketch import Plain, Sketch, clean, slug
from trialrun.registry.draft_yaml import yaml_text
from trialrun.registry.record import Record
from trialrun.registry.trim import trimmed
from trialrun.registry.vocabulary import Vocabulary
from trialrun.registry.write import document_of, record_bytes, write_record
from trialrun.study.load import read_study
from trialrun.values.finding import Finding, Severity

STUDY_FILE = "study.yaml"
_MOST_SITES = 300
_MOST_ROWS = 5_000
_PILOT = 12
_HEAD = """\
# A draft made from the registry record in record.json. Every default is under `assumptions` and waits for a
# named person. A criterion a program read has an assumption of its own; the others are questions in the record's
# own words. Finish it before anybody is screened.

"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted study: the content of `study.yaml`, the consent placeholder, and what needs a human."""

    content: dict[str, Any]
    consent: str
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The study's title."""
        return str(self.content["study"]["title"])


def draft(record: Record, vocabulary: Vocabulary | None = None) -> Draft:
    """Draft a study from any record; what cannot be drafted is a finding, never an error."""
    record, overlong = trimmed(record)
    sketch = Sketch(record, findings=overlong)
    draft_fixed(sketch)
    plans = plan_outcomes(sketch)
    draft_visits(sketch, [moment for plan in plans for moment in plan.moments])
    draft_design(sketch)
    draft_criteria(sketch, vocabulary)
    if "eligibility" in sketch.forms:
        sketch.fill_in("screening", "eligibility")
    for plan in plans:
        draft_outcome(sketch, plan, vocabulary)
    settle_screening_forms(sketch)
    measured_after_the_start(sketch)
    if not plans:
        sketch.say(
            Severity.WARNING,
            "no-outcome",
            "the record registers no outcome, so there is nothing to analyse",
            "outcomesModule",
        )
    about = _about(sketch)
    _safety(sketch)
    content: Plain = {
        "study": about,
        "settings": {
            "phase": ", ".join(record.phases) or "not stated",
            "design": record.design_model or "not stated",
            **fixed_settings(),
            **({"analysis": {"control": sketch.control}} if sketch.control else {}),
        },
        "roles": ROLES,
        "items": sketch.items,
        "forms": sketch.forms,
        "visits": sketch.visits,
        "derived": sketch.derived,
        "criteria": sketch.criteria,
        "arms": sketch.arms,
        "dose_plans": sketch.dose_plans,
        "endpoints": sketch.endpoints,
        "assumptions": sketch.assumptions,
        "traceability": _traceability(sketch),
    }
    return Draft(content, consent_text(sketch), tuple(sketch.findings))


def draft_study(record: Record, vocabulary: Vocabulary | None = None) -> dict[str, Any]:
    """The content of a drafted `study.yaml` as plain values."""
    return draft(record, vocabulary).content


def write_draft(record: Record, folder: Path, vocabulary: Vocabulary | None = None) -> Draft:
    """Write a draft study folder: `study.yaml`, `rehearsal.yaml`, `record.json` and `consent/`.

    Errors: `RecordError` when the folder holds a study already, or a file a draft would write; none is overwritten.
    """
    if (folder / STUDY_FILE).exists():
        raise RecordError(
            f"{folder} already holds a {STUDY_FILE}", "give another folder, or move that study away"
        )
    _need_free(record, folder)
    made = draft(record, vocabulary)
    (folder / "consent").mkdir(parents=True, exist_ok=True)
    write_record(record, folder / "record.json")
    (folder / "consent" / "en-1.md").write_text(made.consent, encoding="utf-8")
    (folder / REHEARSAL_FILE).write_text(rehearsal_text(made.content), encoding="utf-8")
    (folder / STUDY_FILE).write_text(_HEAD + yaml_text(made.content), encoding="utf-8")
    return _with_analysis(made, folder)


def _need_free(record: Record, folder: Path) -> None:
    """Refuse to write over a file somebody has there; the record's own, as it would be written, may stay."""
    for name in ("record.json", "consent/en-1.md", REHEARSAL_FILE):
        path = folder / name
        same = name == "record.json" and path.is_file() and path.read_bytes() == record_bytes(record)
        if path.exists() and not same:
            raise RecordError(
                f"{folder} already holds a {name}, which a draft would write over",
                "give another folder, or move that file away",
            )


def _with_analysis(made: Draft, folder: Path) -> Draft:
    """The draft with its analysis plan written down: what the study as it loads would be analysed by."""
    study, _problems = read_study(folder)
    if study is None or not study.endpoints:
        return made
    content: Plain = {}
    for name, section in made.content.items():
        if name == "assumptions":
            content["analysis"] = analysis_section(study)
        content[name] = section
    content["assumptions"] = {**content["assumptions"], ASSUMPTION: analysis_assumption(study)}
    (folder / STUDY_FILE).write_text(_HEAD + yaml_text(content), encoding="utf-8")
    return replace(made, content=content)


def _traceability(sketch: Sketch) -> list[Plain]:
    rows = sketch.traceability(document_of(sketch.record))
    if len(rows) > _MOST_ROWS:
        said = (
            f"the record has {len(rows):,} sentences; the first {_MOST_ROWS:,} are in the traceability table"
        )
        sketch.say(Severity.WARNING, "too-many-sentences", said, "traceability")
    return rows[:_MOST_ROWS]


def _about(sketch: Sketch) -> Plain:
    record = sketch.record
    target = record.enrollment or 0
    if target < 1:
        target = _PILOT
        sketch.say(
            Severity.WARNING,
            "no-target",
            f"the record's number of participants is not stated; the draft takes {_PILOT}"
            if record.enrollment is None
            else f"the record says that nobody was enrolled; a study needs a target, so the draft takes {_PILOT} and differs from the record",
            "designModule.enrollmentInfo.count",
            "set study.target",
        )
        sketch.assume(
            "target",
            f"The record's number of participants is {record.enrollment if record.enrollment is not None else 'not stated'}.",
            f"{_PILOT} participants.",
            "A study needs a target, and nothing in the record gives one; twelve is the rule of thumb for a pilot "
            "(Julious, Pharm Stat 2005;4:287).",
            "study.target",
        )
    sketch.trace("identificationModule.nctId", record.registry_id, "study.registry_id")
    sketch.trace("identificationModule.briefTitle", record.brief_title, "study.title")
    sketch.trace("sponsorCollaboratorsModule.leadSponsor.name", record.sponsor, "study.sponsor")
    sketch.trace("designModule.enrollmentInfo.count", str(record.enrollment), "study.target")
    sketch.trace("identificationModule.acronym", record.acronym, "study.title")
    for phase in record.phases:
        sketch.trace("designModule.phases", phase, "settings.phase")
    for field in ("interventionModel", "observationalModel"):
        sketch.trace(f"designModule.designInfo.{field}", record.design_model, "settings.design")
    about: Plain = {"id": slug(record.registry_id or record.brief_title, "study", set())}
    if record.registry_id:
        about["registry_id"] = clean(record.registry_id)
    return about | {
        "title": clean(record.brief_title or record.official_title) or "not stated",
        "acronym": clean(record.acronym),
        "sponsor": clean(record.sponsor) or "not stated",
        "target": target,
        "sites": _sites(sketch),
    }


def _sites(sketch: Sketch) -> list[Plain]:
    locations = sketch.record.locations
    if len(locations) > _MOST_SITES:
        sketch.say(
            Severity.WARNING,
            "too-many-sites",
            f"only the first {_MOST_SITES} sites were drafted",
            "contactsLocationsModule",
        )
    width = 2 if len(locations) < 100 else 3
    sites: list[Plain] = []
    for order, place in enumerate(locations[:_MOST_SITES], start=1):
        site = {"id": f"{order:0{width}d}", "name": clean(place.facility) or f"Site {order}"}
        for field in ("facility", "city", "state", "country", "zip", "status"):
            sketch.trace(f"contactsLocationsModule.locations.{field}", getattr(place, field), "study.sites")
        sites.append(
            site
            | {
                key: clean(text)
                for key, text in (("city", place.city), ("country", place.country))
                if clean(text)
            }
        )
    if not sites:
        sketch.assume(
            "site", "The record names no site.", "One site.", "A study needs a site.", "study.sites"
        )
        sites = [{"id": "01", "name": "Site 1"}]
    return sites


def _safety(sketch: Sketch) -> None:
    sketch.assume(
        "safety",
        "Adverse events are collected whether or not the record registers a safety outcome.",
        "One running list of adverse events with CTCAE grades.",
        "No participant is treated without them.",
        "forms.adverse_event",
    )
    sketch.assume(
        "safety_clocks",
        "The times in which serious events are reported are not in the record; the country's law sets them.",
        "Sponsor within 1 day; unexpected related serious events within 7 days if fatal or life-threatening, else 15.",
        "ICH E2A III.B and Regulation (EU) 536/2014 art. 41; a shorter national time goes first.",
        "settings.safety",
    )
    sketch.assume(
        "timezone",
        "The record does not say by which clock the sites' days begin and end.",
        "UTC until settings.timezone names a place (for instance Asia/Tehran).",
        "A due date is a day at the site, not in London.",
        "settings.timezone",
    )
