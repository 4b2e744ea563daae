"""The events page is as the registry makes it, and every command has a rule and a test."""

from __future__ import annotations

import inspect

from trialrun.ledger import commands
from trialrun.ledger.decide import COMMANDS
from trialrun.ledger.event_types import TYPES
from trialrun.ledger.fold import _PARTICIPANT, _SEALED
from trialrun.ledger.reference import events_page


def test_the_page_is_up_to_date(root):
    assert (root / "docs" / "reference" / "events.md").read_text(encoding="utf-8") == events_page(), (
        "write it again: python -m trialrun.ledger.reference docs/reference/events.md"
    )


def test_every_command_is_decided():
    roots = {"Command", "ParticipantCommand", "SiteCommand"}
    written = {
        name for name, kind in inspect.getmembers(commands, inspect.isclass)
        if issubclass(kind, commands.Command) and name not in roots
    }  # fmt: skip
    assert written == set(COMMANDS)


def test_every_participant_event_is_folded():
    folded = set(_PARTICIPANT) | set(_SEALED)
    assert {name for name, kind in TYPES.items() if kind.stream == "participant"} == folded


def test_every_field_says_what_it_means():
    assert [kind.name for kind in TYPES.values() if not kind.meaning.endswith(".")] == []
    assert [part for kind in TYPES.values() for part in kind.fields if not part.meaning] == []


def test_the_roles_of_the_example_know_all_commands_and_no_others(root):
    """A misspelt right would silently be nobody's."""
    from trialrun.ledger.decide.dosing import RIGHT
    from trialrun.ledger.decide.screening import OVERRIDE
    from trialrun.study.load import load_study

    study = load_study(root / "examples" / "nct05871463")
    given = {name for role in study.roles.values() for name in role.may}
    assert given == {*COMMANDS, RIGHT, OVERRIDE}
