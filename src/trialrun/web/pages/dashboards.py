"""The start page of everyone who is signed in: their role's numbers, each opening its list."""

from __future__ import annotations

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app.consents import consents_of
from trialrun.app.dashboards import Age, dashboard, own_visits
from trialrun.app.documents import consent_copy, record_own
from trialrun.app.language import gettext as _
from trialrun.app.recruitment import DECLINED
from trialrun.app.visits import status_words
from trialrun.web.here import Here
from trialrun.web.recruitment_chart import recruitment_chart
from trialrun.web.routes import page
from trialrun.web.words import visit_tone


@page("/home", who="signed_in")
def home(here: Here) -> Response[str]:
    """Where a day begins."""
    shown = dashboard(here.workspace, here.actor)
    today, study = here.workspace.today, here.workspace.study
    course = shown.recruitment
    behind = course.behind(today) if course is not None else None
    return here.render(
        "dashboards/home.html",
        board=shown,
        role=study.roles[here.actor.role].title if here.actor.role in study.roles else here.actor.role,
        chart=recruitment_chart(course, today) if course is not None else None,
        behind=behind,
        criterion=lambda name: study.criteria[name].text if name in study.criteria else "",
        declined=DECLINED,
        age_words=age_words,
        visit_words=lambda visit: status_words(visit, today),
        visit_tone=visit_tone,
        today=today,
        own_consent="/home/consent.pdf" if shown.own is not None and shown.own.consents else "",
    )


def age_words(age: Age) -> str:
    """A span of days in words."""
    if age.most is None:
        return _("more than {days} days").format(days=age.least - 1)
    return _("{least} to {most} days").format(least=age.least, most=age.most)


@page("/home/consent.pdf", who="see_own")
def own_consent(here: Here) -> Response[bytes]:
    """The consent a participant signed last, for themselves."""
    own = own_visits(here.workspace, here.actor)
    given = (
        consents_of(here.workspace, here.workspace.conduct.participant(own.key)) if own is not None else ()
    )
    if own is None or not given:
        raise NotFoundException(_("There is no consent of yours."))
    file = consent_copy(here.workspace, here.workspace.conduct.participant(own.key), given[0])
    record_own(here.workspace, here.actor, "consent copy", f"own consent copy of {own.key}", file)
    return here.download(file.content, file.name, "application/pdf")


ROUTES = [home, own_consent]
