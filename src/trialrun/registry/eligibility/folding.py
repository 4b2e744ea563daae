"""One spelling for every typographic variant, letter by letter, so that places in the text stay places."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_SAME = {
    **dict.fromkeys("–—−‐‑‒―﹣－", "-"),
    **dict.fromkeys("~∼～〜", "~"),
    **dict.fromkeys("≥≧⩾⪰≽⋝", "≥"),
    **dict.fromkeys("≤≦⩽⪯≼⋜", "≤"),
    "\u02c2": "<",  # modifier letters that look the same
    "\u02c3": ">",
    **dict.fromkeys("∗✕✖⨯×", "×"),
    **dict.fromkeys("µμ", "μ"),
    **dict.fromkeys("·∙⋅", "·"),
    **dict.fromkeys("’‘`´", "'"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅰⅱⅲⅳⅴⅵ", ""),
}


@lru_cache(maxsize=4096)
def _fold_letter(letter: str) -> str:
    same = _SAME.get(letter)
    if same:
        return same
    if same == "" or letter in "²³½¼¾°‰":
        return letter.lower()
    if letter.isspace():
        return " "
    plain = unicodedata.normalize("NFKC", letter)
    folded = (plain if len(plain) == 1 else letter).lower()
    return folded if len(folded) == 1 else letter


def fold(text: str) -> str:
    """The text in lower case with one sign for each meaning; as long as the text, place for place."""
    return "".join(map(_fold_letter, text))
