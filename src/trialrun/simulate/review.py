"""What happens to data after they are entered: corrections, queries, source verification, signatures."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from trialrun.ledger.commands import AnswerQuery, CloseQuery, Entry, RaiseQuery, Sign, VerifySource
from trialrun.simulate.people import happens
from trialrun.study.model import Item, ItemType, Visit

if TYPE_CHECKING:
    from trialrun.simulate.participation import Participation


@dataclass
class Reviewed:
    """What the site and the monitor already looked at."""

    adverse_events: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    corrections: int = 0
    queries: int = 0


def correct_something(taking_part: Participation, visit: Visit) -> None:
    """Now and then a digit was mistyped: the coordinator corrects it, with the reason."""
    state = taking_part.team.door.participant(taking_part.key)
    chance = taking_part.person.course.scenario.conduct.correction
    for (name, form, row, item_name), value in sorted(state.values.items()):
        item = taking_part.study.items[item_name]
        if (
            name != visit.name
            or value.text is None
            or item.type is not ItemType.NUMBER
            or item.analyte is None
        ):
            continue
        if happens(taking_part.person, f"correct:{name}:{form}:{item_name}", chance):
            corrected = Entry(_slip(item, value.text), value.unit)
            taking_part.save(
                name,
                form,
                {item_name: corrected},
                row=row,
                reason="typing error, checked against source",
                seen=state.version,
            )
            taking_part.reviewed.corrections += 1
            return


def _slip(item: Item, text: str) -> str:
    """The value that should have stood there: a last digit away, inside the hard limits."""
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    moved = number + step
    high = item.hard.high
    return str(moved if high is None or moved <= high else number - step)


def review_visit(taking_part: Participation, visit: Visit) -> None:
    """The monitor verifies the laboratory form against its source and asks about what looks odd."""
    state = taking_part.team.door.participant(taking_part.key)
    behaviour = taking_part.person.course.scenario.conduct
    asked = {(query.visit, query.form, query.item) for query in state.queries.values()}
    for form in visit.forms:
        measured = [
            name for name in taking_part.study.forms[form].items if taking_part.study.items[name].analyte
        ]
        if not measured or not state.form_values(visit.name, form, 0):
            continue
        for name in measured:
            value = state.values.get((visit.name, form, 0, name))
            odd = value is not None and value.missing is not None and (visit.name, form, name) not in asked
            if odd and happens(taking_part.person, f"query:{visit.name}:{name}", behaviour.abnormal_query):
                message = f"{name} is missing: was it not measured?"
                taking_part.team.do(
                    RaiseQuery(taking_part.key, visit.name, form, message, item=name), "monitor"
                )
        taking_part.team.do(VerifySource(taking_part.key, visit.name, form), "monitor")
        taking_part.team.do(
            Sign(taking_part.key, "I have reviewed this form", visit.name, form), "principal_investigator"
        )


def answer_queries(taking_part: Participation) -> None:
    """The coordinator answers what is open; the monitor closes what was answered."""
    state = taking_part.team.door.participant(taking_part.key)
    for query in state.open_queries():
        if query.status == "open":
            taking_part.team.do(
                AnswerQuery(taking_part.key, query.id, "checked: as in the source"), "coordinator"
            )
        taking_part.team.do(CloseQuery(taking_part.key, query.id, "answer accepted"), "monitor")
        taking_part.reviewed.queries += 1
