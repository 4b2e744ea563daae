"""Ten million generated people: one Parquet file, about one value in ten missing."""

from __future__ import annotations

import re
from pathlib import Path

from bench.measure import quiet

COLUMNS = {
    "age": "18 + floor(u(1) * 65)",
    "sex": "CASE WHEN u(2) < 0.5 THEN 'F' ELSE 'M' END",
    "cirrhosis": "u(3) < 0.9",
    "viral": "u(4) < 0.2",
    "bilirubin": "round(exp(1.0 + 0.9 * n(5)), 2)",
    "albumin": "round(3.0 + 0.5 * n(6), 2)",
    "inr": "round(exp(0.35 + 0.25 * n(7)), 2)",
    "ascites_points": "1 + floor(u(8) * 3)",
    "encephalopathy_points": "1 + floor(u(9) * 3)",
    "creatinine": "round(exp(0.4 * n(10)), 2)",
    "sodium": "round(136 + 5 * n(11))",
    "dialysis": "u(12) < 0.05",
    "cardiovascular": "u(13) < 0.1",
    "hcc": "u(14) < 0.05",
    "malignancy": "u(15) < 0.1",
    "malignancy_date": "DATE '2016-01-01' + CAST(floor(u(16) * 3650) AS INTEGER)",
    "infection_date": "DATE '2025-01-01' + CAST(floor(u(17) * 400) AS INTEGER)",
    "pregnant": "u(18) < 0.02",
    "steroid_dose": "round(u(19) * 30, 1) * CAST(u(20) < 0.2 AS INTEGER)",
    "weight_before": "round(70 + 12 * n(21), 1)",
    "weight": "round(69 + 12 * n(21) + n(22), 1)",
    "bariatric": "u(23) < 0.01",
    "diabetes": "CASE WHEN u(24) < 0.7 THEN 'none' WHEN u(24) < 0.95 THEN 'type_2' ELSE 'type_1' END",
    "alcohol_grams": "round(u(25) * 40, 1) * CAST(u(26) < 0.3 AS INTEGER)",
    "alcohol_plan": "u(27) < 0.5",
    "systolic": "round(125 + 15 * n(28))",
    "diastolic": "round(78 + 9 * n(29))",
    "experimental_date": "DATE '2024-01-01' + CAST(floor(u(30) * 900) AS INTEGER)",
    "screening_date": "DATE '2026-01-31' + CAST(floor(u(31) * 28) AS INTEGER)",
}
COMPLETE = {"screening_date"}


def write_people(path: Path, rows: int) -> Path:
    """Write `rows` people to a Parquet file; the same rows for the same number."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    selected = []
    for place, (name, expression) in enumerate(COLUMNS.items()):
        expression = re.sub(r"\bu\(", "uniform(i, ", re.sub(r"\bn\(", "normal(i, ", expression))
        if name in COMPLETE:
            selected.append(f"{expression} AS {name}")
        else:
            selected.append(
                f"CASE WHEN uniform(i, {100 + place}) < 0.1 THEN NULL ELSE {expression} END AS {name}"
            )
    with quiet() as connection:
        # A uniform number from a hash of row and stream, and a near-normal one from four of them:
        # the same on every machine, unlike random().
        connection.execute("CREATE MACRO uniform(i, k) AS (hash(i * 1000 + k) % 1000003) / 1000003.0")
        connection.execute(
            "CREATE MACRO normal(i, k) AS (uniform(i, k * 7 + 1) + uniform(i, k * 7 + 2)"
            " + uniform(i, k * 7 + 3) + uniform(i, k * 7 + 4) - 2) * 1.73"
        )
        connection.execute(
            f"COPY (SELECT i AS person, {', '.join(selected)} FROM range({rows}) AS t(i)) "
            f"TO '{path}.part' (FORMAT parquet)"
        )
    Path(f"{path}.part").rename(path)
    return path
