"""Accounts and roles of a study: who has one, who gets one, and how it ends.

An administrator never knows a password: a new account gets a set-up link that works once, within 72 hours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from trialrun.app.access import RoleAtSite, roles_held, training_missing
from trialrun.app.language import gettext as _
from trialrun.app.rights import rights_of
from trialrun.app.workspace import SYSTEM, Workspace
from trialrun.errors import RefusedError, UserError
from trialrun.ledger.commands import (
    Actor,
    AddUser,
    DisableUser,
    GrantRole,
    LinkParticipant,
    RecordCredential,
    RecordTraining,
    RevokeRole,
)

ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class UserLine:
    """An account as an administrator sees it; nothing of its secrets.

    `last`: the last sign-in. `failures`: failed attempts since then. `untrained`: role to the topics still missing.
    """

    user: str
    name: str
    roles: tuple[RoleAtSite, ...]
    disabled: bool
    has_password: bool
    second_factor: bool
    last: datetime | None = None
    failures: int = 0
    locked_until: datetime | None = None
    link_until: datetime | None = None
    sessions: int = 0
    training: tuple[tuple[str, date], ...] = ()
    untrained: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    participant: str = ""

    @property
    def state(self) -> str:
        """One word: `disabled`, `locked`, `waiting` (no password yet), `no role` or `open`."""
        if self.disabled:
            return "disabled"
        if self.locked_until is not None:
            return "locked"
        if not self.has_password:
            return "waiting"
        return "open" if self.roles else "no role"


def users(workspace: Workspace, *, site: str = "") -> tuple[UserLine, ...]:
    """All accounts by printed name, or those with a role at one site (or at all sites); disabled ones last."""
    access = workspace.conduct.access_state()
    open_now = workspace.accounts.open_sessions(now=workspace.now)
    lines = [_line(workspace, user, open_now.get(user, 0)) for user in access.users]
    wanted = [line for line in lines if not site or any(at in ("", site) for _role, at in line.roles)]
    return tuple(sorted(wanted, key=lambda line: (line.disabled, line.name.casefold(), line.user)))


def user_line(workspace: Workspace, user: str) -> UserLine | None:
    """One account; `None` when there is none of that name."""
    if user not in workspace.conduct.access_state().users:
        return None
    return _line(workspace, user, len(workspace.accounts.sessions_of(user, now=workspace.now)))


def _line(workspace: Workspace, user: str, sessions: int) -> UserLine:
    access, accounts, now = workspace.conduct.access_state(), workspace.accounts, workspace.now
    signed = accounts.sign_ins(user)
    roles = roles_held(workspace, user)
    missing = {role: training_missing(workspace, user, role) for role, _site in roles}
    return UserLine(
        user=user,
        name=access.users[user],
        roles=roles,
        disabled=user in access.disabled,
        has_password=accounts.has_password(user),
        second_factor=accounts.has_totp(user),
        last=signed.last,
        failures=signed.failures,
        locked_until=accounts.locked_until(user, now=now),
        link_until=accounts.link_expires(user, now=now),
        sessions=sessions,
        training=access.training.get(user, ()),
        untrained={role: topics for role, topics in missing.items() if topics},
        participant=access.linked.get(user, ""),
    )


# --- the first administrator --------------------------------------------------------------------


def create_first_administrator(workspace: Workspace, user: str, name: str, *, password: str = "") -> str:
    """Make the account that makes all others; returns a set-up link's token, empty when a password was given.

    Errors: `RefusedError` when the study has an administrator already; `PasswordError` for a guessable password.
    """
    from trialrun.accounts.passwords import check_new_password

    if administrators(workspace):
        raise RefusedError(
            _("The study has an administrator already: {names}.").format(
                names=", ".join(administrators(workspace))
            ),
            _("Let them add accounts, or unlock one with trialrun admin --unlock."),
        )
    if ADMINISTRATOR not in workspace.study.roles:
        raise UserError(
            f"study {workspace.study.id} defines no role {ADMINISTRATOR!r}",
            "add it under roles in study.yaml, with AddUser and GrantRole among what it may",
        )
    if password:
        check_new_password(password, (user, name, workspace.study.id))
    first = Actor(SYSTEM.user, ADMINISTRATOR)
    if user not in workspace.conduct.access_state().users:
        workspace.do(AddUser(user, name), first)
    workspace.do(GrantRole(user, ADMINISTRATOR), first)
    if not password:
        return workspace.accounts.setting_link(user, now=workspace.now)
    workspace.accounts.set_password(user, password, now=workspace.now, names=(name, workspace.study.id))
    workspace.do(RecordCredential(user, "password_set"), SYSTEM)
    return ""


def administrators(workspace: Workspace) -> tuple[str, ...]:
    """Who administers the study: open accounts that hold the role."""
    access = workspace.conduct.access_state()
    return tuple(
        user
        for user, held in access.roles.items()
        if user not in access.disabled and any(role == ADMINISTRATOR for role, _site in held)
    )


def open_again(workspace: Workspace, user: str, *, link: bool) -> str:
    """Unlock an account from outside the application (nobody can sign in any more); a set-up link's token if asked.

    Errors: `UserError` when there is no open account of that name.
    """
    access = workspace.conduct.access_state()
    if user not in access.users or user in access.disabled:
        raise UserError(
            f"there is no open account {user!r}",
            f"the administrators are {', '.join(administrators(workspace)) or 'none'}",
        )
    workspace.accounts.unlock(user)
    workspace.do(RecordCredential(user, "unlocked"), SYSTEM)
    if not link:
        return ""
    workspace.do(RecordCredential(user, "password_reset"), SYSTEM)
    return workspace.accounts.setting_link(user, now=workspace.now)


# --- what an administrator does -------------------------------------------------------------------


def add_user(
    workspace: Workspace,
    actor: Actor,
    user: str,
    name: str,
    *,
    email: str = "",
    role: str = "",
    site: str = "",
) -> str:
    """A new account, with a role if one is given; returns the token of its set-up link.

    Errors: `CommandRefusedError` for a name that is taken, a role that is not, an actor who may not.
    """
    if role and (role not in workspace.study.roles or (site and site not in _sites(workspace))):
        raise UserError(_("There is no such role or site."), _("Choose from the lists."))
    if role == ADMINISTRATOR:
        site = ""  # an administrator keeps the accounts of all sites
    workspace.do(AddUser(user, name, email), actor)
    if role:
        workspace.do(GrantRole(user, role, site), actor)
    return workspace.accounts.setting_link(user, now=workspace.now)


def new_link(workspace: Workspace, actor: Actor, user: str) -> str:
    """A new set-up link for an account whose password is not known (any more); the link before it ends.

    The password in force stays until the link is used. Errors: `RefusedError` when the actor may not.
    """
    _need_open(workspace, actor, user)
    workspace.do(RecordCredential(user, "password_reset"), actor)
    return workspace.accounts.setting_link(user, now=workspace.now)


def unlock(workspace: Workspace, actor: Actor, user: str) -> None:
    """Let an account that failed too often be tried again.

    Errors: `RefusedError` when the actor may not.
    """
    _need_open(workspace, actor, user)
    workspace.accounts.unlock(user)
    workspace.do(RecordCredential(user, "unlocked"), actor)


def reset_second_factor(workspace: Workspace, actor: Actor, user: str) -> None:
    """Take away the authenticator of somebody who lost it, recovery codes included; their sessions end.

    Errors: `RefusedError` when the actor may not; `UserError` when there is none.
    """
    _need_open(workspace, actor, user)
    if not workspace.accounts.remove_totp(user):
        raise UserError(_("This account uses no authenticator."))
    workspace.accounts.close_all(user)
    workspace.do(RecordCredential(user, "totp_removed"), actor)


def grant(workspace: Workspace, actor: Actor, user: str, role: str, site: str) -> None:
    """Give a role at one site, or at all (site empty).

    Errors: `CommandRefusedError`.
    """
    if role == ADMINISTRATOR and site:
        raise UserError(
            _("An administrator keeps the accounts of all sites."), _("Leave the site empty for this role.")
        )
    workspace.do(GrantRole(user, role, site), actor)


def revoke(workspace: Workspace, actor: Actor, user: str, role: str, site: str, reason: str) -> None:
    """Take a role away; sessions in it end at once.

    Errors: `CommandRefusedError`; `RefusedError` for the last administrator.
    """
    if role == ADMINISTRATOR:
        _need_another_administrator(workspace, user)
    workspace.do(RevokeRole(user, role, site, reason), actor)
    workspace.accounts.close_role(user, role, site)


def disable(workspace: Workspace, actor: Actor, user: str, reason: str) -> None:
    """Close an account for good: its sessions end, its credentials and drafts are dropped, its name is kept.

    Errors: `CommandRefusedError`; `RefusedError` for the last administrator.
    """
    _need_another_administrator(workspace, user)
    workspace.do(DisableUser(user, reason), actor)
    workspace.accounts.forget(user)


def end_sessions(workspace: Workspace, actor: Actor, user: str) -> int:
    """Sign an account out everywhere; how many sessions ended.

    Errors: `RefusedError` when the actor may not.
    """
    _need_open(workspace, actor, user)
    return workspace.accounts.close_all(user)


def record_training(workspace: Workspace, actor: Actor, user: str, topic: str, on: date) -> None:
    """Record that somebody was trained.

    Errors: `CommandRefusedError`.
    """
    workspace.do(RecordTraining(user, topic, on), actor)


def link_participant(workspace: Workspace, actor: Actor, user: str, participant: str) -> None:
    """Say whose own pages an account of a participant shows.

    Errors: `CommandRefusedError`.
    """
    workspace.do(LinkParticipant(user, participant), actor)


def _sites(workspace: Workspace) -> frozenset[str]:
    return frozenset(str(site["id"]) for site in workspace.study.sites)


def _need_open(workspace: Workspace, actor: Actor, user: str) -> None:
    """The actor administers accounts, and the account is one that is open."""
    access = workspace.conduct.access_state()
    if "AddUser" not in rights_of(workspace.study, actor.role):
        raise RefusedError(_("Only an administrator of the study does this."))
    if user not in access.users or user in access.disabled:
        raise UserError(_("There is no open account {user}.").format(user=repr(user)))


def _need_another_administrator(workspace: Workspace, user: str) -> None:
    if administrators(workspace) == (user,):
        raise RefusedError(
            _("{user} is the only administrator; nobody could add accounts any more.").format(user=user),
            _("Give another person the role first."),
        )
