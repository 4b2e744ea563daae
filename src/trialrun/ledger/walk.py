"""Walking a log entry by entry: chain of each stream, order of the whole, seals. Used by `verify`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trialrun.ledger.events import BODY_KEYS, NO_HASH, canonical, digest, next_link
from trialrun.ledger.seals import signature_holds
from trialrun.values.finding import Finding, Severity

RESTORE = "restore the log from a backup or an export, and find out who had access to the database"


def damage(code: str, message: str, place: str, remedy: str = RESTORE) -> Finding:
    """A finding that the log is not what was written."""
    return Finding(Severity.ERROR, code, message, place, remedy)


def _typed(fields: Mapping[str, Any]) -> bool:
    kinds = (("stream", str), ("version", int), ("type", str), ("data", dict))
    return all(isinstance(fields[name], kind) for name, kind in kinds)


class Walk:
    """Takes the entries in the order they are stored and collects everything that does not fit.

    After a break it goes on from what is stored, so that one change is reported where it is and not
    at every entry behind it.
    """

    def __init__(self, public_key: str = "") -> None:
        self.findings: list[Finding] = []
        self.position = 0
        self.link = NO_HASH
        self.heads: dict[str, tuple[int, str]] = {}
        self._moved: set[str] = set()
        self._public_key = public_key
        self.links_at: dict[int, str] = {}

    def report(self, code: str, message: str, place: str) -> None:
        """Add a finding."""
        self.findings.append(damage(code, message, place))

    def take(self, position: int, body: object, event_hash: str, link: str) -> Mapping[str, Any] | None:
        """Look at one entry; its fields, or `None` when they cannot be read."""
        self._order(position)
        if not isinstance(body, str):
            self.report(
                "unreadable-entry", f"position {position}: the entry is not text", f"position {position}"
            )
            self.position, self.link = position, link
            return None
        fields = self._fields(position, body)
        what = f"position {position}"
        if fields is not None:
            what = f"position {position} ({fields['type']} in stream {fields['stream']}, version {fields['version']})"
        if digest(body) != event_hash:
            self.report(
                "changed-entry", f"{what}: the content does not match its hash", f"position {position}"
            )
        if fields is not None:
            self._chain(what, position, fields, event_hash)
        if next_link(self.link, position, event_hash) != link:
            self.report(
                "broken-order",
                f"{what}: the running hash does not follow from the entry before",
                f"position {position}",
            )
        if fields is not None and fields["type"] == "LogSealed":
            self._look_at_seal(what, position, fields["data"])
        self.position, self.link = position, link
        return fields

    def _order(self, position: int) -> None:
        expected = self.position + 1
        if position > expected:
            span = f"{expected}" if position == expected + 1 else f"{expected} to {position - 1}"
            self.report("removed-entry", f"position {span} is missing from the log", f"position {expected}")
        elif position < expected:
            self.report(
                "wrong-position", f"position {position} stands behind {self.position}", f"position {position}"
            )

    def _fields(self, position: int, body: str) -> Mapping[str, Any] | None:
        try:
            fields = json.loads(body)
            if set(fields) != set(BODY_KEYS) or canonical(fields) != body:
                problem = "its text is not in canonical form"
            elif not _typed(fields):
                problem = "stream, version, type or data are not of their kind"
            else:
                return fields
        except (ValueError, TypeError):
            problem = "it is not readable JSON"
        self.report("unreadable-entry", f"position {position}: {problem}", f"position {position}")
        return None

    def _chain(self, what: str, position: int, fields: Mapping[str, Any], event_hash: str) -> None:
        stream, version = fields["stream"], fields["version"]
        last, last_hash = self.heads.get(stream, (0, NO_HASH))
        place = f"position {position}"
        if version > last + 1:
            gone = f"{last + 1}" if version == last + 2 else f"{last + 1} to {version - 1}"
            self.report(
                "removed-entry", f"{what}: version {gone} of stream {stream} is missing before it", place
            )
        elif version <= last:
            self.report("wrong-version", f"{what}: stands behind version {last} of the same stream", place)
        elif fields["previous"] != last_hash:
            self.report("broken-chain", f"{what}: does not carry the hash of version {last} before it", place)
        self.heads[stream] = (version, event_hash)
        if stream != "seal":
            self._moved.add(stream)

    def _look_at_seal(self, what: str, position: int, data: Mapping[str, Any]) -> None:
        try:
            self._seal(what, position, data)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            self.report("broken-seal", f"{what}: the seal cannot be read", f"position {position}")

    def _seal(self, what: str, position: int, data: Mapping[str, Any]) -> None:
        place = f"position {position}"
        if data["through"] != position - 1 or data["link"] != self.link:
            self.report("broken-seal", f"{what}: the log before it is not the one that was sealed", place)
        sealed = {stream: (head[0], head[1]) for stream, head in data["heads"].items()}
        now = {stream: self.heads[stream] for stream in self._moved}
        for stream in sorted(sealed.keys() | now.keys()):
            if sealed.get(stream) != now.get(stream):
                self.report(
                    "broken-seal", f"{what}: stream {stream} is not as it was when it was sealed", place
                )
        self._moved.clear()
        holds = signature_holds(data)
        if holds is False:
            self.report("wrong-signature", f"{what}: the seal's signature does not fit", place)
        if self._public_key and data.get("key") != self._public_key:
            self.report("wrong-signature", f"{what}: the seal is not signed with the key expected", place)
