"""Signing in and out, choosing a role, and one's own account.

The log says who may do what and records every sign-in, failure and change of a credential; the accounts beside it hold
what proves it. Nobody is told whether a name exists: an unknown name and a wrong password look and take the same.
Source: 21 CFR 11.10(d), 11.300; EMA/INS/GCP/112288/2023 Annex 4; NIST SP 800-63B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trialrun.app.language import gettext as _
from trialrun.app.workspace import SYSTEM, Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import RecordCredential, RecordSignIn

if TYPE_CHECKING:
    from trialrun.accounts.second_factors import Enrolment
    from trialrun.accounts.sessions import Session

UNKNOWN = "(unknown name)"
RoleAtSite = tuple[str, str]


class SignInError(UserError):
    """Somebody is not let in; the message tells nothing about the account."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A step of signing in: the session's token, and what is still to be given (`code`, `role` or nothing)."""

    token: str
    step: str


# --- signing in ------------------------------------------------------------------------------


def sign_in(workspace: Workspace, name: str, password: str, *, address: str = "", device: str = "") -> SignIn:
    """Check a name and password; the session they open may still need a code or the choice of a role.

    Errors: `SignInError` when they do not fit, the account or address is locked, or no role is held.
    """
    now = workspace.now
    user = known_name(workspace, name)
    known = user in workspace.conduct.access_state().users
    result = workspace.accounts.check_password(user, password, now=now, address=address)
    recorded = user if known else UNKNOWN
    if result.just_locked:
        _record(workspace, recorded, "locked_out", "password")
    if result.locked_until is not None and not result.ok:
        raise SignInError(
            _("There were too many failed attempts. Nothing more is looked at until {time}.").format(
                time=f"{result.locked_until.astimezone(workspace.zone):%H:%M}"
            ),
            _("Wait until then, or ask an administrator of the study to let you in."),
        )
    if not result.ok or not _open(workspace, user):
        _record(workspace, recorded, "failure", "password")
        raise SignInError(
            _("The user name or the password is not right."),
            _(
                "Check both; capital letters count in the password. An administrator can send a new set-up link."
            ),
        )
    workspace.accounts.purge(now=now)
    if workspace.accounts.has_totp(user):
        token = workspace.accounts.open_session(
            user, "", "", step="code", now=now, device=device, address=address
        )
        return SignIn(token, "code")
    return _enter(workspace, user, "password", device=device, address=address)


def give_code(workspace: Workspace, token: str, code: str) -> SignIn:
    """The second step of signing in, for accounts with an authenticator.

    Errors: `SignInError` when the code is wrong, used before, or the account is locked.
    """
    now = workspace.now
    session = _at_step(workspace, token, "code")
    result = workspace.accounts.check_code(session.user, code, now=now)
    if result.just_locked:
        _record(workspace, session.user, "locked_out", "code")
    if result.locked_until is not None and not result.ok:
        workspace.accounts.close_session(token)
        raise SignInError(
            _("There were too many wrong codes. Nothing more is looked at until {time}.").format(
                time=f"{result.locked_until.astimezone(workspace.zone):%H:%M}"
            ),
            _("Wait until then, or ask an administrator of the study to let you in."),
        )
    if not result.ok:
        _record(workspace, session.user, "failure", "code")
        raise SignInError(
            _("This code is not right, or was used already."),
            _("Wait for the next code of your authenticator, or use one of your recovery codes."),
        )
    workspace.accounts.close_session(token)
    return _enter(workspace, session.user, "password, code", device=session.device, address=session.address)


def _enter(workspace: Workspace, user: str, method: str, *, device: str, address: str) -> SignIn:
    """Everything is proved: begin a session in the only role, or let one be chosen."""
    choice = roles_to_choose(workspace, user)
    if not choice:
        _record(workspace, user, "failure", "no role")
        raise SignInError(
            _("Your account holds no role in this study that can be used yet."),
            _("Ask an administrator of the study for a role, or to record your training."),
        )
    role, site = choice[0] if len(choice) == 1 else ("", "")
    step = "" if role else "role"
    token = workspace.accounts.open_session(
        user, role, site, step=step, now=workspace.now, device=device, address=address
    )
    workspace.accounts.note_sign_in(user, now=workspace.now)
    _record(workspace, user, "success", method, role, site)
    return SignIn(token, step)


def choose_role(workspace: Workspace, token: str, role: str, site: str) -> str:
    """Go on in one of the roles held, under a new token; the old one ends.

    Errors: `SignInError` when the session has ended or the role is not held.
    """
    session = workspace.accounts.session(token, now=workspace.now)
    if session is None or session.step == "code":
        raise _ended()
    if (role, site) not in roles_to_choose(workspace, session.user):
        raise SignInError(
            _("You do not hold this role."),
            _("Choose one of the list, or ask an administrator for the role."),
        )
    fresh = workspace.accounts.change_session(token, role=role, site=site, now=workspace.now)
    if fresh is None:
        raise _ended()
    _record(workspace, session.user, "success", "role chosen", role, site)
    return fresh


def sign_out(workspace: Workspace, token: str) -> None:
    """End a session; recorded once."""
    session = workspace.accounts.session(token, now=workspace.now)
    if session is not None:
        workspace.accounts.close_session(token)
        _record(workspace, session.user, "signed_out", "", session.role, session.site)


def session_of(workspace: Workspace, token: str, *, seen: bool = True) -> Session | None:
    """The session of a token, while its account is open and its role still held.

    Asked for every request, so that a role taken away is gone at once, on every process.
    """
    session = workspace.accounts.session(token, now=workspace.now, seen=seen)
    if session is None or not _open(workspace, session.user):
        return None
    if session.step:
        return session
    held = workspace.conduct.access_state().roles.get(session.user, frozenset())
    return session if (session.role, session.site) in held or (session.role, "") in held else None


# --- roles -----------------------------------------------------------------------------------


def roles_held(workspace: Workspace, user: str) -> tuple[RoleAtSite, ...]:
    """The roles of an account, in the order of the study's definition; the site is empty for all sites."""
    order = list(workspace.study.roles)
    held = workspace.conduct.access_state().roles.get(user, frozenset())
    return tuple(
        sorted((one for one in held if one[0] in order), key=lambda one: (order.index(one[0]), one[1]))
    )


def roles_to_choose(workspace: Workspace, user: str) -> tuple[RoleAtSite, ...]:
    """The roles of an account that can be used: held, and with the training the study asks for."""
    return tuple(one for one in roles_held(workspace, user) if not training_missing(workspace, user, one[0]))


def training_missing(workspace: Workspace, user: str, role: str) -> tuple[str, ...]:
    """The topics a user must still be trained in before using a role (ICH E6(R3) 4.3.2, 21 CFR 11.10(i)).

    `settings.training_required` of the study: absent or false asks for nothing; true asks for a record of the role's
    own name; a list names the topics everybody needs. Administrators (who record it) and participants need none.
    """
    asked = workspace.study.settings.get("training_required") or ()
    if not asked or role in ("administrator", "participant"):
        return ()
    wanted = (role,) if asked is True else tuple(str(topic) for topic in asked)
    had = {topic.casefold() for topic, _on in workspace.conduct.access_state().training.get(user, ())}
    return tuple(topic for topic in wanted if topic.casefold() not in had)


# --- one's own account -------------------------------------------------------------------------


def confirm_password(workspace: Workspace, token: str, password: str, *, address: str = "") -> Session:
    """The password again, before something that needs it; wrong ones count like failed sign-ins.

    Errors: `SignInError` when it is wrong (the session ends when that locks the account) or nobody is signed in.
    """
    session = session_of(workspace, token)
    if session is None or session.step:
        raise _ended()
    result = workspace.accounts.check_password(session.user, password, now=workspace.now, address=address)
    if result.just_locked:
        _record(workspace, session.user, "locked_out", "password again", session.role, session.site)
        workspace.accounts.close_all(session.user)
    if not result.ok:
        _record(workspace, session.user, "failure", "password again", session.role, session.site)
        raise SignInError(_("The password is not right."), _("Type your own password once more."))
    workspace.accounts.confirm(token, now=workspace.now)
    return session


def change_password(workspace: Workspace, token: str, old: str, new: str, *, address: str = "") -> str:
    """Set one's own password; every other session of the account ends, this one goes on under a new token.

    Errors: `SignInError` when the old one is wrong; `PasswordError` when the new one is easily guessed.
    """
    session = confirm_password(workspace, token, old, address=address)
    workspace.accounts.set_password(
        session.user, new, now=workspace.now, names=words_about(workspace, session.user)
    )
    workspace.accounts.close_all(session.user, but=token)
    _record_credential(workspace, session.user, "password_set")
    fresh = workspace.accounts.change_session(token, role=session.role, site=session.site, now=workspace.now)
    if fresh is None:
        raise _ended()
    return fresh


def use_link(workspace: Workspace, link: str, new: str) -> str:
    """Set the password of the account a set-up link belongs to; the user's name. The link works once.

    Errors: `SignInError` when the link is used, too old or none; `PasswordError` when the password is easily guessed.
    """
    accounts, now = workspace.accounts, workspace.now
    user = link_user(workspace, link)
    if user is None:
        raise _no_link()
    from trialrun.accounts.passwords import check_new_password

    check_new_password(new, (user, *words_about(workspace, user)))
    again = accounts.has_password(user)
    if not accounts.end_link(link, now=now):
        raise _no_link()
    accounts.set_password(user, new, now=now, names=words_about(workspace, user))
    accounts.close_all(user)
    accounts.unlock(user)
    _record_credential(workspace, user, "password_reset" if again else "password_set")
    return user


def link_user(workspace: Workspace, link: str) -> str | None:
    """Whose password a set-up link sets; `None` when it does not work (any more)."""
    user = workspace.accounts.link_user(link, now=workspace.now)
    return user if user is not None and _open(workspace, user) else None


def begin_second_factor(workspace: Workspace, token: str, password: str, *, address: str = "") -> Enrolment:
    """A key for an authenticator, to be confirmed with its first code.

    Errors: `SignInError` when the password is wrong; `UserError` when there is one already.
    """
    session = confirm_password(workspace, token, password, address=address)
    enrolment = workspace.accounts.begin_totp(session.user, issuer=issuer(workspace))
    if enrolment is None:
        raise UserError(
            _("An authenticator is in use for this account already."),
            _("Remove it first to set up another one."),
        )
    return enrolment


def confirm_second_factor(workspace: Workspace, user: str, code: str) -> tuple[str, ...]:
    """Put the new authenticator in force; the recovery codes, which are shown this once.

    Errors: `UserError` when the code is wrong.
    """
    codes = workspace.accounts.confirm_totp(user, code, now=workspace.now)
    if codes is None:
        raise UserError(
            _("This code is not right."),
            _("Type the six digits the authenticator shows now; the clock of its device must be right."),
        )
    _record_credential(workspace, user, "totp_added")
    return codes


def remove_second_factor(workspace: Workspace, token: str, password: str, *, address: str = "") -> None:
    """Take one's own authenticator away.

    Errors: `SignInError` when the password is wrong.
    """
    session = confirm_password(workspace, token, password, address=address)
    if workspace.accounts.remove_totp(session.user):
        _record_credential(workspace, session.user, "totp_removed")


def issuer(workspace: Workspace) -> str:
    """The name an authenticator shows beside the code."""
    return f"trialrun {workspace.study.registry_id or workspace.study.id}"


def words_about(workspace: Workspace, user: str) -> tuple[str, ...]:
    """What a password of this account must not contain."""
    study = workspace.study
    return (
        workspace.conduct.access_state().users.get(user, ""), study.id, study.registry_id or "", study.acronym or "",
        "trialrun",
    )  # fmt: skip


# --- within ------------------------------------------------------------------------------------


def known_name(workspace: Workspace, name: str) -> str:
    """The account a typed name means, whatever its capitals; the typed name when there is none."""
    typed = name.strip()
    for user in workspace.conduct.access_state().users:
        if user.casefold() == typed.casefold():
            return user
    return typed


def _open(workspace: Workspace, user: str) -> bool:
    access = workspace.conduct.access_state()
    return user in access.users and user not in access.disabled


def _at_step(workspace: Workspace, token: str, step: str) -> Session:
    session = session_of(workspace, token)
    if session is None or session.step != step:
        raise _ended()
    return session


def _ended() -> SignInError:
    return SignInError(_("The session has ended."), _("Sign in again."))


def _no_link() -> SignInError:
    return SignInError(
        _("This link was used already, or is older than 72 hours."), _("Ask an administrator for a new one.")
    )


def _record(
    workspace: Workspace, user: str, outcome: str, method: str, role: str = "", site: str = ""
) -> None:
    workspace.do(RecordSignIn(user, outcome, method, role, site), SYSTEM)


def _record_credential(workspace: Workspace, user: str, kind: str) -> None:
    workspace.do(RecordCredential(user, kind), SYSTEM)
