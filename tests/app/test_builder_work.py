"""A draft's folder at work: nothing is overwritten unseen, every version comes back, every comment stays."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from trialrun.app.builder.changing import (
    Clashing,
    Harmful,
    Saved,
    add_entry,
    change_entry,
    change_text,
    remove_entry,
    rename_entry,
)
from trialrun.app.builder.checked import check_text
from trialrun.app.builder.edits import Edits
from trialrun.app.builder.fields import ABSENT, FIELDS, changes, read_entry
from trialrun.app.builder.overview import overview
from trialrun.app.builder.rules import look_at_rule, try_rule
from trialrun.app.builder.shown import in_file, shown_entry
from trialrun.app.builder.sound import look_at_entry
from trialrun.app.builder.workshop import ChangedMeanwhileError, Workshop, workshop
from trialrun.app.drafts import draft_study
from trialrun.errors import UserError

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "examples" / "nct05871463"
SMALL = """\
# A small study, with comments to keep.
study:
  id: small
  title: 'A small study' # in quotes
  sponsor: Nobody
  target: 10

items:
  # who
  birth_date: {label: Date of birth, type: date, partial: true}
  consent_date:
    label: Date of signature
    type: date
  # blood
  bilirubin:
    label: Bilirubin, total
    type: number
    unit: mg/dL
    hard: [0.05, 80] # refused outside
  diabetes_type:
    label: Diabetes mellitus
    type: choice
    choices: {none: None, type_1: Type 1}

forms:
  first: # the only one
    title: First
    items: [birth_date, consent_date, bilirubin,
            diabetes_type]

visits:
  screening: {title: Screening, kind: screening, anchor: screening, offset: P0D, forms: [first]}
  month_4:
    title: Month 4
    kind: follow_up
    anchor: first_dose
    offset: P4M # calendar months
    forms: []

derived:
  age:
    label: Age in completed years at consent
    expression: YEARS_BETWEEN(birth_date, consent_date)

criteria:
  I2b:
    kind: inclusion
    bullet: 1
    text: >-
      between 18-75 years
      old
    expression: age >= 18 AND age <= 75
  # and who may not
  E10:
    kind: exclusion
    bullet: 1
    text: "Diabetes mellitus Type I."
    expression: |  # as the record says
      diabetes_type = 'type_1'
    look_back: ever
"""


@pytest.fixture
def work(tmp_path: Path) -> Workshop:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "study.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "one" / "rehearsal.yaml").write_text("visits: {month_4: 1}\n", encoding="utf-8")
    found = workshop(tmp_path, "one")
    assert found is not None
    return found


def form_of(section: str, entry: dict[str, Any], **changed: str) -> Any:
    form = shown_entry(section, entry) | {key: [value] for key, value in changed.items()}
    return read_entry(section, lambda key: form.get(key, []))


def entry_in(work: Workshop, section: str, name: str) -> dict[str, Any]:
    return check_text(work.folder, work.text()).section(section)[name]


def saving(work: Workshop, section: str, name: str, seen: str, *, keep: bool = False, **changed: str) -> Any:
    read = form_of(section, entry_in(work, section, name), **changed)
    assert not read.errors
    return change_entry(work, section, name, read, seen=seen, now=NOW, keep=keep)


def unchanged(text: str) -> str:
    """The text after every entry of every section was opened and saved as it is."""
    edits = Edits(text)
    for section in FIELDS:
        for name, entry in dict(edits.meant.get(section) or {}).items():
            read = form_of(section, entry)
            assert not read.errors, (section, name, read.errors)
            for key, value in changes(section, entry, read).items():
                assert value is not ABSENT, (section, name, key)
                edits.set((section, name, key), value)
    return edits.text()


def test_a_form_saved_as_it_was_opened_changes_no_byte() -> None:
    text = (EXAMPLE / "study.yaml").read_text(encoding="utf-8")
    assert unchanged(text) == text


def test_a_drafted_study_too(tmp_path: Path) -> None:
    draft_study(EXAMPLE / "record.json", tmp_path / "draft")
    text = (tmp_path / "draft" / "study.yaml").read_text(encoding="utf-8")
    assert unchanged(text) == text


def test_real_records_too(shared: Any, tmp_path: Path) -> None:
    draft_study(shared("ctgov/NCT04402008.json"), tmp_path / "draft")
    text = (tmp_path / "draft" / "study.yaml").read_text(encoding="utf-8")
    assert unchanged(text) == text


def test_an_edit_keeps_comments_order_and_quotes(work: Workshop) -> None:
    before, seen = work.seen(NOW)
    made = saving(work, "criteria", "E10", seen, look_back="ever, by history")
    assert isinstance(made, Saved)
    after = work.text()
    old, new = before.splitlines(), after.splitlines()
    assert [line for line in new if line not in old] == ["    look_back: ever, by history"]
    assert [line for line in old if line not in new] == ["    look_back: ever"]


def test_a_rule_that_does_not_fit_is_shown_first_and_kept_when_wanted(work: Workshop) -> None:
    _text, seen = work.seen(NOW)
    made = saving(work, "criteria", "E10", seen, expression="diabetes_typ = 'type_1'")
    assert isinstance(made, Harmful)
    assert "did you mean 'diabetes_type'" in made.findings[0].remedy
    assert work.seen(NOW)[1] == seen
    made = saving(work, "criteria", "E10", seen, expression="diabetes_typ = 'type_1'", keep=True)
    assert isinstance(made, Saved)
    assert made.harm
    assert check_text(work.folder, work.text()).errors


def test_a_text_editor_is_not_overwritten(work: Workshop) -> None:
    _text, seen = work.seen(NOW)
    path = work.folder / "study.yaml"
    # Another entry was changed by hand: both changes stay.
    path.write_text(
        path.read_text(encoding="utf-8").replace("title: Month 4", "title: The fourth month # by hand"),
        encoding="utf-8",
    )
    made = saving(work, "criteria", "E10", seen, look_back="ever, by history")
    assert isinstance(made, Saved)
    assert made.merged
    assert "title: The fourth month # by hand" in work.text()
    assert "ever, by history" in work.text()
    # The same entry was changed by hand: nothing is written, and what it says now is told.
    seen = made.version
    text = path.read_text(encoding="utf-8").replace("ever, by history", "by hand")
    path.write_text(text, encoding="utf-8")
    read = form_of("criteria", entry_in(work, "criteria", "E10"), look_back="mine")
    made = change_entry(work, "criteria", "E10", read, seen=seen, now=NOW, keep=False)
    assert isinstance(made, Clashing)
    assert made.theirs is not None
    assert made.theirs["look_back"] == "by hand"
    assert path.read_text(encoding="utf-8") == text
    with pytest.raises(ChangedMeanwhileError):
        work.save("study: {}\n", seen=seen, what="", now=NOW)
    # Seen and saved again, it is the reader's to decide.
    made = change_entry(work, "criteria", "E10", read, seen=made.version, now=NOW, keep=False)
    assert isinstance(made, Saved)
    assert "look_back: mine" in work.text()


def test_every_version_comes_back(work: Workshop) -> None:
    first, seen = work.seen(NOW)
    for number in range(3):
        made = saving(work, "visits", "month_4", seen, title=f"Title {number}")
        assert isinstance(made, Saved)
        seen = made.version
    kept = work.versions()
    assert [one.number for one in kept] == [1, 2, 3, 4]
    seen = work.restore(kept[0], seen=seen, now=NOW)
    assert work.text() == first
    assert "title: Title 2" in work.text_of(work.versions()[3])
    (work.folder / ".history" / f"000002-{kept[1].hash}.yaml").write_text("else", encoding="utf-8")
    with pytest.raises(UserError, match="no longer"):
        work.text_of(kept[1])


def test_line_ends_and_mark_of_a_file_stay(work: Workshop) -> None:
    path = work.folder / "study.yaml"
    raw = "\ufeff" + path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(raw.encode("utf-8"))
    _text, seen = work.seen(NOW)
    assert isinstance(saving(work, "visits", "month_4", seen, title="Fourth"), Saved)
    after = path.read_bytes().decode("utf-8")
    assert after == raw.replace("title: Month 4\r\n", "title: Fourth\r\n")


def test_a_text_that_is_no_yaml_is_never_written(work: Workshop) -> None:
    text, seen = work.seen(NOW)
    made = change_text(work, text + "\n  : [", seen=seen, now=NOW, keep=True)
    assert isinstance(made, Harmful)
    assert work.text() == text


def test_add_rename_remove(work: Workshop) -> None:
    _text, seen = work.seen(NOW)
    form = {
        "label": ["Platelets"],
        "type": ["number"],
        "unit": ["10*9/L"],
        "required": ["true"],
        "note": ["Why: n"],
    }
    made = add_entry(
        work,
        "items",
        "platelets_again",
        read_entry("items", lambda key: form.get(key, [])),
        seen=seen,
        now=NOW,
        keep=False,
    )
    assert isinstance(made, Saved)
    made = rename_entry(work, "items", "platelets_again", "thrombocytes", seen=made.version, now=NOW)
    assert isinstance(made, Saved)
    assert entry_in(work, "items", "thrombocytes") == {
        "label": "Platelets",
        "type": "number",
        "unit": "10*9/L",
        "note": "Why: n",
    }
    made = remove_entry(work, "items", "thrombocytes", seen=made.version, now=NOW, keep=False)
    assert isinstance(made, Saved)
    made = rename_entry(work, "visits", "month_4", "month_four", seen=made.version, now=NOW)
    assert isinstance(made, Saved)
    assert made.beside == ("rehearsal.yaml",)


def test_names_never_lead_out_of_the_folder(tmp_path: Path, work: Workshop) -> None:
    for name in ("..", "../one", ".history", "one/../one", "", "/etc", "one\x00"):
        assert workshop(tmp_path, name) is None


def test_a_rule_is_tried_three_ways(work: Workshop) -> None:
    checked = check_text(work.folder, work.text())
    assert checked.study is not None
    rule = checked.study.criteria["I2b"].expression

    def outcome(**given: str) -> Any:
        return try_rule(checked.study, "I2b", rule, lambda name: given.get(name, "")).outcome  # type: ignore[arg-type]

    assert outcome(birth_date="1980-02-03", consent_date="2026-01-05").outcome == "met"
    assert outcome(birth_date="1940", consent_date="2026-01-05").outcome == "not_met"
    unknown = outcome(birth_date="1980")
    assert unknown.outcome == "unknown"
    assert "consent_date" in unknown.missing
    odd = try_rule(checked.study, "I2b", rule, lambda name: "soon")
    assert odd.outcome is None
    assert set(odd.errors or {}) == {"birth_date", "consent_date"}


def test_a_rule_is_looked_at_while_it_is_written(work: Workshop) -> None:
    checked = check_text(work.folder, work.text())
    fits = look_at_rule(checked, "criteria", "E10", "bilirubin > 3")
    assert (fits.words, fits.fits) == ("Bilirubin, total is more than 3 mg/dL", True)
    assert look_at_rule(checked, "criteria", "E10", "bilirubn > 3").remedy == "did you mean 'bilirubin'?"
    assert "condition" in look_at_rule(checked, "criteria", "E10", "bilirubin").message
    assert look_at_rule(checked, "items", "bilirubin", "age >= 18").fits
    values = read_entry(
        "visits", lambda key: {"offset": ["four weeks"], "forms": ["nowhere"]}.get(key, [])
    ).values
    assert set(look_at_entry(checked, "visits", values)) == {"offset", "anchor", "forms"}
    values = read_entry(
        "items",
        lambda key: {"unit": ["mgdl"], "codings": ["1975-2"], "hard.low": ["9"], "hard.high": ["1"]}.get(
            key, []
        ),
    ).values
    assert set(look_at_entry(checked, "items", values)) == {"unit", "codings", "hard"}


def test_what_is_open_stands_first(tmp_path: Path) -> None:
    draft_study(EXAMPLE / "record.json", tmp_path / "draft")
    work = workshop(tmp_path, "draft")
    assert work is not None
    view = overview(check_text(work.folder, work.text()))
    criteria = next(section for section in view.sections if section.name == "criteria")
    tones = [row.tone for row in criteria.sorted]
    assert tones == sorted(tones, key=["bad", "warn", ""].index)
    assert all(row.quotes for row in criteria.rows)


def test_what_rests_on_an_unconfirmed_assumption_is_open(tmp_path: Path) -> None:
    draft_study(EXAMPLE / "record.json", tmp_path / "draft")
    work = workshop(tmp_path, "draft")
    assert work is not None
    view = overview(check_text(work.folder, work.text()))
    rows = {(section.name, row.name): row for section in view.sections for row in section.rows}
    assert any("window_month_4" in why for why in rows["visits", "month_4"].open)
    assert all(
        any("endpoint_" in why for why in row.open) for key, row in rows.items() if key[0] == "endpoints"
    )
    assert rows["visits", "early_termination"].tone == ""
    month = rows["visits", "month_4"]
    assert month.rule.startswith("first dose + 4 calendar months, 21 days either way · ")
    assert "Laboratory" in month.rule
    assert rows["visits", "unscheduled"].rule == "no planned day"
    confirmed = work.text().replace(
        "    confirm_by: Sponsor\n", "    confirm_by: Sponsor\n    confirmed: {by: A, on: 2026-01-01}\n"
    )
    assert not overview(check_text(work.folder, confirmed)).sections[1].left


def test_a_conflict_shows_every_kind_of_field_as_the_file_has_it() -> None:
    fields = {field.name: field for section in ("items", "endpoints") for field in FIELDS[section]}
    theirs = shown_entry("items", {"required": False, "hard": [1, None], "units": ["mg/dL", "umol/L"]})
    theirs |= shown_entry("endpoints", {"metric": {"value": "change", "stated": True}})
    mine = {
        "required": ["true"],
        "hard.low": ["2"],
        "units": ["mg/dL\r\numol/L"],
        "metric.value": ["change"],
        "metric.stated": [""],
        "metric.assumption": ["metric_1"],
        "unit": ["mg/dL"],
    }

    def form(key: str) -> list[str]:
        return mine.get(key, [])

    assert in_file(fields["required"], form, theirs) == ["No"]
    assert in_file(fields["hard"], form, theirs) == ["1 – …"]
    assert in_file(fields["units"], form, theirs) is None
    assert in_file(fields["metric"], form, theirs) == ["change", "Stated by the record"]
    assert in_file(fields["unit"], form, theirs) == []
    assert in_file(fields["unit"], form, {}) is None
