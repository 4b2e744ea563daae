"""Country names that contain a comma, and flags: what a page's location line needs to be split."""

from __future__ import annotations

COUNTRIES_WITH_COMMA = (
    "Bolivia, Plurinational State of",
    "Congo, The Democratic Republic of the",
    "Iran, Islamic Republic of",
    "Korea, Democratic People's Republic of",
    "Korea, Republic of",
    "Macedonia, The Former Yugoslav Republic of",
    "Micronesia, Federated States of",
    "Moldova, Republic of",
    "Palestine, State of",
    "Palestinian Territories, Occupied",
    "Palestinian Territory, occupied",
    "Taiwan, Province of China",
    "Tanzania, United Republic of",
    "Venezuela, Bolivarian Republic of",
)
_FIRST, _LAST = 0x1F1E6, 0x1F1FF


def split_place(text: str) -> tuple[str, str, str]:
    """City, state and country of "Tehran, Iran, Islamic Republic of"; what is absent is empty."""
    for country in COUNTRIES_WITH_COMMA:
        if text.lower().endswith(country.lower()):
            head = text[: -len(country)].rstrip(" ,")
            city, _, state = head.partition(", ")
            return city, state, text[len(text) - len(country) :]
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1:
        return "", "", parts[0]
    return parts[0], ", ".join(parts[1:-1]), parts[-1]


def flag_code(text: str) -> str:
    """The ISO 3166 code a flag emoji stands for (`IR`); empty when the text is no flag."""
    if len(text) != 2 or any(not _FIRST <= ord(char) <= _LAST for char in text):
        return ""
    return "".join(chr(ord(char) - _FIRST + ord("A")) for char in text)
