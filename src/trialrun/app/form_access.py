"""Whether a form can be written now, and if not, why, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from trialrun.app.form_checks import next_row
from trialrun.app.form_entry import NEW_ROW, FormPlace, NoSuchFormError, need_place
from trialrun.app.language import gettext as _
from trialrun.app.workspace import Workspace
from trialrun.ledger.commands import Actor, SaveForm
from trialrun.ledger.decide import Refusal

_NOT_A_PLACE = frozenset({"unknown-visit", "unknown-form", "form-not-at-visit", "wrong-row"})


@dataclass(frozen=True, slots=True)
class Access:
    """What may be done with a form now.

    `closed` says why nothing can be written (empty: it can); `closed_to_new` why only saved values can be
    corrected. `remedy` says what to do about it.
    """

    closed: str = ""
    closed_to_new: str = ""
    remedy: str = ""
    rule: str = ""

    @property
    def writable(self) -> bool:
        """Whether anything can be saved."""
        return not self.closed

    def may_fill(self, has_value: bool) -> bool:
        """Whether a field may be changed, by whether it has a saved value."""
        return self.writable and (has_value or not self.closed_to_new)


def access_to(workspace: Workspace, actor: Actor, place: FormPlace) -> Access:
    """What this person may do with the form now: asked of the ledger's own rules, by saving nothing.

    Errors: `NoSuchFormError` when there is no such form.
    """
    need_place(workspace.study, place)
    person = workspace.conduct.participant(place.participant)
    row = next_row(person, place) if place.row == NEW_ROW else place.row
    if place.row > 0 and not person.form_values(place.visit, place.form, place.row):
        raise NoSuchFormError(_("There is no row %(row)d on this form.") % {"row": place.row})
    command = SaveForm(place.participant, place.visit, place.form, row, {}, person.version)
    answer = workspace.conduct.decide(command, actor)
    if isinstance(answer, Refusal):
        if answer.rule in _NOT_A_PLACE:
            raise NoSuchFormError(answer.message, answer.remedy)
        if answer.rule == "role-may-not":
            return Access(_("Your role reads this form and does not change it."), rule=answer.rule)
        return Access(answer.message, remedy=answer.remedy, rule=answer.rule)
    if place.form in workspace.study.settings.get("forms_after_end", ("end_of_study",)):
        return Access()
    if person.withdrawn_on is not None:
        words = _("%(participant)s withdrew consent on %(day)s: nothing new is added.")
        return _no_new_data(words % {"participant": person.key, "day": person.withdrawn_on.isoformat()})
    if person.end_cause == "screen_failure" and person.ended_on is not None:
        words = _("%(participant)s failed screening on %(day)s: nothing new is added.")
        return _no_new_data(words % {"participant": person.key, "day": person.ended_on.isoformat()})
    return Access()


def _no_new_data(said: str) -> Access:
    return Access(
        closed_to_new=said, remedy=_("Values saved before can still be corrected."), rule="no-new-data"
    )
