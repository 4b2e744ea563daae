"""Forms as a coordinator meets them, without a script."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from trialrun.ledger.commands import Entry, Freeze, Lock, SaveForm, Sign, WithdrawConsent
from web_kit import SCREENED

BASE = "/participants/{}/visits/screening/forms/"
LOG = "/participants/{}/visits/log/forms/"


class Fields(HTMLParser):
    """The fields of the page's entry form as a browser would send them."""

    def __init__(self, html: str, form: str = "entry") -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.inside = self.select = self.area = None
        self.form = form
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.inside = self.form in (given.get("id", ""), "*")
        if not self.inside or "disabled" in given:
            return
        name, value = given.get("name"), given.get("value", "")
        if tag == "input" and name and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self.sent.append((name, value))
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.sent.append((self.select, value))
        elif tag == "textarea":
            self.area = name
            self.sent.append((name, ""))

    def handle_data(self, data):
        if self.area:
            self.sent[-1] = (self.area, self.sent[-1][1] + data)

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "form"
        self.select = None if tag == "select" else self.select
        self.area = None if tag == "textarea" else self.area


def filled(client, path, form="entry", **changes):
    """What the form at this address would send, with some fields changed."""
    html = path if "<form" in path else client.get(path).text
    sent = dict(Fields(html, form).sent)
    return sent | changes


def value(office, key, form, item, visit="screening", row=0):
    saved = office.person(key).values.get((visit, form, row, item))
    return None if saved is None else (saved.text, saved.unit, saved.missing)


def test_every_screening_form_opens(office):
    key = office.screened()
    client = office.client("coordinator")
    for form in office.study.visits["screening"].forms:
        answer = client.get(BASE.format(key) + form)
        assert answer.status_code == 200, (form, answer.text[-2000:])
        assert office.study.forms[form].title in answer.text


def test_saving_a_page_as_it_came_changes_nothing(office):
    key = office.screened()
    client = office.client("pi")
    before = office.person(key).version
    for form in office.study.visits["screening"].forms:
        if office.study.forms[form].repeating:
            continue
        path = BASE.format(key) + form
        answer = client.post(path, filled(client, path))
        assert answer.status_code == 303, (form, re.findall(r'class="error"[^>]*>([^<]+)', answer.text))
    assert office.person(key).version == before


# control, form, what is sent, what is saved
GOOD = [
    ("laboratory", {"v.bilirubin": "34.208", "u.bilirubin": "umol/L"}, "bilirubin", ("34.208", "umol/L", None)),
    ("laboratory", {"v.inr": "۱٫۵"}, "inr", ("۱٫۵", "{INR}", None)),
    ("laboratory", {"v.sample_date": "2026/5/9"}, "sample_date", ("2026-05-09", None, None)),
    ("laboratory", {"v.laboratory_name": "  Central  "}, "laboratory_name", ("Central", None, None)),
    ("laboratory", {"v.dialysis": "false"}, "dialysis", ("false", None, None)),
    ("laboratory", {"m.sodium": "not_done"}, "sodium", (None, None, "not_done")),
    ("demographics", {"v.birth_date": "1974"}, "birth_date", ("1974", None, None)),
    ("demographics", {"v.sex": "F"}, "sex", ("F", None, None)),
    ("audit", {"v.audit_1": "3"}, "audit_1", ("3", "{score}", None)),
    ("liver_history", {"v.serology_date": "۲۰۲۶-۰۵-۰۹"}, "serology_date", ("2026-05-09", None, None)),
]  # fmt: skip


@pytest.mark.parametrize(("form", "sent", "item", "kept"), GOOD)
def test_each_control_saves_what_was_meant(office, form, sent, item, kept):
    key = office.consented()
    client = office.client("coordinator")
    path = BASE.format(key) + form
    answer = client.post(path, filled(client, path, **sent))
    assert answer.status_code == 303, answer.text
    assert value(office, key, form, item) == kept


BAD = [
    ("laboratory", "v.bilirubin", "2,6", "decimal sign"),
    ("laboratory", "v.bilirubin", "900", "outside the hard limits"),
    ("laboratory", "v.inr", "<0.3", "beyond the limit of measurement"),
    ("laboratory", "v.sample_date", "9 May", "not a date"),
    ("laboratory", "v.sample_date", "2031-01-01", "in the future"),
    ("laboratory", "v.sample_date", "1405-02-19", "Gregorian"),
    ("laboratory", "v.sample_date", "2026-05", "lacks the day"),
    ("laboratory", "v.dialysis", "maybe", "neither true nor false"),
    ("demographics", "v.sex", "X", "not one of its choices"),
    ("audit", "v.audit_1", "1.5", "not a whole number"),
]


@pytest.mark.parametrize(("form", "field", "typed", "said"), BAD)
def test_what_cannot_be_right_is_refused_at_its_field_and_everything_typed_stays(
    office, form, field, typed, said
):
    key = office.consented()
    client = office.client("coordinator")
    path = BASE.format(key) + form
    others = {"laboratory": {"v.albumin": "3.1", "u.albumin": "g/dL"}, "demographics": {"v.name": "Mina <b>"}}
    sent = filled(client, path, **{"u.bilirubin": "mg/dL"} | others.get(form, {}) | {field: typed})
    answer = client.post(path, sent)
    assert answer.status_code == 422
    item = field.removeprefix("v.")
    error = re.search(rf'<p class="error" id="e-{item}">(.*?)</p>', answer.text, re.DOTALL)
    assert error
    assert said in error[1]
    again = dict(Fields(answer.text).sent)
    if typed not in ("maybe", "X"):  # which no radio button can hold
        assert again[field] == typed
    for name, kept in others.get(form, {}).items():
        assert again[name] == kept
    assert not office.person(key).form_values("screening", form, 0)


def test_a_number_without_its_unit_is_never_guessed(office):
    key = office.consented()
    client = office.client("coordinator")
    path = BASE.format(key) + "laboratory"
    answer = client.post(path, filled(client, path, **{"v.bilirubin": "2.6"}))
    assert answer.status_code == 422
    assert "without a unit" in answer.text


def test_the_next_value_starts_with_the_unit_this_site_used_last(office):
    first = office.consented()
    client = office.client("coordinator")
    path = BASE.format(first) + "laboratory"
    client.post(path, filled(client, path, **{"v.bilirubin": "50", "u.bilirubin": "umol/L"}))
    second, elsewhere = office.consented(), office.consented("02")
    assert filled(client, BASE.format(second) + "laboratory")["u.bilirubin"] == "umol/L"
    assert "u.bilirubin" not in filled(office.client("coordinator2"), BASE.format(elsewhere) + "laboratory")


def test_changing_what_is_saved_asks_why_and_shows_old_and_new(office):
    key = office.screened()
    client = office.client("coordinator")
    path = BASE.format(key) + "laboratory"
    answer = client.post(path, filled(client, path, **{"v.bilirubin": "2.8"}))
    assert answer.status_code == 422
    assert "Why is it changed?" in answer.text
    assert "<bdi>2.6 mg/dL</bdi></td><td><bdi>2.8 mg/dL</bdi>" in answer.text
    assert value(office, key, "laboratory", "bilirubin")[0] == "2.6"
    sent = filled(client, answer.text, **{"reason.choice": "Typing error", "reason.words": "two for eight"})
    assert sent["v.bilirubin"] == "2.8"
    assert client.post(path, sent).status_code == 303
    events = [e for e in office.workspace.store.read(f"participant/{key}") if e.type == "ItemsCorrected"]
    assert events[-1].reason == "Typing error: two for eight"
    assert set(events[-1].data["items"]) == {"bilirubin"}


def test_an_unlikely_value_is_asked_about_and_confirmed_with_an_answer(office):
    key = office.consented()
    client = office.client("coordinator")
    path = BASE.format(key) + "laboratory"
    answer = client.post(path, filled(client, path, **{"v.bilirubin": "45", "u.bilirubin": "mg/dL"}))
    assert answer.status_code == 422
    assert "Is it right?" in answer.text
    assert not office.person(key).queries
    rule = re.search(r'name="confirmed" value="([^"]+)"', answer.text)[1]
    more = {"confirmed": rule, f"answer.{rule}": "Read again from the report."}
    assert client.post(path, filled(client, answer.text, **more)).status_code == 303
    (query,) = office.person(key).queries.values()
    assert (query.status, query.answer, query.item) == (
        "answered",
        "Read again from the report.",
        "bilirubin",
    )


def test_a_value_that_is_not_asked_any_more_is_never_dropped_unasked(office):
    key = office.consented()
    client = office.client("coordinator")
    path = BASE.format(key) + "medical_history"
    assert client.post(path, filled(client, path, **{
        "v.bariatric_surgery": "true", "v.bariatric_procedure": "Sleeve, 2019"})).status_code == 303  # fmt: skip
    sent = filled(client, path, **{"v.bariatric_surgery": "false", "reason.choice": "Typing error"})
    answer = client.post(path, sent)
    assert answer.status_code == 422
    assert "not asked any more" in answer.text
    keep = filled(client, answer.text, **{"hidden.bariatric_procedure": "keep"}) | {
        "reason.choice": "Typing error"
    }
    back = keep | {"hidden.bariatric_procedure": "take_back"}
    assert client.post(path, back).status_code == 303
    assert value(office, key, "medical_history", "bariatric_procedure") is None
    assert value(office, key, "medical_history", "bariatric_surgery")[0] == "false"


def test_without_a_script_conditional_items_are_shown_with_their_condition(office):
    key = office.consented()
    html = office.client("coordinator").get(BASE.format(key) + "medical_history").text
    assert 'name="v.bariatric_procedure"' in html
    assert "Asked only where Bariatric surgery, ever" in html


def test_a_sponsors_role_reads_without_identity_and_changes_nothing(office):
    key = office.screened()
    client = office.client("monitor")
    html = client.get(BASE.format(key) + "demographics").text
    assert "1974-02-01" not in html
    assert "v.name" not in html
    assert "2 identifying items are not shown" in html
    assert "Read only" in html
    assert 'id="save"' not in html
    assert client.post(BASE.format(key) + "demographics", {"v.sex": "M", "seen": "99"}).status_code == 403


@pytest.mark.parametrize("state", ["locked", "frozen", "withdrawn", "no visit"])
def test_a_closed_form_says_why(office, state):
    key = office.screened()
    path = BASE.format(key) + "laboratory"
    if state == "locked":
        office.do(Lock(key, "screening", "laboratory", "done"), "data_manager")
    elif state == "frozen":
        office.do(Freeze(key, "screening", "", "review"), "data_manager")
    elif state == "withdrawn":
        office.do(WithdrawConsent(key, SCREENED, "moved away"), "pi")
    else:
        path = path.replace("screening", "month_2")
    html = office.client("coordinator").get(path).text
    assert {"locked": "is locked", "frozen": "is frozen", "withdrawn": "withdrew consent", "no visit": "not enrolled"}[state] in html  # fmt: skip
    assert ('id="save"' in html) == (state == "withdrawn")


def test_a_signed_form_warns_before_it_is_changed(office):
    key = office.screened()
    office.do(Sign(key, "I have reviewed this", "screening", "laboratory"), "pi")
    client = office.client("coordinator")
    path = BASE.format(key) + "laboratory"
    assert "A change breaks the signature" in client.get(path).text
    answer = client.post(path, filled(client, path, **{"v.bilirubin": "2.8"}))
    assert "a signature (<bdi>pi</bdi>)" in answer.text


def test_rows_are_added_changed_and_taken_back(office):
    key = office.screened()
    client = office.client("coordinator")
    path = LOG.format(key) + "medication"
    assert "Nothing is listed here yet" in client.get(path).text
    new = filled(client, path + "/rows/new", **{"v.medication_name": "Lactulose", "v.medication_start": "2026-04", "then": "row"})  # fmt: skip
    answer = client.post(path + "/rows/new", new)
    assert (answer.status_code, answer.headers["location"]) == (303, path + "/rows/new")
    assert client.post(path + "/rows/new", new).status_code == 303  # the button pressed twice
    assert list(office.person(key).rows("medication")) == [("log", 1)]
    assert "Lactulose" in client.get(path).text
    refused = client.post(path + "/rows/1/take-back", {"row": "1", "reason": ""})
    assert refused.status_code == 422
    assert (
        client.post(path + "/rows/1/take-back", {"row": "1", "reason": "of another person"}).status_code
        == 303
    )
    assert not office.person(key).rows("medication")
    again = filled(client, path + "/rows/new", **{"v.medication_name": "Rifaximin"})
    assert client.post(path + "/rows/new", again).status_code == 303
    assert list(office.person(key).rows("medication")) == [("log", 2)]  # a number is never used twice
    assert client.get(path + "/rows/1").status_code == 404


def test_a_list_says_whether_it_is_complete(office):
    key = office.screened()
    html = office.client("coordinator").get(BASE.format(key) + "malignancy").text
    assert "All malignancies, ever, are entered (or there is none)" in html
    assert "/forms/medical_history#i-malignancy_list_complete" in html


# --- two people ----------------------------------------------------------------------------------


def collide(office, key):
    """The page as two people opened it, the other of whom has saved."""
    client = office.client("coordinator")
    path = BASE.format(key) + "laboratory"
    mine = filled(client, path)
    other = {"bilirubin": Entry("3.0", "mg/dL"), "albumin": Entry("2.9", "g/dL")}
    office.do(SaveForm(key, "screening", "laboratory", 0, other, office.person(key).version, "misread"), "pi")
    return client, path, mine


def test_a_field_both_changed_has_to_be_decided(office):
    key = office.screened()
    client, path, mine = collide(office, key)
    sent = mine | {"v.bilirubin": "2.8", "v.sodium": "134", "reason.choice": "Typing error"}
    answer = client.post(path, sent)
    assert answer.status_code == 409
    text = answer.text
    for shown in (
        "2.6 mg/dL",
        "3.0 mg/dL",
        "2.8 mg/dL",
        "<bdi>pi</bdi>",
        "misread",
        "theirs is kept",
        "134 mmol/L",
    ):
        assert shown in text, shown
    assert " checked" not in text
    undecided = client.post(path, filled(client, text, "*"))
    assert undecided.status_code == 409
    assert "Decide each item" in undecided.text
    assert "2.6 mg/dL" in undecided.text
    decided = filled(client, undecided.text, "*", **{"d.bilirubin": "mine", "reason.choice": "Typing error"})
    assert client.post(path, decided).status_code == 303
    assert value(office, key, "laboratory", "bilirubin")[0] == "2.8"
    assert value(office, key, "laboratory", "albumin")[0] == "2.9"
    assert value(office, key, "laboratory", "sodium")[0] == "134"


def test_theirs_can_stand(office):
    key = office.screened()
    client, path, mine = collide(office, key)
    text = client.post(path, mine | {"v.bilirubin": "2.8", "v.sodium": "134"}).text
    decided = filled(client, text, "*", **{"d.bilirubin": "theirs", "reason.choice": "Typing error"})
    assert client.post(path, decided).status_code == 303
    assert value(office, key, "laboratory", "bilirubin")[0] == "3.0"
    assert value(office, key, "laboratory", "sodium")[0] == "134"


def test_a_change_beside_mine_is_shown_before_mine_is_saved(office):
    key = office.screened()
    client, path, mine = collide(office, key)
    answer = client.post(path, mine | {"v.sodium": "134", "reason.choice": "Typing error"})
    assert answer.status_code == 409
    assert answer.text.count("theirs is kept") == 2
    assert 'name="d.' not in answer.text
    assert value(office, key, "laboratory", "sodium")[0] == "136"


def test_a_value_taken_back_meanwhile_is_not_silently_entered_again(office):
    key = office.screened()
    client = office.client("coordinator")
    path = BASE.format(key) + "laboratory"
    mine = filled(client, path)
    gone = {"bilirubin": Entry()}
    office.do(
        SaveForm(key, "screening", "laboratory", 0, gone, office.person(key).version, "other person"), "pi"
    )
    answer = client.post(path, mine | {"v.bilirubin": "2.8", "reason.choice": "Typing error"})
    assert answer.status_code == 409
    assert "taken back" in answer.text


# --- drafts --------------------------------------------------------------------------------------


def test_a_draft_is_kept_offered_continued_and_dropped_with_saving(office):
    key = office.consented()
    client = office.client("coordinator")
    path = BASE.format(key) + "demographics"
    typed = filled(client, path, **{"v.sex": "F", "v.screening_date": "2026-05-10", "v.name": "Mina"})
    assert client.post(path + "/draft", typed).json()["kept"] is True
    kept = office.workspace.accounts.draft("coordinator", f"form/{key}/screening/demographics/0")
    assert "Mina" not in kept.data
    html = client.get(path).text
    assert "unsaved draft" in html
    assert office.client("pi").get(path).text.count("unsaved draft") == 0
    continued = client.get(path + "?draft=continue").text
    assert "never kept in a draft" in continued
    sent = dict(Fields(continued).sent)
    assert (sent["v.sex"], sent["v.screening_date"], sent["v.name"]) == ("F", "2026-05-10", "")
    assert client.post(path, sent).status_code == 303
    assert "unsaved draft" not in client.get(path).text


def test_a_draft_begun_before_a_change_says_so_and_collides(office):
    key = office.screened()
    client = office.client("coordinator")
    path = BASE.format(key) + "laboratory"
    client.post(path + "/draft", filled(client, path, **{"v.bilirubin": "2.8"}))
    collide(office, key)
    assert "was changed by somebody since" in client.get(path).text
    sent = dict(Fields(client.get(path + "?draft=continue").text).sent)
    assert client.post(path, sent).status_code == 409


def test_a_draft_can_be_discarded(office):
    key = office.consented()
    client = office.client("coordinator")
    path = BASE.format(key) + "laboratory"
    client.post(path + "/draft", filled(client, path, **{"v.inr": "1.5"}))
    assert client.post(path + "/draft/discard").status_code == 303
    assert "unsaved draft" not in client.get(path).text


# --- while typing --------------------------------------------------------------------------------


def test_the_check_writes_nothing_and_says_what_saving_would(office):
    key = office.screened()
    client = office.client("coordinator")
    path = BASE.format(key) + "laboratory"
    before = office.workspace.store.position()
    sent = filled(client, path, **{"v.bilirubin": "45", "v.inr": "9", "v.albumin": "x", "u.sodium": "meq/L"})
    found = client.post(path + "/check", sent).json()
    assert set(found["problems"]) == {"albumin"}
    assert {one["item"] for one in found["findings"]} == {"bilirubin", "inr"}
    assert found["derived"]["child_pugh"] is None
    assert "between" in found["scores"]
    assert "investigator" in found["scores"]
    assert office.workspace.store.position() == before


def test_the_next_form_follows(office):
    key = office.consented()
    client = office.client("coordinator")
    path = BASE.format(key) + "demographics"
    answer = client.post(path, filled(client, path, **{"v.sex": "F", "then": "next"}))
    assert answer.headers["location"] == BASE.format(key) + "liver_history"


def test_what_is_not_there_or_elsewhere_is_not_found(office):
    key = office.screened()
    assert office.client("coordinator2").get(BASE.format(key) + "laboratory").status_code == 404
    assert office.client("coordinator").get(BASE.format(key) + "nothing").status_code == 404
    assert office.client("coordinator").get(BASE.format(key) + "laboratory/rows/1").status_code == 404


def test_a_form_of_a_visit_without_a_date_leads_to_where_the_date_is_recorded(office):
    key = office.dosed()
    shown = office.client("coordinator").get(f"/participants/{key}/visits/month_2/forms/laboratory").text
    assert "has no date" in shown
    assert "Record the date of the visit" in shown
    assert "Record the date of the visit" not in (
        office.client("monitor").get(f"/participants/{key}/visits/month_2/forms/laboratory").text
    )
