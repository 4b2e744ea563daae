"""Verify the log in a site's copy with nothing but the Python standard library.

    python verify_site_copy.py FOLDER

FOLDER is the unpacked copy. Checks every file against manifest.json, every entry's hash, the chain of every
stream of the site without a gap, the chain of the seals, and that each seal holds the heads of the site's
streams as they stood. A site's copy holds no other site's entries, so the running hash over the whole log
cannot be computed from it; each entry's `position` and `link` are given to compare with a full export.
Exit code 0: all is whole. 1: it is not, and every problem is printed. 2: not a site's copy.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

BESIDE = ("position", "hash", "link")  # beside the entry; everything else is the entry itself


def say(text: str) -> None:
    """A line for whoever runs this."""
    sys.stdout.write(f"{text}\n")


def sha256(raw: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def canonical(value: object) -> bytes:
    """The one JSON text of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def check_files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the files."""
    for name, about in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
        elif sha256(path.read_bytes()) != about["sha256"]:
            yield f"{name} is not the file the manifest lists"


def check_entry(
    entry: Mapping[str, Any], place: Mapping[str, Any], heads: Mapping[str, tuple[int, str]]
) -> Iterator[str]:
    """What is wrong with one entry, given what came before it."""
    stream, version = entry["stream"], entry["version"]
    last, last_hash = heads.get(stream, (0, "0" * 64))
    if sha256(canonical(entry)) != place["hash"]:
        yield "the content does not match its hash"
    if version != last + 1:
        yield f"version {last + 1} of stream {stream} should come here, not {version}"
    if entry["previous"] != last_hash:
        yield "it does not carry the hash of the entry before it in its stream"
    if entry["type"] == "LogSealed":
        for name, head in entry["data"]["heads"].items():
            if name in heads and list(heads[name]) != head:
                yield f"stream {name} is not as it was when it was sealed"


def check_log(path: Path, streams: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the log."""
    heads: dict[str, tuple[int, str]] = {}
    position, seals = 0, 0
    with path.open(encoding="utf-8") as file:
        header = json.loads(file.readline())
        if header.get("format") != "trialrun-site-log" or header.get("version") != 1:
            raise ValueError("not a site's log of version 1")
        for number, line in enumerate(file, start=2):
            entry = json.loads(line)
            place = {name: entry.pop(name) for name in BESIDE}
            what = f"line {number}, {entry['type']} in {entry['stream']}"
            for problem in check_entry(entry, place, heads):
                yield f"{what}: {problem}"
            if place["position"] <= position:
                yield f"{what}: stands behind position {position}"
            position = place["position"]
            heads[entry["stream"]] = (entry["version"], place["hash"])
            seals += entry["type"] == "LogSealed"
    for stream, head in streams.items():
        if list(heads.get(stream, (0, ""))) != head:
            yield f"stream {stream} does not end where the manifest says"
    say(f"{sum(version for version, _ in heads.values())} entries of {len(heads)} streams, {seals} seals")


def main(arguments: list[str]) -> int:
    """Check the copy in a folder."""
    if len(arguments) != 2:
        say(str(__doc__))
        return 2
    folder = Path(arguments[1])
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        problems = [*check_files(folder, manifest), *check_log(folder / "log.jsonl", manifest["streams"])]
    except (OSError, ValueError, KeyError, TypeError) as error:
        say(f"cannot verify: {error!r}")
        return 2
    for problem in problems:
        say(problem)
    say("the copy is NOT whole" if problems else "the copy is whole")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
