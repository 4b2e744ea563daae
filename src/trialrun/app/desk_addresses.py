"""The addresses of trials. A registration number may hold what an address cannot: `CTRI/2020/01/022636`."""

from __future__ import annotations

from urllib.parse import quote

_SLASH = "~"


def trial_path(registry_id: str, rest: str = "") -> str:
    """The page of a trial, or with `rest` something under it."""
    segment = quote(registry_id.replace("/", _SLASH), safe=_SLASH, errors="replace")
    return f"/trials/{segment}{rest}"


def id_of(segment: str) -> str:
    """The registration number again, from the part of an address the framework has already unquoted."""
    return segment.replace(_SLASH, "/")
