"""A trial half-way, to try the application in: made-up participants, one account per role.

The people come from the rehearsal, through the same commands as real ones; what a rehearsal does not do (a delivery of
the product, a participant's own account, questions left open) is done here, by the accounts that may.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from trialrun.app.demo import find_example
from trialrun.app.workspace import Workspace, open_workspace, utc_now
from trialrun.errors import RefusedError, UserError
from trialrun.ledger.commands import (
    Actor,
    AddUser,
    AnswerQuery,
    Command,
    GrantRole,
    LinkParticipant,
    MoveStock,
    RaiseQuery,
    RecordTraining,
    RegisterBatch,
)
from trialrun.ledger.state import ParticipantState
from trialrun.study.model import Study

DATABASE = "demo.sqlite"
MARK = "demo.json"
LASTS = timedelta(days=150)
SCREENED = 20
PER_WEEK = 0.72
SEED = 5
# Candidate to days without anything done for them: somebody is always overdue at a site.
BEHIND = {4: 20, 9: 45, 13: 12, 17: 25}
Progress = Callable[[str], None]
_Place = tuple[ParticipantState, tuple[str, str, int, str]]

# Role to user name and printed name; roles a study does not define are left out.
PEOPLE: dict[str, tuple[str, str]] = {
    "administrator": ("admin", "R. Sadeghi"),
    "principal_investigator": ("ahmadi", "Dr. N. Ahmadi"),
    "investigator": ("hosseini", "Dr. F. Hosseini"),
    "coordinator": ("karimi", "S. Karimi"),
    "pharmacist": ("jafari", "Dr. P. Jafari"),
    "monitor": ("moradi", "M. Moradi"),
    "data_manager": ("rostami", "L. Rostami"),
    "statistician": ("nouri", "Dr. K. Nouri"),
    "sponsor": ("sponsor", "B. Farahani"),
    "participant": ("participant", "Participant"),
}
_AT_SITE = frozenset({"principal_investigator", "investigator", "coordinator", "pharmacist"})
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the demo, with its password in clear: nothing here is real."""

    role: str
    user: str
    name: str
    password: str


@dataclass(frozen=True, slots=True)
class DemoSite:
    """A made-up trial, its database, and how to get in."""

    study_folder: Path
    database: str
    accounts: tuple[DemoAccount, ...]
    made_at: datetime

    def accounts_table(self) -> str:
        """The accounts as lines of text."""
        widths = [max(len(text) for text in column) for column in zip(*self._rows(), strict=True)]
        return "\n".join(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in self._rows()
        )

    def _rows(self) -> list[tuple[str, str, str, str]]:
        head = ("role", "user name", "password", "name")
        return [head, *((one.role, one.user, one.password, one.name) for one in self.accounts)]


def open_demo_site(
    folder: Path,
    *,
    study_folder: Path | None = None,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> DemoSite:
    """The demo in a folder: the one that is there, with new passwords, or a new one.

    Errors: `UserError` when the folder holds something else.
    """
    say = progress or (lambda _text: None)
    moment = now or utc_now()
    study_place = study_folder or find_example()
    mark = folder / MARK
    if not mark.is_file():
        say("Making a trial half-way, with made-up participants ...")
        return build_demo_site(folder, study_folder=study_place, now=moment)
    made = datetime.fromisoformat(json.loads(mark.read_text(encoding="utf-8"))["made_at"])
    say(f"Opening the made-up trial of {made:%Y-%m-%d}; delete {folder} to begin anew.")
    workspace = open_workspace(study_place, str(folder / DATABASE), clock=lambda: moment)
    try:
        accounts = _give_passwords(workspace, random=True)
    finally:
        workspace.close()
    return DemoSite(study_place, _url(folder), accounts, made)


def build_demo_site(
    folder: Path, *, study_folder: Path | None = None, now: datetime, seed: int = SEED, password: str = ""
) -> DemoSite:
    """Make a trial that began about five months before `now`; the same seed and moment make the same log.

    Args:
        password: of every account, for tests; random ones otherwise.

    Errors: `UserError` when the folder holds something else; `StudyError` when the study cannot be rehearsed.
    """
    from trialrun.simulate.rehearse import LEDGER, rehearse
    from trialrun.simulate.window import Window

    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} holds something else", "give a new folder, or delete that one")
    study_place = study_folder or find_example()
    last = now - timedelta(hours=4)
    window = Window(
        start=(now - LASTS).date(),
        until=last,
        screened_per_week=PER_WEEK,
        behind={number: timedelta(days=days) for number, days in BEHIND.items()},
        awaited=(_weekday(last.date() - timedelta(days=1)),),
    )
    from trialrun.app.studies import open_study

    study = open_study(study_place)
    parts = folder / "rehearsal"
    rehearse(study, parts, seed=seed, screened=SCREENED, window=window)
    (parts / LEDGER).rename(folder / DATABASE)
    shutil.rmtree(parts)
    workspace = open_workspace(study_place, str(folder / DATABASE), clock=_Ticking(last), study=study)
    try:
        _furnish(workspace)
        workspace.store.seal(now=now)
        accounts = _give_passwords(
            replace(workspace, clock=lambda: now), random=not password, password=password
        )
    finally:
        workspace.close()
    made = {"made_at": now.isoformat(), "seed": seed}
    (folder / MARK).write_text(json.dumps(made) + "\n", encoding="utf-8")
    return DemoSite(study_place, _url(folder), accounts, now)


@dataclass
class _Ticking:
    """A clock that goes on half a minute with every look."""

    at: datetime

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=30)
        return self.at.astimezone(UTC)


def _weekday(day: date) -> date:
    """The day itself, or the Friday before a week-end."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def _url(folder: Path) -> str:
    return f"sqlite:///{(folder / DATABASE).resolve()}"


# --- who works here ----------------------------------------------------------------------------


def _actor(workspace: Workspace, role: str) -> Actor:
    site = str(workspace.study.sites[0]["id"]) if role in _AT_SITE else ""
    return Actor(PEOPLE[role][0], role, site)


def _roles(study: Study) -> Iterable[str]:
    return (role for role in PEOPLE if role in study.roles)


def _give_passwords(workspace: Workspace, *, random: bool, password: str = "") -> tuple[DemoAccount, ...]:
    given: list[DemoAccount] = []
    for role in _roles(workspace.study):
        user, name = PEOPLE[role]
        chosen = _random_password() if random else password
        workspace.accounts.set_password(user, chosen, now=workspace.now)
        workspace.accounts.unlock(user)
        given.append(DemoAccount(role, user, name, chosen))
    return tuple(given)


def _random_password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


# --- what a rehearsal leaves out -----------------------------------------------------------------


def _furnish(workspace: Workspace) -> None:
    """Everybody's account, and work that is waiting."""
    administrator = _actor(workspace, "administrator")
    known = workspace.conduct.access_state().users
    for role in _roles(workspace.study):
        actor = _actor(workspace, role)
        if actor.user not in known:
            workspace.do(AddUser(actor.user, PEOPLE[role][1]), administrator)
        held = workspace.conduct.access_state().roles.get(actor.user, frozenset())
        if (role, actor.site) not in held:
            workspace.do(GrantRole(actor.user, role, actor.site), administrator)
        if role not in ("administrator", "participant"):
            trained = workspace.today - LASTS - timedelta(days=7)
            workspace.do(RecordTraining(actor.user, "Good clinical practice", trained), administrator)
            workspace.do(RecordTraining(actor.user, role, trained), administrator)
    people = [workspace.conduct.participant(key) for key in workspace.conduct.participants()]
    enrolled = [person for person in people if person.enrolled]
    taking_part = [person for person in enrolled if person.ended_on is None]
    if taking_part and "participant" in workspace.study.roles:
        _link(workspace, taking_part[0], administrator)
    _receive_stock(workspace)
    _ask(workspace, taking_part)


def _link(workspace: Workspace, person: ParticipantState, administrator: Actor) -> None:
    workspace.do(LinkParticipant(PEOPLE["participant"][0], person.key), administrator)


def _receive_stock(workspace: Workspace) -> None:
    """Three batches: one in use, one that waits for its release, one that expires soon."""
    role = "pharmacist"
    if role not in workspace.study.roles:
        return
    pharmacist, today = _actor(workspace, role), workspace.today
    site = pharmacist.site
    batches = (
        ("EXO-2603", "QP-114", today - timedelta(days=20), today + timedelta(days=160), 12),
        ("EXO-2604", "", None, today + timedelta(days=200), 10),
        ("EXO-2602", "QP-097", today - timedelta(days=80), today + timedelta(days=9), 3),
    )
    for batch, release, released_on, expires_on, units in batches:
        known = RegisterBatch(
            site, batch, "MSC-derived exosomes", "10", "mg", "2.1e10 particles per mL", release, released_on,
            "-80 °C", expires_on,
        )  # fmt: skip
        arrived = (released_on or today - timedelta(days=4)) + timedelta(days=2)
        received = MoveStock(site, batch, "receipt", units, min(arrived, today), temperature="-79")
        for command in (known, received):
            _try(workspace, command, pharmacist)


def _ask(workspace: Workspace, taking_part: list[ParticipantState]) -> None:
    """Questions to the site: two nobody has answered, one that waits to be closed."""
    asks = ("data_manager", "monitor", "data_manager")
    words = (
        "The value differs from the local laboratory's print-out. Please check the source.",
        "Which of the two readings is meant here?",
        "Please give the reason why this was not measured with the other samples of the day.",
    )
    places = [(person, slot) for person in taking_part for slot in _last_numbers(workspace, person)]
    for number, (role, text, (person, slot)) in enumerate(
        zip(asks, words, _spread(places, len(words)), strict=False)
    ):
        visit, form, row, item = slot
        outcome = _try(
            workspace, RaiseQuery(person.key, visit, form, text, row, item), _actor(workspace, role)
        )
        if outcome and number == len(words) - 1:
            (query,) = [
                one for one in workspace.conduct.participant(person.key).open_queries() if one.message == text
            ]
            answer = AnswerQuery(person.key, query.id, "The sample had clotted; repeated two days later.")
            _try(workspace, answer, _actor(workspace, "coordinator"))


def _last_numbers(workspace: Workspace, person: ParticipantState) -> list[tuple[str, str, int, str]]:
    slots = [
        slot
        for slot, value in person.values.items()
        if value.text is not None and workspace.study.items[slot[3]].analyte is not None
    ]
    return slots[-1:]


def _spread(found: list[_Place], count: int) -> list[_Place]:
    step = max(1, len(found) // max(1, count))
    return found[::step][:count]


def _try(workspace: Workspace, command: Command, actor: Actor) -> bool:
    """Do it unless this study's rules forbid it: the demo is furnished for any study that can be rehearsed."""
    try:
        workspace.do(command, actor)
    except RefusedError:
        return False
    return True
