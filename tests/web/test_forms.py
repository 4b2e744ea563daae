"""Forms as a coordinator meets them, without a script."""

from __future__ import annotations

BASE = "/participants/{}/visits/screening/forms/"


def test_every_screening_form_opens(office):
    key = office.screened()
    client = office.client("coordinator")
    for form in office.study.visits["screening"].forms:
        answer = client.get(BASE.format(key) + form)
        assert answer.status_code == 200, (form, answer.text[-2000:])
        assert office.study.forms[form].title in answer.text
