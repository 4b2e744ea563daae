"""Allocation through the browser: prepared, used, opened; and nothing a masked role can fetch tells an arm."""

from __future__ import annotations

import re

import pytest

from masked_trial import ARMS, SEED, masked_study, world
from trialrun.ledger.commands import Enrol, SignEligibility
from trialrun.ledger.verify import verify
from trialrun.snapshot.cut import cut
from web_kit import open_office, prepare

MASKED = ("pi", "monitor")  # between them they reach every page that shows a participant
LIST = {
    "ratio-quartz": "1", "ratio-topaz": "1", "blocks": "2 4", "length": "6", "site": "true", "stratum-1": "", "stratum-2": "", "seed": SEED + "xyz",
}  # fmt: skip


@pytest.fixture
def office(tmp_path):
    """A masked trial without a list."""
    study = masked_study()
    prepare(tmp_path / "prepared.sqlite", study)
    (tmp_path / "one").mkdir()
    made = open_office(tmp_path / "one", tmp_path / "prepared.sqlite", study)
    yield made
    made.workspace.close()


def test_a_list_is_prepared_used_and_opened(office):
    statistician = office.client("statistician")
    assert "No list is prepared" in statistician.get("/allocation").text
    key = office.screened()
    office.do(SignEligibility(key, "eligible"), "pi")
    with pytest.raises(Exception, match="no allocation list"):
        office.do(Enrol(key), "pi")

    statistician = office.client("statistician")
    wrong = statistician.post("/allocation", {**LIST, "blocks": "3"})
    assert wrong.status_code == 422
    assert "each must be a multiple of 2" in wrong.text
    assert SEED + "xyz" in wrong.text
    assert statistician.post("/allocation", LIST).status_code == 303
    assert office.client("coordinator").post("/allocation", LIST).status_code == 403

    office.do(Enrol(key), "pi")
    arm = ARMS[office.person(key).treatment]
    assert office.person(key).arm == ""
    shown = office.client("statistician").get("/allocation").text
    row = re.search(r"Used lines.*?</table>", shown, re.DOTALL).group()
    assert arm in row
    masked = office.client("pi").get("/allocation").text
    row = re.search(r"Used lines.*?</table>", masked, re.DOTALL).group()
    assert "concealed" in row
    assert not any(title in row for title in ARMS.values())
    assert "Your role is masked" in masked

    pi = office.client("pi")
    refused = pi.post(f"/participants/{key}/unblind", {"reason": "shock", "sure": ""})
    assert refused.status_code == 422
    assert "shock" in refused.text
    assert pi.post(f"/participants/{key}/unblind", {"reason": "", "sure": "true"}).status_code == 422
    assert pi.post(f"/participants/{key}/unblind", {"reason": "shock", "sure": "true"}).status_code == 303
    for user in ("pi", "monitor", "coordinator"):
        shown = office.client(user).get("/allocation").text
        row = re.search(r"Used lines.*?</table>", shown, re.DOTALL).group()
        assert arm in row
        assert "opened by pi" in row
        assert "shock" in row
    assert verify(office.workspace.store) == []


def test_one_arm_has_nothing_to_allocate(tmp_path, prepared, trial):
    made = open_office(tmp_path, prepared, trial)
    client = made.client("pi")
    assert "everybody receives the same" in client.get("/allocation").text
    assert 'href="/allocation"' not in client.get("/allocation").text
    key = made.enrolled()
    assert "no allocation to open" in made.client("pi").get(f"/participants/{key}/unblind").text
    made.workspace.close()


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("sponsor", "/allocation", 403),
        ("pharmacist", "/allocation", 200),
        ("coordinator", "/allocation", 200),
    ],
)
def test_who_may_look(office, user, path, status):
    assert office.client(user).get(path).status_code == status


# --- nothing tells the arm -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Two trials alike in everything but the arms their participants are in."""
    folder = tmp_path_factory.mktemp("worlds")
    made = [world(folder / arm, arm) for arm in ARMS]
    yield made
    for office, _keys in made:
        office.workspace.close()


def addresses(office, key):
    """Every address of the application that is fetched with GET, its parts filled in."""
    person = office.person(key)
    filled = {
        "key": key, "site": "01", "visit": "dose_1", "form": "infusion", "item": "dose_given", "row": "1",
        "name": "move", "query": "Q-001", "user": "pi", "participant": key,
    }  # fmt: skip
    found = set()
    for route in office.app.routes:
        if "GET" not in getattr(route, "methods", ()):
            continue
        path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda part: filled.get(part[1], "1"), route.path_format)
        found.add(path)
    assert person.allocation is not None
    return sorted(path for path in found if "/static" not in path and not path.endswith((".pdf", "/health")))


def plain_page(answer):
    """What a page says, without what differs at every look: tokens, hashes, sealed texts, times of the clock."""
    text = answer.text
    text = re.sub(r"[0-9a-f]{12,}", "#", text)
    text = re.sub(r"[A-Za-z0-9+/_=-]{24,}", "#", text)
    text = re.sub(r'data-seconds-left="\d+"', "", text)
    return re.sub(r"\d\d:\d\d(:\d\d(\.\d+)?)?", "#", text)


@pytest.mark.parametrize("user", MASKED)
def test_no_page_a_masked_role_can_fetch_tells_the_arm(worlds, user):
    """Every GET address, fetched in two trials that differ in nothing but the arms: the answers are the same."""
    (one, keys), (other, same_keys) = worlds
    assert keys == same_keys
    assert one.person(keys[0]).treatment != other.person(keys[0]).treatment
    first, second = one.client(user), other.client(user)
    seen = 0
    for path in addresses(one, keys[0]):
        answers = [client.get(path) for client in (first, second)]
        assert answers[0].status_code == answers[1].status_code, path
        kind = answers[0].headers.get("content-type", "")
        if answers[0].status_code == 200 and ("text" in kind or "json" in kind):
            seen += 1
            assert plain_page(answers[0]) == plain_page(answers[1]), path
    assert seen > 10


def test_the_same_look_of_an_unmasked_role_does_tell(worlds):
    """The comparison above can fail."""
    pages = [office.client("pharmacist").get("/allocation") for office, _keys in worlds]
    assert plain_page(pages[0]) != plain_page(pages[1])


def test_no_snapshot_or_export_tells_the_arm(worlds, tmp_path):
    import duckdb

    dumps = []
    for number, (office, keys) in enumerate(worlds):
        folder = tmp_path / str(number)
        cut(office.workspace.store, office.study, folder, now=office.clock.now)
        tables = {}
        for file in sorted(folder.glob("*.parquet")):
            rows = duckdb.sql(f"SELECT * FROM '{file}'").fetchall()
            tables[file.name] = [plain_page(type("A", (), {"text": repr(row)})) for row in rows]
        assert {
            row[0] for row in duckdb.sql(f"SELECT arm FROM '{folder}/participants.parquet'").fetchall()
        } == {None}
        office.workspace.store.export(tmp_path / f"{number}.jsonl")
        log = (tmp_path / f"{number}.jsonl").read_text().splitlines()
        dumps.append((tables, [plain_page(type("A", (), {"text": line})) for line in log]))
        opened = {key: office.person(key).treatment for key in keys}
        cut(
            office.workspace.store,
            office.study,
            tmp_path / f"open-{number}",
            now=office.clock.now,
            arms=opened,
        )
        query = f"SELECT arm FROM '{tmp_path}/open-{number}/participants.parquet' ORDER BY participant"
        assert [row[0] for row in duckdb.sql(query).fetchall()] == [opened[key] for key in sorted(keys)]
    assert dumps[0] == dumps[1]


def test_all_arms_are_opened_after_database_lock_only(worlds, tmp_path):
    from dataclasses import replace

    from trialrun.app.logs import read_arms
    from trialrun.errors import UserError

    office, keys = worlds[0]
    client = office.client("statistician")
    early = client.post("/allocation/arms", {"reason": "final analysis"})
    assert early.status_code == 422
    assert "The database is not locked" in early.text
    assert "final analysis" in early.text
    assert office.client("pi").post("/allocation/arms", {"reason": "curious"}).status_code == 403
    state = office.workspace.conduct.study_state()
    office.workspace.conduct._states["study"] = replace(state, database_locked=True)
    try:
        client = office.client("statistician")
        assert client.post("/allocation/arms", {"reason": ""}).status_code == 422
        got = client.post("/allocation/arms", {"reason": "final analysis"})
    finally:
        locked = office.workspace.conduct.study_state()
        office.workspace.conduct._states["study"] = replace(locked, database_locked=False)
    assert got.status_code == 200
    (tmp_path / "arms.csv").write_bytes(got.content)
    assert read_arms(tmp_path / "arms.csv", office.study) == {
        key: office.person(key).treatment for key in keys
    }
    export = [event for event in office.workspace.store.read("study") if event.type == "DataExported"][-1]
    assert (export.by, export.data["purpose"]) == ("statistician", "final analysis")
    (tmp_path / "wrong.csv").write_text("participant,arm\nS-001,onyx\n")
    with pytest.raises(UserError, match=":2: participant 'S-001' with arm 'onyx'"):
        read_arms(tmp_path / "wrong.csv", office.study)
