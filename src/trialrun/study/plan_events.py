"""Where a study collects its intercurrent events: the items and forms, under the study's own names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from trialrun.study.plan import EVENTS

if TYPE_CHECKING:
    from trialrun.study.model import Study

_CHOICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    # kind of event: (item, code) whose presence among the choices says it is collected
    "transplant": (("end_reason", "transplant"), ("procedure_kind", "transplant")),
    "tips": (("procedure_kind", "tips"),),
    "dialysis": (("procedure_kind", "dialysis"),),
    "paracentesis": (("procedure_kind", "paracentesis"),),
    "albumin": (("medication_class", "albumin"), ("procedure_kind", "albumin")),
    "vitamin_k_antagonist": (("medication_class", "vitamin_k_antagonist"),),
}
_ITEMS: Mapping[str, tuple[str, ...]] = {
    "alcohol_relapse": ("alcohol_relapse",),
    "dose_stopped": ("dose_given", "ae_action"),
    "dialysis": ("dialysis",),
}


def local_name(study: Study, name: str) -> str:
    """The study's own name of an item or form; `settings.analysis.items` says where it differs."""
    analysis = study.settings.get("analysis")
    given: object = (
        cast("Mapping[str, Any]", analysis).get("items") if isinstance(analysis, Mapping) else None
    )
    return str(cast("Mapping[str, Any]", given).get(name, name)) if isinstance(given, Mapping) else name


def something_given(study: Study) -> bool:
    """Whether the study gives its participants something whose amount is recorded; else time counts from enrolment."""
    named = str(study.settings.get("dose_item", "dose_given"))
    return named in study.items or local_name(study, "dose_given") in study.items


def collected_events(study: Study) -> tuple[str, ...]:
    """The kinds of intercurrent event the study has a place for; death always, for it ends participation."""
    return tuple(kind for kind in EVENTS if kind == "death" or sources_of(study, kind))


def sources_of(study: Study, kind: str) -> tuple[str, ...]:
    """The items that can show a kind of event; none where the study does not ask for it."""
    found = [local_name(study, name) for name in _ITEMS.get(kind, ())]
    found = [name for name in found if name in study.items]
    for name, code in _CHOICES.get(kind, ()):
        item = study.items.get(local_name(study, name))
        if item is not None and any(choice.code == code for choice in item.choices):
            found.append(item.name)
    return tuple(dict.fromkeys(found))
