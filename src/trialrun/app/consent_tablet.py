"""Consent on a tablet: staff hand the device over, the person reads, answers, signs, and gives it back.

While the device is with the person no staff session exists in its browser. What it holds is a token of a consent
session: for one candidate and one text, over after two hours, good for nothing else.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from trialrun.app.access import roles_to_choose
from trialrun.app.consents import consent_text
from trialrun.app.language import gettext as _
from trialrun.app.workspace import SYSTEM, Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor, RecordConsent, RecordSignIn
from trialrun.ledger.conduct import CommandRefusedError, Outcome
from trialrun.ledger.decide import Refusal
from trialrun.study.model import ConsentQuestion, ConsentText

LASTS = timedelta(hours=2)
MOST_TRIES = 20
LONGEST_DRAWING = 40_000
_ACCOUNT = "(consent tablet)"  # no account can be called so: its drafts are these sessions


class Step(StrEnum):
    """What the person is to do next."""

    READ = "read"
    ANSWER = "answer"
    SIGN = "sign"
    GIVE_BACK = "give_back"


@dataclass(frozen=True, slots=True)
class Handover:
    """What staff say before they hand the device over."""

    participant: str
    version: str
    language: str
    explained_by: str
    capacity: bool
    witness: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tablet:
    """A consent session as it stands. `answers`: question to every answer given, in order."""

    handover: Handover
    user: str
    role: str
    site: str
    opened_at: str
    read: bool = False
    answers: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    ended: str = ""  # `signed` or `declined`

    @property
    def actor(self) -> Actor:
        """Who handed the device over, in whose name the consent is recorded."""
        return Actor(self.user, self.role, self.site)

    @property
    def ends_at(self) -> datetime:
        """When the session is over."""
        return datetime.fromisoformat(self.opened_at) + LASTS


@dataclass(frozen=True, slots=True)
class TabletView:
    """A consent session with its text and what comes next."""

    tablet: Tablet
    text: ConsentText
    step: Step
    question: ConsentQuestion | None
    number: int
    wrong: str

    @property
    def explain(self) -> str:
        """Why the last answer was not right; empty before the first."""
        return self.question.explain if self.question is not None and self.wrong else ""


def open_tablet(workspace: Workspace, actor: Actor, handover: Handover) -> str:
    """Begin a consent session; the token for the device.

    Errors: `CommandRefusedError` when the consent could not be recorded, so that nobody reads in vain.
    """
    text = consent_text(workspace.study, handover.version, handover.language)
    rehearsed = {one.id: one.correct for one in text.questions} if text else {}
    decided = workspace.conduct.decide(
        _command(workspace, handover, method="typed", signature="?", answers=rehearsed), actor
    )
    if isinstance(decided, Refusal):
        raise CommandRefusedError(decided)
    token = secrets.token_urlsafe(32)
    _keep(workspace, token, Tablet(handover, actor.user, actor.role, actor.site, workspace.now.isoformat()))
    return token


def tablet_view(workspace: Workspace, token: str) -> TabletView | None:
    """The session of a token; `None` when there is none or it is over."""
    if not token:
        return None
    kept = workspace.accounts.draft(_ACCOUNT, _place(token))
    if kept is None:
        return None
    data = json.loads(kept.data)
    answers = {name: tuple(given) for name, given in data.pop("answers").items()}
    tablet = Tablet(Handover(**data.pop("handover")), answers=answers, **data)
    text = consent_text(workspace.study, tablet.handover.version, tablet.handover.language)
    if workspace.now >= tablet.ends_at or text is None:
        return None  # the record stays, so that staff can take the device back
    return _view(tablet, text)


def _view(tablet: Tablet, text: ConsentText) -> TabletView:
    waiting = [one for one in text.questions if tablet.answers.get(one.id, ("",))[-1] != one.correct]
    question = waiting[0] if waiting else None
    number = text.questions.index(question) + 1 if question else len(text.questions)
    given = tablet.answers.get(question.id, ()) if question else ()
    if tablet.ended:
        step = Step.GIVE_BACK
    elif not tablet.read:
        step = Step.READ
    else:
        step = Step.ANSWER if question else Step.SIGN
    return TabletView(tablet, text, step, question, number, given[-1] if given else "")


def text_was_read(workspace: Workspace, token: str) -> None:
    """The person says they have read the text."""
    view = _need(workspace, token, Step.READ)
    _keep(workspace, token, replace(view.tablet, read=True))


def read_again(workspace: Workspace, token: str) -> None:
    """Back to the text; answers given so far stay."""
    view = _need(workspace, token, Step.ANSWER, Step.SIGN)
    _keep(workspace, token, replace(view.tablet, read=False))


def answer_question(workspace: Workspace, token: str, question: str, answer: str) -> bool:
    """Keep an answer, right or wrong; whether it was right.

    Errors: `UserError` for another question than the one asked, or an answer that is none of its answers.
    """
    view = _need(workspace, token, Step.ANSWER)
    asked = view.question
    if asked is None or asked.id != question:
        raise UserError(_("this question was answered already"), _("go on with the one shown"))
    if answer not in {one.code for one in asked.answers}:
        raise UserError(_("no answer was chosen"), _("choose one of the answers"))
    given = (*view.tablet.answers.get(question, ()), answer)
    if len(given) > MOST_TRIES:
        raise UserError(_("there were many tries"), _("please ask the person who gave you the tablet"))
    _keep(workspace, token, replace(view.tablet, answers={**view.tablet.answers, question: given}))
    return answer == asked.correct


def sign_on_tablet(
    workspace: Workspace, token: str, name: str, drawing: str = "", *, agreed: bool
) -> Outcome:
    """The person signs: typed name alone, or with a drawn signature. The consent is recorded at once.

    Errors: `UserError` without a name or without agreeing; `CommandRefusedError` when the ledger refuses the consent.
    """
    view = _need(workspace, token, Step.SIGN)
    printed = " ".join(name.split())
    if not agreed:
        raise UserError(_("you have not said that you agree"), _("tick the box, or choose not to take part"))
    if not printed:
        raise UserError(_("your name is missing"), _("type your full name"))
    if len(drawing) > LONGEST_DRAWING:
        raise UserError(_("the drawing is too large"), _("clear it and sign again, or type your name only"))
    command = _command(
        workspace,
        view.tablet.handover,
        method="drawn" if drawing else "typed",
        signature=f"{printed}\n{drawing}" if drawing else printed,
        answers={name: ";".join(given) for name, given in view.tablet.answers.items()},
    )
    outcome = workspace.do(command, view.tablet.actor)
    _keep(workspace, token, replace(view.tablet, ended="signed"))
    return outcome


def decline(workspace: Workspace, token: str) -> None:
    """The person does not want to sign (now); nothing is recorded, the device is to be given back."""
    view = _need(workspace, token, Step.READ, Step.ANSWER, Step.SIGN)
    _keep(workspace, token, replace(view.tablet, ended="declined"))


def close_tablet(workspace: Workspace, token: str) -> None:
    """End the session."""
    workspace.accounts.drop_draft(_ACCOUNT, _place(token))


def _command(
    workspace: Workspace, handover: Handover, *, method: str, signature: str, answers: dict[str, str]
) -> RecordConsent:
    local = workspace.now.astimezone(workspace.zone)
    return RecordConsent(
        handover.participant,
        handover.version,
        handover.language,
        local.date(),
        handover.explained_by,
        handover.capacity,
        handover.reason,
        method=method,
        signed_at=f"{local:%H:%M}",
        signature=signature,
        answers=answers,
        witness=handover.witness,
    )


def _need(workspace: Workspace, token: str, *steps: Step) -> TabletView:
    view = tablet_view(workspace, token)
    if view is None:
        raise UserError(_("this consent session is over"), _("please give the tablet back"))
    if view.step not in steps:
        raise UserError(_("this step is done or comes later"), _("go on with what is shown"))
    return view


def _keep(workspace: Workspace, token: str, tablet: Tablet) -> None:
    data = json.dumps(asdict(tablet), ensure_ascii=False)
    workspace.accounts.save_draft(_ACCOUNT, _place(token), data, 0, now=workspace.now)


def _place(token: str) -> str:
    # Like a session, only a digest is kept: reading the table opens nothing.
    return f"consent-tablet/{hashlib.sha256(token.encode()).hexdigest()}"


def take_back(workspace: Workspace, token: str, password: str) -> tuple[str, str]:
    """Staff have the device again: a new session of the one who handed it over, and the candidate's number.

    Their first session was proved with every factor; the password shows it is they who hold the device now.
    Errors: `UserError` when the password is wrong, the account locked, or the role no longer held.
    """
    kept = workspace.accounts.draft(_ACCOUNT, _place(token))
    if kept is None:
        raise UserError(_("this consent session is over"), _("sign in as usual"))
    data = json.loads(kept.data)
    user, role, site, now = data["user"], data["role"], data["site"], workspace.now
    if (
        now >= datetime.fromisoformat(data["opened_at"]) + 2 * LASTS
    ):  # a password alone opens nothing for ever
        close_tablet(workspace, token)
        raise UserError(_("this consent session is over"), _("sign in as usual"))
    result = workspace.accounts.check_password(user, password, now=now)
    held = result.ok and (role, site) in roles_to_choose(workspace, user)
    outcome = "success" if held else "locked_out" if result.just_locked else "failure"
    workspace.do(RecordSignIn(user, outcome, "password, tablet", role, site), SYSTEM)
    if result.locked_until is not None and not result.ok:
        raise UserError(
            _("there were too many wrong passwords: nothing more is looked at until {time}").format(
                time=f"{result.locked_until.astimezone(workspace.zone):%H:%M}"
            ),
            _("wait, or ask an administrator"),
        )
    if not held:
        raise UserError(_("the password is not right"), _("type the password of {}").format(user))
    close_tablet(workspace, token)
    return workspace.accounts.open_session(user, role, site, now=now), data["handover"]["participant"]


def handed_over_by(workspace: Workspace, token: str) -> str:
    """The user name of who handed the device over; empty when there is no such session."""
    kept = workspace.accounts.draft(_ACCOUNT, _place(token)) if token else None
    return str(json.loads(kept.data)["user"]) if kept else ""
