"""Records made from real ones: as many as asked for, of realistic sizes, words and counts; seeded.

Every record takes its shape from one of the real ones. Conditions, products, sponsors, places, dates, sentences
and numbers are drawn anew: common words stay as common as they are in the real texts (they come from their
sentences), and a long tail of rare words is put among them, as names of drugs, genes and places are in a registry.
"""

from __future__ import annotations

import copy
import gzip
import json
import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any


def _listed(names: str) -> list[str]:
    return names.split(";")


_WITH_RESULTS = 0.13  # share of a registry's trials with results
_RARE = 120_000  # words of the long tail
_SENTENCES = 60_000
_ORGANS = _listed(
    "Liver;Kidney;Lung;Heart;Brain;Breast;Prostate;Colon;Skin;Bone;Blood;Eye;Ear;Thyroid;Pancreas;Stomach;Bladder;"
    "Ovary;Cervix;Spine;Knee;Hip;Shoulder;Muscle;Nerve;Retina;Cornea;Lymph;Esophagus;Rectum;Uterus;Adrenal;Pituitary"
)
_ILLS = _listed(
    "Cancer;Cirrhosis;Failure;Fibrosis;Infection;Inflammation;Insufficiency;Carcinoma;Dystrophy;Pain;Injury;Ischemia;"
    "Hypertension;Transplantation;Neoplasm;Abscess;Ulcer;Fracture;Stenosis;Edema;Hemorrhage;Thrombosis;Degeneration"
)
_KINDS = _listed(
    "Acute;Chronic;Metastatic;Recurrent;Refractory;Advanced;Early;Severe;Mild;Pediatric;Congenital;Primary;"
    "Secondary;Diabetic;Alcoholic;Viral;Bacterial;Postoperative;Traumatic;Idiopathic"
)
_ILLNESSES = _listed(
    "Diabetes Mellitus, Type 2;Breast Cancer;COVID-19;Hypertension;Obesity;Depression;HIV Infections;Asthma;Stroke;"
    "Schizophrenia;Multiple Sclerosis;Rheumatoid Arthritis;Psoriasis;Leukemia;Lymphoma;Malaria;Tuberculosis;Migraine;"
    "Epilepsy;Sepsis;Alzheimer Disease;Parkinson Disease;Coronary Artery Disease;Heart Failure;Atrial Fibrillation;"
    "Crohn Disease;Osteoporosis;Melanoma;Multiple Myeloma;Cystic Fibrosis;Anemia;Insomnia;Anxiety;Hepatitis C;Autism"
)
_COUNTRIES = _listed(
    "United States;China;France;Egypt;Canada;Germany;United Kingdom;Turkey;Italy;Spain;South Korea;Israel;Pakistan;"
    "Denmark;Netherlands;Taiwan;Belgium;Brazil;Switzerland;Sweden;Japan;India;Australia;Poland;Norway;Mexico;Austria;"
    "Thailand;Iran;Greece;Finland;Argentina;Hong Kong;Hungary;Czechia;Russia;Saudi Arabia;Singapore;Chile;Portugal;"
    "Ireland;Ukraine;Romania;Bulgaria;South Africa;New Zealand;Malaysia;Indonesia;Vietnam;Uganda;Kenya;Colombia;Peru;"
    "Lebanon;Tunisia;Slovakia;Serbia;Croatia;Lithuania;Latvia;Estonia;Slovenia;Georgia;Nigeria;Bangladesh;Nepal;Iraq"
)
_STATUSES = {
    "COMPLETED": 54, "UNKNOWN": 14, "RECRUITING": 13, "TERMINATED": 6, "NOT_YET_RECRUITING": 5,
    "ACTIVE_NOT_RECRUITING": 4, "WITHDRAWN": 3, "ENROLLING_BY_INVITATION": 1, "SUSPENDED": 0.3,
}  # fmt: skip
_PHASES = {("NA",): 45, ("PHASE2",): 17, ("PHASE1",): 13, ("PHASE3",): 12, ("PHASE4",): 9, ("PHASE1", "PHASE2"): 4,
           ("PHASE2", "PHASE3"): 2, ("EARLY_PHASE1",): 1}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]{4,}")


class Maker:
    """Makes records; the same seed makes the same ones."""

    def __init__(self, originals: list[dict[str, Any]], seed: int) -> None:
        self._random = random.Random(seed)
        self._plain = [one for one in originals if not one.get("resultsSection")]
        self._reported = [one for one in originals if one.get("resultsSection")]
        self.rare = self._words(_RARE)
        self._rare_weights = _zipf(len(self.rare), 0.9)
        self.illnesses = _ILLNESSES + [
            f"{kind} {organ} {ill}" for organ in _ORGANS for ill in _ILLS for kind in _KINDS
        ]
        self._random.shuffle(self.illnesses)
        self.illnesses[:0] = _ILLNESSES
        self._illness_weights = _zipf(len(self.illnesses), 0.8)
        self.products = [self._random.choice(self.rare).capitalize() + ending
                         for ending in ("mab", "nib", "vir", "ol", "ine", "") for _ in range(4000)]  # fmt: skip
        self._product_weights = _zipf(len(self.products), 0.7)
        self.sponsors = [f"{name.capitalize()} {self._random.choice(('University', 'Hospital', 'Pharma', 'Institute'))}"
                         for name in self._random.sample(self.rare, 15_000)]  # fmt: skip
        self._sponsor_weights = _zipf(len(self.sponsors), 0.8)
        self._country_weights = _zipf(len(_COUNTRIES), 1.0)
        self._sentences = {kind: self._pool(lines) for kind, lines in _lines(originals).items()}

    def records(self, count: int, first: int = 1_000_000) -> Iterator[dict[str, Any]]:
        """So many records, numbered upwards."""
        for number in range(first, first + count):
            yield self.record(f"NCT{number:08d}")

    def record(self, registry_id: str) -> dict[str, Any]:
        """One record of this number."""
        draw = self._random
        originals = self._reported if draw.random() < _WITH_RESULTS else self._plain
        made = dict(draw.choice(originals))
        protocol = made["protocolSection"] = dict(made["protocolSection"])
        illnesses = self._some(self.illnesses, self._illness_weights, 1 + (draw.random() < 0.4))
        products = self._some(self.products, self._product_weights, 1 + (draw.random() < 0.5))
        about = protocol["identificationModule"] = copy.deepcopy(protocol["identificationModule"])
        about["nctId"] = registry_id
        about["briefTitle"] = f"{products[0]} {draw.choice(('for', 'in', 'in Patients With'))} {illnesses[0]}"
        about["officialTitle"] = f"{self._sentence('title')} {products[0]} {illnesses[0]}"
        self._status(protocol)
        protocol["sponsorCollaboratorsModule"] = {
            "leadSponsor": {"name": self._some(self.sponsors, self._sponsor_weights, 1)[0], "class": "OTHER"}
        }
        protocol["conditionsModule"] = {
            "conditions": illnesses,
            "keywords": self._some(self.rare, self._rare_weights, 3),
        }
        self._texts(protocol, products)
        self._places(protocol)
        if "derivedSection" in made:
            made["derivedSection"] = {**made["derivedSection"], "conditionBrowseModule": {
                "meshes": [{"id": "D000001", "term": name} for name in illnesses]}}  # fmt: skip
        return made

    def _status(self, protocol: dict[str, Any]) -> None:
        draw = self._random
        started = date(2000, 1, 1) + timedelta(days=int(9500 * draw.random() ** 0.7))
        updated = started + timedelta(days=draw.randrange(30, 2500))
        ended = started + timedelta(days=draw.randrange(100, 2000))
        status = protocol["statusModule"] = copy.deepcopy(protocol["statusModule"])
        status["overallStatus"] = draw.choices(list(_STATUSES), list(_STATUSES.values()))[0]
        status["startDateStruct"] = {"date": started.isoformat()[: draw.choice((7, 10))]}
        status["primaryCompletionDateStruct"] = {"date": ended.isoformat(), "type": "ACTUAL"}
        status["completionDateStruct"] = {"date": ended.isoformat(), "type": "ACTUAL"}
        status["lastUpdateSubmitDate"] = updated.isoformat()
        status["lastUpdatePostDateStruct"] = {"date": updated.isoformat(), "type": "ACTUAL"}
        design = protocol["designModule"] = dict(protocol["designModule"])
        if design.get("studyType") == "INTERVENTIONAL":
            design["phases"] = list(draw.choices(list(_PHASES), list(_PHASES.values()))[0])
        design["enrollmentInfo"] = {"count": int(draw.lognormvariate(4, 1.3)), "type": "ACTUAL"}

    def _texts(self, protocol: dict[str, Any], products: list[str]) -> None:
        draw = self._random
        told = protocol["descriptionModule"]
        protocol["descriptionModule"] = {
            key: self._text("told", len(text), " ") for key, text in told.items() if isinstance(text, str)
        }
        who = protocol["eligibilityModule"] = dict(protocol["eligibilityModule"])
        who["eligibilityCriteria"] = "Inclusion Criteria:\n\n" + self._text(
            "criterion", len(who.get("eligibilityCriteria", "")), "\n* "
        )
        who["sex"] = draw.choices(("ALL", "FEMALE", "MALE"), (86, 9, 5))[0]
        who["minimumAge"] = f"{draw.choices((18, 0, 12, 6, 40, 65), (75, 8, 5, 4, 4, 4))[0]} Years"
        if draw.random() < 0.5:
            who["maximumAge"] = f"{draw.choice((17, 45, 60, 65, 75, 80, 85))} Years"
        arms = protocol["armsInterventionsModule"] = copy.deepcopy(protocol["armsInterventionsModule"])
        for part, name in zip(arms.get("interventions", ()), products, strict=False):
            part["name"] = name
        outcomes = protocol["outcomesModule"] = copy.deepcopy(protocol["outcomesModule"])
        for part in (part for table in outcomes.values() for part in table):
            part["measure"] = self._sentence("outcome")

    def _places(self, protocol: dict[str, Any]) -> None:
        draw = self._random
        if draw.random() < 0.05:
            protocol["contactsLocationsModule"] = {}
            return
        several = 1 if draw.random() < 0.65 else int(draw.lognormvariate(2, 1.2)) + 1
        lands = self._some(
            _COUNTRIES, self._country_weights, 1 if several == 1 else min(12, 1 + several // 6)
        )
        protocol["contactsLocationsModule"] = {
            "locations": [
                {
                    "facility": f"{name.capitalize()} Medical Center",
                    "city": self.rare[draw.randrange(8000)].capitalize(),
                    "country": lands[number % len(lands)],
                    "geoPoint": {"lat": 40.71427, "lon": -74.00597},
                }
                for number, name in enumerate(self._some(self.rare, self._rare_weights, several))
            ]
        }

    def _text(self, kind: str, length: int, between: str) -> str:
        parts, held = [], 0
        while held < length:
            parts.append(self._sentence(kind))
            held += len(parts[-1]) + len(between)
        return between.join(parts)

    def _sentence(self, kind: str) -> str:
        pool = self._sentences[kind]
        return pool[self._random.randrange(len(pool))]

    def _some(self, names: list[str], weights: list[float], count: int) -> list[str]:
        return list(dict.fromkeys(self._random.choices(names, cum_weights=weights, k=count)))

    def _pool(self, lines: list[str]) -> list[str]:
        """Sentences of the real ones, one word in eight another."""
        draw, rare, weights = self._random, self.rare, self._rare_weights
        fresh = iter(draw.choices(rare, cum_weights=weights, k=_SENTENCES * 12))

        def other(match: re.Match[str]) -> str:
            return next(fresh, "another") if draw.random() < 0.125 else match.group()

        return [_WORD.sub(other, draw.choice(lines)) for _ in range(_SENTENCES)]

    def _words(self, count: int) -> list[str]:
        """Words that look like names, each once."""
        heads = _listed(
            "ab;ac;al;am;an;ar;ba;be;bi;bo;ca;ce;ci;co;da;de;di;do;el;en;er;fa;fe;fi;fo;ga;ge;gi;go;ha;he;hy"
        )
        parts = _listed(
            "la;le;li;lo;lu;ma;me;mi;mo;na;ne;ni;no;pa;pe;pi;po;ra;re;ri;ro;sa;se;si;so;ta;te;ti;to;va;ve;vi;xa;zo"
        )
        ends = _listed("b;c;d;l;m;n;r;s;t;x;n;s;th;nd;rt;st;lin;min;zol;tin;rex")
        words: dict[str, None] = {}
        while len(words) < count:
            middle = "".join(self._random.choices(parts, k=self._random.choice((1, 2, 2, 3))))
            words[self._random.choice(heads) + middle + self._random.choice(ends)] = None
        return list(words)


def _lines(originals: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Sentences of the real records by where they stand."""
    found: dict[str, list[str]] = {"title": [], "told": [], "criterion": [], "outcome": []}
    for one in originals:
        protocol = one["protocolSection"]
        found["title"].append(protocol["identificationModule"].get("officialTitle", ""))
        for text in protocol.get("descriptionModule", {}).values():
            found["told"] += [part for part in re.split(r"(?<=[.!?])\s+", text) if len(part) > 20]
        criteria = protocol.get("eligibilityModule", {}).get("eligibilityCriteria", "")
        found["criterion"] += [line.strip("* \t") for line in criteria.splitlines() if len(line) > 12]
        for table in protocol.get("outcomesModule", {}).values():
            found["outcome"] += [part.get("measure", "") for part in table]
    return {kind: [line for line in lines if line] for kind, lines in found.items()}


def _zipf(count: int, power: float) -> list[float]:
    return list(accumulate(1 / (rank + 3) ** power for rank in range(count)))


def originals(folder: Path) -> list[dict[str, Any]]:
    """The real records; none when the folder is not there."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("NCT*.json"))]


def write(maker: Maker, count: int, path: Path) -> int:
    """Write so many records as gzipped JSON Lines; returns the bytes of their text."""
    size = 0
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for record in maker.records(count):
            line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            size += len(line)
            stream.write(line)
    return size
