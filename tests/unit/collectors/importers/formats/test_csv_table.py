"""Tables in text: separators, quotes, widths, and the lines that faults are told with."""

from __future__ import annotations

import csv
import io
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.importers.formats.csv_table import (
    ESCAPED,
    HALF,
    LOOSE,
    MAX_RECORD_LINES,
    SEPARATORS,
    TOO_FEW,
    TOO_LONG,
    TOO_MANY,
    read_csv,
    split_rows,
)
from collectors.importers.read_report import ReadReport
from taskstream.errors import InputError


def rows_of(text: str, encoding: str = "utf-8", *, cut: int = 0) -> tuple[list[tuple[int, list[str]]], ReadReport, str]:
    report = ReadReport("log.csv")
    stream = io.BufferedReader(io.BytesIO(text.encode(encoding)[: -cut or None]))
    table = read_csv(cast(io.BufferedReader, stream), "log.csv", encoding, report)
    rows = [(line, list(row)) for block in table.blocks for line, row in zip(block.lines, block.rows, strict=True)]
    return rows, report, table.separator


@pytest.mark.parametrize("separator", SEPARATORS)
def test_the_separator_is_told_by_the_lines(separator: str) -> None:
    text = f"a{separator}b{separator}c\n" + f'1{separator}"x, y; z"{separator}3\n' * 5
    rows, _, told = rows_of(text)
    assert told == separator
    assert rows == [(n + 2, ["1", "x, y; z", "3"]) for n in range(5)]


@pytest.mark.parametrize(("first", "encoding"), [("sep=;", "utf-8"), ("SEP=;", "utf-16"), ("sep=;", "utf-8-sig")])
def test_a_line_for_spreadsheets_tells_the_separator(first: str, encoding: str) -> None:
    rows, _, told = rows_of(f"{first}\r\na;b\r\n1,5;2\r\n", encoding)
    assert (told, rows) == (";", [(3, ["1,5", "2"])])


def test_a_stray_quote_costs_its_line_alone() -> None:
    lines = ["a,b,c", *(f"{n},x,y" for n in range(50)), '50,"x,y', *(f"{n},x,y" for n in range(51, 100)), '100,"x y",z']
    rows, report, _ = rows_of("\n".join(lines) + "\n")
    assert len(rows) == 100
    assert [(skipped.rows, skipped.first_line) for skipped in report.skipped] == [(1, 52)]
    assert rows[-1] == (102, ["100", "x y", "z"])


def test_a_stray_quote_in_the_last_line() -> None:
    rows, report, _ = rows_of('a,b\n1,2\n"3,4')
    assert rows == [(2, ["1", "2"])]
    assert report.skipped[0].first_line == 3


def test_values_over_several_lines_are_values() -> None:
    rows, report, _ = rows_of('a,b\n1,"x\r\n""y"", z\n"\n2,w\n')
    assert rows == [(2, ["1", 'x\r\n"y", z\n']), (5, ["2", "w"])]
    assert not report.skipped


def test_a_quote_that_is_never_closed_reads_no_more_than_it_must() -> None:
    text = 'a,b\n"1,2\n' + "3,4\n" * (3 * MAX_RECORD_LINES)
    rows, report, _ = rows_of(text)
    assert len(rows) == 3 * MAX_RECORD_LINES
    assert report.rows_skipped == 1


def skipped_of(report: ReadReport) -> list[tuple[str, int, int]]:
    return [(one.reason, one.rows, one.first_line) for one in report.skipped]


def test_rows_of_another_width() -> None:
    rows, report, _ = rows_of("a,b,c\n1,2\n1,2,3,,\n1,2,3,4\n\n1,2,3\n")
    assert rows == [(6, ["1", "2", "3"])]
    assert skipped_of(report) == [(TOO_FEW, 1, 2), (TOO_MANY, 2, 3)]


def test_a_comma_without_quotes_shifts_its_row_even_if_the_last_column_is_empty() -> None:
    rows, report, _ = rows_of("time,user,app,note\n" + "1,Otto,sap,\n" * 5 + "2,Meier, Anna,sap,\n" * 8)
    assert {tuple(row) for _, row in rows} == {("1", "Otto", "sap", "")}
    assert skipped_of(report) == [(TOO_MANY, 8, 7)]


def test_rows_that_all_end_with_a_separator_are_read() -> None:
    rows, report, _ = rows_of("a,b,c\n" + "1,2,3,\n" * 30 + "1,2,3,,\n")
    assert [row for _, row in rows] == [["1", "2", "3"]] * 30
    assert skipped_of(report) == [(TOO_MANY, 1, 32)]
    assert report.notes == ["rows hold 4 values, the columns are 3: those behind are left out"]


def test_rows_that_are_cut_off_are_left_out_and_told() -> None:
    rows, report, _ = rows_of("a,b,c\n" + "1,2,3\n" * 6 + "1\n1,2")
    assert [row for _, row in rows] == [["1", "2", "3"]] * 6
    assert skipped_of(report) == [(TOO_FEW, 2, 8)]


def test_a_file_may_leave_out_empty_cells_at_the_end() -> None:
    rows, report, _ = rows_of("a,b,c\n" + "1,2\n" * 90 + "1,2,3\n" * 20 + "1\n")
    assert [row for _, row in rows] == [["1", "2", ""]] * 90 + [["1", "2", "3"]] * 20
    assert skipped_of(report) == [(TOO_FEW, 1, 112)], "what nearly all rows hold is not left out: it is cut off"


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("at", [1, 3, 90])
def test_a_value_that_is_too_long_costs_its_row(quoted: bool, at: int) -> None:
    lines = ["a,b,c", *(f"{n},x,y" for n in range(100))]
    lines[at] = f'{at},"x",' + ('"{}"' if quoted else "{}").format("z" * 1_500_000)
    rows, report, _ = rows_of("\n".join(lines))
    assert (len(rows), skipped_of(report)) == (99, [(TOO_LONG, 1, at + 1)])
    plain, report, _ = rows_of("\n".join(lines).replace('"', ""))
    assert (plain, skipped_of(report)) == (rows, [(TOO_LONG, 1, at + 1)])


def test_a_column_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="line 1: the column names hold a value of more than 1 MB"):
        rows_of("a,b," + "z" * 1_500_000 + "\n1,2,3\n")


@pytest.mark.parametrize("text", ["", "\n\n  \n"])
def test_an_empty_table_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="empty"):
        rows_of(text)


_cell = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(_cell, min_size=3, max_size=3), min_size=1, max_size=30), st.sampled_from(SEPARATORS))
def test_what_a_spreadsheet_writes_is_read_back(table: list[list[str]], separator: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *table])
    rows, report, told = rows_of(f"sep={separator}\n{out.getvalue()}")
    assert told == separator
    assert [row for _, row in rows] == table
    assert not report.skipped


def test_quotes_that_are_not_doubled_are_read_where_the_width_fits() -> None:
    rows, report, _ = rows_of('"a","b","c"\n"1","[["x";"y"]]","3"\n"1","[["x","y"]]","3"\n"1","2","3"\n')
    assert [(line, row[0], row[2]) for line, row in rows] == [(2, "1", "3"), (4, "1", "3")]
    assert [skipped.first_line for skipped in report.skipped] == [3]
    assert len(report.notes) == 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(st.sampled_from('ab,;\r\n"\x0b\x1c\u2028 '), max_size=12), max_size=6), st.sampled_from(SEPARATORS)
)
def test_lines_that_are_split_are_read_as_the_csv_module_reads_them(lines: list[str], separator: str) -> None:
    text = "".join(f"{line}\n" for line in lines)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        expected = list(reader)
    except csv.Error:
        expected = []
    found = split_rows(text, separator)
    if found and [""] not in found:  # a blank line is looked at again, line by line
        assert found == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_last_line_that_ends_in_the_midst_of_a_character_is_left_out(encoding: str) -> None:
    rows, report, _ = rows_of("a,b\n1,ü\n2,ü\n3,ü", encoding, cut=1)
    assert (rows, skipped_of(report)) == ([(2, ["1", "ü"]), (3, ["2", "ü"])], [(HALF, 1, 4)])


def test_quotes_behind_a_backslash_are_read() -> None:
    lines = [
        "a,b,c",
        *[r'1,"say \"x, y\", please",z'] * 30,
        r'2,"\"",z',
        '3,"C:\\",z',
        r'4,"say \"x" y,z',
        '5,"6"" ",z',
    ]
    rows, report, _ = rows_of("\n".join(lines) + "\n")
    values = [row[1] for _, row in rows]
    assert values == ['say "x, y", please'] * 30 + ['"', "C:\\", r'say \x" y', '6" ']
    assert not report.skipped
    assert report.notes == [ESCAPED, LOOSE]
