"""Verification: whether a log is exactly what was written, and the tables what the log says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trialrun.errors import LedgerError
from trialrun.ledger.allocation import allocation_findings
from trialrun.ledger.events import Event, read_event
from trialrun.ledger.export import read_header, read_lines
from trialrun.ledger.identity import Vault, place_of
from trialrun.ledger.stock import stock_findings
from trialrun.ledger.store import Store
from trialrun.ledger.store.projection import Key, Row, fold_values
from trialrun.ledger.walk import Walk, damage
from trialrun.values.finding import Finding, Severity


def verify(store: Store, *, anchor: str = "", public_key: str = "") -> list[Finding]:
    """Everything that is not as it was written; empty when all is well.

    Checks each entry against its hash, each stream's chain, the order of the whole log, every seal
    and its signature, the head row, the columns beside the entries, the projection of current
    values refolded from the log, that erased identities have no key, and that the others' keys open
    what was sealed with them; that every unit of the product is accounted for, and that the lists of
    random allocations are the ones committed to and were used line by line.

    Args:
        store: the ledger.
        anchor: `position:link` written down earlier or taken from an export kept elsewhere. Without
            one, a log cut off behind its last seal by somebody who also rewrote the head row, or
            rewritten from some point to its end, cannot be told from a true one.
        public_key: the Ed25519 key (hexadecimal) every seal must be signed with.
    """
    walk = Walk(public_key)
    wanted = _anchor(anchor)
    met = wanted is None
    events: list[Event] = []
    for row in store.rows():
        fields = walk.take(row["position"], row["body"], row["hash"], row["link"])
        if fields is not None:
            _columns(walk, row, fields)
            _keep(walk, events, row)
        if wanted is not None and row["position"] == wanted[0]:
            met = row["link"] == wanted[1]
    if not met:
        walk.report("anchor", f"the log does not contain the anchor {anchor}", "anchor")
    _head(walk, store)
    _projection(walk, events, store)
    _identities(walk, events, store)
    walk.findings += [*stock_findings(events), *allocation_findings(events, Vault(store))]
    return walk.findings


def _anchor(anchor: str) -> tuple[int, str] | None:
    if not anchor:
        return None
    position, _, link = anchor.partition(":")
    if not position.isdecimal() or len(link) != 64:
        raise LedgerError(
            f"{anchor!r} is not an anchor", "write position:link, as `trialrun verify` prints it"
        )
    return int(position), link


def _columns(walk: Walk, row: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    for column, name in (
        ("stream", "stream"),
        ("version", "version"),
        ("type", "type"),
        ("at", "at"),
        ("actor", "by"),
    ):
        if row[column] != fields[name]:
            position = row["position"]
            walk.report(
                "changed-column",
                f"position {position}: column {column} says {row[column]!r}, the entry says {fields[name]!r}",
                f"position {position}",
            )


def _keep(walk: Walk, events: list[Event], row: Mapping[str, Any]) -> None:
    try:
        events.append(read_event(row["body"], row["hash"], row["position"], row["link"]))
    except (LedgerError, AttributeError) as error:
        said = error.message if isinstance(error, LedgerError) else "its data are not of their kind"
        walk.report("unreadable-entry", said, f"position {row['position']}")


def _head(walk: Walk, store: Store) -> None:
    position, link = store.position()
    if position > walk.position:
        gone = f"{walk.position + 1} to {position}" if position > walk.position + 1 else f"{position}"
        walk.report(
            "removed-entry", f"the log ends at position {walk.position}, position {gone} is missing", "head"
        )
    elif (position, link) != (walk.position, walk.link):
        walk.report(
            "wrong-head",
            f"the head row says position {position}, the log ends at {walk.position} with another hash",
            "head",
        )


def _projection(walk: Walk, events: list[Event], store: Store) -> None:
    try:
        folded = fold_values(events)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        walk.report(
            "changed-projection", f"the current values cannot be folded from these entries ({error!r})", "log"
        )
        return
    stored: dict[Key, Row] = {
        (v.participant, v.visit, v.form, v.row, v.item): (
            v.text,
            v.unit,
            v.missing,
            v.sealed,
            v.position,
            v.corrections,
        )
        for v in store.values()
    }
    for key in sorted(folded.keys() | stored.keys()):
        if folded.get(key) != stored.get(key):
            participant, visit, form, row, item = key
            place = f"{participant}, visit {visit}, form {form}, row {row}, item {item}"
            says = _shown(stored.get(key))
            walk.findings.append(
                damage(
                    "changed-projection",
                    f"current_values says {says}, the log says {_shown(folded.get(key))}",
                    place,
                    "rebuild the projection from the log, and find out who had access to the database",
                )
            )


def _shown(row: Row | None) -> str:
    if row is None:
        return "nothing"
    text, unit, missing, sealed, position, _ = row
    value = (
        "an identifying value"
        if sealed
        else f"missing ({missing})"
        if missing
        else f"{text} {unit or ''}".strip()
    )
    return f"{value} (from position {position})"


def _identities(walk: Walk, events: list[Event], store: Store) -> None:
    keys = store.identity_keys()
    erased = {e.stream.removeprefix("participant/") for e in events if e.type == "IdentityErased"}
    for participant in sorted(erased & keys.keys()):
        walk.report(
            "key-not-destroyed", f"{participant} was erased, but the identity key is there", participant
        )
    vault = Vault(store)
    looked_at: set[str] = set()
    for value in store.values():
        name = value.participant
        if value.sealed is None or name in erased or name in looked_at:
            continue
        looked_at.add(name)
        if name not in keys:
            problem = "missing-key", f"the identifying values of {name} have no key, so nobody can read them"
        elif not _opens(vault, name, value.item, value.sealed):
            problem = "wrong-key", f"the key of {name} does not open the identifying value {value.item}"
        else:
            continue
        remedy = "bring the table identity_keys back from its backup"
        walk.findings.append(damage(*problem, name, remedy))


def _opens(vault: Vault, participant: str, item: str, sealed: str) -> bool:
    try:
        return vault.open(participant, place_of(participant, item), sealed) is not None
    except LedgerError:
        return False


def verify_export(path: Path, *, anchor: str = "") -> list[Finding]:
    """The same for an exported log: header, chain, order, seals, and the anchor if one is given.

    Errors: `LedgerError` when the file is not an export at all.
    """
    header = read_header(path)
    walk = Walk()
    wanted = _anchor(anchor)
    met = wanted is None
    for number, line in read_lines(path):
        if isinstance(line, str):
            walk.findings.append(Finding(Severity.ERROR, "unreadable-entry", line, f"{path.name}:{number}"))
            continue
        walk.take(line.position, line.body, line.hash, line.link)
        met = met or (line.position, line.link) == wanted
    if not met:
        walk.report("anchor", f"the log does not contain the anchor {anchor}", "anchor")
    if (walk.position, walk.link) != (header["position"], header["link"]):
        walk.report(
            "wrong-head",
            f"the header promises position {header['position']}, the file ends at {walk.position} or with another hash",
            f"{path.name}:1",
        )
    return walk.findings
