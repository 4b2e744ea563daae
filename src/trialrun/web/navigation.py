"""The main menu: which pages there are, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trialrun.app.language import gettext, marked

if TYPE_CHECKING:
    from trialrun.web.here import Here


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu: address, label, and the rights of which one is needed (none: everyone signed in)."""

    path: str
    label: str
    rights: tuple[str, ...] = ()
    two_arms: bool = False  # only in a study of several arms


# Keep the order of a day's work. A new page that people open from the menu gets a line here.
MENU: tuple[Entry, ...] = (
    Entry("/home", marked("Home")),
    Entry("/screening", marked("Screening"), ("see_screening",)),
    Entry("/participants", marked("Participants"), ("see_participants",)),
    Entry("/visits", marked("Visits"), ("see_participants",)),
    Entry("/worklists", marked("Worklists"), ("see_participants", "see_deviations")),
    Entry("/queries", marked("Queries"), ("see_queries",)),
    Entry("/verification", marked("Source verification"), ("VerifySource",)),
    Entry("/deviations", marked("Deviations"), ("see_deviations",)),
    Entry("/safety", marked("Safety"), ("see_safety",)),
    Entry("/coding", marked("Coding"), ("CodeTerm",)),
    Entry("/laboratory", marked("Laboratory"), ("see_lab",)),
    Entry("/stock", marked("Product"), ("see_stock",)),
    Entry("/allocation", marked("Allocation"), ("see_participants", "see_allocation", "PrepareAllocation"), two_arms=True),
    Entry("/consents", marked("Consent texts"), ("see_screening", "ApproveConsent")),
    Entry("/signatures", marked("Signatures"), ("Sign",)),
    Entry("/documents", marked("Documents"), ("see_participants",)),
    Entry("/lock", marked("Database lock"), ("RecordLockStep", "LockDatabase", "UnlockDatabase")),
    Entry("/analysis", marked("Analysis"), ("make_analysis", "see_analysis", "publish_results")),
    Entry("/trail", marked("Audit trail"), ("see_trail",)),
    Entry("/study", marked("Study"), ("see_study",)),
    Entry("/team", marked("Team"), ("see_study",)),
    Entry("/users", marked("Users"), ("see_users",)),
    Entry("/privacy", marked("Erase an identity"), ("EraseIdentity",)),
)  # fmt: skip


def navigation(here: Here) -> tuple[tuple[Entry, str, bool], ...]:
    """The visitor's menu: entry, label in their language, and whether it is the page they are on."""
    if not here.signed_in:
        return ()
    return tuple(
        (entry, gettext(entry.label), here.path == entry.path or here.path.startswith(entry.path + "/"))
        for entry in MENU
        if (not entry.rights or here.may(*entry.rights))
        and (not entry.two_arms or len(here.workspace.study.arms) > 1)
    )
