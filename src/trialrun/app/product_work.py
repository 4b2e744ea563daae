"""What waits in the pharmacy: the product's warnings as a worklist."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from trialrun.app.accountability import Warned, site_stock
from trialrun.app.language import gettext as _
from trialrun.app.work import WorkRow
from trialrun.ledger.commands import Actor

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace


def product_rows(workspace: Workspace, actor: Actor) -> tuple[WorkRow, ...]:
    """What needs attention about the product at the actor's sites, urgent things first."""
    sites = (actor.site,) if actor.site else tuple(str(site["id"]) for site in workspace.study.sites)
    found = [_row(one) for site in sites for one in site_stock(workspace, site).warnings]
    return tuple(sorted(found, key=lambda row: not row.urgent))


def _row(one: Warned) -> WorkRow:
    query = urlencode({"name": one.batch})
    # A batch somebody wrote into a form may be registered nowhere; then the site's page is the place to go.
    known = one.batch and one.kind != "unbooked"
    link = f"/stock/{one.site}/batch?{query}" if known else f"/stock/{one.site}"
    what = _("Batch {batch}").format(batch=one.batch) if one.batch else _("Product")
    return WorkRow("", "", one.site, what, link, one.day, one.text, one.urgent)
