"""Write the generated reference pages, or with --check say which of them are stale."""

from __future__ import annotations

import sys
from pathlib import Path

from trialrun.cli.reference import commands_markdown
from trialrun.ledger.reference import events_page
from trialrun.scores.document import reference_page
from trialrun.snapshot.reference import snapshot_page
from trialrun.study.load import load_study
from trialrun.study.reference_pages import schema_text, study_format_page
from trialrun.study.traceability import traceability_page
from trialrun.web.application import all_routes
from trialrun.web.authorisation import authorisation_page

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"


def pages() -> dict[str, str]:
    """Each generated page's name and what it should say."""
    study = load_study(ROOT / "examples" / "nct05871463")
    return {
        "authorisation.md": authorisation_page(study, all_routes()),
        "commands.md": commands_markdown(),
        "events.md": events_page(),
        "scores.md": reference_page(),
        "snapshot.md": snapshot_page(),
        "study-format.md": study_format_page(),
        "study.schema.json": schema_text(),
        "traceability.md": traceability_page(study),
    }


def main() -> None:
    """Write, or check."""
    wanted = pages()
    if "--check" in sys.argv[1:]:
        stale = [n for n, text in wanted.items() if (REFERENCE / n).read_text(encoding="utf-8") != text]
        if stale:
            sys.exit(f"stale pages in docs/reference: {', '.join(stale)}; remedy: make docs")
        print(f"{len(wanted)} generated pages are current")
        return
    for name, text in wanted.items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
