"""The results in plain words: numbers of the report, caveats that stay, no jargon, an easy read."""

from __future__ import annotations

import json
import re

import pytest

from small_study import SmallRules, make_study, origin, six_people
from trialrun.analyse.run import analyse_dataset
from trialrun.derive.dataset import derive_dataset
from trialrun.report.plain_summary import plain_summary
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot

JARGON = re.compile(
    r"p[ -]value|confidence|interval|significan|estimand|median|hodges|cohort|adverse|endpoint|baseline|efficacy|"
    r"placebo|randomi|imput|population|standard deviation|\bCI\b|\bSD\b",
    re.IGNORECASE,
)


@pytest.fixture
def summary(dataset):
    return plain_summary(dataset, analyse_dataset(dataset))


def words(summary):
    return " ".join(part for one in summary.passages for part in (one.heading, *one.sentences, *one.points))


def test_the_numbers_are_those_counted_by_hand(summary):
    text = words(summary)
    assert "7 people were looked at. 6 joined the study, and 6 got the treatment at least once." in text
    # S-001 and S-002 fall, S-003 rises; S-004 died, S-005 missed month 4, S-006 lacks the INR
    assert "for 3 people. It got better in 2, worse in 1, and stayed the same in 0." in text
    assert "On average it fell by 1.3." in text
    assert "1 died before. For 2 we do not know." in text
    assert "1 of them died during the study, from any cause." in text


def test_one_arm_never_goes_without_its_caveat(summary):
    text = words(summary)
    assert "no proof that the treatment caused it" in text
    assert "There was no group to compare with." in text
    assert "too few" in text
    assert "The people in it are made up." in text


def test_interim_says_so(tmp_path):
    study = make_study()
    write_snapshot(tmp_path / "cut", six_people(study).tables, origin(purpose="interim", synthetic=False))
    data = derive_dataset(read_snapshot(tmp_path / "cut"), study, rules=SmallRules())
    text = words(plain_summary(data, analyse_dataset(data)))
    assert "The study is not over." in text
    assert "made up" not in text


def test_nobody_is_named_and_nothing_is_jargon(summary):
    text = words(summary)
    assert not re.search(r"S-00\d", summary.text())
    assert not JARGON.findall(text)


def test_it_reads_like_a_newspaper(summary):
    """Flesch reading ease of 60 or more (Flesch R, J Appl Psychol 1948;32:221)."""
    sentences = [one for one in re.split(r"[.?!:]+", words(summary)) if one.strip()]
    found = re.findall(r"[A-Za-z]+", words(summary))
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", one.lower())))) for one in found)
    assert 206.835 - 1.015 * len(found) / len(sentences) - 84.6 * syllables / len(found) >= 60


def test_the_same_results_give_the_same_bytes_bound_to_them(dataset):
    results = analyse_dataset(dataset)
    first = plain_summary(dataset, results)
    assert first.text() == plain_summary(dataset, analyse_dataset(dataset)).text()
    held = json.loads(first.text())
    assert held["snapshot"] == dataset.snapshot.manifest.hash
    assert len(held["results"]) == 64
