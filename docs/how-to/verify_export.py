"""Verify an exported trialrun log with nothing but the Python standard library.

    python verify_export.py log.jsonl [position:link]

Checks every entry's hash, the chain of every stream, the order of the whole log and every seal.
The optional anchor is what an earlier run printed: it proves that nothing up to there was rewritten.
Exit code 0: the log is whole. 1: it is not, and every problem is printed. 2: not an export.
"""

import hashlib
import json
import sys
from pathlib import Path

BESIDE = ("position", "hash", "link")  # beside the entry; everything else is the entry itself


def sha256(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def check_seal(entry, position, link, heads, moved):
    data = entry["data"]
    if data["through"] != position or data["link"] != link:
        yield "the log before this seal is not the one that was sealed"
    now = {stream: list(heads[stream]) for stream in moved}
    for stream in sorted(set(now) | set(data["heads"])):
        if now.get(stream) != data["heads"].get(stream):
            yield f"stream {stream} is not as it was when it was sealed"


def check_entry(entry, place, position, link, heads, moved):
    """What is wrong with one entry, given what came before it."""
    stream, version = entry["stream"], entry["version"]
    last, last_hash = heads.get(stream, (0, "0" * 64))
    if sha256(canonical(entry)) != place["hash"]:
        yield "the content does not match its hash"
    if place["position"] != position + 1:
        yield f"it should stand at position {position + 1}"
    if version != last + 1:
        yield f"version {last + 1} of stream {stream} should come here, not {version}"
    if entry["previous"] != last_hash:
        yield "it does not carry the hash of the entry before it in its stream"
    if sha256(f"{link}{place['position']}{place['hash']}") != place["link"]:
        yield "the running hash does not follow from the entry before"
    if entry["type"] == "LogSealed":
        yield from check_seal(entry, position, link, heads, moved)


def verify(path, anchor=""):
    problems, position, link, heads, moved, seals, anchored = [], 0, "0" * 64, {}, set(), 0, not anchor
    with Path(path).open(encoding="utf-8") as file:
        header = json.loads(file.readline())
        if header.get("format") != "trialrun-ledger" or header.get("version") != 1:
            raise ValueError("not an exported trialrun log of version 1")
        for number, line in enumerate(file, start=2):
            try:
                entry = json.loads(line)
                place = {name: entry.pop(name) for name in BESIDE}
                what = f"line {number}, {entry['type']} in {entry['stream']}"
                found = list(check_entry(entry, place, position, link, heads, moved))
            except (ValueError, KeyError, TypeError) as error:
                problems.append(f"line {number}: cannot be read ({error!r})")
                continue
            problems += [f"{what}: {problem}" for problem in found]
            position, link = place["position"], place["link"]
            heads[entry["stream"]] = (entry["version"], place["hash"])
            moved.add(entry["stream"])
            if entry["type"] == "LogSealed":
                moved, seals = set(), seals + 1
            moved.discard("seal")
            anchored = anchored or anchor == f"{position}:{link}"
    if (position, link) != (header["position"], header["link"]):
        problems.append(
            f"the header promises position {header['position']}; the file ends at {position} or otherwise"
        )
    if not anchored:
        problems.append(f"the log does not contain the anchor {anchor}")
    return problems, f"{position} entries, {len(heads)} streams, {seals} seals; anchor {position}:{link}"


def main(arguments):
    try:
        problems, summary = verify(*arguments[1:3])
    except (OSError, TypeError, ValueError, AttributeError) as error:
        print(f"cannot verify: {error}")
        return 2
    for problem in problems:
        print(problem)
    print(("NOT whole: " if problems else "whole: ") + summary)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
