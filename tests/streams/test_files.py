from __future__ import annotations

import gzip
import io
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.mention import Author, Mention, Rejection, decode
from schemas.times import parse_iso
from streams.columns import parse_columns
from streams.errors import UserError
from streams.files import Report, load, read_mentions

HEADER = "tweet_id,created_utc,lang_detected,user,text\n"


@pytest.fixture
def table(tmp_path: Path):
    def write(content: str | bytes, name: str = "mentions.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def mentions(path: Path, **options) -> list[Mention]:
    found = [decode(record.key, record.value) for record in read_mentions([path], **options)]
    good = [mention for mention in found if isinstance(mention, Mention)]
    assert good == found
    return good


# ------------------------------------------------------------------------------------------------------------- tables


def test_a_table_with_well_known_column_names_needs_no_mapping_and_says_what_was_guessed(table):
    path = table(HEADER + '849775593591853056,2017-04-06T00:07:44Z,en,u1,"Delayed again, not impressed."\n')
    report = Report()
    [record] = read_mentions([path], report=report)
    assert record.key == b"x:849775593591853056"
    assert record.time == parse_iso("2017-04-06T00:07:44Z")
    [mention] = mentions(path)
    assert mention.text == "Delayed again, not impressed."
    assert mention.author and mention.author.id == "u1" and mention.lang == "en" and mention.brand is None
    assert report.notes == [
        f"{path}: columns guessed: id=tweet_id,created_at=created_utc,text=text,author=user,lang=lang_detected"
    ]


def test_columns_say_which_is_which_and_brand_fills_in_where_a_row_names_none(table):
    path = table(
        "nr;quand;phrase;marque\n1;2026-03-02 08:00:00;bonjour;Vaudrelle\n2;2026-03-02 09:00:00+01:00;salut;\n"
    )
    columns = parse_columns("id=nr, created_at=quand,text=phrase,brand=marque")
    first, second = mentions(path, columns=columns, brand="Nimbrook")
    assert (first.brand, second.brand) == ("Vaudrelle", "Nimbrook")
    assert first.time == second.time == parse_iso("2026-03-02T08:00:00Z")


def test_named_columns_leave_required_ones_to_recognition_and_optional_ones_alone(table):
    path = table("tweet_id,created_at,text,author,brand\n1,2026-03-02,hello,ann,Nimbrook\n")
    [mention] = mentions(path, columns={"author": "author"})
    assert mention.id == "1" and mention.author and mention.author.id == "ann" and mention.brand is None


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_seen_from_the_header(table, delimiter):
    path = table("id|created_at|text\n1|2026-03-02T08:00:00Z|hello\n".replace("|", delimiter), "mentions.tsv")
    assert mentions(path)[0].text == "hello"


def test_gzip_a_byte_order_mark_and_a_spreadsheets_utf_16_are_read(table):
    content = "id,created_at,text\n1,2026-03-02T08:00:00Z,« déçu »\n"
    paths = [
        table(gzip.compress(content.encode()), "a.csv.gz"),
        table(content.encode("utf-8-sig"), "b.csv"),
        table(content.replace(",", "\t").encode("utf-16"), "c.txt"),
    ]
    assert [mentions(path)[0].text for path in paths] == ["« déçu »"] * 3


@pytest.mark.parametrize(
    "cell",
    [
        "2017-04-06T15:24:15Z",
        "2017-04-06 15:24:15",
        "2017-04-06T17:24:15+02:00",
        "Thu Apr 06 15:24:15 +0000 2017",
        '"Thu, 06 Apr 2017 15:24:15 GMT"',
        "1491492255",
        "1491492255000",
        "1491492255.0",
    ],
)
def test_a_time_may_be_written_in_the_usual_ways(table, cell):
    [record] = read_mentions([table(f"id,created_at,text\n1,{cell},hello\n")])
    assert record.time == parse_iso("2017-04-06T15:24:15Z")


def test_author_columns_become_the_author_and_empty_cells_are_nobody(table):
    path = table(
        "id,created_at,text,author,followers,verified,platform\n"
        "1,2026-03-02T08:00:00Z,a,ann,1200.0,True,Twitter\n"
        "2,2026-03-02T08:00:00Z,b,,nan,,mastodon\n"
    )
    first, second = mentions(path)
    assert first.platform == "x"
    assert first.author == Author("ann", followers=1200, verified=True)
    assert (second.platform, second.author) == ("mastodon", None)


@pytest.mark.parametrize("brand", [None, "acme"])
def test_a_row_nested_without_end_stops_nothing(table, brand):
    good = b'{"platform":"x","id":"%d","created_at":"2017-04-06T00:07:44Z","text":"fine"}\n'
    deep = b'{"platform":"x","id":"2","zzz":' + b"[" * 5_000 + b"]" * 5_000 + b"}\n"
    records, report = load([table(good % 1 + deep + good % 3, "mentions.jsonl")], brand=brand)
    assert (len(records), report.good) == (3, 2)


def test_a_bad_row_stops_nothing_and_says_why(table):
    path = table(
        HEADER
        + "1,2017-04-06T00:07:44Z,en,u1,fine\n"
        + "2,yesterday,en,u1,bad time\n"
        + ",2017-04-06T00:07:46Z,en,u1,no id\n"
        + "5.67591E+17,2017-04-06T00:07:46Z,en,u1,an id that a spreadsheet damaged\n"
        + "4,2017-04-06T00:07:47Z,en\n"
        + "5,1970-01-01T00:00:00Z,en,u1,too old\n"
        + "6,2017-04-06T00:07:48Z,en,u1,fine again\n"
    )
    records, report = load([path])
    assert [record.key for record in records if isinstance(decode(record.key, record.value), Mention)] == [
        b"x:1",
        b"x:6",
    ]
    assert len(records) == 7 and report.good == 2
    assert report.bad == {"invalid_field": 3, "missing_field": 1, "too_old": 1}
    assert report.examples[0] == f"{path}:3: created_at: 'yesterday': no time; write it as 2026-03-04T05:06:07Z"
    assert "5 of 7 rows are no mention and become dead letters" in report.lines()[2]


def test_what_the_reader_calls_bad_the_pipeline_calls_bad_too(table):
    path = table(HEADER.encode() + b"1,2017-04-06T00:07:44Z,en,u1,caf\xe9\n2,2017-04-06T00:07:44Z,en\n3,x,en,u1,bad\n")
    reasons = []
    for record in read_mentions([path]):
        verdict = decode(record.key, record.value)
        assert isinstance(verdict, Rejection) and record.problem is not None
        assert verdict.reason == record.problem.reason
        reasons.append(verdict.reason)
    assert reasons == ["invalid_utf8", "invalid_field", "invalid_field"]


def test_an_unclosed_quote_costs_one_row_and_not_the_rest_of_the_file(table):
    rows = [f"{number},2017-04-06T00:07:44Z,en,u1,fine {number}\n" for number in range(1, 1_500)]
    rows[700] = '701,2017-04-06T00:07:44Z,en,u1,"he said\n'
    _, report = load([table(HEADER + "".join(rows))])
    assert report.good == 1_498 and report.bad.total() == 1
    assert report.examples[0].split(":")[1] == "702"


def test_an_unclosed_quote_that_the_next_quote_closes_costs_one_row(table):
    rows = '1,2026-03-02,"he said\n2,2026-03-02,fine\n3,2026-03-02,"quoted, well"\n4,2026-03-02,fine\n'
    _, report = load([table("id,created_at,text\n" + rows)])
    assert report.good == 3 and report.bad.total() == 1


def test_a_text_over_several_lines_is_one_mention(table):
    [first, second] = mentions(table('id,created_at,text\n1,2026-03-02,"one\n\ntwo ""three"""\n2,2026-03-02,6" tall\n'))
    assert first.text == 'one\n\ntwo "three"'
    assert second.text == '6" tall'


# --------------------------------------------------------------------------------------------------------- JSON lines


def line(id_: str, at: str = "2026-03-02T08:00:00Z", **more) -> str:
    return msgspec.json.encode({"platform": "x", "id": id_, "created_at": at, "text": "hello"} | more).decode() + "\n"


def test_json_lines_keep_their_bytes_fields_that_are_not_known_here_included(table):
    content = line("1", mood="new field")
    [record] = read_mentions([table(content, "mentions.jsonl")])
    assert record.value == content.strip().encode() and record.key == b"x:1" and record.problem is None


def test_a_brand_is_given_only_to_those_that_name_none(table):
    path = table(line("1") + line("2", brand="A") + line("3", brands=["B", "C"]) + line("4", brand=None), "m.jsonl")
    found = mentions(path, brand="Z")
    assert [(mention.brand, mention.brands) for mention in found] == [
        ("Z", None),
        ("A", None),
        (None, ["B", "C"]),
        ("Z", None),
    ]


def test_bad_json_lines_travel_as_they_are(table):
    bad = [
        b'{"platform":"x","id":"1","created',
        b'{"platform":"x","id":"2","created_at":"2026-03-02T08:00:00Z"}',
        b"\xff\xfe{",
        b"null",
        b"7",
    ]
    path = table(line("0").encode() + b"\n".join(bad) + b"\n\n" + line("9").encode(), "m.jsonl")
    records = list(read_mentions([path]))
    assert [record.value for record in records[1:-1]] == bad
    assert [record.problem and record.problem.reason for record in records[1:-1]] == [
        "malformed_json", "missing_field", "invalid_utf8", "invalid_field", "invalid_field",
    ]  # fmt: skip
    assert [record.line for record in records] == [1, 2, 3, 4, 5, 6, 8]


def test_an_update_and_a_deletion_stand_where_they_were_taken_in(table):
    content = (
        line("1", "2026-03-02T08:00:00Z", op="delete", ingested_at="2026-03-02T09:00:00Z")
        + line("2", "2026-03-02T08:30:00Z", ingested_at="2026-03-05T00:00:00Z")
        + line("1", "2026-03-02T08:00:00Z")
    )
    records, _ = load([table(content, "m.jsonl")])
    assert [(record.key, record.time) for record in records] == [
        (b"x:1", parse_iso("2026-03-02T08:00:00Z")),
        (b"x:2", parse_iso("2026-03-02T08:30:00Z")),
        (b"x:1", parse_iso("2026-03-02T09:00:00Z")),
    ]


def test_standard_input_is_a_file_too_and_stays_open(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO((line("1") + line("2")).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert [record.key for record in read_mentions(["-"])] == [b"x:1", b"x:2"]
    assert not stdin.buffer.closed


# -------------------------------------------------------------------------------------------------------------- order


def test_files_are_sorted_by_time_whatever_their_order_and_it_is_said(table):
    one = table(line("3", "2026-03-02T10:00:00Z") + line("1", "2026-03-02T08:00:00Z"), "one.jsonl")
    two = table(line("4", "2026-03-02T10:00:00Z") + line("2", "2026-03-02T09:00:00Z"), "two.jsonl")
    records, report = load([one, two])
    assert [record.key for record in records] == [b"x:1", b"x:2", b"x:3", b"x:4"]
    assert load([two, one])[0] == records
    assert report.lines() == ["4 mentions in 2 file(s), 2026-03-02T08:00:00Z to 2026-03-02T10:00:00Z; sorted by time"]


def test_a_row_without_a_time_stays_behind_the_one_that_it_followed(table):
    content = "junk\n" + line("2", "2026-03-02T10:00:00Z") + "bad\n" + line("1", "2026-03-02T08:00:00Z")
    records, _ = load([table(content, "m.jsonl")])
    ten = parse_iso("2026-03-02T10:00:00Z")
    assert [record.key for record in records] == [b"x:1", b"x:2", None, None]
    assert [(record.value, record.time) for record in records[2:]] == [(b"junk", ten), (b"bad", ten)]


def test_a_mention_of_2100_does_not_carry_time_into_the_future(table):
    path = table(line("1") + line("2", "2100-01-01T00:00:00Z"), "m.jsonl")
    records, report = load([path], now=parse_iso("2026-03-02T12:00:00Z"))
    assert [record.time for record in records] == [parse_iso("2026-03-02T08:00:00Z")] * 2
    assert report.bad == {"future": 1}


def test_data_that_mostly_lie_ahead_are_invented_and_keep_their_time(table):
    rows = [line(str(n), f"2031-05-0{n}T08:00:00Z") for n in (1, 2, 3)]
    path = table(line("9") + "junk\n" + "".join(rows), "m.jsonl")
    records, report = load([path], now=parse_iso("2026-03-02T12:00:00Z"))
    assert [record.time for record in records][2:] == [parse_iso(f"2031-05-0{n}T08:00:00Z") for n in (1, 2, 3)]
    assert (report.good, report.bad) == (4, {"malformed_json": 1})


# ------------------------------------------------------------------------------------------------------ users' errors


def says(paths, *words: str, **options) -> None:
    with pytest.raises(UserError) as caught:
        load(paths, **options)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


def test_no_such_file_names_the_one_that_is_near(table):
    path = table(line("1"), "airline.jsonl")
    says([path.with_name("airlines.jsonl")], "airlines.jsonl", "No such file", 'did you mean "airline.jsonl"?')
    says([path.parent], str(path.parent), "directory")
    says([], "no file given")


def test_no_such_column_names_the_one_that_is_near(table):
    path = table(HEADER + "1,2017-04-06T00:07:44Z,en,u1,hi\n")
    says([path], "id=tweetid", 'did you mean "tweet_id"?', columns={"id": "tweet-number"} | {"id": "tweetid"})
    says([path], "brand=brand", "use --brand NAME", columns={"brand": "brand"})
    says([path], "no field 'ID'", 'did you mean "id"?', columns={"ID": "tweet_id"})


def test_a_table_that_holds_no_mentions_says_which_columns_are_missing(table):
    path = table("bucket_utc,n,complete\n2017-04-06T00:05:00Z,2,1\n")
    says([path], "no column for id, created_at, text", "--columns id=COLUMN", "bucket_utc, n, complete")


def test_empty_and_broken_files(table):
    says([table("", "a.csv")], "a.csv", "empty")
    says([table("\ufeff\n", "b.csv")], "b.csv", "empty")
    says([table('id,"created_at\n1,2\n', "g.csv")], "g.csv", "must name the columns")
    says([table("[]", "c.json")], "c.json", "JSON array", "jq")
    says([table(gzip.compress(line("1").encode() * 99)[:-20], "d.jsonl.gz")], "d.jsonl.gz", "copy the file again")
    says([table("id,created_at,text\n", "e.csv")], "none of 0 rows")
    says([table("id,created_at,text\n1,never,hi\n", "f.csv")], "none of 1 rows", "f.csv:2", "created_at")


@pytest.mark.parametrize("text", ["", "id", "id=", "=tweet_id", "id=a,id=b"])
def test_columns_that_say_nothing(text):
    with pytest.raises(UserError, match="--columns: "):
        parse_columns(text)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04\x14\x00", "a spreadsheet (xlsx, ods)"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (bytes(range(256)), "binary data"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.csv.gz"])
def test_a_file_that_is_no_text_is_told_by_what_it_looks_like_and_not_by_its_bytes(table, start, kind, name):
    data = start + bytes(range(256)) * 20
    path = table(gzip.compress(data) if name.endswith("gz") else data, name)
    says([path], f"no text but {kind}", "save it as CSV")


def test_a_header_that_is_not_text_is_shown_escaped_and_short(table):
    path = table(",".join(f"\x1b[{n}m\x85{'x' * 90}" for n in range(200)).encode("latin-1"))
    with pytest.raises(UserError) as caught:
        load([path])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 900
    assert "and 188 more" in str(caught.value)


def test_json_lines_in_utf_16_are_told(table):
    says([table(line("1").encode("utf-16"), "m.jsonl")], "JSON in UTF-16", "save it in UTF-8")


# ------------------------------------------------------------------------------------------------------- any input

TABLE, LINES = b"id,created_at,text\n", b'{"platform":"x","id":"1","created_at":"2026-03-02T08:00:00Z","text":"hi"}\n'
PIECES = [
    TABLE, LINES, b'{"platform":"x","id":"2",', b'"', b",", b"\n", b"\r\n", b"\r", b"\t", b"\xff", b"\x00",
    b"{", b"}", b"[", b"1", b"1e999", b"hello", b"2026-03-02T08:00:00Z", b"1,2026-03-02T08:00:00Z,hi\n",
    b"\xef\xbb\xbf",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([TABLE, LINES, b""]),
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=30).map(b"".join),
    st.sampled_from(["csv", "jsonl", "tsv"]),
)
def test_whatever_stands_in_a_file_each_row_is_a_mention_or_a_dead_letter(tmp_path_factory, start, rest, kind):
    path = tmp_path_factory.getbasetemp() / f"any.{kind}"
    path.write_bytes(start + rest)
    rows = []
    with suppress(UserError):
        rows = list(read_mentions([path], brand="A"))
    for row in rows:
        verdict = decode(row.key, row.value)
        assert isinstance(verdict, Mention) == (row.problem is None) == (row.time is not None)


# ---------------------------------------------------------------------------------------------------------- real data


def test_every_real_table_of_mentions_is_read_with_99_percent_of_its_rows(shared_data):
    paths = [path for path in sorted((shared_data / "mentions").glob("*.csv")) if "volume" not in path.name]
    assert paths
    for path in paths:
        records, report = load([path])
        print(f"{path.name}: {report.good:,} of {len(records):,} rows good")
        assert report.good >= 0.99 * len(records) > 0
        with path.open("rb") as file:
            assert len(records) == sum(1 for _ in file) - 1


def test_a_table_in_latin_1_is_told_with_what_to_do(table):
    says(
        [table("id,created_at,text\n1,2020-01-01T00:00:00Z,café\n".encode("latin-1"))],
        "not in UTF-8",
        "iconv -f windows-1252",
    )
