"""The report: whole, self-contained, in order, traced, the same bytes, or not built at all."""

from __future__ import annotations

import dataclasses
import html.parser
import re

import pytest

from small_study import DOSE_DAY, SmallRules, make_study, origin, six_people
from trialrun.analyse.result import Interval
from trialrun.analyse.run import analyse_dataset
from trialrun.derive.dataset import derive_dataset
from trialrun.errors import AnalysisError
from trialrun.report.build import build_report, render_report
from trialrun.report.estimate_words import closed_at_zero
from trialrun.report.figures.data import Bar, Course
from trialrun.report.figures.outcome import spaghetti, waterfall
from trialrun.report.numbers import decimals_of, middle, shown, shown_interval, shown_p
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot

VOID = {"meta", "br", "link", "hr", "img", "input", "rect", "path", "use", "col"}


class Page(html.parser.HTMLParser):
    """Ids, links and unclosed elements of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.open, self.problems, self.loads = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        self.loads += [given[name] for name in ("src", "data", "poster") if name in given]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> at {self.getpos()}")


@pytest.fixture
def text(dataset):
    return render_report(dataset, analyse_dataset(dataset))


@pytest.fixture
def page(text):
    return Page(text)


def test_every_link_leads_to_a_place_on_the_page(page):
    assert not page.problems
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert all(link.startswith("#") for link in page.links)


def test_nothing_is_fetched(text, page):
    assert page.loads == []
    assert "default-src 'none'" in text
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", text))
    assert all(address.startswith("http://www.w3.org/") for address in addresses)


def test_a_rehearsal_says_so_first(text):
    assert text.index("Rehearsal: the participants are simulated") < text.index("<h1>")
    assert "Seed 7" in text
    assert "Not a medical device" in text


def test_outcomes_stand_in_registered_order_with_the_records_words(text):
    assert text.index("Primary outcome 1: The points") < text.index("Secondary outcome 1: The bilirubin")
    assert "after 4 months" in text


def test_a_number_leads_to_its_rows_and_those_to_the_log(text, dataset, page):
    assert "#rows-points_month_4/month_4" in page.links
    rows = text[text.index('id="rows-points_month_4/month_4"') :]
    anchor = re.search(r'href="#(v-[^"]+)"', rows).group(1)
    entry = text[text.index(f'<tr id="{anchor}"') :]
    found = re.search(r"[0-9a-f]{64}", entry[: entry.index("</tr>")]).group(0)
    assert found in dataset.snapshot.event_by_hash
    assert "coordinator" in entry[: entry.index("</tr>")]


def test_a_missing_part_shows_the_possible_values_and_why(text):
    rows = text[text.index('id="rows-points_month_4/month_4"') :]
    assert "12.5 to 64.5 possible" in rows
    assert "inr missing" in rows
    assert "died on day 99" in rows
    assert "moved away" in rows


def test_death_is_counted_in_the_limits_and_the_flow(text):
    assert "1 died and 0 were transplanted" in text
    assert "not eligible" in text


def test_the_same_snapshot_gives_the_same_page(dataset, tmp_path, small, text):
    write_snapshot(tmp_path / "again", six_people().tables, origin())
    again = derive_dataset(read_snapshot(tmp_path / "again"), small, rules=SmallRules())
    assert render_report(again, analyse_dataset(again)) == text


def test_a_report_without_a_registered_outcome_is_not_built(dataset, snapshot, small, tmp_path):
    results = analyse_dataset(dataset)
    kept = tuple(result for result in results.results if result.endpoint != "bilirubin")
    with pytest.raises(AnalysisError, match="bilirubin"):
        build_report(
            snapshot, small, dataclasses.replace(results, results=kept), tmp_path / "r.html", data=dataset
        )
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize("change", [{"snapshot_hash": "0"}, {"study_hash": "0"}])
def test_results_of_something_else_are_refused(dataset, snapshot, small, tmp_path, change):
    results = dataclasses.replace(analyse_dataset(dataset), **change)
    with pytest.raises(AnalysisError, match="another snapshot"):
        build_report(snapshot, small, results, tmp_path / "r.html", data=dataset)


def test_what_people_typed_is_shown_and_never_run(tmp_path):
    cut = six_people()
    script = "<script>alert(1)</script>"
    persian = "خونریزی واریس " * 20
    for number, term in enumerate((script, persian, "x" * 400), 2):
        cut.visit(
            "S-001", "log", None, "adverse_event", str(number), ae_term=term, ae_start=DOSE_DAY, ae_grade="2",
            ae_serious="false", ae_related="no", ae_outcome="recovered",
        )  # fmt: skip
    write_snapshot(tmp_path / "cut", cut.tables, origin())
    data = derive_dataset(read_snapshot(tmp_path / "cut"), cut.study, rules=SmallRules())
    text = render_report(data, analyse_dataset(data))
    assert script not in text
    assert "&lt;script&gt;" in text
    assert re.search(f'<td[^>]* dir="auto">(<a [^>]*>)?{persian.strip()}', text)


def test_a_study_with_a_hostile_title_is_escaped(snapshot):
    study = make_study(title="<b>x</b>")
    data = derive_dataset(snapshot, study, rules=SmallRules())
    assert "<b>x</b>" not in render_report(data, analyse_dataset(data))


def test_figures_have_words_and_no_shared_names():
    one = spaghetti(
        "a", [Course("S-1", (1.0, 2.0), "died"), Course("S-2", (None, 3.0))], ["Start", "End"], "Points"
    ).svg
    two = waterfall("b", [Bar("S-1", None, "died"), Bar("S-2", -2.0), Bar("S-3", 0.0)], "Points").svg
    assert 'role="img"' in one
    assert "1 better" in two
    assert "1 died" in two
    ids = [re.findall(r'id="([^"]+)"', svg) for svg in (one, two)]
    assert not set(ids[0]) & set(ids[1])
    assert (
        one
        == spaghetti(
            "a", [Course("S-1", (1.0, 2.0), "died"), Course("S-2", (None, 3.0))], ["Start", "End"], "Points"
        ).svg
    )


def test_a_waterfall_of_a_score_where_higher_is_better_turns_deaths_down():
    assert waterfall("w", [Bar("S-1", 2.0), Bar("S-2", None, "died")], "x", lower_is_better=False).svg


def test_numbers_are_written_as_people_read_them():
    assert shown(-1.25, 1, sign=True) == "−1.2"
    assert shown(-0.01, 1, sign=True) == "0.0"
    assert shown(None) == "–"
    assert [shown_p(p) for p in (0.0001, 0.04, 0.99999, 1.0, None)] == [
        "< 0.001",
        "0.040",
        "> 0.999",
        "1.000",
        "–",
    ]
    assert shown_interval(-1.0, None) == "−1.0 to no upper bound"
    assert decimals_of([1.0, 2.5, None]) == 1


def test_a_median_between_two_values_keeps_its_half():
    assert [middle(18.5, 0), middle(18.0, 0), middle(2.85, 1), middle(-0.5, 0)] == [
        "18.5",
        "18",
        "2.85",
        "\N{MINUS SIGN}0.5",
    ]
    assert middle(22.064, 1) == "22.1"


@pytest.mark.parametrize(
    ("low", "p", "said"), [(0.0, 0.037, True), (0.0, 0.065, False), (-1.0, 0.037, False)]
)
def test_an_interval_that_ends_on_a_rejected_zero_is_explained(dataset, low, p, said):
    result = analyse_dataset(dataset).results[0]
    held = dataclasses.replace(result, interval=Interval(0.95, low, None), p=p)
    assert closed_at_zero(held) is said
