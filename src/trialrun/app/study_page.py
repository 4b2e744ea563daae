"""The study as one readable page: what is done, who can take part, what was assumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from trialrun.study.model import Criterion, Study

_STYLE = """
body{font:1rem/1.6 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{line-height:1.25}h2{margin-top:2.5rem;border-bottom:1px solid #ccd2d9}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0}
th{border-bottom:1px solid #ccd2d9}td{border-bottom:1px solid #edf0f3}
blockquote{margin:.2rem 0 .2rem 0;padding-left:.8rem;border-left:3px solid #b9c3cf;color:#444c56}
.id{font-weight:600;white-space:nowrap}.note{background:#fff8e1;padding:.75rem 1rem;border-left:4px solid #c77700}
"""


def write_study_page(study: Study, path: Path) -> Path:
    """Write the study's page: one HTML file that needs nothing else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(study_page(study), encoding="utf-8")
    return path


def study_page(study: Study) -> str:
    """The study's page as HTML. The same study gives the same page."""
    from trialrun.study.describe import criterion_words

    words = criterion_words(study)
    waiting = sum(assumption.confirmed is None for assumption in study.assumptions.values())
    parts = [
        f"<h1>{escape(study.title)}</h1>",
        f"<p>{escape(study.registry_id)} · {escape(study.sponsor)} · {study.target} participants planned</p>",
        (
            f"<p class='note'>{waiting} of {len(study.assumptions)} assumptions are not confirmed: this study can be "
            "rehearsed, not run. Results of this program support, never replace, the investigator's judgement; it is "
            "not a medical device.</p>"
        ),
        "<h2>Who can take part</h2>",
        _criteria("All of these", study.inclusion(), words),
        _criteria("None of these", study.exclusion(), words),
        "<h2>Visits</h2>",
        _visits(study),
        "<h2>Outcomes</h2>",
        _outcomes(study),
        "<h2>What the record leaves open</h2>",
        "<p>Each of these was assumed and needs the confirmation of the person named.</p>",
        _assumptions(study),
    ]
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(study.registry_id)}: {escape(study.title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th scope='col'>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _criteria(title: str, criteria: tuple[Criterion, ...], words: Mapping[str, str]) -> str:
    rows = [
        (
            f"<span class='id'>{escape(criterion.id)}</span>",
            f"{escape(words[criterion.id])}<blockquote>{escape(criterion.text)}</blockquote>",
        )
        for criterion in criteria
    ]
    return f"<h3>{escape(title)}</h3>" + _table(("", "Rule, and the record's words"), rows)


def _visits(study: Study) -> str:
    from trialrun.study.describe import timing

    rows = [
        (
            escape(visit.title),
            escape(timing(visit)),
            escape(", ".join(study.forms[form].title for form in visit.forms)),
        )
        for visit in study.visits.values()
    ]
    return _table(("Visit", "When", "Forms"), rows)


def _outcomes(study: Study) -> str:
    rows = [
        (
            f"{escape(one.role.value)} {one.order}",
            escape(one.title),
            escape(one.time_frame),
            escape(one.description),
        )
        for one in study.endpoints.values()
        if one.order
    ]
    return _table(("", "Outcome", "Time frame", "Description"), rows)


def _assumptions(study: Study) -> str:
    rows = [
        (
            escape(one.about),
            f"{escape(one.default)}<br><small>{escape(one.reason)}</small>",
            escape(f"confirmed by {one.confirmed.by}" if one.confirmed else one.confirm_by),
        )
        for one in study.assumptions.values()
    ]
    return _table(("About", "Assumed", "To be confirmed by"), rows)
