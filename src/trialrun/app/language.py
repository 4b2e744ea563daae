"""The language of the words a person reads: one translation per request, English when there is none."""

from __future__ import annotations

import gettext as _gettext
from contextvars import ContextVar
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "locale"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})

_NONE = _gettext.NullTranslations()
_IN_USE: ContextVar[_gettext.NullTranslations] = ContextVar("translations", default=_NONE)
_CODE: ContextVar[str] = ContextVar("language", default="en")


@cache
def languages() -> tuple[str, ...]:
    """The languages there are words for: English and every catalogue that ships."""
    return ("en", *sorted(path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/trialrun.mo")))


@cache
def _translations(code: str) -> _gettext.NullTranslations:
    if code == "en":
        return _NONE
    return _gettext.translation("trialrun", str(FOLDER), [code], fallback=True)


def use_language(code: str, translations: _gettext.NullTranslations | None = None) -> None:
    """Speak this language from here on in the present request (context)."""
    _CODE.set(code)
    _IN_USE.set(translations or _translations(code))


def language() -> str:
    """The language in use, as a BCP 47 code."""
    return _CODE.get()


def direction() -> str:
    """`rtl` or `ltr`, for the language in use."""
    return "rtl" if language().split("-")[0] in RIGHT_TO_LEFT else "ltr"


def gettext(text: str) -> str:
    """The text in the language in use."""
    return _IN_USE.get().gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The singular or plural text in the language in use."""
    return _IN_USE.get().ngettext(one, many, count)


def pgettext(context: str, text: str) -> str:
    """The text in the language in use, where the same English word means two things."""
    return _IN_USE.get().pgettext(context, text)


def npgettext(context: str, one: str, many: str, count: int) -> str:
    """Singular or plural, with context."""
    return _IN_USE.get().npgettext(context, one, many, count)


def marked(text: str) -> str:
    """The text itself, noted for translators; translate it with `gettext` where it is shown."""
    return text
