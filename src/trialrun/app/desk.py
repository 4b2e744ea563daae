"""The registry desk: records to search and read, and a folder of drafts; no accounts, no participants."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trialrun.errors import UserError

if TYPE_CHECKING:
    from trialrun.registry.store import RegistryStore


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a desk works with.

    Args:
        registry: the records; `None` where the desk only holds drafts.
        drafts: the folder whose folders are draft studies; `None` where nothing is drafted here.
        local: only browsers on this machine reach it, so that whoever reaches it may import and draft.
        clock: gives the time, in UTC.
    """

    registry: RegistryStore | None
    drafts: Path | None = None
    local: bool = True
    clock: Callable[[], datetime] = utc_now

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self.clock()

    @property
    def today(self) -> date:
        """The date, in UTC."""
        return self.now.date()

    @property
    def may_import(self) -> bool:
        """Whether whoever reaches the desk may add records."""
        return self.local and self.registry is not None

    @property
    def may_draft(self) -> bool:
        """Whether whoever reaches the desk may draft and edit studies."""
        return self.local and self.drafts is not None


def open_desk(store: Path | None, *, drafts: Path | None = None, host: str = "127.0.0.1") -> Desk:
    """The desk on a store of records and a folder of drafts; both are made where there are none.

    Errors: `UserError` for drafts at an address other machines reach (there are no accounts, so anybody
    could change them), and when there is neither store nor folder.
    """
    from trialrun.registry.store import open_registry

    local = is_loopback(host)
    if drafts is not None and not local:
        raise UserError(
            f"{host} is reachable from other machines, and a desk with drafts has no sign-in",
            "leave --host out (drafts are edited on this machine only), or leave --drafts out",
        )
    if store is None and drafts is None:
        raise UserError("there is nothing to serve", "give --store FILE, --drafts FOLDER, or both")
    if drafts is not None:
        drafts.mkdir(parents=True, exist_ok=True)
    return Desk(open_registry(store) if store is not None else None, drafts, local)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own, which no other machine can reach."""
    name = host.strip().lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def asked_host_is_own(header: str) -> bool:
    """Whether a request's Host header names this machine.

    Another site's page can have its own name lead here (DNS rebinding); its requests then bear that name.
    """
    if header.startswith("["):
        return is_loopback(header.partition("]")[0].strip("["))
    return is_loopback(header.partition(":")[0])
