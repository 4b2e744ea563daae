"""Rules of how a consent is signed, and how it is taken back."""

from __future__ import annotations

import re

from trialrun.ledger.commands import RecordConsent, WithdrawConsent
from trialrun.ledger.decide.asked import Asked, need_consent, need_reason, not_future
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.events import NewEvent
from trialrun.study.model import ConsentText

CONSENT_METHODS = ("paper", "typed", "drawn")
STOPS = ("treatment", "follow_up", "samples")
_TIME_OF_DAY = re.compile(r"^(?:[01]\d|2[0-3]):[0-5]\d$")
# Moves, lines and curves over plain numbers: what a pen does, and nothing a viewer could carry out.
_STROKES = re.compile(r"M[MLQC0-9., -]{3,}")


def check_signature(asked: Asked, command: RecordConsent, text: ConsentText) -> None:
    """How it was signed: on paper, or on the screen with a name or strokes that are there.

    A drawn signature is the printed name, a line break, and the strokes: who signed stays readable.
    """
    if command.method not in CONSENT_METHODS:
        raise refuse(
            "unknown-consent-method",
            f"{command.method!r} is not a way to sign a consent",
            f"choose from {', '.join(CONSENT_METHODS)}",
        )
    name, _line, strokes = command.signature.partition("\n")
    if command.method != "paper" and not name.strip():
        raise refuse("consent-unsigned", "the consent holds no signature", "have the participant sign")
    if command.method == "drawn" and not _STROKES.fullmatch(strokes):
        raise refuse("consent-unsigned", "the drawn signature holds no strokes", "have it drawn again")
    if command.signed_at and not _TIME_OF_DAY.match(command.signed_at):
        raise refuse("wrong-time", f"{command.signed_at!r} is not a time of day", "write 14:05")
    if asked.person.erased and (command.signature or command.witness):
        raise refuse("identity-erased", f"{asked.person.key}'s identity was erased: no name can be kept")
    _check_answers(command, text)


def _check_answers(command: RecordConsent, text: ConsentText) -> None:
    """On the screen every question is answered, rightly in the end; on paper answers are noted if there are any.

    An answer is all that was said to a question, in order: `wrong;right`.
    """
    questions = {question.id: question for question in text.questions}
    for name, given in command.answers.items():
        if name not in questions:
            raise refuse("unknown-question", f"the consent text asks no question {name!r}")
        known = {answer.code for answer in questions[name].answers}
        for one in given.split(";"):
            if one not in known:
                raise refuse(
                    "unknown-answer",
                    f"{one!r} is no answer to question {name!r}",
                    f"one of {', '.join(known)}",
                )
    if command.method == "paper":
        return
    for name, question in questions.items():
        last = command.answers.get(name, "").split(";")[-1]
        if last != question.correct:
            raise refuse(
                "not-understood",
                f"question {name!r} of the consent text is not answered rightly yet",
                "explain it, and ask again",
            )


def withdraw(asked: Asked, command: WithdrawConsent) -> tuple[NewEvent, ...]:
    """Consent taken back, wholly or in part; what is there stays."""
    person = asked.person
    need_consent(asked, "a withdrawal", command.on)
    not_future(asked, command.on, "a withdrawal date")
    stops = set(command.stops)
    if not stops or stops - set(STOPS):
        raise refuse(
            "unknown-stop",
            f"{', '.join(command.stops) or 'nothing'!r} cannot be stopped",
            f"choose from {', '.join(STOPS)}",
        )
    if "follow_up" in stops:
        stops.add("treatment")  # nobody is treated whom nobody may look after
    if not stops - person.stopped.keys():
        raise refuse("no-change", f"{person.key} withdrew that far on {max(person.stopped.values())} already")
    reason = need_reason(command.reason, "a withdrawal (`none given` is one)")
    data = {"on": command.on.isoformat(), "stops": [part for part in STOPS if part in stops]}
    return (asked.event("ConsentWithdrawn", data, reason),)
