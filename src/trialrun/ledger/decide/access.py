"""Rules of accounts and roles, and the guard that asks whether the actor may do this at all."""

from __future__ import annotations

from trialrun.ledger.commands import (
    AddUser,
    Command,
    DisableUser,
    GrantRole,
    LinkParticipant,
    ParticipantCommand,
    RecordCredential,
    RecordExport,
    RecordImport,
    RecordSignIn,
    RecordTraining,
    RevokeRole,
    SiteCommand,
)
from trialrun.ledger.decide.asked import Asked, need_reason, not_future
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.decide.study_rules import need_site
from trialrun.ledger.events import NewEvent

# ICH E6(R3) 3.16.1(i): the sponsor does not change the investigator's data, whatever a study file says.
SPONSOR_ROLES = frozenset({"sponsor", "monitor", "data_manager", "statistician"})
SITE_DATA = frozenset(
    {
        "RegisterCandidate", "RecordConsent", "WithdrawConsent", "SaveForm", "RemoveRow", "RecordVisit", "MissVisit",
        "SignEligibility", "Enrol", "EndParticipation", "AnswerQuery", "AcknowledgeAlert",
        "MoveStock", "ReverseMove", "CountStock", "RecordExcursion",
    }
)  # fmt: skip
SITE_COPY = "site copy"
INVESTIGATORS = frozenset({"principal_investigator", "investigator"})
FIRST_ADMINISTRATOR = frozenset({"AddUser", "GrantRole"})
CREDENTIALS = ("password_set", "password_reset", "totp_added", "totp_removed", "unlocked")
SIGN_IN_OUTCOMES = ("success", "failure", "locked_out", "signed_out")


def need_right(asked: Asked, command: Command) -> None:
    """The role may do it, the sponsor keeps out of site data, and the site is the actor's own."""
    name, actor = type(command).__name__, asked.actor
    if isinstance(command, RecordSignIn) or _own_credential(asked, command) or _own_copy(asked, command):
        return
    role = asked.study.roles.get(actor.role)
    if role is None or (name not in role.may and "*" not in role.may):
        raise refuse(
            "role-may-not",
            f"{actor.user} as {actor.role!r} may not {name}",
            f"roles that may: {', '.join(r.name for r in asked.study.roles.values() if name in r.may) or 'none'}",
        )
    if actor.role in SPONSOR_ROLES and name in SITE_DATA:
        raise refuse("sponsor-changes-no-site-data", f"{actor.role} is a sponsor's role and may not {name}")
    _need_site_right(asked, command)
    _need_account(asked, name)


def _own_credential(asked: Asked, command: Command) -> bool:
    """Everybody changes their own password; the system records what it sees."""
    return isinstance(command, RecordCredential) and asked.actor.user in (command.user, "system")


def _own_copy(asked: Asked, command: Command) -> bool:
    """A site takes the copy of its own data whatever a study's table of rights says (ICH E6(R3) 2.12.6)."""
    if not isinstance(command, RecordExport):
        return False
    if asked.actor.user == "system":
        return True  # what the application saw somebody take; no account can be named `system`
    if command.kind != SITE_COPY:
        return False
    return asked.actor.role in INVESTIGATORS and bool(asked.actor.site)


def _need_site_right(asked: Asked, command: Command) -> None:
    site = ""
    if isinstance(command, (SiteCommand, RecordImport)):
        site = command.site
    elif isinstance(command, ParticipantCommand):
        site = asked.person.site
    if site and asked.actor.site and asked.actor.site != site:
        raise refuse(
            "other-site",
            f"{asked.actor.user} belongs to site {asked.actor.site!r}, this is of site {site!r}",
            "ask the site itself",
        )


def _need_account(asked: Asked, name: str) -> None:
    """In a live study the actor must hold the role; only the very first accounts come from outside."""
    access, actor = asked.state.access, asked.actor
    if asked.state.study.mode != "live" and actor.user not in access.users:
        return
    first = not any(role == "administrator" for held in access.roles.values() for role, _ in held)
    if first and (name in FIRST_ADMINISTRATOR or asked.state.study.mode != "live"):
        return
    held = access.roles.get(actor.user, frozenset())
    if actor.user not in access.users or actor.user in access.disabled:
        raise refuse("no-account", f"{actor.user!r} has no open account", "have an administrator add one")
    if (actor.role, actor.site) not in held and (actor.role, "") not in held:
        where = f" at site {actor.site!r}" if actor.site else " for all sites"
        raise refuse("role-not-held", f"{actor.user} does not hold the role {actor.role!r}{where}")


def add_user(asked: Asked, command: AddUser) -> tuple[NewEvent, ...]:
    """A user name is given once and never again."""
    name = command.user.strip()
    if not name or name != command.user or name == "system":
        raise refuse("wrong-user-name", f"{command.user!r} cannot be a user name", "use letters and digits")
    if name.casefold() in {known.casefold() for known in asked.state.access.users}:
        raise refuse("user-name-taken", f"there is or was a user {name!r}; names are never used twice")
    need_reason(command.name, "an account (the printed name)")
    return (NewEvent("access", "UserAdded", {"user": name, "name": command.name, "email": command.email}),)


def _need_user(asked: Asked, user: str) -> None:
    if user not in asked.state.access.users:
        raise refuse("unknown-user", f"there is no user {user!r}")


def _need_another_administrator(asked: Asked, user: str) -> None:
    """Somebody must always be able to keep the accounts, whatever way the command came."""
    access = asked.state.access
    open_ones = {
        name
        for name, held in access.roles.items()
        if name not in access.disabled and any(role == "administrator" for role, _site in held)
    }
    if open_ones == {user}:
        raise refuse(
            "last-administrator",
            f"{user} is the only administrator; nobody could add accounts any more",
            "give another person the role first",
        )


def disable_user(asked: Asked, command: DisableUser) -> tuple[NewEvent, ...]:
    """Close an account."""
    _need_user(asked, command.user)
    if command.user in asked.state.access.disabled:
        raise refuse("no-change", f"the account of {command.user!r} is closed already")
    _need_another_administrator(asked, command.user)
    return (
        NewEvent(
            "access",
            "UserDisabled",
            {"user": command.user},
            need_reason(command.reason, "closing an account"),
        ),
    )


def grant_role(asked: Asked, command: GrantRole) -> tuple[NewEvent, ...]:
    """A role for a user."""
    _need_user(asked, command.user)
    if command.user in asked.state.access.disabled:
        raise refuse("no-account", f"the account of {command.user!r} is closed")
    if command.role not in asked.study.roles:
        raise refuse(
            "unknown-role",
            f"the study has no role {command.role!r}",
            f"it has {', '.join(asked.study.roles)}",
        )
    if command.site:
        need_site(asked.study, command.site)
    if (command.role, command.site) in asked.state.access.roles.get(command.user, frozenset()):
        raise refuse("no-change", f"{command.user} holds the role {command.role!r} there already")
    return (
        NewEvent("access", "RoleGranted", {"user": command.user, "role": command.role, "site": command.site}),
    )


def revoke_role(asked: Asked, command: RevokeRole) -> tuple[NewEvent, ...]:
    """Take a role away."""
    _need_user(asked, command.user)
    if (command.role, command.site) not in asked.state.access.roles.get(command.user, frozenset()):
        raise refuse("no-change", f"{command.user} does not hold the role {command.role!r} there")
    if command.role == "administrator":
        _need_another_administrator(asked, command.user)
    data = {"user": command.user, "role": command.role, "site": command.site}
    return (NewEvent("access", "RoleRevoked", data, need_reason(command.reason, "taking a role away")),)


def record_sign_in(_asked: Asked, command: RecordSignIn) -> tuple[NewEvent, ...]:
    """A sign-in, its failure, or a sign-out; unknown names are recorded as given."""
    if command.outcome not in SIGN_IN_OUTCOMES:
        raise refuse("unknown-outcome", f"{command.outcome!r} is none of {', '.join(SIGN_IN_OUTCOMES)}")
    data = {
        "user": command.user,
        "outcome": command.outcome,
        "method": command.method,
        "role": command.role,
        "site": command.site,
    }
    return (NewEvent("access", "SignInRecorded", data),)


def record_credential(asked: Asked, command: RecordCredential) -> tuple[NewEvent, ...]:
    """That a password or second factor changed; never what it is."""
    _need_user(asked, command.user)
    if command.kind not in CREDENTIALS:
        raise refuse("unknown-credential", f"{command.kind!r} is none of {', '.join(CREDENTIALS)}")
    return (NewEvent("access", "CredentialChanged", {"user": command.user, "kind": command.kind}),)


def record_training(asked: Asked, command: RecordTraining) -> tuple[NewEvent, ...]:
    """A training that took place."""
    _need_user(asked, command.user)
    topic = need_reason(command.topic, "a training (its topic)")
    not_future(asked, command.on, "a training date")
    if (topic, command.on) in asked.state.access.training.get(command.user, ()):
        raise refuse(
            "no-change", f"{command.user}'s training in {topic!r} on {command.on} is recorded already"
        )
    data = {"user": command.user, "topic": topic, "on": command.on.isoformat()}
    return (NewEvent("access", "TrainingRecorded", data),)


def link_participant(asked: Asked, command: LinkParticipant) -> tuple[NewEvent, ...]:
    """One account, one participant, for good: an account never comes to show another person's data."""
    _need_user(asked, command.user)
    access = asked.state.access
    if command.participant not in asked.state.study.candidates:
        raise refuse("unknown-participant", f"there is no participant {command.participant!r}")
    if command.user in access.linked:
        raise refuse("already-linked", f"{command.user!r} is the account of {access.linked[command.user]}")
    others = [
        user
        for user, key in access.linked.items()
        if key == command.participant and user not in access.disabled
    ]
    if others:
        raise refuse(
            "already-linked",
            f"{command.participant} has the account {others[0]!r}",
            "close that account before giving another",
        )
    data = {"user": command.user, "participant": command.participant}
    return (NewEvent("access", "ParticipantLinked", data),)
