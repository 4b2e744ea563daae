"""Coding with an invented dictionary: read, searched, decided by a person, carried to a new version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from safety_kit import correct, report
from trialrun.app.coding import (
    CodingStatus,
    Move,
    carry_over,
    code_term,
    forget_dictionaries,
    one_term,
    reported_terms,
    suggestions,
    uncoded_terms,
    use_dictionaries,
)
from trialrun.app.dictionaries import Dictionary, plain_words, read_dictionary
from trialrun.errors import UserError
from trialrun.ledger.conduct import CommandRefusedError
from web_kit import Office

INVENTED = """code,term,level,parents,current
900001,Blue knee,PT,910001 Knee colours > 990001 Colour disorders,Y
900002,Blue knee of both sides,LLT,900001 Blue knee > 990001 Colour disorders,Y
900003,Humming ear,PT,990002 Sound disorders,Y
900004,Humming of ear,LLT,900003 Humming ear > 990002 Sound disorders,N
900005,Tiredness of elbow,PT,990003 Elbow disorders,Y
"""
SLOT = ("log", "adverse_event", 1, "ae_term")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "MedDRA-0.1.csv"
    path.write_text(INVENTED, encoding="utf-8")
    use_dictionaries([path])
    yield tmp_path
    forget_dictionaries()


@pytest.fixture
def key(office: Office, folder: Path) -> str:
    key = office.dosed()
    report(office, key, ae_term="blue KNEE")
    return key


def code(office: Office, key: str, number: str, user: str = "data_manager", **more):
    given = {"seen": "blue KNEE"} | more
    return code_term(office.workspace, office.actor(user), key, SLOT, number, **given)


def test_reading(folder: Path):
    found = read_dictionary(folder / "MedDRA-0.1.csv")
    assert (found.name, found.version, len(found)) == ("MedDRA", "0.1", 5)
    term = found.term("900002")
    assert term is not None
    assert term.path == ("900001 Blue knee", "990001 Colour disorders")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("terms.csv", INVENTED, "which dictionary and version"),
        ("MedDRA-1.csv", "", "is empty"),
        ("MedDRA-1.csv", "number,word\n1,a\n", "no column code or term"),
        ("MedDRA-1.csv", "code,term\n1,\n", "line 2: a code and a term"),
        ("MedDRA-1.csv", "code,term\n", "holds no terms"),
    ],
)
def test_a_file_that_is_no_dictionary_says_why(tmp_path: Path, name: str, text: str, says: str):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=says):
        read_dictionary(tmp_path / name)


def test_two_versions_at_once_are_refused(folder: Path):
    other = folder / "MedDRA-0.2.csv"
    other.write_text(INVENTED, encoding="utf-8")
    with pytest.raises(UserError, match=r"two versions, 0\.1 and 0\.2"):
        use_dictionaries([folder / "MedDRA-0.1.csv", other])


def test_ascii_files_give_the_primary_path(tmp_path: Path):
    home = tmp_path / "MedDRA-9.9"
    home.mkdir()
    (home / "llt.asc").write_text(
        "11$Bluish knee$1$$$$$$$Y$\n1$Blue knee$1$$$$$$$Y$\n12$Old knee$1$$$$$$$N$\n"
    )
    (home / "pt.asc").write_text("1$Blue knee$$92$\n")
    (home / "hlt_pt.asc").write_text("71$1$\n72$1$\n")
    (home / "hlgt_hlt.asc").write_text("81$71$\n82$72$\n")
    (home / "soc_hlgt.asc").write_text("91$81$\n92$82$\n")
    (home / "hlt.asc").write_text("71$Joint colours$\n72$Skin colours$\n")
    (home / "hlgt.asc").write_text("81$Joints$\n82$Skins$\n")
    (home / "soc.asc").write_text("91$Bones$\n92$Skin$\n")
    found = read_dictionary(home)
    above = ("72 Skin colours", "82 Skins", "92 Skin")
    assert found.term("1").path == above
    assert found.term("11").path == ("1 Blue knee", *above)
    assert found.term("12").current is False
    assert [one.term.code for one in found.suggest("old knee") if one.exact] == []


def test_suggestions_are_exact_first_and_never_retired(folder: Path):
    source = read_dictionary(folder / "MedDRA-0.1.csv")
    found = source.suggest("Blue, knee!")
    assert (found[0].term.code, found[0].exact) == ("900001", True)
    assert found[1].term.code == "900002"
    near = source.suggest("huming ears")  # misspelt
    assert [one.term.code for one in near] == ["900003"]
    assert source.suggest("zzz") == ()
    assert source.suggest('"; DROP TABLE words') == ()
    assert [one.code for one in source.search("knee bo")] == ["900002"]
    assert [one.code for one in source.search("900005")] == ["900005"]


def test_words_are_compared_without_accents_case_and_script_matters_not():
    assert plain_words("Fièvre-AIGUË!") == "fievre aigue"
    source = Dictionary("X", "1", read_dictionary_terms())
    assert source.suggest("تب")[0].exact


def read_dictionary_terms():
    from trialrun.app.dictionaries import DictionaryTerm

    return [DictionaryTerm("1", "تب")]


def test_the_coder_decides(office: Office, key: str):
    (waiting,) = uncoded_terms(office.workspace, ["01"])
    assert (waiting.verbatim, waiting.status) == ("blue KNEE", CodingStatus.UNCODED)
    assert suggestions(waiting)[0].term.code == "900001"
    code(office, key, "900001")
    term = one_term(office.workspace, key, SLOT)
    assert term.status is CodingStatus.CODED
    assert (term.code.term, term.code.path) == (
        "Blue knee",
        ("910001 Knee colours", "990001 Colour disorders"),
    )
    assert uncoded_terms(office.workspace, ["01"]) == ()


def test_alike_terms_of_the_coders_sites_only(office: Office, key: str):
    report(office, key, 2, ae_term="Blue knee.")
    other = office.dosed("02")
    report(office, other, 1, user="pi2", ae_term="blue knee")
    assert len(code(office, key, "900001", also=["01"])) == 2
    assert [one.participant for one in uncoded_terms(office.workspace, ["01", "02"])] == [other]


def test_a_changed_report_waits_again(office: Office, key: str):
    code(office, key, "900001")
    correct(office, key, "log", "adverse_event", "ae_term", "Humming ear", row=1)
    (waiting,) = uncoded_terms(office.workspace, ["01"])
    assert waiting.status is CodingStatus.CHANGED
    with pytest.raises(UserError, match="changed meanwhile to 'Humming ear'"):
        code(office, key, "900001")


def test_what_cannot_be_chosen(office: Office, key: str):
    with pytest.raises(UserError, match="has no code '1'"):
        code(office, key, "1")
    with pytest.raises(UserError, match="no longer in use"):
        code(office, key, "900004")
    with pytest.raises(CommandRefusedError):
        code(office, key, "900001", user="coordinator")
    use_dictionaries([])
    with pytest.raises(UserError, match="MedDRA is not loaded"):
        code(office, key, "900001")


def test_a_new_version_moves_codes_visibly(office: Office, key: str, folder: Path):
    report(office, key, 2, ae_term="Humming ear")
    report(office, key, 3, ae_term="Elbow tired")
    coder = office.actor("data_manager")
    code(office, key, "900001")
    for row, number, seen in ((2, "900003", "Humming ear"), (3, "900005", "Elbow tired")):
        code_term(office.workspace, coder, key, ("log", "adverse_event", row, "ae_term"), number, seen=seen)
    newer = folder / "MedDRA-0.2.csv"
    newer.write_text(
        INVENTED.replace("Humming ear,PT", "Ear humming,PT").replace(
            "Tiredness of elbow,PT,990003 Elbow disorders,Y", "Tiredness of elbow,PT,990003 Elbow disorders,N"
        ),
        encoding="utf-8",
    )
    use_dictionaries([newer])
    moves = {one.row: one.move for one in reported_terms(office.workspace, ["01"], status="outdated")}
    assert moves == {1: Move.SAME, 2: Move.RENAMED, 3: Move.RETIRED}
    assert carry_over(office.workspace, coder, ["01"], "") == 1
    assert carry_over(office.workspace, coder, ["01"], "") == 0
    assert one_term(office.workspace, key, SLOT).code.dictionary_version == "0.2"
    assert {one.row for one in reported_terms(office.workspace, ["01"], status="outdated")} == {2, 3}


# --- pages -----------------------------------------------------------------------------------------


def test_coding_on_the_page(office: Office, key: str):
    coder = office.client("data_manager")
    listed = coder.get("/coding").text
    assert "blue KNEE" in listed
    assert "MedDRA 0.1" in listed
    assert "WHODrug is not loaded" in listed
    where = f"/participants/{key}/coding?visit=log&form=adverse_event&row=1&item=ae_term"
    shown = coder.get(where + "&search=elbow").text
    assert "same words" in shown
    assert "Tiredness of elbow" in shown
    sent = {
        "visit": "log",
        "form": "adverse_event",
        "row": "1",
        "item": "ae_term",
        "seen": "blue KNEE",
        "code": "900001",
    }
    refused = coder.post(f"/participants/{key}/coding", sent | {"code": "12"})
    assert refused.status_code == 422
    assert "has no code" in refused.text
    assert coder.post(f"/participants/{key}/coding", sent).status_code == 303
    assert "900001" in coder.get("/coding.csv").text
    assert "Blue knee" in coder.get("/coding?status=coded").text


def test_who_may_code(office: Office, key: str):
    assert office.client("coordinator").get("/coding").status_code == 200
    assert office.client("pharmacist").get("/coding").status_code == 403
    sent = {
        "visit": "log",
        "form": "adverse_event",
        "row": "1",
        "item": "ae_term",
        "seen": "blue KNEE",
        "code": "900001",
    }
    assert office.client("coordinator").post(f"/participants/{key}/coding", sent).status_code == 403
    assert office.client("coordinator2").get(f"/participants/{key}/coding").status_code == 404
    assert office.client("coordinator2").get("/coding").text.count("blue KNEE") == 0
