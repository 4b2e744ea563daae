"""Files as people really send them."""

from __future__ import annotations

from pathlib import Path

import pytest

from trialrun.app.text_table import read_text_table
from trialrun.errors import UserError


def _file(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_delimiter(tmp_path: Path, delimiter: str) -> None:
    text = delimiter.join(["participant", "sex"]) + "\n" + delimiter.join(["P1", "F"]) + "\n"
    table = read_text_table(_file(tmp_path, text))
    assert table.columns == ("participant", "sex")
    assert table.rows[0].cells == {"participant": "P1", "sex": "F"}
    assert table.rows[0].line == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_byte_order_marks(tmp_path: Path, encoding: str) -> None:
    table = read_text_table(_file(tmp_path, "participant,name\r\nP1,مریم\r\n".encode(encoding)))
    assert table.columns == ("participant", "name")
    assert table.rows[0].cells["name"] == "مریم"


def test_a_short_or_long_row_is_kept_with_its_place(tmp_path: Path) -> None:
    table = read_text_table(_file(tmp_path, "a,b\n1,2\n3\n\n4,5,6\n7,8\n"))
    assert [row.line for row in table.rows] == [2, 6]
    assert [(bad.line, bad.text) for bad in table.unreadable] == [(3, "3"), (5, "4,5,6")]
    assert "2" in table.unreadable[0].reason


def test_a_cell_over_several_lines_keeps_the_count(tmp_path: Path) -> None:
    table = read_text_table(_file(tmp_path, 'a,b\n"one\ntwo",2\n3,4\n'))
    assert [row.line for row in table.rows] == [2, 4]


def test_quotes_that_never_close_are_named(tmp_path: Path) -> None:
    table = read_text_table(_file(tmp_path, 'a,b\n1,2\n"3,4\n'))
    assert len(table.rows) == 1
    assert table.unreadable[0].line == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"a,a\n1,2\n", "twice"),
        (b"a,\n1,2\n", "no name"),
        (b"a,b\n1,\xff\xfa\n", ":2:"),
        (b"PK\x03\x04\x00\x00", "not text"),
    ],
)
def test_what_nobody_can_read_is_refused_with_a_remedy(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said) as refused:
        read_text_table(_file(tmp_path, content))
    assert refused.value.remedy


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_text_table(tmp_path / "nobody.csv")
    with pytest.raises(UserError, match="is a folder"):
        read_text_table(tmp_path)


def test_what_stands_after_an_open_quote_is_kept(tmp_path: Path) -> None:
    table = read_text_table(_file(tmp_path, 'participant,sex\nP1,F\nP2,"F\nP3,M\n'))
    assert [row.cells["participant"] for row in table.rows] == ["P1"]
    assert (table.unreadable[0].line, table.unreadable[0].text) == (3, 'P2,"F\nP3,M\n')


def test_a_unit_for_no_item_is_refused(tmp_path: Path, root: Path) -> None:
    from trialrun.app.screening import screen_people

    people = _file(tmp_path, "participant,sex\nP1,F\n")
    with pytest.raises(UserError, match="'bilirubn', which is no item") as caught:
        screen_people(root / "examples" / "nct05871463", people, units={"bilirubn": "mg/dL"})
    assert "did you mean bilirubin" in caught.value.remedy
