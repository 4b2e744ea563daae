"""What the public page says: the record's sections, plain words at a newspaper's reading ease, visits, counts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from trialrun.app.plain_words import at_every_visit, plain_summary, plain_visits
from trialrun.app.public import public_page, recruitment
from trialrun.app.public_questions import public_words
from trialrun.app.registry_words import in_words
from trialrun.app.studies import open_study
from trialrun.study.model import AttestedBy
from web_kit import FOLDER, open_office

STUDY = open_study(FOLDER)
PAGE = public_page(STUDY)


def test_every_section_of_the_registry_page_is_there():
    record = STUDY.record["protocolSection"]
    assert PAGE.title == record["identificationModule"]["briefTitle"]
    assert PAGE.status == "Recruiting"
    facts = {fact.label: fact.values for fact in PAGE.summary}
    assert facts == {
        "Phase": ("Phase 2",),
        "Conditions": ("Decompensated Liver Cirrhosis",),
        "Interventions": ("Biological: MSC-derived exosomes",),
        "Participants": ("15",),
        "Lead sponsor": ("Research Institute for Gastroenterology and Liver Diseases (RIGLD)",),
        "Registration number": ("NCT05871463",),
    }
    assert " ".join(PAGE.brief_summary) == record["descriptionModule"]["briefSummary"]
    assert " ".join(PAGE.detailed) == record["descriptionModule"]["detailedDescription"]
    assert [(one.name, one.time_frame) for one in PAGE.primary] == [
        ("Liver function by MELD score", "after 4 months of the trial"),
        ("Liver function by CHILD score", "after 4 months of the trial"),
    ]
    assert [one.name for one in PAGE.secondary][-1].startswith("international normalized ratio")
    assert PAGE.groups[0].interventions == ("MSC-derived exosomes",)
    assert PAGE.locations[0].place == "Tehran, Iran, Islamic Republic of"
    assert [fact.label for fact in PAGE.design] == ["Study type", "Study design"]


def test_no_word_of_the_criteria_is_lost_and_no_bullet_is_empty():
    def words(lines):
        for line in lines:
            assert line.text
            yield line.text
            yield from words(line.parts)

    shown = " ".join([*words(PAGE.inclusion), *words(PAGE.exclusion)])
    text = STUDY.record["protocolSection"]["eligibilityModule"]["eligibilityCriteria"]
    for bullet in re.findall(r"^\* (.+)$", text, re.MULTILINE):
        assert re.sub(r"\s+", " ", bullet) in shown


def test_what_the_record_does_not_say_is_not_shown():
    empty = public_page(replace(STUDY, record={}))
    assert empty.title == STUDY.title
    assert empty.brief_summary == empty.primary == empty.contacts == empty.dates == ()
    assert empty.status == ""
    assert empty.locations[0].facility == STUDY.sites[0]["name"]


def test_contacts_dates_and_numbers_of_a_fuller_record():
    record = {
        "protocolSection": {
            "identificationModule": {
                "nctId": "NCT1", "orgStudyIdInfo": {"id": "LOCAL-7"}, "secondaryIdInfos": [{"id": "2026-1"}],
                "officialTitle": "A long one",
            },
            "statusModule": {"overallStatus": "COMPLETED", "startDateStruct": {"date": "2023-05"}},
            "eligibilityModule": {"minimumAge": "18 Years", "maximumAge": "75 Years", "healthyVolunteers": False},
            "designModule": {"designInfo": {"allocation": "RANDOMIZED", "maskingInfo": {"masking": "DOUBLE"}}},
            "contactsLocationsModule": {"centralContacts": [{"name": "A B", "phone": "+1 2", "email": "a@b.c"}]},
        }
    }  # fmt: skip
    page = public_page(replace(STUDY, record=record))
    assert page.official_title == "A long one"
    assert page.status == "Completed"
    assert [(one.label, one.values) for one in page.dates] == [("Start", ("2023-05",))]
    assert page.contacts[0].phone == "+1 2"
    facts = {fact.label: fact.values[0] for fact in (*page.identifiers, *page.eligibility, *page.design)}
    assert facts["Organisation's number"] == "LOCAL-7"
    assert facts["Age"] == "18 Years to 75 Years"
    assert facts["Healthy volunteers"] == "Not accepted"
    assert facts["Masking"] == "Double"


def test_a_code_nobody_knows_is_shown_as_it_is():
    assert in_words("SOME_NEW_STATUS") == "Some new status"


def test_recruitment_is_counts_and_nothing_else(tmp_path, prepared, trial):
    office = open_office(tmp_path, prepared, trial)
    office.candidate()
    office.enrolled()
    progress = recruitment(office.workspace)
    assert (progress.screened, progress.enrolled, progress.planned, progress.rehearsal) == (2, 1, 15, True)
    office.workspace.close()


# --- plain words ------------------------------------------------------------------------------


def syllables(word: str) -> int:
    """Groups of vowels, a silent final e left out: within a few per cent of a dictionary on English prose."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    plain = re.sub(r"(?<=[^laeiouy])e$|es$|(?<=[^td])ed$", "", plain)
    return max(1, len(re.findall(r"[aeiouy]+", plain)))


def flesch(text: str) -> float:
    """Reading ease. Source: Flesch R. J Appl Psychol 1948;32:221; 60 to 70 is plain English."""
    sentences = [part for part in re.split(r"[.:;?!]+", text) if part.strip()]
    words = re.findall(r"[A-Za-z][A-Za-z'-]*", text)
    return 206.835 - 1.015 * len(words) / len(sentences) - 84.6 * sum(map(syllables, words)) / len(words)


def test_the_measure_agrees_with_known_texts():
    assert flesch("The cat sat on the mat.") == pytest.approx(116.1, abs=0.2)
    hard = " ".join(PAGE.brief_summary)
    assert flesch(hard) < 25  # the record's own summary is for specialists


def said(passages) -> str:
    return " ".join(text for one in passages for text in (*one.sentences, *one.assumed))


def test_the_summary_reads_like_a_newspaper():
    record_words = [
        "Decompensated Liver Cirrhosis", "MSC-derived exosomes", STUDY.sponsor,
        *(one.title for one in STUDY.endpoints.values()),
    ]  # fmt: skip
    text = said(plain_summary(STUDY))
    own = text
    for name in record_words:
        own = own.replace(name, "it")
    assert flesch(own) >= 70
    visits = " ".join(" ".join((one.when, *one.happens)) for one in plain_visits(STUDY))
    assert flesch(visits) >= 60
    questions = " ".join(str(one.ask) for one in public_words(STUDY).questions)
    assert flesch(questions) >= 60
    assert flesch(" ".join(map(str, public_words(STUDY).criteria.values()))) >= 60


def test_the_same_definition_gives_the_same_words():
    assert plain_summary(STUDY) == plain_summary(open_study(FOLDER))


def test_what_rests_on_an_assumption_is_marked_until_all_are_confirmed():
    treatment = next(one for one in plain_summary(STUDY) if one.heading == "What treatment is given?")
    assert any("4 times within 21 days" in text for text in treatment.assumed)
    rests = STUDY.dose_plans[0].assumptions
    confirmed = next(one for one in plain_summary(STUDY, rests) if one.heading == treatment.heading)
    assert confirmed.assumed == ()
    assert "In all you get 40 mg." in confirmed.sentences
    but_one = plain_summary(STUDY, rests[1:])
    assert next(one for one in but_one if one.heading == treatment.heading).assumed


def test_the_summary_claims_nothing_the_definition_does_not_say():
    text = said(plain_summary(replace(STUDY, record={}, dose_plans=(), endpoints={}, criteria={}, visits={})))
    for word in ("illness", "phase", "mg", "visit", "Men", "women", "vein", "look at"):
        assert word not in text


def test_two_groups_are_said_to_be_drawn_by_chance_only_where_the_record_says_so():
    arms = {**STUDY.arms, "other": replace(next(iter(STUDY.arms.values())), name="other", title="Other")}
    assert "chance" not in said(plain_summary(replace(STUDY, arms=arms)))
    drawn = {"protocolSection": {"designModule": {"designInfo": {"allocation": "RANDOMIZED"}}}}
    assert "drawn by chance" in said(plain_summary(replace(STUDY, arms=arms, record=drawn)))


def test_visits_say_when_in_words():
    when = {one.name: one.when for one in plain_visits(STUDY)}
    assert when["baseline"] == "On the day of your first treatment. It can be up to 14 days earlier."
    assert when["dose_2"] == "7 days after your first treatment. It can be up to 2 days earlier or later."
    assert when["month_4"] == "4 months after your first treatment. It can be up to 21 days earlier or later."
    assert when["early_termination"] == "Only if you leave the study early."
    assert "log" not in when
    assert at_every_visit(STUDY)


def test_visits_name_the_registered_measurements_only():
    measured = {one.name: one.measured for one in plain_visits(STUDY)}
    assert "Liver function by MELD score" in measured["month_4"]
    assert "Liver function by MELD score" not in measured["month_2"]  # not registered there
    assert measured["dose_1"] == ()


def test_every_criterion_and_form_of_the_example_has_plain_words():
    words = public_words(STUDY)
    assert set(words.criteria) == set(STUDY.criteria)
    assert set(words.forms) == set(STUDY.forms)
    asked = {name for question in words.questions for name in question.items}
    attested = {
        name
        for name, item in STUDY.items.items()
        if item.attested_by is AttestedBy.PARTICIPANT and not name.startswith(("audit_", "consent_"))
    }
    assert attested - asked <= {"beverage_list_complete"}  # a list of drinks is gone through with the team


def test_a_study_that_only_watches_gives_no_treatment():
    record = {
        "protocolSection": {
            "designModule": {"studyType": "OBSERVATIONAL"},
            "conditionsModule": {"conditions": ["Thirst"]},
            "armsInterventionsModule": {"interventions": [{"type": "OTHER", "name": "Blood count"}]},
        }
    }
    words = " ".join(
        sentence
        for passage in plain_summary(replace(STUDY, record=record, dose_plans=()))
        for sentence in (*passage.sentences, *passage.assumed)
    )
    assert "watch and note" in words
    assert "Blood count" not in words
    assert "same treatment" not in words
