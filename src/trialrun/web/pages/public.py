"""What everybody may read: the trial's page, its visits, and the anonymous check that keeps nothing."""

from __future__ import annotations

from litestar import Response

from trialrun.app.plain_words import at_every_visit, plain_summary, plain_visits
from trialrun.app.public import public_page, recruitment
from trialrun.app.public_check import Checked, check_answers, only_doctors
from trialrun.app.public_questions import NONE, Question, public_words, spoken
from trialrun.app.public_results import public_results
from trialrun.web.here import Here
from trialrun.web.routes import open_to_all, stateless_action

MOST_TEXT = 60  # characters of an answer; years and weights are shorter


@open_to_all(["/", "/trial"], stateless=True)
def front(here: Here) -> Response[str]:
    """The trial's public page."""
    workspace = here.workspace
    return here.render(
        "public/front.html",
        page=public_page(workspace.study),
        summary=plain_summary(workspace.study, workspace.conduct.study_state().confirmed),
        progress=recruitment(workspace),
        results=public_results(workspace) is not None,
    )


@open_to_all("/trial/results", stateless=True)
def results(here: Here) -> Response[str]:
    """The results in plain words, once somebody who may has published them."""
    found = public_results(here.workspace)
    return here.render(
        "public/results.html",
        status=200 if found else 404,
        summary=found,
        page=public_page(here.workspace.study),
    )


@open_to_all("/trial/visits", stateless=True)
def visits(here: Here) -> Response[str]:
    """The visits in plain words."""
    study = here.workspace.study
    return here.render(
        "public/visits.html",
        visits=plain_visits(study),
        always=at_every_visit(study),
        page=public_page(study),
    )


@open_to_all("/trial/check", stateless=True)
def questions(here: Here) -> Response[str]:
    """The questions of the check, nothing answered."""
    return _questions(here, {}, None)


@stateless_action("/trial/check")
def check(here: Here) -> Response[str]:
    """What the criteria say to the answers. They are read, answered and forgotten."""
    study = here.workspace.study
    given = {
        question.name: tuple(text[:MOST_TEXT] for text in here.texts(question.name))
        for question in public_words(study).questions
    }
    found = check_answers(study, given, here.workspace.today)
    if found.errors:
        return _questions(here, given, found)
    return here.render("public/answer.html", found=found, page=public_page(study))


def _questions(here: Here, given: dict[str, tuple[str, ...]], found: Checked | None) -> Response[str]:
    study = here.workspace.study
    return here.render(
        "public/check.html",
        status=422 if found else 200,
        sections=_sections(here),
        given=given,
        errors=found.errors if found else {},
        doctors=only_doctors(study),
        none_applies=NONE,
        spoken=spoken,
        page=public_page(study),
    )


def _sections(here: Here) -> list[tuple[str, list[Question]]]:
    """The questions under their headings, in the order of the file."""
    found: dict[str, list[Question]] = {}
    for question in public_words(here.workspace.study).questions:
        found.setdefault(spoken(question.about), []).append(question)
    return list(found.items())


ROUTES = [front, results, visits, questions, check]
