"""What an entry of the log says, in plain words, for one reader: what they must not see is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialrun.app.allocation import conceals_from
from trialrun.app.form_controls import plain_unit
from trialrun.app.language import gettext as _
from trialrun.app.language import marked, ngettext
from trialrun.app.rights import sees_identity
from trialrun.app.visits import visit_title
from trialrun.ledger.commands import Actor
from trialrun.ledger.events import Event
from trialrun.study.model import Item, ItemType

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

CONCEALED = "concealed"


@dataclass(frozen=True, slots=True)
class Change:
    """One value of an entry: what stood there before and what stands there now, in words."""

    visit: str
    form: str
    row: int
    item: str
    label: str
    old: str
    new: str


class Words:
    """Tells entries to one reader.

    Args:
        workspace: the study and its log.
        actor: the reader; identifying values are opened for site roles only, and concealed arms never
            for a role that must not know them.
    """

    def __init__(self, workspace: Workspace, actor: Actor) -> None:
        self.workspace = workspace
        self.study = workspace.study
        self.identity = sees_identity(actor.role)
        self.conceals = conceals_from(workspace.study, actor.role)
        self._users = workspace.conduct.access_state().users
        self._labels: dict[str, str] = {}

    # --- parts -------------------------------------------------------------------------------

    def who(self, user: str) -> str:
        """A user's printed name with the account."""
        name = self._users.get(user, "")
        return f"{name} ({user})" if name else user

    def participant(self, event: Event) -> str:
        """The candidate number an entry is about, or nothing."""
        if event.stream.startswith("participant/"):
            return event.stream.removeprefix("participant/")
        return str(event.data.get("candidate") or event.data.get("participant") or "")

    def label(self, key: str) -> str:
        """The number people know a participant by."""
        if key not in self._labels:
            self._labels[key] = self.workspace.conduct.participant(key).number or key
        return self._labels[key]

    def item(self, name: str) -> str:
        """An item's label, or a derived value's title."""
        found = self.study.items.get(name)
        if found is not None:
            return found.label
        derived = self.study.derived.get(name)
        return derived.label if derived is not None else name.replace("_", " ")

    def place(self, data: Mapping[str, Any]) -> str:
        """Visit, form and row in words; the casebook when none is named."""
        visit, form = str(data.get("visit", "")), str(data.get("form", ""))
        parts = [visit_title(self.study, visit)] if visit else []
        if form:
            parts.append(self.study.forms[form].title if form in self.study.forms else form)
        if data.get("row"):
            parts.append(_("row {n}").format(n=data["row"]))
        return ", ".join(parts) or _("the casebook")

    def value(self, key: str, name: str, entry: Mapping[str, Any] | None) -> str:
        """An entered value as text: with unit, choices by their labels, or why there is none."""
        item = self.study.items.get(name)
        if not entry:
            return _("withheld") if item is not None and item.identifying and not self.identity else ""
        if "sealed" in entry:
            return self._opened(key, name, str(entry["sealed"]))
        if entry.get("missing"):
            return _("missing: {reason}").format(reason=str(entry["missing"]).replace("_", " "))
        text = str(entry.get("text") or "")
        if item is not None and item.identifying and not self.identity:
            return _("withheld")
        return f"{choice_words(item, text)} {plain_unit(str(entry.get('unit') or ''))}".strip()

    def _opened(self, key: str, name: str, sealed: str) -> str:
        if not self.identity:
            return _("withheld")
        text = self.workspace.conduct.opened(key, name, sealed)
        return _("erased") if text is None else text

    # --- changes -----------------------------------------------------------------------------

    def changes(self, event: Event) -> tuple[Change, ...]:
        """The values an entry saved or corrected."""
        if event.type not in ("ItemsEntered", "ItemsCorrected"):
            return ()
        data, key = event.data, self.participant(event)
        was: Mapping[str, Any] = data.get("was", {})
        return tuple(
            Change(
                data["visit"],
                data["form"],
                data["row"],
                name,
                self.item(name),
                self.value(key, name, was.get(name)) if event.type == "ItemsCorrected" else "",
                self.value(key, name, entry),
            )
            for name, entry in data["items"].items()
        )

    # --- sentences ---------------------------------------------------------------------------

    def sentence(self, event: Event) -> str:
        """What happened, without who and when."""
        tell = _SENTENCES.get(event.type)
        if tell is not None:
            return tell(self, event, event.data)
        return self._other(event)

    def said(self, event: Event) -> str:
        """The whole sentence: who did what, and why."""
        text = f"{self.who(event.by)}: {self.sentence(event)}"
        return _("{what} because: {reason}").format(what=text, reason=event.reason) if event.reason else text

    def _other(self, event: Event) -> str:
        kind = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in event.type).strip()
        data = shown_data(self, event)
        parts = [
            f"{name.replace('_', ' ')} {value}"
            for name, value in data.items()
            if isinstance(value, (str, int)) and value not in ("", 0, None) and name not in _NOT_TOLD
        ]
        return f"{kind}: {', '.join(parts)}" if parts else kind


_NOT_TOLD = frozenset(
    {"causes", "content", "sealed", "commitment", "link", "from_hash", "to_hash", "text_hash", "signed"}
)


def choice_words(item: Item | None, text: str) -> str:
    """A saved text as people read it: yes or no, and the labels of choices."""
    if item is None:
        return text
    if item.type is ItemType.BOOLEAN:
        return {"true": _("yes"), "false": _("no")}.get(text, text)
    if item.type in (ItemType.CHOICE, ItemType.CHOICES):
        labels = {choice.code: choice.label for choice in item.choices}
        return "; ".join(labels.get(code, code) for code in text.split(";"))
    return text


def short_number(text: str) -> str:
    """A computed number with six significant digits; other texts as they are. Files keep all digits."""
    whole, point, decimals = text.partition(".")
    if point and len(decimals) > 6 and decimals.isdecimal() and whole.lstrip("-").isdecimal():
        return f"{float(text):.6g}"
    return text


def shown_data(words: Words, event: Event) -> dict[str, Any]:
    """An entry's data as this reader may have them: nothing identifying, no concealed arm.

    Site roles read identifying values on the pages; a file never carries them.
    """
    data = dict(event.data)
    if event.type in ("ArmAllocated", "AllocationUnblinded", "ParticipantEnrolled") and words.conceals:
        data |= {name: CONCEALED for name in ("arm", "sealed") if data.get(name)}
    if event.type == "AllocationPrepared" and words.conceals:
        data["sealed"] = CONCEALED
    return data


# --- one sentence per type ---------------------------------------------------------------------

Tell = Callable[[Words, Event, Mapping[str, Any]], str]


def _entered(words: Words, event: Event, data: Mapping[str, Any]) -> str:
    changes = words.changes(event)
    listed = "; ".join(f"{one.label}: {one.new}" for one in changes[:4])
    more = len(changes) - 4
    if more > 0:
        listed += ngettext(" and {n} more", " and {n} more", more).format(n=more)
    return _("entered at {place}: {values}").format(place=words.place(data), values=listed)


def _corrected(words: Words, event: Event, data: Mapping[str, Any]) -> str:
    listed = "; ".join(
        _("{item} from {old} to {new}").format(
            item=one.label, old=one.old or _("nothing"), new=one.new or _("nothing")
        )
        for one in words.changes(event)
    )
    return _("changed {values} at {place}").format(values=listed, place=words.place(data))


def _derived(words: Words, _event: Event, data: Mapping[str, Any]) -> str:
    names = ", ".join(
        f"{words.item(name)} = {short_number(value.get('text') or '') or _('unknown')}"
        for name, value in list(data["values"].items())[:4]
    )
    more = len(data["values"]) - 4
    if more > 0:
        names += ngettext(" and {n} more", " and {n} more", more).format(n=more)
    return _("computed at {place}: {values}").format(place=words.place(data), values=names)


def _visited(words: Words, _event: Event, data: Mapping[str, Any]) -> str:
    title = visit_title(words.study, data["visit"])
    if data.get("was"):
        return _("changed the date of {visit} from {old} to {new}").format(
            visit=title, old=data["was"], new=data["date"]
        )
    return _("recorded {visit} on {day}").format(visit=title, day=data["date"])


def _about_query(text: str) -> Tell:
    def tell(words: Words, _event: Event, data: Mapping[str, Any]) -> str:
        said = str(data.get("message") or data.get("answer") or "")
        by_rule = _(" (by the check {rule})").format(rule=data["rule"]) if data.get("rule") else ""
        what = f"{_(text).format(query=data['query'])}{by_rule}"
        if data.get("visit"):
            what += f", {words.place(data)}"
            what += f", {words.item(data['item'])}" if data.get("item") else ""
        return f"{what}: {said}" if said else what

    return tell


def _about_place(text: str) -> Tell:
    def tell(words: Words, _event: Event, data: Mapping[str, Any]) -> str:
        place = words.place(data)
        if data.get("item"):
            place = f"{words.item(data['item'])}, {place}"
        meaning = f": {data['meaning']}" if data.get("meaning") else ""
        return _(text).format(place=place) + meaning

    return tell


def _with(text: str) -> Tell:
    def tell(words: Words, event: Event, _data: Mapping[str, Any]) -> str:
        return _(text).format_map(shown_data(words, event))

    return tell


def _role(text: str) -> Tell:
    def tell(words: Words, _event: Event, data: Mapping[str, Any]) -> str:
        role = words.study.roles.get(data["role"])
        site = _("site {name}").format(name=data["site"]) if data["site"] else _("all sites")
        title = role.title if role else data["role"]
        return _(text).format(user=words.who(data["user"]), role=title, site=site)

    return tell


_SENTENCES: Mapping[str, Tell] = {
    "StudyActivated": _with(marked("opened the log as {mode}")),
    "StudyAmended": _with(marked("put an amended study definition in force")),
    "AssumptionConfirmed": _with(marked("confirmed the assumption {assumption}: {answer}")),
    "CandidateNumberIssued": _with(marked("gave out the candidate number {candidate}")),
    "ParticipantNumberIssued": _with(marked("gave out the participant number {number} to {candidate}")),
    "DataExported": _with(marked("took data out ({kind}): {description}")),
    "FileImported": _with(
        marked("read the file {name} ({kind}): {accepted} lines accepted, {rejected} given back")
    ),
    "TrailReviewed": _with(
        marked("reviewed the audit trail up to position {through} ({scope}) and found: {finding}")
    ),
    "LockStepRecorded": _with(marked("recorded the step to database lock {step}: {note}")),
    "DatabaseLocked": _with(marked("locked the database")),
    "DatabaseUnlocked": _with(marked("opened the locked database again")),
    "ConsentTextApproved": _with(
        marked("recorded the approval of consent text {version} ({language}) from {from_date}")
    ),
    "AmendmentApproved": _with(
        marked("recorded the approval of the amended definition {definition} from {from_date}")
    ),
    "ReferenceRangesRecorded": _with(marked("recorded the reference ranges of {laboratory}")),
    "CandidateRegistered": _with(marked("registered candidate {candidate} at site {site}")),
    "ConsentGiven": _with(
        marked(
            "recorded consent to version {version} ({language}) of {signed_on}, explained by {explained_by}"
        )
    ),
    "ConsentWithdrawn": _with(marked("recorded that consent was withdrawn on {on}")),
    "EligibilitySigned": _with(marked("signed the eligibility: {outcome}")),
    "EligibilityInvalidated": _with(
        marked("the eligibility sign-off no longer holds; the criteria now give: {outcome}")
    ),
    "ParticipantEnrolled": _with(marked("enrolled the participant as {number}")),
    "ParticipationEnded": _with(marked("recorded the end of participation on {on}: {cause}")),
    "IdentityErased": _with(marked("destroyed the key of the identifying values")),
    "AllocationUnblinded": _with(marked("opened the allocation in an emergency: {arm}")),
    "VisitRecorded": _visited,
    "VisitMissed": _about_place(marked("recorded that {place} was missed")),
    "ItemsEntered": _entered,
    "ItemsCorrected": _corrected,
    "RowRemoved": _about_place(marked("took back {place}")),
    "ValuesDerived": _derived,
    "DeviationRecorded": _with(marked("recorded deviation {deviation} ({kind}): {description}")),
    "DeviationAssessed": _with(marked("assessed deviation {deviation} as {importance}: {impact}")),
    "TermCoded": _with(marked("coded “{verbatim}” as {term} ({dictionary} {dictionary_version}, {code})")),
    "CodeInvalidated": _about_place(marked("the code of {place} no longer holds: the term changed")),
    "AlertAcknowledged": _with(marked("acknowledged the alert {alert}: {assessment}")),
    "SafetyReportSent": _with(marked("recorded the {kind} safety report to {recipient} on {on}")),
    "QueryOpened": _about_query(marked("opened query {query}")),
    "QueryAnswered": _about_query(marked("answered query {query}")),
    "QueryClosed": _about_query(marked("closed query {query}")),
    "QueryReopened": _about_query(marked("reopened query {query}")),
    "SourceVerified": _about_place(marked("verified {place} against the source")),
    "VerificationInvalidated": _about_place(marked("the source verification of {place} no longer holds")),
    "SignatureGiven": _about_place(marked("signed {place}")),
    "SignatureInvalidated": _about_place(marked("the signature of {place} no longer holds")),
    "DataFrozen": _about_place(marked("froze {place}")),
    "DataUnfrozen": _about_place(marked("let changes of {place} through again")),
    "DataLocked": _about_place(marked("locked {place}")),
    "DataUnlocked": _about_place(marked("unlocked {place}")),
    "UserAdded": _with(marked("added the user {name} ({user})")),
    "UserDisabled": _with(marked("closed the account of {user}")),
    "RoleGranted": _role(marked("gave {user} the role {role}, {site}")),
    "RoleRevoked": _role(marked("took the role {role}, {site}, from {user}")),
    "SignInRecorded": _with(marked("sign-in of {user}: {outcome}")),
    "CredentialChanged": _with(marked("changed the sign-in of {user}: {kind}")),
    "TrainingRecorded": _with(marked("recorded the training of {user} in {topic} on {on}")),
    "ParticipantLinked": _with(marked("made {user} the account of participant {participant}")),
    "LogSealed": _with(marked("sealed the log up to position {through}")),
}
