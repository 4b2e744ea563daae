"""Every word people read goes through gettext: templates hold no bare text. `make check` asks for the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from trialrun.app import language
from trialrun.web.templating import FOLDER
from web_kit import Office

TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
# Names, codes and signs that are the same in every language.
SAME_EVERYWHERE = {"trialrun", "CTCAE", "SHA", "CSV", "PDF", "MELD", "INR", "ULN", "JSON", "Lines", "Atom", "NCT", "iCalendar", "ALT", "AST", "MedDRA", "mL", "Ctrl", "Enter", "required", "disabled"}  # fmt: skip
ATTRIBUTES = re.compile(r"""(?:aria-label|title|placeholder|alt)\s*=\s*"([^"{]*[A-Za-z][^"{]*)\"""")


def bare_words(source: str) -> list[str]:
    """Words of a template that stand in it as they are, outside tags and outside gettext."""
    environment = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
    source = re.sub(r"{% block body_class %}.*?{% endblock %}", "", source)  # a name for the style sheet
    tree = environment.parse(source)
    html = "\0".join(piece.data for piece in tree.find_all(nodes.TemplateData))
    attributes = ATTRIBUTES.findall(html)
    html = re.sub(r"<(style|script|!--).*?(</\1>|-->)", " ", html, flags=re.DOTALL)
    # A tag may be cut in pieces by what stands in its attributes: pieces are joined before tags are taken out.
    text = re.sub(r"<[^>]*>", " ", html.replace("\0", ""))
    text = re.sub(r"&\w+;", " ", text)
    text = re.sub(r'[\w-]+="[^"]*"', " ", text)  # attributes that a macro writes into another's tag
    words = re.findall(r"[A-Za-z]{2,}", text)
    return [word for word in (*words, *attributes) if word not in SAME_EVERYWHERE]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_templates_hold_no_bare_words(path: Path):
    assert bare_words(path.read_text(encoding="utf-8")) == []


def test_the_check_finds_bare_words():
    assert bare_words('<p title="Name">Hello {{ _("there") }}</p>') == ["Hello", "Name"]
    assert bare_words('<p title="{{ _("Name") }}" class="card">{{ x }}</p>') == []


def test_pages_speak_the_language_asked_for(office: Office, monkeypatch: pytest.MonkeyPatch):
    import gettext

    class Persian(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return f"⟦{message}⟧"

    monkeypatch.setattr(language, "languages", lambda: ("en", "fa"))
    monkeypatch.setattr(language, "_translations", lambda code: Persian())
    from trialrun.web import application

    monkeypatch.setattr(application, "languages", lambda: ("en", "fa"))
    answer = office.client("coordinator").get("/home", headers={"accept-language": "fa-IR,fa;q=0.9,en;q=0.5"})
    assert '<html lang="fa" dir="rtl"' in answer.text
    assert "⟦Home⟧" in answer.text
