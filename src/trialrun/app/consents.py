"""Consent: which texts a site may use, who signed which, who must be asked again, and withdrawal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from trialrun.app.language import gettext as _
from trialrun.app.workspace import Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, ApproveConsent, RecordConsent, WithdrawConsent
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.events import Event
from trialrun.ledger.state import ERASED, Consent, ParticipantState
from trialrun.study.model import ConsentText, Study

# What a language calls itself, for people who read only that one.
LANGUAGE_NAMES = {"ar": "العربية", "de": "Deutsch", "en": "English", "es": "Español", "fa": "فارسی", "fr": "Français",
                  "he": "עברית", "it": "Italiano", "tr": "Türkçe", "ur": "اردو"}  # fmt: skip
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
STOPS = ("treatment", "follow_up", "samples")


def language_name(code: str) -> str:
    """A language's own name; its code where the name is not known here."""
    return LANGUAGE_NAMES.get(code, code)


def text_direction(code: str) -> str:
    """`rtl` or `ltr`."""
    return "rtl" if code in RIGHT_TO_LEFT else "ltr"


# --- texts and their approval --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Approval:
    """A site may use a text from a day on; `reference` is the committee's own."""

    site: str
    from_date: date
    reference: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class ListedText:
    """A consent text with the approval in force at each site in view."""

    text: ConsentText
    approvals: tuple[Approval, ...]

    def at(self, site: str) -> Approval | None:
        """The approval in force at a site."""
        return next((one for one in self.approvals if one.site == site), None)


def consent_texts(workspace: Workspace, sites: Iterable[str]) -> tuple[ListedText, ...]:
    """Every consent text of the study with its approvals at these sites, the newest version first."""
    approvals: dict[tuple[str, str], dict[str, Approval]] = {}
    for site in sites:
        for event in workspace.store.read(f"site/{site}"):
            if event.type == "ConsentTextApproved":
                data = event.data
                key = (data["version"], data["language"])
                # A later entry for the same text corrects the one before.
                approvals.setdefault(key, {})[site] = Approval(
                    site, date.fromisoformat(data["from_date"]), data["reference"], event.by, event.at
                )
    listed = [
        ListedText(text, tuple(approvals.get((text.version, text.language), {}).values()))
        for text in workspace.study.consents
    ]
    return tuple(sorted(listed, key=lambda one: _version_order(one.text.version), reverse=True))


def _version_order(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdecimal() else (0, part) for part in version.split("."))


def consent_text(study: Study, version: str, language: str) -> ConsentText | None:
    """A text of the study by version and language."""
    return next((one for one in study.consents if (one.version, one.language) == (version, language)), None)


def usable_texts(workspace: Workspace, site: str, on: date) -> tuple[ConsentText, ...]:
    """The texts a site may have signed on a day; in a rehearsal without approvals, all of them."""
    approved = workspace.conduct.site_state(site).approved
    if not approved and workspace.conduct.study_state().mode != "live":
        return workspace.study.consents
    return tuple(
        one
        for one in workspace.study.consents
        if (first := approved.get((one.version, one.language))) is not None and first <= on
    )


def approve_text(
    workspace: Workspace,
    actor: Actor,
    site: str,
    version: str,
    language: str,
    from_date: date,
    reference: str,
) -> Outcome:
    """Record that a site's ethics committee approved a text from a day on.

    Errors: `UserError` for a site out of the actor's scope.
    """
    if actor.site not in ("", site):
        raise UserError(_("this is not your site"), _("approvals are recorded at the site they are for"))
    if all(str(one["id"]) != site for one in workspace.study.sites):
        raise UserError(_("the study has no site {!r}").format(site), _("choose one of the list"))
    return workspace.do(ApproveConsent(site, version, language, from_date, reference), actor)


# --- consents given ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """A consent as it is shown: the record of it, and the words that were signed where they are known."""

    consent: Consent
    text: ConsentText | None
    reason: str
    in_force: bool

    @property
    def printed_name(self) -> str:
        """The signer's name; empty on paper, `erased` after the identity was."""
        return self.consent.signature.partition("\n")[0]

    @property
    def drawing(self) -> str:
        """The drawn path, where one was drawn and is kept."""
        return self.consent.signature.partition("\n")[2] if self.consent.method == "drawn" else ""

    @property
    def erased(self) -> bool:
        """Whether the signature was erased with the identity."""
        return self.consent.signature == ERASED

    @property
    def same_words(self) -> bool:
        """Whether the study's text of that version is still the one signed, word for word."""
        return self.text is not None and self.text.hash == self.consent.text_hash


def consents_of(workspace: Workspace, person: ParticipantState) -> tuple[GivenConsent, ...]:
    """The consents of a participant that stand, the newest first."""
    reasons = {
        event.hash: event.reason
        for event in workspace.store.read(f"participant/{person.key}")
        if event.type == "ConsentGiven"
    }
    return tuple(
        GivenConsent(
            one,
            consent_text(workspace.study, one.version, one.language),
            reasons.get(one.hash, ""),
            one == person.consent and person.withdrawn_on is None,
        )
        for one in reversed(person.consents)
    )


def record_paper(workspace: Workspace, actor: Actor, given: RecordConsent, kept_at: str) -> Outcome:
    """Record a consent signed on paper, with where the original is kept.

    Errors: `UserError` when that is not said.
    """
    if not kept_at.strip():
        raise UserError(_("it is not said where the original is kept"), _("name folder and place"))
    return workspace.do(replace(given, kept_at=kept_at), actor)


# --- whom to ask again ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReconsentDue:
    """A participant whose consent is to an older version than the one approved at the site."""

    key: str
    number: str
    site: str
    signed_version: str
    signed_on: date
    version: str
    approved_from: date
    languages: tuple[str, ...]
    own_language: bool

    @property
    def label(self) -> str:
        """The participant's number; before enrolment the candidate's."""
        return self.number or self.key


def reconsent_due(workspace: Workspace, site: str = "") -> tuple[ReconsentDue, ...]:
    """Who takes part and has not signed the newest version approved at their site, the longest waiting first.

    Args:
        site: only that site; all where empty.
    """
    found: list[ReconsentDue] = []
    for key in workspace.conduct.participants():
        person = workspace.conduct.participant(key)
        if person.consent is None or person.withdrawn_on or person.ended_on or site not in ("", person.site):
            continue
        newest = newest_version(workspace, person.site)
        if newest is None or newest[0] in {one.version for one in person.consents}:
            continue
        approved = workspace.conduct.site_state(person.site).approved
        own = [first for (version, _language), first in approved.items() if version == person.consent.version]
        if own and min(own) > newest[1]:
            continue
        found.append(
            ReconsentDue(
                key,
                person.number,
                person.site,
                person.consent.version,
                person.consent.signed_on,
                *newest,
                own_language=person.consent.language in newest[2],
            )
        )
    return tuple(sorted(found, key=lambda one: (one.approved_from, one.key)))


def newest_version(workspace: Workspace, site: str) -> tuple[str, date, tuple[str, ...]] | None:
    """The version approved last at a site and in use today: version, first day, languages."""
    firsts: dict[str, date] = {}
    languages: dict[str, list[str]] = {}
    for (version, language), first in workspace.conduct.site_state(site).approved.items():
        if first <= workspace.today:
            firsts[version] = min(first, firsts.get(version, first))
            languages.setdefault(version, []).append(language)
    if not firsts:
        return None
    version = max(firsts, key=lambda one: (firsts[one], _version_order(one)))
    return version, firsts[version], tuple(sorted(languages[version]))


# --- withdrawal ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A withdrawal as recorded: from which day, what stops, why, by whom."""

    on: date
    stops: tuple[str, ...]
    reason: str
    by: str
    at: str


def withdrawals(workspace: Workspace, key: str) -> tuple[Withdrawn, ...]:
    """The withdrawals of a participant in the order they were recorded."""
    return tuple(
        _withdrawn(event)
        for event in workspace.store.read(f"participant/{key}")
        if event.type == "ConsentWithdrawn"
    )


def _withdrawn(event: Event) -> Withdrawn:
    data = event.data
    return Withdrawn(
        date.fromisoformat(data["on"]), tuple(data.get("stops", STOPS)), event.reason, event.by, event.at
    )


def withdraw(
    workspace: Workspace, actor: Actor, key: str, on: date, stops: tuple[str, ...], reason: str
) -> Outcome:
    """Record a withdrawal and how far it goes."""
    return workspace.do(WithdrawConsent(key, on, reason, stops), actor)
