"""Completeness by item, and where a form stands, on states written by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from small_study import make_study
from trialrun.app.casebook import CellStatus, casebook
from trialrun.app.completeness import ItemStatus, form_completeness
from trialrun.ledger.state import Mark, ParticipantState, Query, SavedValue
from trialrun.study.model import Form, Item, ItemType

TODAY = date(2026, 3, 1)


def item(name, kind=ItemType.BOOLEAN, **more):
    return Item(name, name.replace("_", " "), kind, **more)


def study():
    """The small study, with a form of conditional items at month 2 and one at screening it looks at."""
    small = make_study()
    items = [
        item("smokes"),
        item("since", ItemType.DATE, only_if="smokes"),
        item("remarks", ItemType.TEXT, required=False),
        item("woman_asked", only_if="sex = 'F'"),
        item("optional_detail", ItemType.TEXT, only_if="smokes", required=False),
        item("brand", ItemType.TEXT, only_if="woman_asked"),
        item("ae_detail", ItemType.TEXT, only_if="ae_serious"),
    ]
    smoking = Form(
        "smoking", "Smoking", ("smokes", "since", "remarks", "woman_asked", "optional_detail", "brand")
    )
    women = Form("women", "Women", ("woman_asked_too",))
    items.append(item("woman_asked_too", only_if="sex = 'F'"))
    events = small.forms["adverse_event"]
    month_2 = small.visits["month_2"]
    return make_study(
        items={**small.items, **{one.name: one for one in items}},
        forms={
            **small.forms,
            "smoking": smoking,
            "women": women,
            "adverse_event": replace(events, items=(*events.items, "ae_detail")),
        },
        visits={**small.visits, "month_2": replace(month_2, forms=("laboratory", "smoking", "women"))},
    )


STUDY = study()


def saved(text=None, missing=None, at="2026-01-20T10:00:00.000000Z"):
    return SavedValue(text, None, missing, 1, "h", "cem", at)


def someone(**values):
    """An enrolled participant dosed on 2 January; values as visit__form__item."""
    who = ParticipantState(key="S-001", site="01", number="01-001")
    who.visits |= {"screening": date(2025, 12, 20), "dose_1": date(2026, 1, 2)}
    who.values["dose_1", "infusion", 0, "dose_given"] = saved("20")
    who.values["screening", "demographics", 0, "sex"] = saved("F")
    for name, given in values.items():
        visit, form, one = name.split("__")
        who.values[visit, form, 0, one] = given
    return who


def smoking(who):
    held = who.form_values("month_2", "smoking", 0)
    return form_completeness(STUDY, who, "month_2", "smoking", held)


class TestItems:
    def test_nothing_answered(self):
        found = smoking(someone())
        assert found.items == {
            "smokes": ItemStatus.MISSING,
            "since": ItemStatus.UNDECIDED,
            "remarks": ItemStatus.OPTIONAL,
            "woman_asked": ItemStatus.MISSING,
            "optional_detail": ItemStatus.OPTIONAL,
            "brand": ItemStatus.UNDECIDED,
        }
        assert found.waits_for == ("smokes", "woman_asked")
        assert (found.answered, found.needed, found.complete) == (0, 4, False)

    def test_a_condition_that_is_false_asks_nothing(self):
        found = smoking(
            someone(month_2__smoking__smokes=saved("false"), month_2__smoking__woman_asked=saved("false"))
        )
        assert found.items["since"] is ItemStatus.NOT_ASKED
        assert found.complete
        assert (found.answered, found.needed) == (2, 2)

    def test_a_condition_that_is_true_asks(self):
        found = smoking(someone(month_2__smoking__smokes=saved("true")))
        assert found.missing == ("since", "woman_asked")
        assert found.items["brand"] is ItemStatus.UNDECIDED

    def test_a_reason_for_being_missing_is_an_answer(self):
        found = smoking(
            someone(
                month_2__smoking__smokes=saved(missing="refused"),
                month_2__smoking__woman_asked=saved(missing="not_done"),
            )
        )
        # Nobody can tell now whether the date is asked: it holds nothing up.
        assert found.items["since"] is ItemStatus.OPTIONAL
        assert found.complete

    def test_a_condition_on_another_visits_answer(self):
        who = someone()
        del who.values["screening", "demographics", 0, "sex"]
        found = smoking(who)
        assert found.items["woman_asked"] is ItemStatus.UNDECIDED
        assert found.waits_for == ("smokes", "sex", "woman_asked")
        who.values["screening", "demographics", 0, "sex"] = saved("M")
        assert smoking(who).items["woman_asked"] is ItemStatus.NOT_ASKED
        # What rests on an item that is not asked will never be decided: it is not asked either.
        assert smoking(who).items["brand"] is ItemStatus.NOT_ASKED

    def test_a_row_looks_at_its_own_answers(self):
        held = {"ae_serious": saved("true"), "ae_term": saved("Bleeding")}
        found = form_completeness(STUDY, someone(), "log", "adverse_event", held)
        assert found.items["ae_detail"] is ItemStatus.MISSING
        found = form_completeness(
            STUDY, someone(), "log", "adverse_event", {**held, "ae_serious": saved("false")}
        )
        assert found.items["ae_detail"] is ItemStatus.NOT_ASKED


def cell(who, visit="month_2", form="laboratory", today=TODAY, **more):
    book = casebook(STUDY, who, today, **more)
    if visit == "log":
        return next(one for one in book.logs if one.form == form)
    return next(one.cell(form) for one in book.visits if one.visit.name == visit)


def visited(**values):
    who = someone(**values)
    who.visits["month_2"] = date(2026, 3, 1)
    return who


FULL = {
    "month_2__laboratory__sample_date": saved("2026-03-01"),
    "month_2__laboratory__bilirubin": saved("3.1"),
    "month_2__laboratory__inr": saved("1.5"),
}


def mark(visit="", form="", row=0, one="", valid=True):
    return Mark(visit, form, row, one, "I agree", "c", "ada", "2026-03-02T10:00:00.000000Z", "m", valid)


def query(status="open"):
    return Query(
        "Q-001", "month_2", "laboratory", 0, "inr", "Right?", "", status, "mia", "2026-03-02T10:00:00.000000Z"
    )


class TestCells:
    def test_not_due_before_its_visit(self):
        assert cell(someone(), "month_4").status is CellStatus.NOT_DUE

    def test_empty_once_the_visit_took_place(self):
        found = cell(visited())
        assert (found.status, found.answered, found.needed) == (CellStatus.EMPTY, 0, 3)

    def test_in_progress_names_what_is_missing(self):
        found = cell(visited(month_2__laboratory__inr=saved("1.5")))
        assert (found.status, found.answered, found.needed) == (CellStatus.IN_PROGRESS, 1, 3)
        assert found.missing == ("sample_date", "bilirubin")

    def test_complete(self):
        assert cell(visited(**FULL)).status is CellStatus.COMPLETE

    def test_a_form_that_asks_this_participant_nothing(self):
        who = visited()
        who.values["screening", "demographics", 0, "sex"] = saved("M")
        assert cell(who, form="women").status is CellStatus.NOT_APPLICABLE

    def test_a_missed_visit_asks_nothing(self):
        who = someone()
        who.missed["month_2"] = "ill"
        assert cell(who).status is CellStatus.NOT_APPLICABLE

    def test_a_draft_of_the_reader(self):
        assert cell(visited(), drafts={("month_2", "laboratory")}).status is CellStatus.DRAFT

    def test_a_query_comes_before_a_signature(self):
        who = visited(**FULL)
        who.queries["Q-001"] = query()
        who.signatures = (mark("month_2"),)
        found = cell(who)
        assert (found.status, found.queries, found.signed) == (CellStatus.QUERY, 1, True)
        who.queries["Q-001"] = query("closed")
        assert cell(who).status is CellStatus.SIGNED

    @pytest.mark.parametrize(
        ("marks", "verified"),
        [
            ((mark("month_2", "laboratory"),), True),
            (
                tuple(mark("month_2", "laboratory", 0, one) for one in ("sample_date", "bilirubin", "inr")),
                True,
            ),
            ((mark("month_2", "laboratory", 0, "inr"),), False),
            ((mark("month_2", "laboratory", valid=False),), False),
        ],
    )
    def test_verified_when_every_value_is(self, marks, verified):
        who = visited(**FULL)
        who.verifications = marks
        assert cell(who).verified is verified
        assert cell(who).status is (CellStatus.VERIFIED if verified else CellStatus.COMPLETE)

    def test_a_broken_signature_until_it_is_given_again(self):
        who = visited(**FULL)
        who.signatures = (mark("month_2", "laboratory", valid=False),)
        assert cell(who).status is CellStatus.SIGNATURE_BROKEN
        who.signatures = (*who.signatures, mark())
        assert cell(who).status is CellStatus.SIGNED
        assert casebook(STUDY, who, TODAY).unsigned == ()

    def test_frozen_and_locked_come_last(self):
        who = visited(**FULL)
        who.frozen = frozenset({("month_2", "")})
        assert cell(who).status is CellStatus.FROZEN
        who.locked = frozenset({("", "")})
        assert cell(who).status is CellStatus.LOCKED

    def test_every_row_of_a_log_must_be_signed(self):
        who = someone()
        for row in (1, 2):
            who.values["log", "adverse_event", row, "ae_term"] = saved("Itch")
        who.signatures = (mark("log", "adverse_event", 1),)
        found = cell(who, "log", "adverse_event")
        assert (found.rows, found.signed, found.status) == (2, False, CellStatus.IN_PROGRESS)
        who.signatures = (*who.signatures, mark("log", "adverse_event", 2))
        assert cell(who, "log", "adverse_event").signed

    def test_a_log_without_rows_lacks_nothing(self):
        found = cell(someone(), "log", "adverse_event")
        assert (found.status, found.incomplete) == (CellStatus.EMPTY, False)
