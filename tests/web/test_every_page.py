"""Every page a role can reach by following links in a trial half-way: none is broken, none refuses its own link."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
import pytest

from trialrun.app.demo_site import DemoSite, build_demo_site
from trialrun.app.workspace import Workspace, open_workspace, utc_now
from trialrun.web.application import create_app
from web_kit import FOLDER

ROLES = (
    "principal_investigator", "investigator", "coordinator", "pharmacist", "monitor", "data_manager", "statistician",
    "sponsor", "administrator", "participant",
)  # fmt: skip
# One page of each kind is looked at closely; the rest of its kind only in some numbers.
OF_A_KIND = 3


@pytest.fixture(scope="module")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> DemoSite:
    folder = tmp_path_factory.mktemp("site") / "demo"
    return build_demo_site(folder, study_folder=FOLDER, now=utc_now(), seed=5)


def kind_of(path: str) -> str:
    """An address with what names a thing taken out."""
    path = re.sub(r"(visits|forms|history|verification|signing|hold|queries|codes)/[^?]*", r"\1/*", path)
    return re.sub(r"S-\d+|Q-\d+|D-\d+|[0-9a-f]{16,}|\d+|=[^&]*", "*", path)


def links(page: lxml.html.HtmlElement, base: str) -> list[str]:
    found: list[str] = []
    for address in page.xpath("//a/@href"):
        parts = urlsplit(urljoin(base, str(address)))
        if parts.netloc == "trial.test" and not parts.path.startswith("/static"):
            found.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return found


def complaints(path: str, page: lxml.html.HtmlElement) -> list[str]:
    ids = Counter(page.xpath("//@id"))
    found = [f"{path}: id {name!r} stands {count} times" for name, count in ids.items() if count > 1]
    found += [f"{path}: a field holds {value!r}" for value in page.xpath("//@value") if value == "None"]
    found += [
        f"{path}: shows the inside of an object" for _ in re.findall(r" object at 0x", page.text_content())
    ]
    if not page.xpath("//h1"):
        found.append(f"{path}: has no heading")
    return found


@pytest.fixture(scope="module")
def workspace(demo_site: DemoSite) -> Iterator[Workspace]:
    made = open_workspace(FOLDER, demo_site.database)
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(workspace: Workspace) -> Any:
    return create_app(workspace, rate_limit=10**6)


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_every_link_of_a_role_leads_somewhere(demo_site: DemoSite, workspace: Workspace, app: Any, role: str):
    from litestar.testing import TestClient

    account = next(one for one in demo_site.accounts if one.role == role)
    held = workspace.conduct.access_state().roles[account.user]
    site = next(where for name, where in held if name == role)
    client = TestClient(app, base_url="http://trial.test")
    client.cookies.set(
        "session", workspace.accounts.open_session(account.user, role, site, now=workspace.now)
    )
    seen, queue, kinds, wrong = {"/home", "/"}, ["/home", "/"], Counter[str](), list[str]()
    while queue:
        path = queue.pop(0)
        kinds[kind_of(path)] += 1
        if kinds[kind_of(path)] > OF_A_KIND:
            continue
        answer = client.get(path, follow_redirects=False)
        if answer.status_code == 303 and not answer.headers["location"].startswith("/sign-in"):
            continue
        if answer.status_code != 200:
            wrong.append(f"{path}: {answer.status_code}")
        elif "text/html" in answer.headers["content-type"]:
            page = lxml.html.fromstring(answer.text)
            wrong += complaints(path, page)
            fresh = [address for address in links(page, f"http://trial.test{path}") if address not in seen]
            seen.update(fresh)
            queue += dict.fromkeys(fresh)
    assert wrong == []
    assert len(kinds) > 3
