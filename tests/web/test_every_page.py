"""Every page a role can reach by following links in a trial half-way: none is broken, none refuses its own link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crawl import BASE, crawl
from trialrun.app.demo_site import DemoSite, build_demo_site
from trialrun.app.workspace import Workspace, open_workspace, utc_now
from trialrun.web.application import create_app
from web_kit import FOLDER, one_event_loop

ROLES = (
    "principal_investigator", "investigator", "coordinator", "pharmacist", "monitor", "data_manager", "statistician",
    "sponsor", "administrator", "participant",
)  # fmt: skip


@pytest.fixture(scope="module")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> DemoSite:
    folder = tmp_path_factory.mktemp("site") / "demo"
    return build_demo_site(folder, study_folder=FOLDER, now=utc_now(), seed=5)


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
    client = TestClient(app, base_url=BASE)
    client.blocking_portal = one_event_loop()
    client.cookies.set(
        "session", workspace.accounts.open_session(account.user, role, site, now=workspace.now)
    )
    wrong, kinds = crawl(client)
    assert wrong == []
    assert len(kinds) > 3
