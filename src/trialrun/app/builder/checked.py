"""What the checks say to a study's text, kept for the last few texts because a check takes a second."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trialrun.study.model import Place, Study
from trialrun.study.text import Located, Path_, parse_yaml
from trialrun.values.finding import Finding, Severity

_KEPT = 12
_kept: OrderedDict[tuple[str, str, int], Checked] = OrderedDict()
_lock = threading.Lock()
_BESIDE = ("record.json", "consent")


@dataclass(frozen=True, slots=True)
class Checked:
    """A text with its plain values, the study it makes (none when it does not load), and every finding.

    `data` is what the text says, also where it is no study; `None` where it is not even YAML. `places` are the lines of
    its parts by their path; `loads` says whether the program would run it.
    """

    data: Any
    study: Study | None
    findings: tuple[Finding, ...]
    places: Mapping[Path_, Place] = field(default_factory=dict[Path_, Place])
    loads: bool = False

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What stops the study from going live."""
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What asks for a look."""
        return tuple(one for one in self.findings if one.severity is Severity.WARNING)

    @property
    def is_yaml(self) -> bool:
        """Whether entries can be found in the text at all."""
        return isinstance(self.data, dict)

    def section(self, name: str) -> dict[str, dict[str, Any]]:
        """The entries of a section that are mappings, by name; also of a study that does not load."""
        found = self.data.get(name) if self.is_yaml else None
        if isinstance(found, list):
            return {str(order): entry for order, entry in enumerate(found) if isinstance(entry, dict)}
        entries: dict[str, Any] = found if isinstance(found, dict) else {}
        return {key: entry for key, entry in entries.items() if isinstance(entry, dict)}


def check_text(folder: Path, text: str) -> Checked:
    """Load and check a text as if it were the `study.yaml` of a folder; nothing is written there."""
    record = folder / "record.json"
    stamp = record.stat().st_mtime_ns if record.exists() else 0
    key = (str(folder), hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), stamp)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = _check(folder, text)
    with _lock:
        _kept[key] = made
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return made


def _check(folder: Path, text: str) -> Checked:
    from trialrun.study.checks import check_study
    from trialrun.study.load import read_study

    with tempfile.TemporaryDirectory(prefix="trialrun-check-") as place:
        beside = Path(place)
        (beside / "study.yaml").write_text(text, encoding="utf-8", newline="")
        for name in _BESIDE:
            if (folder / name).exists():
                (beside / name).symlink_to((folder / name).resolve())
        study, found = read_study(beside)
    located = parse_yaml(text, Located("study.yaml"))
    loads = study is not None and not any(one.severity is Severity.ERROR for one in found)
    if study is not None and loads:
        found = [*found, *check_study(study)]
    if study is not None:
        study = replace(study, folder=str(folder))
    return Checked(located.data, study, tuple(dict.fromkeys(found)), located.places, loads)


def added(before: Checked, after: Checked) -> tuple[Finding, ...]:
    """The errors a change brings: those that were not there before, wherever they stood."""
    known = {(one.code, one.message) for one in before.errors}
    return tuple(one for one in after.errors if (one.code, one.message) not in known)
