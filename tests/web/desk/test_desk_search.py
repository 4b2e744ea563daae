"""A search is an address: read with care, written the same, narrowed by links whose counts are true."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import lxml.html
from hypothesis import example, given
from hypothesis import strategies as st

from desk_kit import DeskClient
from trialrun.app import desk_search
from trialrun.app.desk_search import chips, facets, query_of, read_question
from trialrun.registry.store.model import FacetValue, Found, Search, Sort

words = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cf", "Co", "Cn", "Zs")), max_size=40
)
countries = st.lists(words.filter(bool), unique=True, max_size=4).map(tuple)


def some(known: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(known), unique=True, max_size=4).map(tuple)


searches = st.builds(
    Search,
    words=words,
    condition=words,
    intervention=words,
    sponsor=words,
    phases=some(desk_search.PHASES),
    statuses=some(desk_search.STATUSES),
    study_types=some(desk_search.STUDY_TYPES),
    countries=countries,
    age=st.none() | st.decimals(0, 150, places=2),
    sex=st.sampled_from(["", "FEMALE", "MALE"]),
    results=st.sampled_from([None, True, False]),
    overdue=st.sampled_from([None, True, False]),
    sort=st.sampled_from(list(Sort)),
    page=st.integers(1, 9999),
    size=st.integers(1, 100),
)


def read(query: str) -> desk_search.Question:
    given = parse_qs(query, keep_blank_values=True)
    return read_question(lambda name: given.get(name, []))


@given(searches)
@example(Search(age=Decimal(50)))
def test_a_search_written_as_an_address_reads_the_same(search: Search):
    found = read(query_of(search))
    assert found.search == search
    assert found.notes == ()


@given(
    st.dictionaries(
        st.sampled_from([*desk_search.NAMES.values(), "x"]), st.lists(st.text(max_size=60), max_size=3)
    )
)
@example({"age": ["NaN"]})
@example({"age": ["1e999999"]})
@example({"page": ["٣"], "size": ["0"]})
@example({"q": ["\ud800"]})
def test_whatever_stands_behind_the_question_mark_is_a_search(given: dict[str, list[str]]):
    found = read_question(lambda name: given.get(name, []))
    assert (
        read(query_of(found.search)).search == found.search
    )  # what was understood can be written and read again


def test_what_cannot_be_used_is_told():
    found = read("age=old&page=0&sort=best&results=maybe&sex=other&size=101&q=" + "x" * 600)
    assert len(found.notes) == 7
    assert found.search == Search(words="x" * 500)


def test_both_sexes_and_both_answers_ask_for_nothing():
    assert read("sex=FEMALE&sex=MALE&results=yes&results=no").search == Search()


def test_choosing_and_not_choosing_lead_back():
    search = Search(words="liver", statuses=("COMPLETED",), page=4)
    found = Found(9, facets={"status": (FacetValue("RECRUITING", 3),), "sex": (FacetValue("FEMALE", 2),)})
    status, sex = facets(search, found)
    assert [(line.label, line.count, line.chosen) for line in status.lines] == [
        ("Recruiting", 3, False),
        ("Completed", 0, True),
    ]
    added = read(urlsplit(status.lines[0].address).query).search
    assert added.statuses == ("COMPLETED", "RECRUITING")
    assert added.page == 1
    assert read(urlsplit(status.lines[1].address).query).search == Search(words="liver")
    assert read(urlsplit(sex.lines[0].address).query).search.sex == "FEMALE"


def test_every_part_of_a_search_has_its_chip_and_leaves_alone():
    search = Search(
        words="a", condition="b", intervention="c", sponsor="d", phases=("PHASE2",), statuses=("COMPLETED",),
        study_types=("OBSERVATIONAL",), countries=("Iran",), age=Decimal(4), sex="MALE", results=True, overdue=False,
    )  # fmt: skip
    shown = chips(search)
    assert len(shown) == 12
    for chip in shown:
        assert len(chips(read(urlsplit(chip.address).query).search)) == 11


def test_the_count_beside_a_value_is_what_a_click_finds(client: DeskClient):
    for start in (
        "/",
        "/?phase=PHASE2",
        "/?q=asthma&age=40&sex=FEMALE",
        "/?country=Iran&country=France&results=no",
    ):
        page = lxml.html.fromstring(client.get(start).text)
        lines = page.xpath("//aside//li/a[not(@aria-current)]")
        chosen = {name: set(values) for name, values in parse_qs(urlsplit(start).query).items()}
        assert lines
        for line in lines:
            asked = {name: set(values) for name, values in parse_qs(urlsplit(line.get("href")).query).items()}
            if any(asked[name] > chosen.get(name, set()) and name in chosen for name in asked):
                continue  # a further alternative adds to those chosen: its count is its own
            found = client.get("/api/trials?" + urlsplit(line.get("href")).query).json()
            assert found["total"] == int(line.xpath(".//*[@class='count']")[0].text), (
                start,
                line.get("href"),
            )


def test_pages_follow_one_another_and_hold_every_trial_once(client: DeskClient):
    seen: list[str] = []
    path = "/?size=7&sort=started"
    while path:
        page = lxml.html.fromstring(client.get(path).text)
        seen += page.xpath("//article//h3/a/@href")
        path = (page.xpath("//a[@rel='next']/@href") or [""])[0]
    assert len(seen) == len(set(seen)) == 31
    beyond = client.get("/?size=7&page=99")
    assert "Page 5 of 5" in beyond.text


def test_a_country_is_found_however_it_is_written(client: DeskClient):
    page = client.get("/?country=iran&age=x")
    assert "Country: <bdi>Iran</bdi>" in page.text
    assert "The age “x” was left out" in page.text
    assert "No trial has all of this" not in page.text


def test_programs_files_and_feeds_know_a_country_however_it_is_written(client: DeskClient):
    right = client.get("/api/trials?country=Korea,+Republic+of").json()
    assert right["total"] > 0
    asked = client.get("/api/trials?country=korea").json()
    assert (asked["total"], asked["notes"]) == (right["total"], [])
    assert len(client.get("/export.json?country=korea").json()) == right["total"]
    assert len(client.get("/export.csv?country=korea").text.splitlines()) == right["total"] + 1
    assert client.get("/feed.atom?country=korea").text.count("<entry>") == right["total"]
    unknown = client.get("/api/trials?country=kore").json()
    assert unknown["total"] == 0
    assert unknown["notes"]


def test_a_country_chosen_from_the_list_means_no_other():
    known = {"country": tuple(FacetValue(one, 1) for one in ("Iran", "Iran, Islamic Republic of", "Iraq"))}
    found = Found(3, (), known)
    assert desk_search.right_countries(Search(countries=("Iran",)), found) == ("Iran",)
    assert desk_search.right_countries(Search(countries=("iran", "nowhere")), found) == (
        "Iran",
        "Iran, Islamic Republic of",
        "nowhere",
    )


def test_nothing_found_offers_to_leave_something_out(client: DeskClient):
    page = client.get("/?q=zebra&condition=asthma")
    assert "No trial has all of this." in page.text
    assert "Search without Words: zebra" in page.text


def test_an_empty_store_says_what_to_do(empty: DeskClient):
    page = empty.get("/")
    assert page.status_code == 200
    assert "No records yet" in page.text
    assert 'href="/import"' in page.text
    assert empty.get("/api/trials").json()["total"] == 0
    assert empty.get("/feed.atom").status_code == 200
    assert empty.get("/export.json").json() == []


def test_the_plain_search_only_finds_trials_that_look_for_people(client: DeskClient):
    page = lxml.html.fromstring(client.get("/take-part").text)
    hidden = page.xpath("//form//input[@type='hidden']/@value")
    query = "&".join(f"status={code}" for code in hidden)
    found = client.get(f"/api/trials?condition=asthma&{query}&size=100").json()
    assert found["total"] > 0
    assert {one["status"] for one in found["trials"]} <= {"RECRUITING", "NOT_YET_RECRUITING"}
    assert "Iran" in page.xpath("//select[@name='country']/option/@value")
