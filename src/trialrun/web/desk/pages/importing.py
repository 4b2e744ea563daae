"""Adding records: files sent by the browser go into the store; what cannot be taken is listed with its reason."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from litestar import Response
from litestar.response import Redirect

from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.registry.store.model import Imported
from trialrun.web.asked import Upload
from trialrun.web.desk.here import DeskHere
from trialrun.web.desk.routes import IMPORT, page
from trialrun.web.desk.routes import action as action_of

MOST_SHOWN = 100


@page("/import", who=IMPORT)
def import_page(here: DeskHere) -> Response[str]:
    """The form, what the store holds, and what was not taken."""
    return _page(here)


@action_of("/import", who=IMPORT)
def import_files(here: DeskHere) -> Response[str] | Redirect:
    """Take the files sent into the store."""
    files = tuple(here.uploads.values())
    if not files:
        return _page(here, error=_("No file was chosen."), status=422)
    with tempfile.TemporaryDirectory(prefix="trialrun-import-") as folder:
        paths = [_kept(Path(folder), place, one) for place, one in enumerate(files)]
        done = here.registry.import_files(paths, now=here.now)
    if done.bad:
        return _page(here, done=done)
    return here.redirect("/import", words(done))


def words(done: Imported) -> str:
    """What an import did, in a sentence."""
    read = ngettext("One record was read", "{} records were read", done.read).format(done.read)
    return _("{read}: {new} new, {updated} new versions, {unchanged} known already.").format(
        read=read, new=done.new, updated=done.updated, unchanged=done.unchanged
    )


def _page(
    here: DeskHere, *, done: Imported | None = None, error: str = "", status: int = 200
) -> Response[str]:
    shown: dict[str, Any] = {
        "statistics": here.registry.statistics(),
        "rejected": here.registry.rejected(MOST_SHOWN),
        "done": done,
        "done_words": words(done) if done else "",
        "error": error,
    }
    return here.render("desk/import.html", status=status, **shown)


def _kept(folder: Path, place: int, sent: Upload) -> Path:
    """The file in a folder of its own under a harmless form of its name, which messages then show."""
    name = re.sub(r"[^\w.() -]", "_", Path(sent.name.replace("\\", "/")).name).strip(" .")[-100:] or "file"
    own = folder / str(place)
    own.mkdir()
    path = own / name
    path.write_bytes(sent.content)
    return path


ROUTES = [import_page, import_files]
