"""Seals: events that bind the heads of all streams and the order of the log at one position.

A seal lists the streams that moved since the seal before; as seals are chained like all events, the
last seal binds the whole log. It can be signed with an Ed25519 key kept in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trialrun.errors import LedgerError
from trialrun.ledger.commands import Actor
from trialrun.ledger.events import Event, NewEvent, canonical, chain_events

SYSTEM = Actor("system", "system")


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 private key (32 bytes) that signs seals."""

    key: bytes

    @property
    def public(self) -> str:
        """The public key, hexadecimal."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.key).public_key().public_bytes_raw().hex()

    def sign(self, text: str) -> str:
        """The signature of a text, hexadecimal."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.key).sign(text.encode()).hex()


def read_signer(path: Path) -> Signer:
    """Read a signing key: 64 hexadecimal digits in a file.

    Errors: `LedgerError` when the file holds anything else.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise LedgerError(f"{path}: no signing key can be read ({error})") from error
    if len(key) != 32:
        raise LedgerError(f"{path}: a signing key has 64 hexadecimal digits, this has {2 * len(key)}")
    return Signer(key)


def signed_text(through: int, link: str, heads: Mapping[str, Any]) -> str:
    """The text a seal's signature is made over."""
    return canonical({"heads": heads, "link": link, "through": through})


def seal_event(
    through: int,
    link: str,
    heads: Mapping[str, Any],
    version: int,
    previous: str,
    now: datetime,
    signer: Signer | None,
) -> Event:
    """The seal over the log up to position `through`, behind version `version` of the seal stream."""
    data: dict[str, Any] = {"through": through, "link": link, "heads": dict(heads)}
    if signer is not None:
        data |= {"key": signer.public, "signature": signer.sign(signed_text(through, link, heads))}
    (sealed,) = chain_events(
        (NewEvent("seal", "LogSealed", data),),
        version=version,
        previous=previous,
        now=now,
        actor=SYSTEM,
        study_hash="",
    )
    return sealed


def signature_holds(data: Mapping[str, Any]) -> bool | None:
    """Whether a seal's signature fits its content; `None` when it has none."""
    if "signature" not in data:
        return None
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(data["key"]))
        key.verify(
            bytes.fromhex(data["signature"]),
            signed_text(data["through"], data["link"], data["heads"]).encode(),
        )
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True
