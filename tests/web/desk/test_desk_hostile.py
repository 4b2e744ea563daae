"""Records that hold what no text is: the desk shows them on every path, and no other record suffers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from desk_kit import DeskClient, desk_of, made_up, second_version, stored
from trialrun.app.desk_addresses import trial_path

NO_TEXT = "<script>alert(1)</script>\x00\x1b[31m\u202e\ud800"


def everywhere(value: Any) -> Any:
    """The value with what is no text before every text in it."""
    if isinstance(value, dict):
        return {name: part if name == "nctId" else everywhere(part) for name, part in value.items()}
    if isinstance(value, list):
        return [everywhere(part) for part in value]
    return NO_TEXT + value if isinstance(value, str) else value


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> DeskClient:
    huge = made_up(2, designModule={"enrollmentInfo": {"count": 10**400}})
    number = made_up(3, identificationModule={"nctId": "../../x", "briefTitle": "A path"})
    odd = [everywhere(made_up(1)), everywhere(second_version(1)), huge, number]
    return DeskClient(desk_of(stored(tmp_path_factory.mktemp("hostile"), odd)))


@pytest.mark.parametrize(
    "path",
    ["/", "/?words=alert", "/?page=999999999&size=-1", "/take-part", "/api/trials", "/api/trials?page=999999999",
     "/export.csv", "/export.json", "/feed.atom", "/import"],
)  # fmt: skip
def test_lists_hold_neither_controls_nor_turned_reading(there: DeskClient, path: str) -> None:
    answer = there.get(path)
    assert answer.status_code == 200
    assert not {"\x00", "\x1b", "\u202e"} & set(answer.text)
    assert path in ("/import", "/api/trials?page=999999999") or "alert" in answer.text


@pytest.mark.parametrize("number", ["NCT00000001", "NCT00000002", "../../x"])
def test_every_page_of_a_hostile_record_is_answered(there: DeskClient, number: str) -> None:
    page = trial_path(number)
    for path in (
        page,
        f"{page}/versions",
        f"{page}/record.json",
        f"/api{page}",
        f"/api{page}/versions/1/changes",
    ):
        answer = there.get(path)
        assert answer.status_code == 200, path
        assert not {"\x00", "\x1b"} & set(answer.text), path
    for path in (f"{page}?version=9", f"/api{page}/versions/0", f"/api{page}/versions/{'9' * 5000}"):
        assert there.get(path).status_code == 404


def test_megabytes_and_thousands_have_a_page(tmp_path: Path) -> None:
    wide = made_up(
        4,
        descriptionModule={"briefSummary": "<b>" * 500_000},
        outcomesModule={
            "secondaryOutcomes": [{"measure": f"O{n}", "timeFrame": f"{n} weeks"} for n in range(2_000)]
        },
        contactsLocationsModule={"locations": [{"country": f"Land {n}"} for n in range(2_000)]},
    )
    client = DeskClient(desk_of(stored(tmp_path, [wide, json.loads(json.dumps(wide))])))
    for path in ("/", "/trials/NCT00000004", "/trials/NCT00000004/versions"):
        assert client.get(path).status_code == 200
