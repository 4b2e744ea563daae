"""Searches of the store: against a slow search of the same records, and of words as people type them."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_store_kit import NOW, TODAY, WORDS, admits, choosing, searches, studies, study, without
from trialrun.registry.store import RegistryStore, open_registry, searching
from trialrun.registry.store.model import Search, Sort
from trialrun.registry.store.question import question

MANY = studies(300)


def store_of(folder: Path, documents: list[dict]) -> RegistryStore:
    path = folder / "records.jsonl"
    path.write_text("\n".join(map(json.dumps, documents)), "utf-8")
    store = open_registry(folder / "store.db")
    done = store.import_files([path], now=NOW)
    assert (done.new, done.bad) == (len(documents), 0)
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RegistryStore:
    return store_of(tmp_path_factory.mktemp("store"), MANY)


@pytest.fixture
def few(tmp_path: Path) -> RegistryStore:
    return store_of(
        tmp_path,
        [
            study(
                "NCT00000001",
                "Exosomes for liver cirrhosis",
                conditions=["Liver Cirrhosis"],
                updated="2020-01-01",
            ),
            study(
                "NCT00000002",
                "A drug",
                conditions=["Asthma"],
                summary="not in liver disease",
                updated="2024-01-01",
            ),
            study(
                "NCT00000003",
                "Élan vital",
                conditions=["Café-au-lait spots"],
                criteria="ALT < 3 x ULN",
                updated="",
            ),
            study(
                "ISRCTN123",
                "Transplantation of the liver",
                interventions=["COVID-19 vaccine"],
                sponsor="K & Söhne",
            ),
        ],
    )


def found(store: RegistryStore, words: str, **asked: object) -> list[str]:
    return [hit.registry_id for hit in store.search(Search(words=words, **asked), TODAY).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(120))
def test_a_search_finds_what_a_slow_search_of_the_documents_finds(store: RegistryStore, number: int) -> None:
    asked = searches(120)[number]
    right = {one["protocolSection"]["identificationModule"]["nctId"] for one in MANY if admits(one, asked)}
    answer = store.search(asked, TODAY)
    assert {hit.registry_id for hit in answer.hits} == right
    assert answer.total == len(right)
    assert [hit.registry_id for hit in store.export(asked, TODAY)] == [hit.registry_id for hit in answer.hits]


@pytest.mark.parametrize("number", range(40))
def test_a_facet_counts_what_choosing_its_value_would_find(store: RegistryStore, number: int) -> None:
    asked = searches(40, seed=3)[number]
    facets = store.search(asked, TODAY).facets
    assert set(facets) == {"status", "phase", "study_type", "sex", "country", "results"}
    for name, values in facets.items():
        right: dict[str, int] = {}
        open_to = without(asked, name)
        for value in _values(name):
            count = sum(admits(one, choosing(open_to, name, value)) for one in MANY)
            if count:
                right[value] = count
        assert {one.value: one.count for one in values} == right
        assert [one.count for one in values] == sorted(right.values(), reverse=True)


def _values(facet: str) -> list[str]:
    if facet in ("sex", "results"):
        return ["FEMALE", "MALE"] if facet == "sex" else ["yes", "no"]
    held: set[str] = set()
    for one in MANY:
        protocol = one["protocolSection"]
        held |= {
            "status": {protocol["statusModule"]["overallStatus"]},
            "phase": set(protocol["designModule"].get("phases", ())),
            "study_type": {protocol["designModule"]["studyType"]} - {""},
            "country": {place["country"] for place in protocol["contactsLocationsModule"]["locations"]},
        }[facet]
    return sorted(held)


def test_words_in_the_title_count_most_then_conditions_and_the_rest(few: RegistryStore) -> None:
    assert found(few, "liver")[:2] == ["NCT00000001", "ISRCTN123"]
    assert found(few, "liver")[2] == "NCT00000002"
    assert found(few, "", sort=Sort.UPDATED) == ["NCT00000002", "ISRCTN123", "NCT00000001", "NCT00000003"]


def test_words_of_very_many_trials_are_ranked_alike_by_parts(few: RegistryStore, monkeypatch) -> None:
    monkeypatch.setattr(searching, "_MOST_RANKED", 1)
    assert found(few, "liver") == ["ISRCTN123", "NCT00000001", "NCT00000002"]  # of equals the last updated
    assert found(few, "", condition="liver") == ["NCT00000001"]


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("cirrhosis", {"NCT00000001"}),
        ("exosome", {"NCT00000001"}),  # the plural is found
        ("LIVER transplant", {"ISRCTN123"}),
        ("elan cafe", {"NCT00000003"}),  # with and without accents
        ('"liver cirrhosis"', {"NCT00000001"}),
        ('"cirrhosis liver"', set()),
        ("“liver cirrhosis”", {"NCT00000001"}),
        ("liver -transplantation", {"NCT00000001", "NCT00000002"}),
        ("-liver", {"NCT00000003"}),
        ('-"liver disease" liver', {"NCT00000001", "ISRCTN123"}),
        ("covid-19", {"ISRCTN123"}),
        ("cirr*", {"NCT00000001"}),
        ("nct00000002", {"NCT00000002"}),
        ("isrctn123", {"ISRCTN123"}),
        ("söhne", {"ISRCTN123"}),
        ("liver OR asthma", set()),  # a word like any other
    ],
)
def test_words_as_people_type_them(few: RegistryStore, words: str, right: set[str]) -> None:
    assert set(found(few, words)) == right


def test_parts_are_searched_apart(few: RegistryStore) -> None:
    assert found(few, "", condition="liver") == ["NCT00000001"]
    assert found(few, "", intervention="covid-19") == ["ISRCTN123"]
    assert found(few, "liver", sponsor="sohne") == ["ISRCTN123"]
    assert found(few, "liver", condition="-cirrhosis", sort=Sort.UPDATED) == ["NCT00000002", "ISRCTN123"]


def test_what_could_not_be_used_is_told(few: RegistryStore) -> None:
    answer = few.search(Search(words="liver ☃ (", phases=("PHASE8",)), TODAY)
    assert answer.total == 0
    assert len(answer.notes) == 3
    assert "“☃”" in answer.notes[0]
    assert "PHASE8" in answer.notes[2]
    assert (
        few.search(Search(words="liver " * 3 + " ".join(WORDS * 9)), TODAY).notes == ()
    )  # the same words again
    many = few.search(Search(words=" ".join(f"w{number}" for number in range(60))), TODAY)
    assert many.notes == ("Only the first 32 words were used.",)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40), st.text(alphabet='"*()-:^+{}~ aNOTR\0\ud800é', max_size=30))
def test_no_words_raise(store: RegistryStore, words: str, others: str) -> None:
    for asked in (
        Search(words=words, condition=others),
        Search(words=others, sponsor=words, sort=Sort.STARTED),
    ):
        answer = store.search(asked, TODAY)
        assert len(answer.hits) <= answer.total <= len(MANY)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([*WORDS, "-drux", '"zorp quib"', "ta*", "☃"]), max_size=6))
def test_a_question_leaves_nothing_out_without_a_note(pieces: list[str]) -> None:
    asked = question(Search(words=" ".join(pieces)))
    for piece in pieces:
        bare = piece.strip('-"*')
        assert f'"{bare}"' in asked.wanted + asked.unwanted or any(bare in note for note in asked.notes)


def test_pages_follow_each_other_without_gap(store: RegistryStore) -> None:
    asked = Search(words="zorp", size=7)
    everything = [hit.registry_id for hit in store.export(asked, TODAY)]
    pages = [store.search(replace(asked, page=number), TODAY) for number in range(1, 40)]
    assert [hit.registry_id for page in pages for hit in page.hits] == everything
    assert len(everything) == pages[0].total > 14
    assert store.search(replace(asked, page=10**9, size=10**9), TODAY).hits == ()
    assert len(store.search(replace(asked, page=-3, size=0), TODAY).hits) == 1


def test_ages_of_children_and_of_the_last_year_admitted(tmp_path: Path) -> None:
    store = store_of(
        tmp_path, [study("NCT1", youngest="6 Months", oldest="17 Years"), study("NCT2", youngest="28 Days")]
    )
    assert found(store, "", age=Decimal("0.4")) == ["NCT2"]
    assert set(found(store, "", age=Decimal("0.5"))) == {"NCT1", "NCT2"}
    assert set(found(store, "", age=Decimal("17.9"))) == {"NCT1", "NCT2"}  # 17 until the 18th birthday
    assert found(store, "", age=Decimal(18)) == ["NCT2"]


def test_related_trials_share_conditions_and_interventions(tmp_path: Path) -> None:
    store = store_of(
        tmp_path,
        [
            study("NCT1", conditions=["Liver Cirrhosis"], interventions=["Exosomes"]),
            study("NCT2", conditions=["Liver Cirrhosis"], interventions=["Exosomes"]),
            study("NCT3", conditions=["Liver Cirrhosis"], interventions=["Placebo"]),
            study("NCT4", conditions=["Asthma"], interventions=["Placebo"]),
            *(study(f"NCT5{number}", conditions=["Gout"]) for number in range(20)),
        ],
    )
    assert [hit.registry_id for hit in store.related("nct1")] == ["NCT2", "NCT3"]
    assert [hit.registry_id for hit in store.related("NCT1", 1)] == ["NCT2"]
    assert store.related("NCT99") == ()


def test_an_empty_store_answers(tmp_path: Path) -> None:
    store = open_registry(tmp_path / "new.db")
    answer = store.search(Search(words="liver", sort=Sort.STARTED), TODAY)
    assert (answer.total, answer.hits) == (0, ())
    assert all(values == () for values in answer.facets.values())
    assert store.statistics().trials == 0
    assert store.record("NCT1") is None
    assert store.hit("NCT1") is None


def test_threads_search_while_records_come_in(tmp_path: Path) -> None:
    store = store_of(tmp_path, MANY[:50])
    more = tmp_path / "more.jsonl"
    more.write_text("\n".join(map(json.dumps, MANY[50:])), "utf-8")
    wrong: list[object] = []

    def search() -> None:
        for _ in range(30):
            answer = store.search(Search(words="zorp", size=1000), TODAY)
            if len(answer.hits) != answer.total:
                wrong.append(answer.total)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    store.import_files([more], now=NOW)
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.search(Search(), TODAY).total == len(MANY)
    store.close()
