"""The mixed model for repeated measures, against nlme::gls of R on the same rows in one run."""

from __future__ import annotations

import csv
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Row, best_of, table
from trialrun.analyse.methods.mmrm import MmrmFit, mmrm

SIZES = ((15, 3, 1), (500, 5, 2))
RUNS = 20
SCRIPT = Path(__file__).with_suffix(".R")

Frame = dict[str, list[object]]


@dataclass(frozen=True)
class Peer:
    """What R measured on the same rows."""

    seconds: float
    deviance: float
    versions: str


def participants(people: int, visits: int, arms: int) -> Frame:
    """Made-up participants with a baseline covariate; one value in ten is missing."""
    dice = random.Random(20240515)
    frame: Frame = {"id": [], "visit": [], "arm": [], "base": [], "y": []}
    for person in range(people):
        severity, drift = dice.gauss(0, 3), dice.gauss(0, 1)
        base = severity + dice.gauss(0, 2)
        for visit in range(visits):
            value = severity + drift * visit + dice.gauss(0, 1.5)
            frame["id"].append(person)
            frame["visit"].append(visit)
            frame["arm"].append("AB"[person % arms])
            frame["base"].append(base)
            frame["y"].append(None if dice.random() < 0.1 else value)
    return frame


def fit(frame: Frame) -> MmrmFit:
    """Unstructured, REML, Kenward-Roger: the model of the analysis plan."""
    fixed = "base + arm*visit" if len(set(frame["arm"])) > 1 else "base + visit"
    return mmrm(frame, response="y", visit="visit", participant="id", fixed=fixed)


def in_r(frame: Frame, path: Path) -> Peer | str:
    """The same model by nlme, which stops at the estimates; or why it was not measured."""
    program = shutil.which("Rscript")
    if program is None:
        return "R is not installed (apt install r-base-core r-cran-nlme), so there is no ratio"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(frame)
        writer.writerows(
            ["NA" if value is None else value for value in row] for row in zip(*frame.values(), strict=True)
        )
    command = [program, "--vanilla", str(SCRIPT), str(path), str(RUNS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"R could not fit it, so there is no ratio: {done.stderr.strip().splitlines()[-1]}"
    seconds, deviance, r, nlme = done.stdout.split()
    return Peer(float(seconds), float(deviance), f"R {r}, nlme {nlme}")


def run(folder: Path) -> str:
    """Measure both sizes; a likelihood below nlme's ends the measurement, for then they are not the same."""
    parts = []
    for people, visits, arms in SIZES:
        frame = participants(people, visits, arms)
        for _ in range(3):
            found = fit(frame)
        seconds, _ = best_of(RUNS, lambda frame=frame: fit(frame))
        peer = in_r(frame, folder / f"mmrm_{people}x{visits}.csv")
        note = f"{1e3 * seconds:.2f} ms a fit, {found.iterations} steps, with Kenward-Roger"
        title = f"MMRM, {people} participants × {visits} visits, unstructured, REML"
        if isinstance(peer, str):
            parts += [table(title, "itself", [Row("trialrun", seconds, 1.0, note)]), peer + "\n"]
            continue
        if found.minus2_log_likelihood > peer.deviance + 1e-5:
            raise SystemExit(f"{title}: nlme found {peer.deviance}, we {found.minus2_log_likelihood}")
        lines = [
            Row("nlme::gls", peer.seconds, 1.0, f"{1e3 * peer.seconds:.2f} ms a fit, {peer.versions}"),
            Row(
                "trialrun",
                seconds,
                seconds / peer.seconds,
                f"{note}, {peer.seconds / seconds:.0f} times as fast",
            ),
        ]
        parts.append(table(title, "nlme", lines))
    return "\n".join(parts)
