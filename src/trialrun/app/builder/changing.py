"""One change of a draft: made to the text, checked, and written only when it harms nothing, or knowingly."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from trialrun.app.builder.checked import added, check_text
from trialrun.app.builder.edits import Edits, plain
from trialrun.app.builder.fields import ABSENT, FIELDS, Read, changes
from trialrun.app.builder.uses import need_name, remove, rename, uses_beside
from trialrun.app.builder.workshop import Workshop
from trialrun.app.language import gettext as _
from trialrun.errors import StudyError
from trialrun.study.schema import SECTIONS
from trialrun.values.finding import Finding

# The order in which keys usually stand in an entry.
_ORDER: dict[str, tuple[str, ...]] = {
    section: tuple(SECTIONS[section]["additionalProperties"]["properties"]) for section in FIELDS
}


@dataclass(frozen=True, slots=True)
class Saved:
    """The change is in the file. `merged`: somebody else had changed other parts meanwhile, which stay.

    `harm` are errors it brings and that were accepted; `beside` names files that may use an old name.
    """

    version: str
    merged: bool = False
    harm: tuple[Finding, ...] = ()
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Harmful:
    """Nothing was written: the change would bring these errors."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Clashing:
    """Nothing was written: the same entry was changed meanwhile; `theirs` is what it says now, none when gone."""

    theirs: Mapping[str, Any] | None
    version: str


Result = Saved | Harmful | Clashing


def change_entry(
    work: Workshop, section: str, name: str, read: Read, *, seen: str, now: datetime, keep: bool
) -> Result:
    """Give an entry the values of a form.

    Args:
        work: the draft.
        section: the section.
        name: the entry.
        read: what the form said, without errors.
        seen: the version the form was opened with.
        now: the time.
        keep: write it though it brings errors.

    Errors: `StudyError` when the text cannot be edited here.
    """

    def change(edits: Edits) -> None:
        before = cast("dict[str, Any]", entry_of(edits.meant, section, name) or {})
        for key, value in changes(section, before, read).items():
            if value is ABSENT:
                edits.remove((section, name, key))
            else:
                edits.set((section, name, key), value, order=_ORDER[section])

    return _made(work, (section, name), change, _("changed {}").format(f"{section}.{name}"), seen, now, keep)


def add_entry(
    work: Workshop, section: str, name: str, read: Read, *, seen: str, now: datetime, keep: bool
) -> Result:
    """Put a new entry at the end of its section. Errors: `StudyError` for a name that is taken or cannot be one."""
    need_name(section, name)

    def change(edits: Edits) -> None:
        data = cast("dict[str, Any]", edits.meant)
        taken = (
            ("items", "derived", "criteria") if section in ("items", "derived", "criteria") else (section,)
        )
        if any(name in (data.get(one) or {}) for one in taken):
            raise StudyError(_("The name {} is taken.").format(name), _("Choose another one."))
        entry = {key: value for key, value in changes(section, {}, read).items() if value is not ABSENT}
        if not isinstance(data.get(section), dict):
            edits.set((section,), {name: entry}, order=_SECTIONS)
        else:
            edits.set((section, name), entry)

    return _made(work, (section, name), change, _("added {}").format(f"{section}.{name}"), seen, now, keep)


def remove_entry(work: Workshop, section: str, name: str, *, seen: str, now: datetime, keep: bool) -> Result:
    """Take an entry out. Errors: `StudyError` naming what works with it."""

    def change(edits: Edits) -> None:
        remove(edits, section, name)

    return _made(work, (section, name), change, _("removed {}").format(f"{section}.{name}"), seen, now, keep)


def rename_entry(work: Workshop, section: str, name: str, new: str, *, seen: str, now: datetime) -> Result:
    """Give an entry another name, wherever the study uses it. Errors: `StudyError` for a name that cannot be."""

    def change(edits: Edits) -> None:
        rename(edits, section, name, new)

    words = _("renamed {} to {}").format(f"{section}.{name}", new)
    made = _made(work, (section, name), change, words, seen, now, keep=False)
    if isinstance(made, Saved):
        return Saved(made.version, made.merged, made.harm, uses_beside(work.folder, name))
    return made


def change_text(work: Workshop, text: str, *, seen: str, now: datetime, keep: bool) -> Result:
    """Replace the whole text; one that is not YAML is never written."""
    current, mark = work.seen(now)
    if mark != seen:
        return Clashing(None, mark)
    after, before = check_text(work.folder, text), check_text(work.folder, current)
    if not after.is_yaml:
        return Harmful(after.errors)
    harm = added(before, after)
    if harm and not keep:
        return Harmful(harm)
    return Saved(work.save(text, seen=mark, what=_("changed the text"), now=now), harm=harm)


def _made(
    work: Workshop,
    path: tuple[str, str],
    change: Callable[[Edits], None],
    words: str,
    seen: str,
    now: datetime,
    keep: bool,
) -> Result:
    current, mark = work.seen(now)
    if mark != seen:
        base = work.base(seen)
        theirs = entry_of(plain(current), *path)
        if base is None or entry_of(plain(base), *path) != theirs:
            return Clashing(cast("Mapping[str, Any] | None", theirs), mark)
    edits = Edits(current)
    change(edits)
    text = edits.text()
    before, after = check_text(work.folder, current), check_text(work.folder, text)
    harm = added(before, after)
    if harm and not keep:
        return Harmful(harm)
    return Saved(work.save(text, seen=mark, what=words, now=now), merged=mark != seen, harm=harm)


def entry_of(data: Any, section: str, name: str) -> Any:
    """What stands at an entry; `None` when there is none."""
    found: Any = cast("Mapping[str, Any]", data).get(section) if isinstance(data, Mapping) else None
    return cast("Mapping[str, Any]", found).get(name) if isinstance(found, Mapping) else None


def free_name(section: str, data: Any, wish: str) -> str:
    """A name that is not taken, after a wish."""
    taken = cast("Mapping[str, Any]", data.get(section) or {}) if isinstance(data, Mapping) else {}
    wish = re.sub(r"[^a-z0-9]+", "_", wish.lower()).strip("_") or section
    number = 2
    name = wish
    while name in taken:
        name = f"{wish}_{number}"
        number += 1
    return name


_SECTIONS = (
    "study", "settings", "roles", "items", "forms", "visits", "derived", "criteria", "arms", "dose_plans",
    "endpoints", "analysis", "assumptions", "traceability",
)  # fmt: skip
