"""Building the report: one page that needs nothing but itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trialrun.analyse.result import Results
from trialrun.analyse.run import registered_outcomes
from trialrun.derive.dataset import Dataset, derive_dataset
from trialrun.derive.populations import TREATED
from trialrun.errors import AnalysisError
from trialrun.report import overview
from trialrun.report.limits import limits_of
from trialrun.report.numbers import percent, shown
from trialrun.report.outcomes import outcome_sections
from trialrun.report.trace import Trace
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Study

BANNERS = {
    "rehearsal": "Rehearsal: the participants are simulated. Nothing here says anything about a treatment.",
    "import": "Imported data: collected outside this study.",
    "interim": "Interim: the study is not finished. Numbers will change.",
    "final": "Final analysis.",
}


def build_report(
    snapshot: Snapshot, study: Study, results: Results, out: Path, *, data: Dataset | None = None
) -> Path:
    """Write the report as one HTML file (or `report.html` inside `out` when that is a folder).

    The same snapshot, study and results give the same bytes. Nothing is fetched when it is opened.
    Errors: `AnalysisError` when the results are of another snapshot or lack a registered outcome.
    """
    if results.snapshot_hash != snapshot.manifest.hash or results.study_hash != study.hash:
        raise AnalysisError(
            "the results were computed from another snapshot or study definition than the one given",
            "analyse this snapshot again",
        )
    data = data or derive_dataset(snapshot, study)
    target = out / "report.html" if out.is_dir() else out
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render_report(data, results), encoding="utf-8")
    return target


def render_report(data: Dataset, results: Results) -> str:
    """The report's HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("trialrun.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("report.html.j2").render(**report_context(data, results)) + "\n"


def report_context(data: Dataset, results: Results) -> Mapping[str, Any]:
    """Everything the template shows, computed here and only laid out there."""
    study, origin = data.study, data.snapshot.manifest.origin
    registered = registered_outcomes(study)
    others = [endpoint for endpoint in study.endpoints.values() if not endpoint.order]
    wanted = {endpoint.variable for endpoint in (*registered, *others)}
    trace = Trace(data, [row for row in data.rows if row.parameter in wanted])
    open_ones, confirmed = overview.assumption_lists(study)
    treated = data.populations[TREATED].members
    return {
        "study": study,
        "origin": origin,
        "manifest": data.snapshot.manifest,
        "results": results,
        "results_hash": _hash(results.text()),
        "banner": BANNERS[origin.purpose],
        "boxes": overview.flow_boxes(data),
        "counts": overview.outcome_counts(data),
        "screening": overview.screening_reasons(data),
        "open_assumptions": open_ones,
        "confirmed_assumptions": confirmed,
        "baseline": overview.baseline_table(data),
        "treated": len(treated),
        "doses": _exposure(data),
        "total_doses": _totals(data),
        "populations": data.populations,
        "sections": outcome_sections(data, results, registered, trace),
        "exploratory": outcome_sections(data, results, others, trace),
        "not_analysed": results.not_analysed,
        "adverse_events": data.adverse_events,
        "adverse_summary": _adverse_summary(data),
        "intercurrent": data.events,
        "deviations": data.deviations,
        "missing": _missing(data),
        "limits": limits_of(data, results),
        "appendix": trace.by_participant(),
        "queries": Counter(row["status"] for row in data.snapshot.rows("queries")),
        "record_about": _about(study),
        "shown": shown,
    }


def _hash(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def _exposure(data: Dataset) -> list[dict[str, Any]]:
    """Planned administrations, how many were given in full, in part, or not, and the amounts."""
    lines: list[dict[str, Any]] = []
    for visit in dict.fromkeys(dose.visit for dose in data.doses):
        own = [dose for dose in data.doses if dose.visit == visit]
        given = [dose.given for dose in own if dose.given]
        lines.append(
            {
                "title": data.study.visits[visit].title if visit in data.study.visits else visit,
                "planned": f"{own[0].planned:g} {own[0].unit}",
                "given": len(given),
                "full": sum(dose.given is not None and abs(dose.given - dose.planned) < 1e-9 for dose in own),
                "interrupted": sum(dose.interrupted is True for dose in own),
                "people": len(own),
            }
        )
    return lines


def _totals(data: Dataset) -> list[tuple[str, int]]:
    totals: Counter[str] = Counter()
    for name in data.populations[TREATED].members:
        own = [dose for dose in data.doses if dose.participant == name]
        total = sum(dose.given or 0 for dose in own)
        totals[f"{total:g} {own[0].unit if own else ''}".strip()] += 1
    return sorted(totals.items(), key=lambda pair: -float(pair[0].split()[0]))


def _adverse_summary(data: Dataset) -> list[tuple[str, str]]:
    from trialrun.analyse.methods import clopper_pearson

    treated = data.populations[TREATED].members
    after = [e for e in data.adverse_events if e.participant in treated and e.after_first_dose is not False]
    groups = {
        "Any adverse event after the first dose": after,
        "Serious": [event for event in after if event.serious is True],
        "Grade 3 or more": [event for event in after if event.grade[-1:] in {"3", "4", "5"}],
        "Fatal": [event for event in after if event.outcome.lower().startswith(("fatal", "death"))],
    }
    lines: list[tuple[str, str]] = []
    for title, events in groups.items():
        people = len({event.participant for event in events})
        share = clopper_pearson(people, len(treated)) if treated else None
        words = (
            f" ({percent(share.estimate)}; {percent(share.low)} to {percent(share.high)})" if share else ""
        )
        lines.append((title, f"{people} of {len(treated)}{words}, {len(events)} event(s)"))
    return lines


def _missing(data: Dataset) -> list[dict[str, Any]]:
    """Per registered outcome and time: how many of the treated have no value, by reason."""
    lines: list[dict[str, Any]] = []
    for endpoint in registered_outcomes(data.study):
        for time in ("baseline", *endpoint.visits):
            rows = [r for r in data.rows if r.parameter == endpoint.variable and r.visit == time]
            reasons = Counter(str(r.status).replace("_", " ") for r in rows if r.status.value != "observed")
            title = "Baseline" if time == "baseline" else data.study.visits[time].title
            words = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "none"
            lines.append(
                {"outcome": endpoint.title, "time": title, "n": sum(reasons.values()), "reasons": words}
            )
    return lines


def _about(study: Study) -> list[tuple[str, str]]:
    """What identifies the registry record."""
    section: Mapping[str, Any] = study.record.get("protocolSection", {})
    status: Mapping[str, Any] = section.get("statusModule", {})
    design: Mapping[str, Any] = section.get("designModule", {})
    facts = [
        ("Registry identifier", study.registry_id),
        ("Sponsor", study.sponsor),
        ("Phase", ", ".join(design.get("phases", []))),
        ("Planned participants", str(study.target)),
        ("Status on the record", status.get("overallStatus", "")),
        ("Record date", (status.get("lastUpdatePostDateStruct") or {}).get("date", "")),
        (
            "SHA-256 of the record",
            _hash(json.dumps(study.record, sort_keys=True, ensure_ascii=False, default=str)),
        ),
    ]
    return [(label, value) for label, value in facts if value]
