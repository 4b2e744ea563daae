"""Write the catalogue of every word of the application that is translated: src/trialrun/locale/trialrun.pot."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {
    "**/templates/**.html": {
        "extensions": "jinja2.ext.do",
        "trimmed": "true",
        "silent": "false",
        "encoding": "utf-8",
    }
}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "marked": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def catalogue(root: Path) -> str:
    """The catalogue as text; the same bytes for the same words."""
    package = root / "src" / "trialrun"
    found = Catalog(project="trialrun", charset="utf-8", fuzzy=False)
    for folder in ("app", "web"):
        for name, _line, message, comments, context in extract_from_dir(
            package / folder, METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=("Translators:",)
        ):
            # Places name the file only: line numbers would change with every edit.
            found.add(message, None, [(f"{folder}/{name}", 0)], auto_comments=comments, context=context)
    out = BytesIO()
    write_po(out, found, omit_header=True, sort_output=True, include_lineno=False, width=100)
    header = 'msgid ""\nmsgstr ""\n"Project-Id-Version: trialrun\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n'
    return header + out.getvalue().decode()


def main() -> int:
    """Write the catalogue, or with --check say whether it is up to date."""
    root = Path(__file__).resolve().parent.parent
    kept = root / "src" / "trialrun" / "locale" / "trialrun.pot"
    text = catalogue(root)
    if "--check" in sys.argv:
        if not kept.exists() or kept.read_text(encoding="utf-8") != text:
            print("src/trialrun/locale/trialrun.pot is stale: run `make docs`", file=sys.stderr)
            return 1
        return 0
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(text, encoding="utf-8")
    print(f"{text.count('msgid')} texts in {kept.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
