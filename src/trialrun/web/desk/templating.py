"""The desk's templates: the same environment as a study's, with the desk's menu."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from trialrun.app.desk_addresses import trial_path
from trialrun.app.language import gettext, marked
from trialrun.app.registry_words import in_words
from trialrun.web.templating import make_environment, moment_filter, request_words

if TYPE_CHECKING:
    from trialrun.web.desk.here import DeskHere

_UTC = ZoneInfo("UTC")
# What a record's JSON can hold and a page cannot: control characters and halves of characters.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_SEARCH, _DRAFTS = ("/", marked("Search trials")), ("/drafts", marked("Drafts"))
_IMPORT, _PROGRAMS = ("/import", marked("Import records")), ("/api", marked("For programs"))


class DeskPages:
    """All templates of the desk."""

    def __init__(self) -> None:
        self.environment = make_environment()
        self.environment.globals.update(trial_path=trial_path, in_words=in_words)
        self.environment.filters.update(moment=moment_filter(lambda: _UTC))

    def render(self, template: str, here: DeskHere, context: Mapping[str, Any]) -> str:
        """A page as text."""
        shared = {"here": here, "navigation": menu(here), **request_words(here)}
        text = self.environment.get_template(template).render({**shared, **context})
        return _NO_TEXT.sub("\ufffd", text)


def menu(here: DeskHere) -> tuple[tuple[str, str, bool], ...]:
    """The menu: address, label in the visitor's language, and whether it is the page they are on."""
    shown = [entry for entry, there_is in (
        (_SEARCH, here.desk.registry is not None),
        (_DRAFTS, here.desk.may_draft),
        (_IMPORT, here.desk.may_import),
        (_PROGRAMS, here.desk.registry is not None),
    ) if there_is]  # fmt: skip
    return tuple((path, gettext(label), _is_at(here.path, path)) for path, label in shown)


def _is_at(path: str, entry: str) -> bool:
    if entry == "/":
        return path == "/" or path.startswith("/trials")
    return path == entry or path.startswith(entry + "/")
