"""Files of counts: one row in, one row out; what is repaired is said, what cannot be is one clear line."""

from __future__ import annotations

import io
import math

import pytest

from detectors.counts_file import CountsError, DetectedRow, detect, read_counts


def lines(*rows: str, header: str = "timestamp,value") -> list[str]:
    return [f"{row}\n" for row in (header, *rows)]


def judged(text: list[str], **options) -> tuple[list[DetectedRow], list[str]]:
    notes: list[str] = []
    rows = read_counts(text, "counts.csv", note=notes.append)
    return list(detect(rows, "counts.csv", note=notes.append, **options)), notes


def minutes(values, step=5):
    for i, value in enumerate(values):
        m = i * step
        yield f"2017-04-{1 + m // 1440:02d} {m // 60 % 24:02d}:{m % 60:02d}:00,{value}"


def test_each_row_comes_back_as_it_was_with_score_and_alert():
    rows, notes = judged(lines(*minutes([5, 6, 4] * 300 + [90] * 6)))
    assert len(rows) == 906 and notes == []
    assert rows[0].fields() == ("2017-04-01 00:00:00", "5", "0.000000", "0")
    assert sum(row.alert for row in rows) == 1
    assert any(row.alert for row in rows[900:])


def test_rows_go_out_before_the_file_is_read_to_its_end():
    taken = 0

    def endless():
        nonlocal taken
        yield "timestamp,value\n"
        for row in minutes(iter(lambda: 3, None)):
            taken += 1
            yield row

    out = detect(read_counts(endless()))
    for _ in range(100):
        next(out)
    assert taken <= 100 + 12


@pytest.mark.parametrize(
    ("step", "bin_seconds"), [(1, None), (5, None), (20, None), (5, 300)], ids=["one", "five", "twenty", "given"]
)
def test_the_width_of_bins_is_taken_from_the_first_rows(step, bin_seconds):
    rows, notes = judged(lines(*minutes([5] * (29 * 60 // step) + [5, 200], step)), bin_seconds=bin_seconds)
    assert notes == [] and rows[-1].score > rows[-2].score


def test_a_gap_is_empty_bins_and_is_said_once():
    text = lines(*minutes([5] * 400))
    del text[300:310], text[200]
    rows, notes = judged(text)
    assert len(rows) == 389
    assert notes == ["counts.csv:201: 1 bins are missing before this row; gaps are taken as empty bins"]


def test_other_delimiters_are_read_and_said():
    rows, notes = judged([line.replace(",", ";") for line in lines(*minutes([5, 6]))])
    assert [row.value for row in rows] == ["5", "6"]
    assert notes == ["counts.csv: fields are separated by ';'; read as such, written with commas"]


@pytest.mark.parametrize("text", ["", "nan", "NaN", "-3", "inf"])
def test_a_value_that_is_no_count_is_unknown_and_said(text):
    rows, notes = judged(lines("2017-04-01 00:00:00,4", f"2017-04-01 00:05:00,{text}", "2017-04-01 00:10:00,4"))
    assert rows[1].fields() == ("2017-04-01 00:05:00", text, "0.000000", "0")
    assert notes == [f"counts.csv:3: value: {text!r} is no count; taken as unknown (score 0, not learnt)"]


def test_many_values_that_are_no_counts_are_noted_by_the_first_few_and_their_number():
    rows, notes = judged(lines(*minutes(["nan"] * 1_500)))
    assert len(rows) == 1_500
    assert [note.partition(": ")[0] for note in notes] == ["counts.csv:2", "counts.csv:3", "counts.csv:4", "counts.csv"]
    assert notes[-1] == "counts.csv: 1,497 more values are no counts; taken as unknown too"


def test_blank_fields_beyond_the_header_are_nothing():
    rows, notes = judged(lines("2017-04-01 00:00:00,3,", "2017-04-01 00:05:00,4, ,"))
    assert ([row.value for row in rows], notes) == (["3", "4"], [])


def test_other_columns_byte_order_marks_blank_lines_and_capitals_do_not_matter():
    text = ["\n", "\ufeffid,Value,Timestamp\n", "a,3,2017-04-01T00:00:00Z\n", "\n", "b,4,2017-04-01T02:05:00+02:00\n"]
    rows = list(read_counts(text))
    assert [(row.line, row.value) for row in rows] == [(3, 3.0), (5, 4.0)]
    assert rows[1].time_ms - rows[0].time_ms == 300_000


def test_times_may_be_seconds_or_milliseconds_since_the_epoch():
    rows = list(read_counts(lines("1491782400,3", "1491782700,3")))
    also = list(read_counts(lines("1491782400000,3", "1491782700000,3")))
    assert [row.time_ms for row in rows] == [row.time_ms for row in also] == [1491782400000, 1491782700000]


def test_columns_of_other_names_can_be_named():
    text = lines("2017-04-01 00:00:00,3", header="bucket_utc,n")
    assert [row.value for row in read_counts(text, time_column="bucket_utc", value_column="n")] == [3.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ([], "c.csv: empty; expected a header line timestamp,value and a row for each bin"),
        (["\n", "  \n"], "c.csv: empty; expected a header line timestamp,value and a row for each bin"),
        (lines(), "c.csv: no rows after the header; expected one for each bin"),
        (
            lines("2017-04-01 00:00:00,3", header="time,count"),
            "c.csv: no column 'timestamp' in the header (time, count); name the columns timestamp,value",
        ),
        (
            lines("2017-04-01 00:00:00,many"),
            "c.csv:2: value: 'many' is not a number; leave it empty where the count is unknown",
        ),
        (lines("2017-04-01 00:00:00,1_000"), "c.csv:2: value: '1_000' is not a number"),
        (
            lines("2017-04-01 00:00:00;1,5", header="timestamp;value"),
            "c.csv:2: value: '1,5' is not a number; write 1234.5 without separators",
        ),
        (
            lines('2017-04-01 00:00:00,"1,234"'),
            "c.csv:2: value: '1,234' is not a number; write 1234.5 without separators",
        ),
        (lines("99999999999999999999,1"), "c.csv:2: timestamp: '99999999999999999999' is not a time"),
        (lines("0000-01-01T00:00:00Z,1"), "c.csv:2: timestamp: '0000-01-01T00:00:00Z' is not a time"),
        (lines('"2017-04-01 00:00:00,1', "2017-04-01 00:05:00,2"), "c.csv:3: 1 fields, the header has 2"),
        (
            lines("2017-04-01 00:00:00,1,2", header="timestamp,value,value"),
            "c.csv: column 'value' stands twice in the header; keep one of them",
        ),
        (lines("01/04/2017 0:00,3"), "c.csv:2: timestamp: '01/04/2017 0:00' is not a time; write ISO 8601"),
        (
            lines("2017-04-01 00:05:00,3", "2017-04-01 00:00:00,3"),
            "c.csv:3: timestamp: '2017-04-01 00:00:00' is earlier than '2017-04-01 00:05:00' of line 2; sort the file",
        ),
        (
            lines("2017-04-01 00:05:00,3", "2017-04-01 00:05:00,3"),
            "c.csv:3: timestamp: '2017-04-01 00:05:00' repeats line 2; add the counts up",
        ),
        (
            lines("2017-04-01 00:00:00,3", "2017-04-01 00:05:00Z,3"),
            "c.csv:3: timestamp: '2017-04-01 00:05:00Z': some times have a zone, some not",
        ),
        (lines("2017-04-01 00:00:00"), "c.csv:2: 1 fields, the header has 2"),
        (
            lines("2017-04-01 00:00:00,1,103"),
            "c.csv:2: value: '1,103': 3 fields, the header has 2; put a field that holds ',' in quotes",
        ),
        (
            lines("2017-04-01 00:00:00;1;5;a", header="timestamp;value;note"),
            "c.csv:2: note: '5;a': 4 fields, the header has 3; put a field that holds ';' in quotes",
        ),
        (
            lines("2017-04-01 00:00:00,3", header="\x1b[31mtime" + "e" * 300 + ",count"),
            "c.csv: no column 'timestamp' in the header (\\x1b[31mtime" + "e" * 31 + "…, count); name",
        ),
        (lines(f"2017-04-01 00:00:00,{'9' * 300}x"), f"c.csv:2: value: '{'9' * 40}…' is not a number"),
        (lines("2017-04-01\0 00:00:00,3"), None),
    ],
    ids=lambda value: None if isinstance(value, list) else value and value[:40],
)
def test_what_cannot_be_read_is_one_line_with_place_and_remedy(text, said):
    with pytest.raises(CountsError) as caught:
        list(detect(read_counts(text, "c.csv"), "c.csv"))
    message = str(caught.value)
    assert message.startswith(said or "c.csv") and "\n" not in message


def test_rows_closer_than_half_a_bin_are_refused():
    text = lines(*minutes([3] * 20), "2017-04-01 01:36:00,3")
    with pytest.raises(
        CountsError, match=r"counts.csv:22: timestamp: .* comes 60 s after line 21, bins are 300 s wide"
    ):
        judged(text)


def test_text_in_another_encoding_is_said():
    stream = io.TextIOWrapper(io.BytesIO(b"timestamp,value\n2017-04-01 00:00:00,\xe9\n"), encoding="utf-8")
    with pytest.raises(CountsError, match="not UTF-8"):
        list(read_counts(stream))


def test_a_single_row_is_judged():
    rows, _ = judged(lines("2017-04-01 00:00:00,3"))
    assert [row.alert for row in rows] == [0] and not math.isnan(rows[0].score)


def test_a_quoted_note_over_two_lines_is_one_row_and_places_after_it_are_right():
    text = [
        "timestamp,value,note\n",
        '2017-04-01 00:00:00,1,"a\n',
        'b"\n',
        "2017-04-01 00:05:00,2,x\n",
        "2017-04-01 00:10:00,two,x\n",
    ]
    with pytest.raises(CountsError, match=r"c\.csv:5: value: 'two'"):
        list(read_counts(text, "c.csv"))
    assert [row.value for row in read_counts(text[:4], "c.csv")] == [1.0, 2.0]


def test_times_in_another_zone_are_the_same_moments():
    east = list(read_counts(lines("2017-04-01T02:00:00+02:00,1", "2017-04-01T02:05:00+02:00,2")))
    mixed = list(read_counts(lines("2017-04-01T00:00:00Z,1", "2017-04-01T02:05:00+02:00,2")))
    assert [row.time_ms for row in east] == [row.time_ms for row in mixed]
