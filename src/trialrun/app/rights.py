"""Who may see what: rights to look, beside the commands a role may give.

A command's right is its name in the role's `may` list, asked again by the ledger. A view right is one
of `VIEW_RIGHTS`; it decides which pages a role can open. Both are checked on the server for every request.
Source: 21 CFR 11.10(d),(g); ICH E6(R3) 4.3.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trialrun.study.model import Study

SITE_ROLES = frozenset({"principal_investigator", "investigator", "coordinator", "pharmacist"})
SPONSOR_ROLES = frozenset({"sponsor", "monitor", "data_manager", "statistician"})
_CARE = frozenset({"principal_investigator", "investigator", "coordinator"})
_STAFF = SITE_ROLES | SPONSOR_ROLES

VIEW_RIGHTS: Mapping[str, frozenset[str]] = {
    "see_study": _STAFF | {"administrator"},
    "see_participants": SITE_ROLES | {"monitor", "data_manager"},
    "see_screening": _CARE | {"monitor", "data_manager"},
    "see_identity": _CARE,
    "see_queries": _CARE | {"monitor", "data_manager"},
    "see_safety": _CARE | {"monitor", "data_manager", "sponsor"},
    "see_lab": _CARE | {"monitor", "data_manager"},
    "see_dosing": SITE_ROLES | {"monitor", "data_manager"},
    "see_stock": frozenset({"pharmacist", "principal_investigator", "investigator", "monitor", "sponsor"}),
    "see_allocation": frozenset({"pharmacist"}),
    "see_deviations": _CARE | {"pharmacist", "monitor", "data_manager", "sponsor"},
    "see_trail": frozenset({"principal_investigator", "investigator", "monitor", "data_manager"}),
    "see_exports": frozenset({"principal_investigator", "monitor", "data_manager", "statistician"}),
    "make_analysis": frozenset({"statistician"}),
    "see_analysis": frozenset({"statistician", "sponsor", "principal_investigator"}),
    "publish_results": frozenset({"sponsor"}),
    "take_site_copy": frozenset({"principal_investigator", "investigator"}),
    "see_users": frozenset({"administrator"}),
    "see_own": frozenset({"participant"}),
}
PUBLIC = "public"
SIGNED_IN = "signed_in"


def rights_of(study: Study, role: str) -> frozenset[str]:
    """All rights of a role: the commands of the study's definition and the views of this table.

    A role the table does not know (a study may name its own) sees what its commands need: whoever may save
    forms sees participants.
    """
    defined = study.roles.get(role)
    if defined is None:
        return frozenset()
    may = frozenset(defined.may)
    known = {name for name, roles in VIEW_RIGHTS.items() if role in roles}
    if role not in _STAFF | {"administrator", "participant"}:
        known |= {"see_study"}
        if may & {"SaveForm", "RaiseQuery", "VerifySource"}:
            known |= {"see_participants", "see_screening", "see_queries", "see_lab", "see_deviations"}
    return may | known


def allowed(study: Study, role: str, who: Iterable[str]) -> bool:
    """Whether a role holds one of the rights (`signed_in` and `public` are held by everyone signed in)."""
    wanted = frozenset(who)
    return bool(wanted & {PUBLIC, SIGNED_IN}) or bool(wanted & rights_of(study, role))


def sees_identity(role: str) -> bool:
    """Whether identifying items are shown to the role; never to a sponsor's."""
    return role in VIEW_RIGHTS["see_identity"]
