"""The token against forgery as a browser without scripts sends it: in the form itself."""

from __future__ import annotations

import re

from web_kit import Office


def token_in(page: str) -> str:
    found = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def test_a_token_in_the_form_is_enough(office: Office):
    inner = office.client("coordinator").inner
    token = token_in(inner.get("/home").text)
    answer = inner.post("/sign-out", data={"_csrf_token": token}, follow_redirects=False)
    assert answer.status_code == 303


def test_a_token_beside_a_file_is_enough(office: Office):
    inner = office.client("coordinator").inner
    token = token_in(inner.get("/laboratory/import").text)
    files = {"file": ("r.csv", b"a,b\n1,2\n", "text/csv")}
    answer = inner.post("/laboratory/import", data={"_csrf_token": token}, files=files)
    assert answer.status_code == 200
    assert "r.csv" in answer.text


def test_a_token_of_another_browser_is_none(office: Office):
    stolen = token_in(office.client("pi").inner.get("/home").text)
    inner = office.client("coordinator").inner
    inner.get("/home")
    assert inner.post("/sign-out", data={"_csrf_token": stolen}, follow_redirects=False).status_code == 403
