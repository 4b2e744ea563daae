"""Identifying values: encrypted under a key per participant that stands outside the log.

Destroying the key makes the values unreadable for good and leaves every hash of the log as it is.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from trialrun.errors import LedgerError
from trialrun.ledger.events import NewEvent
from trialrun.study.model import Study

KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "1:"
CONSENT_PLACE: Mapping[str, str] = {"signature": "consent_signature", "witness": "consent_witness"}


class KeyStore(Protocol):
    """Where keys are kept."""

    def identity_key(self, participant: str) -> bytes | None:
        """The key, or `None`."""
        ...

    def add_identity_key(self, participant: str, key: bytes) -> bytes:
        """Keep a key, unless there is one; the key that counts."""
        ...


class Vault:
    """Seals and opens identifying values.

    Args:
        keys: where the keys are kept.
        random_bytes: the source of keys and nonces.
    """

    def __init__(self, keys: KeyStore, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._keys = keys
        self._random = random_bytes
        self._held: dict[str, bytes] = {}

    def key(self, participant: str) -> bytes | None:
        """The participant's key; `None` when there is none, or it was destroyed."""
        found = self._held.get(participant) or self._keys.identity_key(participant)
        if found is not None:
            self._held[participant] = found
        return found

    def forget(self, participant: str) -> None:
        """Drop the key from memory."""
        self._held.pop(participant, None)

    def seal(self, participant: str, place: str, text: str) -> str:
        """The text encrypted; `place` (stream and item) is bound in, so it cannot be moved elsewhere."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self.key(participant)
        if key is None:
            key = self._keys.add_identity_key(participant, self._random(KEY_BYTES))
            self._held[participant] = key
        nonce = self._random(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, text.encode(), place.encode())
        return _VERSION + base64.b64encode(nonce + sealed).decode()

    def open(self, participant: str, place: str, sealed: str) -> str | None:
        """The text again; `None` when the key is gone.

        Errors: `LedgerError` when the value does not belong to that place or was changed.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self.key(participant)
        if key is None:
            return None
        try:
            raw = base64.b64decode(sealed.removeprefix(_VERSION), validate=True)
            return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise LedgerError(
                f"{place}: an identifying value cannot be opened with the participant's key"
            ) from error


def place_of(participant: str, item: str) -> str:
    """What an identifying value is bound to."""
    return f"{participant}/{item}"


def seal_identifying(event: NewEvent, study: Study, vault: Vault) -> NewEvent:
    """The event with its identifying values encrypted; others unchanged.

    The values before a correction are left out where identifying: they stand, sealed, in the earlier event.
    """
    participant = event.stream.removeprefix("participant/")
    if event.type == "ConsentGiven":
        return _seal_consent(event, participant, vault)
    if event.type not in ("ItemsEntered", "ItemsCorrected"):
        return event
    names = {name for name in event.data["items"] if study.items[name].identifying}
    if not names:
        return event

    def shut(name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        if name not in names or "text" not in entry:
            return entry
        return {"sealed": vault.seal(participant, place_of(participant, name), entry["text"])}

    data = {**event.data, "items": {name: shut(name, entry) for name, entry in event.data["items"].items()}}
    if "was" in data:
        data["was"] = {name: ({} if name in names else entry) for name, entry in data["was"].items()}
    return NewEvent(event.stream, event.type, data, event.reason)


def _seal_consent(event: NewEvent, participant: str, vault: Vault) -> NewEvent:
    """The names and strokes on a consent encrypted."""
    shut = {
        name: {"sealed": vault.seal(participant, place_of(participant, place), event.data[name]["text"])}
        for name, place in CONSENT_PLACE.items()
        if "text" in event.data[name]
    }
    return NewEvent(event.stream, event.type, {**event.data, **shut}, event.reason)
