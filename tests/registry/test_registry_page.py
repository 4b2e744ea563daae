"""A saved registry page becomes a record, and nothing on it is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trialrun.registry.criteria import SectionKind
from trialrun.registry.page_lines import text_page
from trialrun.registry.read import read_bytes, read_record
from trialrun.registry.read_page import read_page
from trialrun.registry.record import OutcomeRole, Record
from trialrun.registry.write import document_of

PAGE = "record/NCT05871463-page.txt"
ARMS = [
    [
        "Exosome",
        "MSC-derived exosomes",
        "Standard medication + MSC-derived exosomes at a final dose of 40mg in three weeks",
    ]
]


@pytest.fixture(scope="module")
def page(shared: Callable[[str], Path]) -> Record:
    record, findings = read_record(shared(PAGE))
    assert findings == []
    return record


def test_the_page_gives_the_record_kept_with_the_example(page: Record, root: Path) -> None:
    kept, findings = read_record(root / "examples" / "nct05871463" / "record.json")
    assert findings == []
    assert kept == page
    assert kept.provenance.sha256 == page.provenance.sha256


def test_the_page_as_html_with_tables_run_together(
    page: Record, shared: Callable[[str], Path], run_together: Callable[[str], str]
) -> None:
    text = run_together(shared(PAGE).read_text("utf-8"))
    record, findings = read_bytes(text.encode(), "page.html")
    assert (record, findings) == (page, [])
    assert record.provenance.layout == "page-html"


def test_the_page_as_html_with_real_cells(
    page: Record, shared: Callable[[str], Path], with_cells: Callable[..., str]
) -> None:
    outcomes = [[one.measure, one.time_frame, one.description] for one in page.outcomes()]
    text = with_cells(shared(PAGE).read_text("utf-8"), ARMS, outcomes)
    assert text.count("<td>") == 3 * 7
    record, findings = read_bytes(text.encode(), "page.html")
    assert (record, findings) == (page, [])


def test_every_field_of_the_page(page: Record) -> None:
    assert page.registry_id == "NCT05871463"
    assert (
        page.brief_title
        == "Effect of Mesenchymal Stem Cells-derived Exosomes in Decompensated Liver Cirrhosis"
    )
    assert page.phases == ("PHASE2",)
    assert page.status == "RECRUITING"
    assert page.conditions == ("Decompensated Liver Cirrhosis",)
    assert [given.full_name for given in page.interventions] == ["Biological: MSC-derived exosomes"]
    assert page.sponsor == "Research Institute for Gastroenterology and Liver Diseases (RIGLD)"
    assert page.brief_summary.startswith("Decompensated liver cirrhosis (LC), a life-threatening")
    assert page.detailed_description.endswith("at a final dose of 40mg in three weeks.")
    assert (page.sex, page.enrollment, page.enrollment_type) == ("ALL", 15, "")
    assert (page.study_type, page.design_model) == ("INTERVENTIONAL", "SINGLE_GROUP")
    assert [(place.facility, place.city, place.country) for place in page.locations] == [
        ("Research Institute of Gastroenterology & Liver Diseases", "Tehran", "Iran, Islamic Republic of")
    ]
    assert page.provenance.source == "MedPath"
    assert page.provenance.copied == "2025"
    assert page.minimum_age is None


def test_the_arm_table(page: Record) -> None:
    (arm,) = page.arms
    assert [arm.label, arm.intervention_names, arm.description] == [
        "Exosome",
        ("Biological: MSC-derived exosomes",),
        "Standard medication + MSC-derived exosomes at a final dose of 40mg in three weeks",
    ]


def test_both_outcome_tables(page: Record) -> None:
    four = "after 4 months of the trial"
    three = "Baseline, after 2 and 4 months of the trial"
    assert [(one.measure, one.time_frame) for one in page.outcomes(OutcomeRole.PRIMARY)] == [
        ("Liver function by MELD score", four),
        ("Liver function by CHILD score", four),
    ]
    assert [
        (one.measure, one.time_frame, one.description) for one in page.outcomes(OutcomeRole.SECONDARY)
    ] == [
        ("Change in liver enzyme AST", three, "Blood test"),
        ("Bilirubin", three, "Blood test"),
        ("Change in liver enzyme ALT", three, "Blood test"),
        ("international normalized ratio (INR) for prothrombin time", three, "Blood test"),
    ]
    assert page.outcomes()[0].description.endswith("for prothrombin time, and sodium.")


def test_three_and_seventeen_criteria(page: Record) -> None:
    ids = [one.id for one in page.criteria.atomic()]
    assert ids == ["I1", "I2", "I3", "E1", "E2a", "E2b", "E2c", *(f"E{number}" for number in range(3, 16))]
    assert len(page.criteria.bullets(SectionKind.EXCLUSION)) == 15
    cancer = page.criteria.atomic(SectionKind.EXCLUSION)[1]
    assert (cancer.bullet, cancer.text) == (2, "History of hepatocellular carcinoma (HCC).")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    else:
        yield str(value)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


LABELS = [
    "Conditions",
    "Interventions",
    "Registration Number",
    "Lead Sponsor",
    "Brief Summary",
    "Detailed Description",
    "Recruitment & Eligibility",
    "Status",
    "Sex",
    "Target Recruitment",
    "Inclusion Criteria",
    "Exclusion Criteria",
    "Study & Design",
    "Study Type",
    "Study Design",
    "Arm && Interventions",
    "GroupInterventionDescription",
    "Primary Outcome Measures",
    "Secondary Outcome Measures",
    "NameTimeMethod",
    "Trial Locations",
    "Locations (1)",
]


def test_no_line_of_the_page_is_lost(page: Record, shared: Callable[[str], Path]) -> None:
    """Checked without the reader's own book-keeping: every line's letters must be in some field."""
    fields = [_bare(text) for text in _texts(document_of(page))]
    for line in shared(PAGE).read_text("utf-8").splitlines():
        words = line.strip().removeprefix("•").strip()
        rest = _bare(words)
        if words in LABELS or not rest:
            continue
        while rest and not any(rest in field for field in fields):
            begin = max((one for one in fields if one and rest.startswith(one)), key=len, default="")
            assert begin, words
            rest = rest[len(begin) :]


def test_an_invented_page_reads_the_same_as_text_and_as_html(data: Path) -> None:
    text, in_text = read_record(data / "page.txt")
    saved, in_html = read_record(data / "page.html")
    assert text == saved
    assert [finding.code for finding in in_text] == [
        "ambiguous-arm",
        "ambiguous-time-frame",
        "description-or-outcome",
        "page-text-not-understood",
    ]
    assert [finding.code for finding in in_html] == ["page-text-not-understood"]
    assert "Follow us for more invented trials" in in_html[0].message


def test_the_invented_page_in_detail(data: Path) -> None:
    record, findings = read_record(data / "page.txt")
    assert record.phases == ("PHASE2", "PHASE3")
    assert (record.sex, record.enrollment) == ("FEMALE", 1248)
    assert record.collaborators == ("Guild of Imaginary Keepers",)
    assert "Inclusion Criteria" in record.detailed_description
    assert [arm.label for arm in record.arms] == ["Broth daily", "Broth and lozenge", "Usual", "Waiting list"]
    assert record.arms[1].intervention_names == ("Dietary supplement: Barley broth", "Drug: Honey lozenge")
    assert record.arms[3].description == "No drink is offered until week 12"
    assert [(one.measure, one.time_frame) for one in record.outcomes(OutcomeRole.SECONDARY)] == [
        ("Serum zinc B12", "12 weeks"),
        ("Number of nights slept through", "12 weeks"),
        ("Time to first quiet night", "Up to 24 weeks"),
        ("Voice range in Keepers' Scale", "after the last storm"),
    ]
    assert [one.id for one in record.criteria.atomic()] == ["I1", "I2a", "I2b", "I3", "E1a", "E1b", "E2"]
    assert [place.country for place in record.locations] == ["Norway", "Korea, Republic of"]
    assert any("1212 weeks" in finding.message for finding in findings), "the other way to split is quoted"


def test_lines_nobody_asked_for_are_quoted(data: Path) -> None:
    text = (data / "page.txt").read_text("utf-8")
    strange = text.replace("MedPath\n\n", "MedPath\n\nSign in to see 12 more trials\n\n", 1)
    record, findings = read_bytes(strange.encode(), "page.txt")
    assert record == read_record(data / "page.txt")[0]
    assert any("Sign in to see 12 more trials" in finding.message for finding in findings)


def test_labels_and_values_on_one_line_or_in_columns(data: Path) -> None:
    text = (data / "page.txt").read_text("utf-8")
    glued = text
    for label in (
        "Registration Number",
        "Lead Sponsor",
        "Sex",
        "Target Recruitment",
        "Study Type",
        "Study Design",
    ):
        glued = re.sub(rf"\n{label}\n", f"\n{label}", glued)
    assert "SexFemale" in glued
    assert read_bytes(glued.encode(), "page.txt")[0] == read_record(data / "page.txt")[0]
    columns = glued.replace("SexFemale", "Sex\tFemale")
    assert read_bytes(columns.encode(), "page.txt")[0].sex == "FEMALE"


def test_a_code_the_shape_does_not_have_is_kept_and_reported(data: Path) -> None:
    text = (data / "page.txt").read_text("utf-8").replace("PARALLEL", "SPIRAL")
    record, findings = read_bytes(text.encode(), "page.txt")
    assert record.design_model == "SPIRAL"
    assert [finding.code for finding in findings if "SPIRAL" in finding.message] == ["not-a-registry-code"]


def test_head_and_section_that_disagree_about_the_status(data: Path) -> None:
    text = (data / "page.txt").read_text("utf-8").replace("\nCompleted\n", "\nRecruiting\n")
    record, findings = read_bytes(text.encode(), "page.txt")
    assert record.status == "COMPLETED"
    assert "status-contradicts-itself" in [finding.code for finding in findings]


def test_unaccounted_lines_are_found_by_the_check_itself() -> None:
    page = text_page("Conditions\nCough\nweather report: windy")
    page.use(0, 1)
    assert [line.text for line in page.unaccounted()] == ["weather report: windy"]
    page.report_unaccounted()
    assert "weather report: windy" in page.findings[0].message
    assert page.unaccounted() == ()


def test_a_reader_that_forgets_a_line_would_be_noticed(data: Path) -> None:
    page = text_page((data / "page.txt").read_text("utf-8"))
    read_page(page)
    assert page.unaccounted() == ()
    assert json.dumps([finding.message for finding in page.findings])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: page.replace("\n", "\r\n").encode(),
        lambda page: page.replace("\n", "\r").encode(),
        lambda page: b"\xef\xbb\xbf" + page.replace("\n", "\r\n").encode(),
        lambda page: page.encode("utf-16"),
        lambda page: page.replace(" ", "\N{NO-BREAK SPACE}").encode(),
        lambda page: page.replace("\n", "   \n\n").encode(),
    ],
    ids=["windows", "old-mac", "mark-and-windows", "utf-16", "no-break-spaces", "blank-lines"],
)
def test_how_a_page_was_saved_changes_nothing(data: Path, spoil: Callable[[str], bytes]) -> None:
    page = (data / "page.txt").read_text("utf-8")
    plain, findings = read_bytes(page.encode(), "page.txt")
    record, same = read_bytes(spoil(page), "page.txt")
    assert record == plain
    assert [finding.code for finding in same] == [finding.code for finding in findings]
