"""MELD-Na, MELD 3.0 and Child-Pugh written by hand for NumPy, in cache-sized blocks."""

from __future__ import annotations

import numpy as np

Columns = dict[str, np.ndarray]
BLOCK = 1 << 15


def _half_up(x: np.ndarray) -> np.ndarray:
    return np.floor(x + 0.5)


def meld_na(c: Columns) -> np.ndarray:
    """MELD-Na by the OPTN policy of 2016; NaN where an input is."""
    creatinine = np.where(c["dialysis"] == 1, 4.0, np.clip(c["creatinine"], 1, 4)) + 0 * (
        c["dialysis"] + c["creatinine"]
    )
    raw = 10 * (
        0.957 * np.log(creatinine)
        + 0.378 * np.log(np.maximum(c["bilirubin"], 1))
        + 1.12 * np.log(np.maximum(c["inr"], 1))
        + 0.643
    )
    i = _half_up(raw)
    gap = 137 - np.clip(c["sodium"], 125, 137)
    return np.clip(_half_up(np.where(i > 11, i + 1.32 * gap - 0.033 * i * gap, i + 0 * gap)), 6, 40)


def meld_3(c: Columns) -> np.ndarray:
    """MELD 3.0 of adults; NaN where an input is."""
    used = np.where(c["dialysis"] == 1, 3.0, np.clip(c["creatinine"], 1, 3))
    creatinine = np.log(used + 0 * (c["dialysis"] + c["creatinine"]))
    bilirubin = np.log(np.maximum(c["bilirubin"], 1))
    gap = 137 - np.clip(c["sodium"], 125, 137)
    albumin = 3.5 - np.clip(c["albumin"], 1.5, 3.5)
    raw = (
        1.33 * c["female"]
        + 4.56 * bilirubin
        + 0.82 * gap
        - 0.24 * gap * bilirubin
        + 9.09 * np.log(np.maximum(c["inr"], 1))
        + 11.14 * creatinine
        + 1.85 * albumin
        - 1.83 * albumin * creatinine
        + 6
    )
    return np.clip(_half_up(raw), 6, 40)


def child_pugh(c: Columns) -> np.ndarray:
    """Child-Pugh points; NaN where an input is."""
    total = c["ascites_points"] + c["encephalopathy_points"]
    for name, low, high, falling in (
        ("bilirubin", 2.0, 3.0, False),
        ("albumin", 2.8, 3.5, True),
        ("inr", 1.7, 2.3, False),
    ):
        x = c[name]
        one, three = (x > high, x < low) if falling else (x < low, x > high)
        total = total + (2.0 - one + three) + 0 * x
    return total


def all_three(columns: Columns) -> tuple[float, float, float]:
    """Sums of the three scores over all people, unknown left out."""
    sums = [0.0, 0.0, 0.0]
    rows = len(columns["inr"])
    for start in range(0, rows, BLOCK):
        block = {name: values[start : start + BLOCK] for name, values in columns.items()}
        for place, score in enumerate((meld_na, meld_3, child_pugh)):
            sums[place] += float(np.nansum(score(block)))
    return sums[0], sums[1], sums[2]
