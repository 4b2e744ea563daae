"""The items by which this room finds doses, adverse events, procedures and the end of participation.

A study with other names says so in its settings: `settings.analysis.items.dose_given: amount`.
"""

from __future__ import annotations

from trialrun.study.plan_events import local_name as local_name

FORMS = ("infusion", "adverse_event", "procedure", "end_of_study")
DEATH, TRANSPLANT = "death", "transplant"
