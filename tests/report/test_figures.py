"""Figures: whole for any number of people and any name, the same bytes, and the numbers in words."""

from __future__ import annotations

import itertools
import re
import threading
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.errors import AnalysisError
from trialrun.report.figures import forest as forests
from trialrun.report.figures import laboratory, missing, outcome, people, time
from trialrun.report.figures import shift as shifts
from trialrun.report.figures.data import (
    AtRisk,
    Bar,
    Course,
    FlowArm,
    FlowBox,
    ForestRow,
    IncidenceCurve,
    LabCourse,
    LabPanel,
    Lane,
    LiverPoint,
    Mark,
    MeanPoint,
    PresenceLine,
    RecruitmentLine,
    ShiftPath,
)
from trialrun.report.figures.drawing import shortened, width_of, wrap
from trialrun.report.figures.parts import apart, log_ticks, plain

LONG = "Participant-0123456789-with-the-very-long-identifier-of-a-site"
HOSTILE = [
    "$x^2$",
    "<script>alert(1)</script>",
    '"&amp;',
    "علی رضایی",
    "شمارهٔ ۱",
    "a\u202eb\x00",
    "{x}",
    "%s",
    "中文",
]
CLASSES = ("A", "B", "C", "transplanted", "died")
TIMES = ("Baseline", "Month 2", "Month 4")


def names(n, style=""):
    if style == "long":
        return [f"{LONG}-{index}" for index in range(n)]
    if style == "hostile":
        return [f"{HOSTILE[index % len(HOSTILE)]}{index}" for index in range(n)]
    return [f"S-{index + 1:03}" for index in range(n)]


def every_figure(n, *, style="", ended="some", same=False, scale=1.0):
    who = names(n, style)

    def end(index):
        word = "transplanted" if index % 13 == 5 else "died" if index % 7 == 3 else ""
        return {"all": "died", "none": "", "some": word}[ended]

    def value(index, at=0):
        return 12.0 if same else round((10 + (index * 7 + at * 3) % 11) * scale, 1)

    words = "MELD-Na (points)" if style != "hostile" else "MELD <b>$x$</b> & more"
    courses = [
        Course(p, (value(i), value(i, 1), None if end(i) else value(i, 2)), end(i)) for i, p in enumerate(who)
    ]
    bars = [Bar(p, None if end(i) else value(i, 2) - value(i), end(i)) for i, p in enumerate(who)]
    lanes = [
        Lane(p, 20.0 + i if end(i) else 122.0, (0, 7, 14), [Mark(5, "admission")], end(i))
        for i, p in enumerate(who)
    ]
    labs = [
        LabCourse(p, (-1.0, 0.0, 60.0), (value(i), value(i, 1), value(i, 2)), value(i, 1), end(i))
        for i, p in enumerate(who)
    ]
    points = [LiverPoint(p, 0.5 + i % 5, 0.5 + i % 4, i % 3 == 0, end(i)) for i, p in enumerate(who)]
    days = [date(2026, 1, 5) + timedelta(days=9 * i) for i in range(n)]
    curve = IncidenceCurve("death", (10.0, 60.0), (0.1, 0.2), (0.0, 0.1), (0.3, None))
    row = ForestRow("Main analysis", n, -2.0 * scale, -4.0 * scale, -0.5 * scale, main=True)
    return [
        outcome.spaghetti("sp", courses, TIMES, words),
        outcome.waterfall("wf", bars, words, time="Month 4"),
        outcome.means("me", [MeanPoint(t, n, -1.0 * scale, -2.0 * scale, None) for t in TIMES[:n]], TIMES, words),
        people.flow("fl", [FlowBox("Screened", n + 2, [(who[0] if who else "nobody", 2)]), FlowBox("Treated", n)]),
        people.swimmer("sw", lanes),
        shifts.shift("sh", [ShiftPath(("B", CLASSES[i % 5]), 1) for i in range(n)], CLASSES, ("Start", "End"), words),
        laboratory.panels("lp", [LabPanel("ALT", "U/L", labs, None, 40), LabPanel("INR", "", labs)]),
        laboratory.panels("lm", [LabPanel("ALT", "U/L", labs)], multiples=True),
        laboratory.liver_scatter("ls", points),
        time.incidence("in", [curve] if n else [], [AtRisk("", (0.0, 60.0), (n, n // 2))]),
        time.recruitment("re", [RecruitmentLine("enrolled", tuple(days), tuple(range(1, n + 1)))], 15),
        forests.forest("fo", [row, ForestRow(who[0], n, None, note="not estimable")] if n else [], words),
        missing.missingness("mi", [PresenceLine(p, [("observed", 2), ("died", 1)]) for p in who[:20]]),
    ]  # fmt: skip


CASES = {
    "fifteen": {"n": 15},
    "nobody": {"n": 0},
    "one": {"n": 1},
    "two": {"n": 2},
    "two hundred": {"n": 200},
    "long names": {"n": 15, "style": "long"},
    "hostile names": {"n": 15, "style": "hostile"},
    "all dead": {"n": 15, "ended": "all"},
    "nobody dead": {"n": 15, "ended": "none"},
    "identical": {"n": 15, "same": True},
    "negative": {"n": 15, "scale": -1.0},
    "huge": {"n": 15, "scale": 1e9},
    "tiny": {"n": 15, "scale": 1e-6},
}


@pytest.mark.parametrize("case", CASES)
def test_every_figure_is_whole_in_every_case(case):
    for figure in every_figure(**CASES[case]):
        root = ElementTree.fromstring(figure.svg)
        assert root.get("role") == "img", figure.name
        parts = [child.tag.split("}")[1] for child in root]
        assert parts[:2] == ["title", "desc"]
        assert root[1].text == figure.alt
        assert figure.caption
        assert figure.alt.endswith(".")
        assert not re.search(r"[ML] ?nan|=\"nan", figure.svg)
        inside(figure, root)


def inside(figure, root):
    """No text begins outside the drawing, and none that begins at its place runs out of it."""
    _, _, width, height = map(float, root.get("viewBox").split())
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        style = text.get("style", "")
        size = float(re.search(r"font-size: ([\d.]+)px", style)[1])
        turned = "rotate(-9" in text.get("transform", "")
        place = re.search(r"translate\(([\d.-]+) ([\d.-]+)\)", text.get("transform", ""))
        x = float(text.get("x") or place[1])
        y = float(text.get("y") or place[2])
        wide = width_of(text.text or "", size)
        anchor = re.search(r"text-anchor: (\w+)", style)
        start = {"middle": x - wide / 2, "end": x - wide}.get(anchor[1] if anchor else "start", x)
        assert -1 <= y <= height + 1, (figure.name, text.text)
        if not turned:
            assert start >= -1.5, (figure.name, text.text)
            assert start + wide <= width + 1.5, (figure.name, text.text, start + wide)


def test_the_same_values_give_the_same_bytes():
    assert [one.svg for one in every_figure(15)] == [one.svg for one in every_figure(15)]


def test_the_machines_settings_change_nothing():
    import matplotlib as mpl

    plain_ones = [one.svg for one in every_figure(3)]
    with mpl.rc_context({"font.size": 22, "axes.grid": True, "lines.linewidth": 9, "text.color": "red"}):
        assert [one.svg for one in every_figure(3)] == plain_ones
        assert mpl.rcParams["font.size"] == 22


def test_figures_drawn_at_once_are_those_drawn_one_by_one():
    alone = [one.svg for one in every_figure(4)]
    found = []
    threads = [
        threading.Thread(target=lambda: found.append([one.svg for one in every_figure(4)])) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 3


def test_figures_on_one_page_share_no_names_and_load_nothing():
    seen = set()
    for figure in every_figure(15):
        ids = re.findall(r'\bid="([^"]+)"', figure.svg)
        assert len(ids) == len(set(ids)), figure.name
        assert not seen & set(ids), figure.name
        seen |= set(ids)
        pointed = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', figure.svg)
        assert {a or b for a, b in pointed} <= set(ids)
        assert "<style" not in figure.svg
        assert not re.search(r'href="[^#]', figure.svg)
        assert "<script" not in figure.svg


def test_texts_stay_texts():
    svg = outcome.waterfall("w", [Bar("علی <b>", -2.0), Bar("$x^2$", 1.0)], "Points").svg
    root = ElementTree.fromstring(svg)
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "علی <b>" in texts
    assert "$x^2$" in texts


def test_the_waterfalls_words_carry_every_number():
    bars = [Bar("S-1", None, "died"), Bar("S-2", -2.0), Bar("S-3", 0.0), Bar("S-4", 3.5), Bar("S-5", None)]
    figure = outcome.waterfall("w", bars, "Points", time="Month 4")
    assert "1 better, 1 unchanged, 1 worse, 1 died or transplanted" in figure.alt
    assert "S-2 −2.0, S-3 0.0, S-4 +3.5, S-1 died" in figure.alt
    assert "no known change: S-5" in figure.caption


def bars_of(svg):
    """Heights of the hatched bars and of all others, signed upwards."""
    hatched, others = [], []
    for path, style in re.findall(r'<path d="([^"]+)"[^>]* style="([^"]+)"', svg):
        ys = [float(y) for y in re.findall(r"[ML] [\d.-]+ ([\d.-]+)", path)]
        if "fill: url(" in style:
            hatched.append(ys[0] - min(ys) or ys[0] - max(ys))
        elif "fill: #0072b2" in style or "fill: #d55e00" in style:
            others.append(max(ys) - min(ys))
    return hatched, others


@pytest.mark.parametrize("lower_is_better", [True, False])
def test_deaths_are_full_bars_at_the_worst_end(lower_is_better):
    bars = [Bar("S-1", 2.0), Bar("S-2", None, "died"), Bar("S-3", -4.0), Bar("S-4", None, "transplanted")]
    figure = outcome.waterfall("w", bars, "x", lower_is_better=lower_is_better)
    hatched, others = bars_of(figure.svg)
    assert len(hatched) == 2
    assert all(abs(full) > max(others) for full in hatched)
    assert all((full > 0) == lower_is_better for full in hatched)
    order = re.findall(r">(S-\d)<", figure.svg)
    assert set(order[-2:]) == {"S-2", "S-4"}


def test_many_people_stay_readable_and_it_is_said():
    many = every_figure(400)
    by_name = {figure.name: figure for figure in many}
    assert "200 of 400 lines are drawn" in by_name["sp"].caption
    assert "200 of 400 lanes are drawn" in by_name["sw"].caption
    assert all(len(figure.svg) < 800_000 for figure in many)


def test_the_mean_is_of_all_and_of_those_observed():
    courses = [Course(f"S-{i}", (float(i), None if i % 2 else 1.0)) for i in range(500)]
    alt = outcome.spaghetti("s", courses, ("Start", "End"), "x").alt
    assert "Start 249.5 (n = 500)" in alt
    assert "End 1.0 (n = 250)" in alt


def test_means_are_taken_by_arm():
    courses = [Course("a", (1.0,), arm="New"), Course("b", (3.0,), arm="Old")]
    figure = outcome.spaghetti("s", courses, ("Start",), "x")
    assert "New: mean at Start 1.0 (n = 1)" in figure.alt
    assert "Old: mean at Start 3.0 (n = 1)" in figure.alt


def test_a_shift_counts_better_same_and_worse():
    paths = [ShiftPath(("B", "A"), 2), ShiftPath(("B", "B"), 3), ShiftPath(("C", "died"), 1)]
    figure = shifts.shift("s", paths, CLASSES, ("Baseline", "Month 4"), "Child-Pugh class")
    assert "2 better, 3 same, 1 worse" in figure.alt
    assert "C to died: 1" in figure.alt
    with pytest.raises(AnalysisError, match="none of A"):
        shifts.shift("s", [ShiftPath(("B", "D"), 1)], CLASSES, ("a", "b"), "x")
    with pytest.raises(AnalysisError, match="path"):
        shifts.shift("s", [ShiftPath(("B",), 1)], CLASSES, ("a", "b"), "x")


def test_ribbons_of_more_than_two_times():
    figure = shifts.shift(
        "s", [ShiftPath(("A", "B", "A"), 2), ShiftPath(("A", "B", "died"), 1)], CLASSES, TIMES, "x"
    )
    assert "1 worse" in figure.alt
    assert "2 same" in figure.alt


def test_an_open_interval_of_the_forest_says_so():
    figure = forests.forest("f", [ForestRow("one", 5, 1.0, None, 2.0), ForestRow("two", 5, None)], "x")
    assert "no lower bound to 2" in figure.alt
    assert "two, n = 5: not estimable" in figure.alt


def test_arms_of_the_flow_stand_side_by_side():
    arms = [
        FlowArm(f"Arm {i}", [FlowBox("Allocated", 5), FlowBox("Analysed", 4, [("died", 1)])])
        for i in range(4)
    ]
    figure = people.flow("f", [FlowBox("Screened", 30), FlowBox("Randomised", 20)], arms)
    assert "Arm 3: Allocated: 5" in figure.alt
    inside(figure, ElementTree.fromstring(figure.svg))


def test_liver_points_without_values_are_named():
    figure = laboratory.liver_scatter("l", [LiverPoint("S-1", 4.0, 3.0, True), LiverPoint("S-2", None, 2.0)])
    assert "S-2" in figure.caption
    assert "1 with ALT above 3, 1 with bilirubin above 2, 1 with both" in figure.alt
    grey = laboratory.liver_scatter(
        "l", [LiverPoint("S-1", 4.0, 3.0)], of="upper limit of normal", greyed=True
    )
    assert "must not be read as Hy's law" in grey.caption


def test_values_no_axis_can_show_are_refused():
    for broken in (float("nan"), float("inf")):
        with pytest.raises(AnalysisError, match="no figure can show"):
            outcome.waterfall("w", [Bar("S-1", broken)], "x")
    with pytest.raises(AnalysisError, match="outside 0 to 1"):
        IncidenceCurve("death", (1.0,), (1.5,), (None,), (None,))
    with pytest.raises(AnalysisError, match="not in order"):
        RecruitmentLine("x", (date(2026, 2, 1), date(2026, 1, 1)), (1, 2))


def test_a_value_of_zero_leaves_the_logarithmic_axis():
    zero = LabPanel("ALT", "U/L", [LabCourse("S-1", (0.0, 1.0), (0.0, 3.0), 0.0)])
    assert "lowest 0, highest 3" in laboratory.panels("p", [zero]).alt
    assert "no values" in laboratory.panels("p", [zero], multiples=True).alt


@given(st.lists(st.floats(-100, 100), max_size=30), st.floats(0.5, 20))
def test_labels_are_kept_apart(places, gap):
    moved = apart(places, gap, -100, 100)
    ordered = sorted(moved)
    room = min(gap, 200 / max(len(places) - 1, 1))
    assert all(b - a >= room - 1e-6 for a, b in itertools.pairwise(ordered))
    assert all(-100 - 1e-6 <= place <= 100 + 1e-6 for place in moved)


@settings(deadline=None, max_examples=60)
@given(
    st.text(
        alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), max_size=80
    ),
    st.floats(40, 200),
)
def test_wrapping_loses_nothing_and_fits(text, width):
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width_of(line) <= width or len(line) == 1 for line in lines)
    assert width_of(shortened(text, width)) <= width or len(shortened(text, width)) <= 2


@given(st.floats(1e-6, 1e6), st.floats(1.3, 1e9))
def test_logarithmic_ticks_are_few_and_within(low, times):
    ticks = log_ticks(low, low * times)
    assert len(ticks) <= 8
    assert all(low <= tick <= low * times for tick in ticks)


def test_numbers_of_axes_are_plain():
    assert [plain(x) for x in (0, -2.5, 1000, 0.001, 28_000_000, 1e-9)] == [
        "0", "−2.5", "1000", "0.001", "2.8e7", "1e-9".replace("-", "−"),
    ]  # fmt: skip


def test_the_number_at_risk_leaves_out_those_who_left_before():
    # One of 15 left on day 7, one died on day 88: on day 20 fourteen are at risk, on day 100 thirteen.
    row = AtRisk("", (0.0, 7.0, 88.0, 112.0), (15, 15, 14, 13))
    curve = IncidenceCurve("death", (0.0, 88.0, 112.0), (0.0, 1 / 14, 1 / 14), (None,) * 3, (None,) * 3)
    drawn = re.sub(r"<[^>]+>", " ", time.incidence("risk", [curve], [row]).svg)
    below = [int(word) for word in drawn.rsplit("at risk", 1)[1].split() if word.isdigit()]
    assert below[:6] == [15, 14, 14, 14, 14, 13]
