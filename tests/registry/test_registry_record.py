"""v2 JSON: read, refused with a reason, and written again unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.errors import RecordError
from trialrun.registry.read import read_bytes, read_record
from trialrun.registry.record import AgeLimit, Provenance, Record, freeze, thaw
from trialrun.registry.write import document_of, record_text, write_record

STUDY: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT99999902", "briefTitle": "A trial nobody ran"},
        "designModule": {"studyType": "INTERVENTIONAL", "enrollmentInfo": {"count": 4, "type": "ESTIMATED"}},
    },
    "derivedSection": {"miscInfoModule": {"versionHolder": "2024-06-14"}},
    "hasResults": False,
}


def records(shared: Callable[[str], Path]) -> list[Path]:
    found = sorted(shared("ctgov").glob("NCT*.json"))
    assert len(found) == 20
    return found


def test_twenty_records_are_written_again_unchanged(shared: Callable[[str], Path], tmp_path: Path) -> None:
    for path in records(shared):
        record, findings = read_record(path)
        assert findings == [], path.name
        again = write_record(record, tmp_path / path.name)
        before, after = json.loads(path.read_bytes()), json.loads(again.read_bytes())
        assert before == after
        assert json.dumps(before) == json.dumps(after), "keys keep their order"
        assert read_record(again)[0] == record


def test_accessors_agree_with_the_files(shared: Callable[[str], Path]) -> None:
    for path in records(shared):
        raw = json.loads(path.read_bytes())["protocolSection"]
        record, _ = read_record(path)
        assert record.registry_id == path.stem
        assert record.brief_title == raw["identificationModule"]["briefTitle"]
        assert record.enrollment == raw["designModule"]["enrollmentInfo"]["count"]
        assert (
            [arm.label for arm in record.arms]
            == [arm["label"] for arm in raw["armsInterventionsModule"]["armGroups"]]
            if ("armGroups" in raw.get("armsInterventionsModule", {}))
            else record.arms == ()
        )
        listed = [
            one
            for key in ("primary", "secondary", "other")
            for one in raw["outcomesModule"].get(f"{key}Outcomes", [])
        ]
        assert [one.measure for one in record.outcomes()] == [one["measure"] for one in listed]
        assert record.provenance.source == "ClinicalTrials.gov"
        assert (
            record.provenance.copied
            == json.loads(path.read_bytes())["derivedSection"]["miscInfoModule"]["versionHolder"]
        )


def test_arms_refer_to_interventions_by_the_name_the_record_uses(shared: Callable[[str], Path]) -> None:
    for path in records(shared):
        record, _ = read_record(path)
        names = {given.full_name.lower() for given in record.interventions}
        for arm in record.arms:
            assert {name.lower() for name in arm.intervention_names} <= names, path.name


def test_a_record_cannot_be_changed() -> None:
    record, _ = read_bytes(json.dumps(STUDY).encode(), "x.json")
    with pytest.raises(TypeError):
        record.document["protocolSection"]["identificationModule"]["nctId"] = "NCT0"  # type: ignore[index]
    with pytest.raises(AttributeError):
        record.provenance = Provenance()  # type: ignore[misc]


def test_age_limits() -> None:
    def limit(text: str) -> AgeLimit | None:
        return Record({"protocolSection": {"eligibilityModule": {"minimumAge": text}}}).minimum_age

    years = [found.years for text in ("18 Years", "6 Months", "2 Weeks") if (found := limit(text))]
    assert years == [18, Decimal("0.5"), None]
    assert limit("N/A") is None
    assert limit("") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n\t ", "is empty"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "is not text"),
        (b"PK\x03\x04\x00\x00", "binary"),
        (b"{", "ends in the middle"),
        (json.dumps(STUDY).encode()[:120], "ends in the middle"),
        (b'{"protocolSection": [1, 2', "ends in the middle"),
        (b'{"protocolSection": {]}', "is not JSON"),
        (b'{"protocolSection": {"a": NaN}}', "NaN"),
        (b'{"protocolSection": {"a": 1e999}}', "too large"),
        (b'"text"', "neither JSON nor a registry page"),
        (b"[1, 2, 3]", "holds 3 entries"),
        (b"{}", "without a protocolSection"),
        (b'{"protocolSection": 7}', "not an object"),
        (b'{"FullStudiesResponse": {"APIVrs": "1.01.05"}}', "retired API v1"),
        (b'{"FullStudy": {"Rank": 1}}', "retired API v1"),
        (b"Dear colleague, please find the record attached.", "neither JSON nor a registry page"),
        (b"<html><body><h1>Sign in</h1></body></html>", "neither JSON nor a registry page"),
    ],
)
def test_what_is_no_record_is_refused_with_a_reason(content: bytes, words: str) -> None:
    with pytest.raises(RecordError) as caught:
        read_bytes(content, "file.json")
    assert words in caught.value.message
    assert "file.json" in caught.value.message


def test_a_search_answer_names_its_studies() -> None:
    other = json.loads(json.dumps(STUDY).replace("NCT99999902", "NCT99999903"))
    with pytest.raises(RecordError, match=r"2 studies \(NCT99999902, NCT99999903\)"):
        read_bytes(json.dumps({"studies": [STUDY, other], "nextPageToken": "x"}).encode(), "search.json")
    record, _ = read_bytes(json.dumps({"studies": [STUDY]}).encode(), "search.json")
    assert record.registry_id == "NCT99999902"


def test_a_missing_file_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        read_record(tmp_path / "nothing.json")


def test_a_key_that_stands_twice_is_quoted() -> None:
    text = '{"protocolSection": {"conditionsModule": {"keywords": ["lost"], "keywords": ["kept"]}}}'
    record, findings = read_bytes(text.encode(), "x.json")
    assert record.keywords == ("kept",)
    assert ["lost" in finding.message for finding in findings if finding.code == "key-twice"] == [True]


def test_odd_types_and_names_are_findings_and_kept() -> None:
    odd = json.loads(json.dumps(STUDY))
    odd["protocolSection"]["conditionsModule"] = {"conditions": "Cough", "keywords": [1, "a"]}
    odd["protocolSection"]["designModule"]["enrollmentInfo"]["count"] = "fifteen"
    odd["protocolSection"]["moonModule"] = {"phase": "full"}
    odd["extra"] = [1]
    record, findings = read_bytes(json.dumps(odd).encode(), "x.json")
    assert record.conditions == ()
    assert record.keywords == ("a",)
    assert record.enrollment is None
    assert (
        sorted(finding.code for finding in findings) == ["not-in-the-v2-shape"] * 2 + ["not-the-v2-shape"] * 3
    )
    assert any("fifteen" in finding.message for finding in findings)
    assert document_of(record) == odd


def test_byte_order_marks_and_utf_16_are_read() -> None:
    text = json.dumps(STUDY)
    for data in (text.encode("utf-8-sig"), text.encode("utf-16")):
        assert read_bytes(data, "x.json")[0].registry_id == "NCT99999902"


TEXTS = st.text(max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
OUTCOMES = st.lists(
    st.fixed_dictionaries({"measure": TEXTS, "timeFrame": TEXTS, "description": TEXTS}), max_size=3
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "protocolSection": st.fixed_dictionaries(
            {
                "identificationModule": st.fixed_dictionaries({"nctId": TEXTS, "briefTitle": TEXTS}),
                "outcomesModule": st.fixed_dictionaries({"primaryOutcomes": OUTCOMES}),
                "eligibilityModule": st.fixed_dictionaries({"eligibilityCriteria": TEXTS}),
                "anythingElse": VALUES,
            }
        )
    },
    optional={"resultsSection": VALUES, "documentSection": VALUES, "something": VALUES},
)
ORIGINS = st.builds(
    Provenance,
    source=TEXTS,
    copied=TEXTS,
    notice=TEXTS,
    layout=st.sampled_from(["page-text", "page-html", ""]),
)


@settings(max_examples=80, deadline=None)
@given(document=DOCUMENTS, origin=ORIGINS)
def test_written_and_read_again_is_the_same_record(document: dict[str, Any], origin: Provenance) -> None:
    if origin.layout == "":
        document = {key: value for key, value in document.items() if key != "provenance"}
        origin = read_bytes(json.dumps(document).encode(), "x.json")[0].provenance
    record = Record(freeze(document), origin)
    again, _ = read_bytes(record_text(record).encode("utf-8", "surrogatepass"), "x.json")
    assert again == record
    assert again.content_hash == record.content_hash
    assert thaw(again.document) == document
