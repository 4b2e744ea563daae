"""The tablet in the participant's hands: text, questions, signature, and back to staff. No staff page can be reached."""

from __future__ import annotations

from typing import Any

from litestar import Response

from trialrun.app.consent_tablet import (
    Step,
    TabletView,
    answer_question,
    decline,
    handed_over_by,
    read_again,
    sign_on_tablet,
    tablet_view,
    take_back,
    text_was_read,
)
from trialrun.app.consents import text_direction
from trialrun.app.language import direction, language
from trialrun.app.tablet_words import counted, speaks, tablet_words
from trialrun.errors import UserError
from trialrun.study.prose import read_prose
from trialrun.web.guard import COOKIE
from trialrun.web.here import Here
from trialrun.web.routes import action, open_to_all

TABLET_COOKIE = "consent"
TABLET_PATH = "/consent/tablet"
BACK_PATH = "/consent/tablet/back"
_TEMPLATES = {Step.READ: "read", Step.ANSWER: "answer", Step.SIGN: "sign", Step.GIVE_BACK: "give_back"}


def _token(here: Here) -> str:
    return here.request.cookies.get(TABLET_COOKIE, "")


@open_to_all(TABLET_PATH)
def tablet(here: Here) -> Response[Any]:
    """What the person is to do next."""
    view = tablet_view(here.workspace, _token(here))
    if view is None:
        return here.redirect(BACK_PATH)
    return _show(here, view)


def _show(here: Here, view: TabletView, error: UserError | None = None) -> Response[str]:
    spoken = view.text.language
    known = speaks(spoken)
    return here.render(
        f"tablet/{_TEMPLATES[view.step]}.html",
        status=422 if error else 200,
        view=view,
        text=view.text,
        prose=read_prose(view.text.text),
        text_dir=text_direction(spoken),
        page_language=spoken if known else language(),
        page_dir=text_direction(spoken) if known else direction(),
        words=tablet_words(spoken),
        counted=counted,
        typed=here.text("name"),
        error=error,
    )


@action(TABLET_PATH, who="public")
def next_step(here: Here) -> Response[Any]:
    """One step on: text read, question answered, signed, or declined."""
    token = _token(here)
    try:
        match here.text("step"):
            case "read":
                text_was_read(here.workspace, token)
            case "again":
                read_again(here.workspace, token)
            case "answer":
                answer_question(here.workspace, token, here.text("question"), here.text("answer"))
            case "sign":
                agreed = here.text("agree") == "true"
                sign_on_tablet(here.workspace, token, here.text("name"), here.text("drawing"), agreed=agreed)
            case "decline":
                decline(here.workspace, token)
            case _:
                pass
    except UserError as error:
        view = tablet_view(here.workspace, token)
        return here.redirect(BACK_PATH) if view is None else _show(here, view, error)
    return here.redirect(TABLET_PATH)


@open_to_all(BACK_PATH)
def back_page(here: Here) -> Response[Any]:
    """Staff take the device back."""
    return _back(here)


def _back(here: Here, error: UserError | None = None) -> Response[Any]:
    user = handed_over_by(here.workspace, _token(here))
    if not user:
        return here.redirect("/sign-in")
    return here.render("tablet/back.html", status=422 if error else 200, user=user, error=error)


@action(BACK_PATH, who="public")
def back(here: Here) -> Response[Any]:
    """With the password of the one who handed it over, the staff session goes on."""
    given = (here.texts("password") or ("",))[0]
    try:
        session, key = take_back(here.workspace, _token(here), given)
    except UserError as error:
        return _back(here, error)
    answer = here.redirect(f"/participants/{key}/consent")
    answer.delete_cookie(TABLET_COOKIE)
    answer.set_cookie(
        key=COOKIE, value=session, httponly=True, samesite="lax", secure=here.request.app.state.secure
    )
    return answer


ROUTES = [tablet, next_step, back_page, back]
