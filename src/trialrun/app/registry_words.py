"""The registry's code words in words people read."""

from __future__ import annotations

from collections.abc import Mapping

from trialrun.app.language import gettext as _
from trialrun.app.language import marked

# ClinicalTrials.gov API v2 enumerations in words. Source: its study data structure, "Enumeration" pages.
_WORDS: Mapping[str, str] = {
    "NOT_YET_RECRUITING": marked("Not yet recruiting"),
    "RECRUITING": marked("Recruiting"),
    "ENROLLING_BY_INVITATION": marked("Enrolling by invitation"),
    "ACTIVE_NOT_RECRUITING": marked("Active, not recruiting"),
    "COMPLETED": marked("Completed"),
    "SUSPENDED": marked("Suspended"),
    "TERMINATED": marked("Terminated"),
    "WITHDRAWN": marked("Withdrawn"),
    "UNKNOWN": marked("Unknown"),
    "WITHHELD": marked("Withheld"),
    "AVAILABLE": marked("Available"),
    "NO_LONGER_AVAILABLE": marked("No longer available"),
    "TEMPORARILY_NOT_AVAILABLE": marked("Temporarily not available"),
    "APPROVED_FOR_MARKETING": marked("Approved for marketing"),
    "EARLY_PHASE1": marked("Early phase 1"),
    "PHASE1": marked("Phase 1"),
    "PHASE2": marked("Phase 2"),
    "PHASE3": marked("Phase 3"),
    "PHASE4": marked("Phase 4"),
    "NA": marked("Not applicable"),
    "INTERVENTIONAL": marked("Interventional"),
    "OBSERVATIONAL": marked("Observational"),
    "EXPANDED_ACCESS": marked("Expanded access"),
    "SINGLE_GROUP": marked("Single group: everybody gets the same"),
    "PARALLEL": marked("Parallel groups"),
    "CROSSOVER": marked("Crossover"),
    "FACTORIAL": marked("Factorial"),
    "SEQUENTIAL": marked("Sequential"),
    "COHORT": marked("Cohort"),
    "CASE_CONTROL": marked("Case-control"),
    "CASE_ONLY": marked("Case-only"),
    "CASE_CROSSOVER": marked("Case-crossover"),
    "ECOLOGIC_OR_COMMUNITY": marked("Ecologic or community"),
    "FAMILY_BASED": marked("Family-based"),
    "DEFINED_POPULATION": marked("Defined population"),
    "NATURAL_HISTORY": marked("Natural history"),
    "PROSPECTIVE": marked("Prospective"),
    "RETROSPECTIVE": marked("Retrospective"),
    "CROSS_SECTIONAL": marked("Cross-sectional"),
    "RANDOMIZED": marked("Randomised: groups are drawn by chance"),
    "NON_RANDOMIZED": marked("Not randomised"),
    "NONE": marked("None: everybody knows the treatment"),
    "SINGLE": marked("Single"),
    "DOUBLE": marked("Double"),
    "TRIPLE": marked("Triple"),
    "QUADRUPLE": marked("Quadruple"),
    "PARTICIPANT": marked("Participant"),
    "CARE_PROVIDER": marked("Care provider"),
    "INVESTIGATOR": marked("Investigator"),
    "OUTCOMES_ASSESSOR": marked("Outcomes assessor"),
    "TREATMENT": marked("Treatment"),
    "PREVENTION": marked("Prevention"),
    "DIAGNOSTIC": marked("Diagnostic"),
    "SUPPORTIVE_CARE": marked("Supportive care"),
    "SCREENING": marked("Screening"),
    "HEALTH_SERVICES_RESEARCH": marked("Health services research"),
    "BASIC_SCIENCE": marked("Basic science"),
    "DEVICE_FEASIBILITY": marked("Device feasibility"),
    "ECT": marked("Educational, counselling or training"),
    "OTHER": marked("Other"),
    "ALL": marked("All"),
    "FEMALE": marked("Women"),
    "MALE": marked("Men"),
    "ACTUAL": marked("actual"),
    "ESTIMATED": marked("planned"),
}


def in_words(code: str) -> str:
    """An enumeration value of the record in words; one that is not known as it is written."""
    return _(_WORDS[code]) if code in _WORDS else code.replace("_", " ").capitalize()
