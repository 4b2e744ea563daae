"""The anonymous check: it asks what the file asks, decides nothing by itself, and never says more than screening."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.app.public_check import Verdict, check_answers, only_doctors
from trialrun.app.public_questions import NONE, Question, public_words
from trialrun.app.studies import open_study
from trialrun.errors import StudyError
from trialrun.ledger.commands import Entry, SaveForm
from trialrun.ledger.rules import rules_of
from trialrun.study.model import ItemType, Study
from web_kit import FOLDER, SCREENED, Office, open_office

TODAY = SCREENED
STUDY = open_study(FOLDER)


def verdicts(study: Study = STUDY, **answers: str | tuple[str, ...]) -> dict[str, str]:
    texts = {name: (text,) if isinstance(text, str) else text for name, text in answers.items()}
    found = check_answers(study, texts, TODAY)
    assert not found.errors
    return {point.id: point.verdict.value for point in found.points}


def test_without_an_answer_every_point_is_for_the_team():
    assert set(verdicts().values()) == {"ask"}


@pytest.mark.parametrize(
    ("answers", "criterion", "expected"),
    [
        ({"bariatric": "yes"}, "E9", "not_met"),
        ({"bariatric": "no"}, "E9", "met"),
        ({"birth_year": "1970"}, "I2b", "met"),
        ({"birth_year": "۱۳۴۹"}, "I2b", None),
        ({"birth_year": "2008"}, "I2b", "ask"),  # 17 or 18: the year does not say
        ({"birth_year": "1951"}, "I2b", "met"),  # 74 or 75
        ({"birth_year": "1950"}, "I2b", "ask"),  # 75 or 76
        ({"birth_year": "1949"}, "I2b", "not_met"),
        ({"heart": NONE}, "E1", "met"),
        ({"heart": ("cvd_stroke",)}, "E1", "not_met"),
        ({"diabetes": "unknown_type"}, "E10", "ask"),
        ({"diabetes": "type_2"}, "E10", "met"),
        ({"thyroid": "yes"}, "E13", "ask"),
        ({"thyroid": "no"}, "E13", "met"),
        ({"cirrhosis": "yes"}, "I2c", "ask"),  # a doctor names the basis
        ({"cirrhosis": "no"}, "I2c", "not_met"),
        ({"virus": NONE}, "I2d", "ask"),  # a blood test is needed
        ({"virus": ("etiology_hcv",)}, "I2d", "not_met"),
        ({"liver_cancer": "no"}, "E2a", "ask"),  # imaging is needed
        ({"liver_cancer": "yes"}, "E2a", "not_met"),
        ({"cancer": "no"}, "E2b", "met"),
        ({"cancer": "yes"}, "E2b", "ask"),
        ({"infection": "yes"}, "E2c", "not_met"),
        ({"infection": "no"}, "E2c", "ask"),
        ({"sex": "M"}, "E3", "met"),
        ({"sex": "F"}, "E3", "ask"),
        ({"sex": "F", "pregnant": "yes"}, "E3", "not_met"),
        ({"sex": "F", "pregnant": "no"}, "E3", "ask"),  # the test is made by the team
        ({"sex": "F", "childbearing": "no", "breastfeeding": "no"}, "E3", "met"),
        ({"radiotherapy": "yes"}, "E4", "not_met"),
        ({"immune_planned": "no"}, "E4", "ask"),
        ({"weight_lost": "yes", "weight_before": "80", "weight_now": "76"}, "E7", "met"),  # exactly 5 %
        ({"weight_lost": "yes", "weight_before": "80", "weight_now": "75,9"}, "E7", "not_met"),
        ({"weight_lost": "yes"}, "E7", "ask"),
        ({"programme_now": "no", "programme_before": "yes", "programme_end": "2026-02"}, "E8", "not_met"),
        ({"programme_now": "no", "programme_before": "yes", "programme_end": "2025"}, "E8", "ask"),
        ({"programme_now": "no", "programme_before": "yes", "programme_end": "2025-09"}, "E8", "met"),
        ({"sex": "M", "alcohol": "no"}, "E11", "met"),
        ({"alcohol": "yes"}, "E11", "ask"),
    ],
)  # fmt: skip
def test_an_answer_says_what_the_criterion_says(answers, criterion, expected):
    if expected is None:  # a year of another calendar is not read as a year of ours
        assert check_answers(STUDY, {name: (text,) for name, text in answers.items()}, TODAY).errors
        return
    assert verdicts(**answers)[criterion] == expected


def test_one_tick_says_nothing_about_the_boxes_left_empty():
    given_ = {"heart": ("cvd_stroke",)}
    from trialrun.app.public_check import read_answers

    row = read_answers(STUDY, public_words(STUDY), given_, TODAY).row
    assert row["cvd_stroke"] is True
    assert "cvd_coronary" not in row


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"birth_year": ("19x",)}, "birth_year"),
        ({"birth_year": ("2040",)}, "birth_year"),
        ({"birth_year": ("1066",)}, "birth_year"),
        ({"weight_now": ("a lot",)}, "weight_now"),
        ({"weight_now": ("2000",)}, "weight_now"),
        ({"weight_now": ("1e400",)}, "weight_now"),
        ({"programme_end": ("03/04/25",)}, "programme_end"),
        ({"sex": ("X",)}, "sex"),
        ({"heart": ("cvd_stroke", NONE)}, "heart"),
        ({"heart": ("etiology_hbv",)}, "heart"),
    ],
)
def test_what_cannot_be_read_is_asked_again_and_decides_nothing(answers, field):
    found = check_answers(STUDY, answers, TODAY)
    assert list(found.errors) == [field]
    assert found.points == ()


def test_only_doctors_settle_what_no_question_touches():
    assert [point.id for point in only_doctors(STUDY)] == ["I1", "I3", "E5", "E6", "E12", "E14", "E15"]


def test_the_answer_names_what_was_left_out_and_what_the_team_checks_again():
    points = {point.id: point for point in check_answers(STUDY, {"heart": (NONE,)}, TODAY).points}
    assert points["E9"].unanswered == ("Have you ever had surgery to lose weight?",)
    assert not points["E9"].doctor
    assert points["I3"].doctor
    assert points["E1"].confirmed_by_team


# --- never more than screening says -------------------------------------------------------------


def _answer(question: Question) -> st.SearchStrategy[tuple[str, ...]]:
    if question.kind == "several":
        codes = [answer.code for answer in question.answers]
        return st.one_of(st.just((NONE,)), st.lists(st.sampled_from(codes), max_size=3).map(tuple))
    if question.kind == "one":
        return st.sampled_from([(), *((answer.code,) for answer in question.answers)])
    if question.kind == "number":
        return st.sampled_from([(), ("76",), ("80",), ("75.9",), ("100",)])
    if question.kind == "year":
        return st.sampled_from(
            [(), ("1949",), ("1950",), ("1951",), ("1980",), ("2007",), ("2008",), ("2009",)]
        )
    return st.sampled_from([(), ("2024",), ("2025",), ("2025-11",), ("2025-12",), ("2026",), ("2026-04",)])


ANSWERS = st.fixed_dictionaries({one.name: _answer(one) for one in public_words(STUDY).questions})


@pytest.fixture(scope="module")
def screening_room(tmp_path_factory, prepared, trial):
    """An office with one candidate who has consented: answers are saved on the real forms, one person at a time."""
    made = open_office(tmp_path_factory.mktemp("room"), prepared, trial)
    yield made
    made.workspace.close()


def _entry(study: Study, name: str, value: object) -> Entry:
    if isinstance(value, bool):
        return Entry("true" if value else "false")
    if isinstance(value, float):
        whole = study.items[name].type is ItemType.INTEGER
        return Entry(str(int(value)) if whole else f"{value:g}", study.items[name].unit)
    return Entry(str(value))


def _screened_in_full(office: Office, answers: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """The outcomes of the ledger's screening after the same answers were saved on its forms."""
    from trialrun.app.public_check import read_answers

    study = office.study
    read = read_answers(study, public_words(study), answers, TODAY)
    key = office.consented()
    forms: dict[str, dict[str, Entry]] = {}
    for name, value in read.row.items():
        form = study.form_of(name)
        assert form is not None
        if form.name != "consent":
            forms.setdefault(form.name, {})[name] = _entry(study, name, value)
    for form, entries in forms.items():
        seen = office.person(key).version
        office.do(SaveForm(key, "screening", form, 0, entries, seen, "answered"), "pi")
    for form, rows in read.rows.items():
        for number, row in enumerate(rows, start=1):
            entries = {name: _entry(study, name, value) for name, value in row.items()}
            office.do(SaveForm(key, "screening", form, number, entries, office.person(key).version), "pi")
    return dict(rules_of(study).eligibility(office.person(key)).outcomes)


@settings(max_examples=25, deadline=None)
@given(answers=ANSWERS)
def test_the_check_never_says_more_than_the_screening_of_the_same_answers(screening_room, answers):
    """Met here is met there, and not met there: on the forms of a candidate, through commands, log and rules.

    The candidate consented two days before screening; the check counts from one day, so the age is the
    only answer that could differ, and does not at these years.
    """
    study = screening_room.study
    found = check_answers(study, answers, TODAY)
    assert not found.errors
    outcomes = _screened_in_full(screening_room, answers)
    for point in found.points:
        passes = {"met": point.inclusion, "not_met": not point.inclusion, "unknown": None}[outcomes[point.id]]
        if point.verdict is Verdict.MET:
            assert passes is True, point.id
        if point.verdict is Verdict.NOT_MET:
            assert passes is False, point.id


@settings(max_examples=60, deadline=None)
@given(answers=ANSWERS, dropped=st.sets(st.sampled_from([one.name for one in public_words(STUDY).questions])))
def test_knowing_less_never_makes_a_point_met(answers, dropped):
    """A question left out turns no `ask` into met, nor not met into met."""
    full = {point.id: point.verdict for point in check_answers(STUDY, answers, TODAY).points}
    fewer = {name: texts for name, texts in answers.items() if name not in dropped}
    for point in check_answers(STUDY, fewer, TODAY).points:
        if point.verdict is Verdict.MET:
            assert full[point.id] is Verdict.MET


# --- the file -----------------------------------------------------------------------------------


def study_with(tmp_path: Path, text: str) -> Study:
    (tmp_path / "public.yaml").write_text(text, encoding="utf-8")
    return replace(STUDY, folder=str(tmp_path), hash="f" * 64)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("questions:\n  q: {ask: Is it?, item: nonsense}\n", "no item 'nonsense'"),
        ("questions:\n  q: {item: thyroid_disease}\n", "no words"),
        ("questions:\n  q: {ask: Is it?, item: weight}\n", "cannot set weight"),
        ("questions:\n  q: {ask: Is it?, item: sex, answers: {X: Other}}\n", "no answer to sex"),
        ("questions:\n  q: {ask: Is it?, kind: often}\n", "'often' is none of"),
        ("questions:\n  q: {ask: Is it?, answers: {a: {sets: {audit_1: never}}}}\n", "no answer to audit_1"),
        ("questions:\n  q: {ask: Is it?, answers: {a: {rows: {drinks: {}}}}}\n", "no form 'drinks'"),
        ("questions:\n  q: {ask: Is it?}\n", "has no answers"),
        ("questions:\n  q: {ask: Is it?, kind: year, item: sample_date}\n", "cannot set sample_date"),
        ("criteria: {E99: You are well.}\n", "no criteria 'E99'"),
        ("today: [yesterday]\n", "no item 'yesterday'"),
        ("colour: blue\n", "'colour' is none of"),
        ("questions: [\n", "not YAML"),
    ],
)
def test_a_file_that_does_not_fit_the_study_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(StudyError, match=message) as refused:
        public_words(study_with(tmp_path, text))
    assert "public.yaml" in refused.value.message


def test_checking_a_study_looks_at_the_file_too(tmp_path):
    from shutil import copytree

    from trialrun.app.studies import check_study_folder

    folder = tmp_path / "study"
    copytree(FOLDER, folder)
    before = len(check_study_folder(folder).findings)
    (folder / "public.yaml").write_text("criteria: {E99: You are well.}\n", encoding="utf-8")
    found = check_study_folder(folder).findings
    assert len(found) == before + 1
    assert found[-1].code == "public-words"
    assert "public.yaml:1" in found[-1].message


def test_the_file_shown_in_the_docs_fits_the_example(tmp_path):
    page = (FOLDER.parent.parent / "docs" / "how-to" / "screen-and-enrol.md").read_text(encoding="utf-8")
    shown = page.split("```yaml\n")[1].split("```")[0]
    words = public_words(study_with(tmp_path, shown))
    assert [one.name for one in words.questions] == ["bariatric", "cancer"]
    assert words.contact["phone"] == "+98 21 1234567"


def test_a_study_without_the_file_asks_what_participants_attest(tmp_path):
    study = replace(STUDY, folder=str(tmp_path), hash="e" * 64)
    words = public_words(study)
    assert {"sex", "breastfeeding", "weight_loss_reported"} <= {one.name for one in words.questions}
    assert not {"consent_signed", "birth_date", "audit_1"} & {one.name for one in words.questions}
    assert {point.verdict for point in check_answers(study, {}, date(2026, 5, 10)).points} == {Verdict.ASK}
    found = {p.id: p for p in check_answers(study, {"weight_programme_current": ("yes",)}, TODAY).points}
    assert found["E8"].verdict is Verdict.NOT_MET
    assert found["E8"].words == study.criteria["E8"].text
    assert not found["E8"].plain


def test_words_in_several_languages_are_said_in_the_readers(tmp_path):
    from trialrun.app.language import use_language

    text = "questions:\n  q: {ask: {en: Thyroid?, fa: تیروئید؟}, item: thyroid_disease}\n"
    study = study_with(tmp_path, text)
    from trialrun.app.public_questions import spoken

    ask = public_words(study).questions[0].ask
    assert spoken(ask) == "Thyroid?"
    use_language("fa")
    try:
        assert spoken(ask) == "تیروئید؟"
    finally:
        use_language("en")
