"""What the check says of a form, saving does: the same refusals, questions and derived values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialrun.app.form_checks import examine
from trialrun.app.form_entry import FormPlace, Typed, plain_day, plain_text
from trialrun.app.form_scores import derived_shown
from trialrun.app.form_sections import sections_of
from trialrun.app.forms import KEEP, Needs, Saved, Submission, save_form
from trialrun.study.model import Item, ItemType, Study
from web_kit import Office, open_office

FORMS = ("demographics", "laboratory", "vital_signs", "medical_history", "pregnancy", "examination")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, prepared: Path, trial: Study) -> Iterator[Office]:
    made = open_office(tmp_path_factory.mktemp("forms"), prepared, trial)
    yield made
    made.workspace.close()


def fields_of(item: Item) -> st.SearchStrategy[Typed]:
    """Values a person could type: right, odd, wrong, or none with a reason."""
    missing = st.sampled_from(["not_done", "unknown", "not_applicable"]).map(lambda why: Typed(missing=why))
    return st.one_of(st.just(Typed()), missing, _value(item), _value(item), _value(item))


def _value(item: Item) -> st.SearchStrategy[Typed]:
    if item.type in (ItemType.NUMBER, ItemType.INTEGER):
        units = st.sampled_from([item.unit or "", *item.units, ""])
        texts = st.one_of(
            st.decimals(0, 300, places=1).map(str), st.integers(0, 150).map(str), st.sampled_from(["۲٫۵", "1,2", "x", "-1"])
        )  # fmt: skip
        return st.builds(Typed, texts, units)
    if item.type is ItemType.CHOICE:
        return st.sampled_from([*(choice.code for choice in item.choices), "nothing"]).map(Typed)
    if item.type is ItemType.BOOLEAN:
        return st.sampled_from(["true", "false"]).map(Typed)
    if item.type is ItemType.DATE:
        days = ["2026-05-09", "2026/5/9", "1974", "1974-02", "2027-01-01", "1405-02-19", "soon", "2026-02-30"]
        return st.sampled_from(days).map(Typed)
    return st.sampled_from(["as told", " ", "\x07"]).map(Typed)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)  # fmt: skip
@given(data=st.data())
def test_check_and_save_agree(office: Office, data: st.DataObject):
    workspace, actor = office.workspace, office.actor("pi")
    key = office.consented()
    for form in data.draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=3)):
        place = FormPlace(key, "screening", form)
        typed = {
            name: data.draw(fields_of(office.study.items[name]), label=name) for name in office.study.forms[form].items
        }  # fmt: skip
        reason = data.draw(st.sampled_from(["", "as the source says"]))
        found = examine(workspace, actor, place, typed, reason=reason)
        submission = Submission(
            typed,
            workspace.conduct.version(key),
            reason=reason,
            confirmed=frozenset(one.rule for one in found.findings),
            hidden=dict.fromkeys(found.hidden, KEEP),
        )
        before = workspace.store.position()
        result = save_form(workspace, actor, place, submission)
        if not found.acceptable or found.why_reason:
            assert isinstance(result, Needs)
            assert workspace.store.position() == before
            continue
        assert isinstance(result, Saved)
        saved = workspace.conduct.participant(key)
        assert {query.rule for query in saved.queries.values() if query.id in result.opened} == {
            one.rule for one in found.findings
        }
        assert saved.derived == found.person.derived
        values = {slot: (one.text, one.unit, one.missing) for slot, one in saved.values.items()}
        assert values == {
            slot: (one.text, one.unit, one.missing) for slot, one in found.person.values.items()
        }
        shown = {one.name: one.value for one in derived_shown(office.study, found.person, place)}
        for name, value in shown.items():
            kept = saved.derived.get(("screening", name))
            assert value == (kept.text if kept else None)


def test_days_are_read_year_first_or_not_at_all():
    assert plain_day("2026/3/4") == "2026-03-04"
    assert plain_day("20260304") == "2026-03-04"
    assert plain_day("۲۰۲۶-۰۳") == "2026-03"
    assert plain_day("2026-UN-UN") == "2026-UN-UN"
    assert plain_day("3/4/2026") == "3/4/2026"


def test_moments_and_choices_are_written_one_way(office: Office):
    start = office.study.items["infusion_start"]
    assert plain_text(start, "2026-05-20 9:05") == "2026-05-20T09:05"
    assert plain_text(start, "20260520 0905") == "2026-05-20T09:05"
    assert plain_text(start, "2026-05-20T09:05") == "2026-05-20T09:05"
    assert plain_text(start, "2026-05-20") == "2026-05-20"
    several = Item("x", "x", ItemType.CHOICES, choices=office.study.items["sex"].choices)
    assert plain_text(several, "F;M") == plain_text(several, "M;F")


def test_sections_keep_the_order_and_lose_nothing(office: Office):
    for form in office.study.forms.values():
        plans = sections_of(form.items, office.study.items)
        assert [name for plan in plans for name in plan.items] == list(form.items)
    titles = [
        plan.title for plan in sections_of(office.study.forms["liver_history"].items, office.study.items)
    ]
    assert "Cause" in titles
