"""`tocsin feedback` on a broker: labels by id, by file, what cannot be one, and the posts to label next."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import EmbeddedBroker
from detectors.text.feedback import Feedback as Lesson
from detectors.text.feedback import FeedbackState, Taken, fold
from detectors.text.model import TextModel
from schemas import topics
from schemas.events import Feedback, decoder
from schemas.times import from_ms
from streams import consoles, topics_admin
from streams.cli import main
from streams.engine.records import Write
from streams.feedback import lookup
from streams.feedback.labels import lesson
from streams.settings import load

READ = decoder(Feedback)
TOWNS = ("Lille", "Lyon", "Leeds", "Cork", "Bath")
"""Words, not numbers: posts that differ in a number alone are copies to the model."""


class Desk:
    """A person at a terminal, with topics of their own."""

    def __init__(self, broker: EmbeddedBroker, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.config = folder / "tocsin.yaml"
        self.config.write_text(
            json.dumps(
                {
                    "broker": {"bootstrap": broker.bootstrap, "embedded": True},
                    "topic_prefix": f"fb{random.getrandbits(32):x}.",
                    "partitions": {"mentions": 3, "scored": 1},
                    "brands": [{"name": "Acme"}, {"name": "Nimbrook"}],
                }
            )
        )
        self.settings = load(self.config)
        topics_admin.create(self.settings)

    def say(self, *arguments: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        status = main(["feedback", *arguments, "--config", str(self.config)])
        said = self.capsys.readouterr()
        return status, said.out, said.err

    def post(self, number: int, text: str | None, partition: int | None = None, **more: Any) -> None:
        body = {
            "platform": "x",
            "id": str(number),
            "created_at": from_ms(int(time.time() * 1e3)).isoformat(),
            "text": text,
        }
        value = None if text is None else json.dumps(body | more).encode()
        consoles.write_all(self.settings, [Write(topics.MENTIONS.name, f"x:{number}".encode(), value, partition)])

    def labels(self) -> list[Feedback]:
        return [READ.decode(record.value) for record in consoles.read_all(self.settings, topics.FEEDBACK)]


@pytest.fixture
def desk(embedded: EmbeddedBroker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(embedded, tmp_path, capsys)


def test_a_label_by_id_takes_the_text_as_it_now_is_wherever_it_lies(desk: Desk) -> None:
    desk.post(1, "I hate Acme")
    desk.post(1, "I love Acme", op="update", rev=2)
    desk.post(2, "Acme, bof", partition=0, lang="fr-CA")
    desk.post(3, "Acme gone")
    desk.post(3, None)
    for partition in range(3):  # a producer in another language spreads keys in its own way
        desk.post(10 + partition, f"Acme {partition}", partition=partition)
    found = asyncio.run(lookup.posts(desk.settings, {f"x:{n}" for n in (1, 2, 3, 10, 11, 12, 99)}))
    assert {name: mention.text for name, mention in found.items()} == {
        "x:1": "I love Acme", "x:2": "Acme, bof", "x:10": "Acme 0", "x:11": "Acme 1", "x:12": "Acme 2",
    }  # fmt: skip
    assert desk.say("--brand", "Acme", "--id", "x:1", "--label", "positive", "--as", "ana")[0] == 0
    assert desk.say("--brand", "Acme", "--id", "x:2", "--label", "Neutral", "--as", "ana")[0] == 0
    first, second = desk.labels()
    assert (first.mention_id, first.value, first.author, first.lang) == ("x:1", "positive", "ana", "en")
    assert (second.value, second.lang) == ("neutral", "fr")
    assert first.features and first.layout == second.layout
    status, _, err = desk.say("--brand", "Acme", "--id", "x:3", "--label", "negative")
    assert status == 2 and "--id: x:3 is not in the topic mentions" in err
    assert len(desk.labels()) == 2


def test_a_file_with_a_fault_is_not_sent_at_all(desk: Desk, tmp_path: Path) -> None:
    desk.post(1, "I hate Acme")
    file = tmp_path / "labels.csv"
    rows = ["id,brand,label,text", "x:1,,negative,", "x:2,Nimbrook,POSITIVE,lovely jam", "x:3,,,not labelled"]
    file.write_text("\ufeff" + "\n".join(rows) + "\n", encoding="utf-8")
    status, out, _ = desk.say("--file", str(file), "--brand", "Acme", "--as", "ana", "--json")
    assert status == 0
    assert json.loads(out) == {
        "sent": 2, "brands": ["Acme", "Nimbrook"], "without_label": 1, "author": "ana", "missing": 0,
    }  # fmt: skip
    assert {(e.mention_id, e.brand, e.value) for e in desk.labels()} == {
        ("x:1", "Acme", "negative"), ("x:2", "Nimbrook", "positive"),
    }  # fmt: skip
    for line, complaint in (
        (
            "x:1,Acme,angry,t",
            f"{file}:3: label 'angry' must be one of negative, neutral, positive, or withdrawn to take one back",
        ),
        ("x:1,Nobody,neutral,t", f"{file}:3: brand 'Nobody' is not watched"),
        ("77,Acme,neutral,t", f"{file}:3: id '77' must be platform:id"),
        ("x:1,,neutral,t", f"{file}:3: no brand"),
        ('x:1,Acme,neutral,"never closed', f'{file}:3: a quote (") is opened here and never closed'),
        ('x:1,Acme,neutral,"closed" twice', f'{file}:3: something follows a closing quote (")'),
        ("x:1,Acme,neutral,well, yes", f"{file}:3: 5 columns where the first row has 4; put texts that hold commas"),
        (f"x:{'1' * 3_000},Acme,neutral,t", f"{file}:3: id 'x:111"),
    ):
        file.write_text(f"id,brand,label,text\nx:5,Acme,neutral,fine\n{line}\n")
        status, _, err = desk.say("--file", str(file))
        assert status == 2 and complaint in err and "Traceback" not in err, err
    post = ("--brand", "Acme", "--id", "x:1", "--label", "neutral", "--text", "fine")
    assert "--lang: 'klingon!' is no language tag" in desk.say(*post, "--lang", "klingon!")[2]
    assert "--as: 'aaaa" in desk.say(*post, "--as", "a" * 300)[2]
    assert "--as: is empty" in desk.say(*post, "--as", "   ")[2]
    assert "--as: character 2 of 'a\\udcff' is no character" in desk.say(*post, "--as", "a\udcff")[2]
    assert "--text: character 1 of" in desk.say(*post[:-1], "\ud83d", "--as", "ana")[2]
    assert "--id: missing" in desk.say("--brand", "Acme", "--id", " ", "--label", "neutral")[2]
    file.write_text("id,text\nx:1,t\n")
    assert "no column 'label'" in desk.say("--file", str(file))[2]
    file.write_bytes(b"id,label,text\nx:1,neutral,caf\xe9\n")
    assert "save the file as UTF-8" in desk.say("--file", str(file))[2]
    file.write_text("id,label\nx:1,\n")
    assert "no row has a label" in desk.say("--file", str(file), "--brand", "Acme")[2]
    assert len(desk.labels()) == 2


@pytest.mark.parametrize(
    "text",
    [
        'ID; Label ;TEXT;\r\nx:1;negative;"late; late, late";\r\n;;;\r\nx:2;neutral;fine;\r\n',
        'id\tlabel\ttext\nx:1\tnegative\tlate, late\nx:2\tneutral\tit said ""so\n',
        '\ufeffnote,label,id,text\n,negative,x:1,"two\nlines"\n,neutral,x:2,fine\n',
    ],
)
def test_a_file_may_be_as_spreadsheets_write_it(desk: Desk, tmp_path: Path, text: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text, encoding="utf-8", newline="")
    assert desk.say("--file", str(file), "--brand", "Acme", "--as", "ana")[0] == 0
    assert [(e.mention_id, e.value) for e in desk.labels()] == [("x:1", "negative"), ("x:2", "neutral")]


def test_posts_that_are_not_there_are_named_and_the_others_sent(desk: Desk, tmp_path: Path) -> None:
    desk.post(1, "I hate Acme")
    desk.post(2, " ")
    file = tmp_path / "labels.csv"
    file.write_text("id,label\nx:77,neutral\nx:1,negative\nx:2,neutral\n")
    status, out, err = desk.say("--file", str(file), "--brand", "Acme", "--as", "ana")
    assert status == 1 and "1 label(s) for Acme sent" in out
    assert f"{file}:2: id x:77 is not in the topic mentions" in err
    assert f"{file}:4: id x:2 has no text: there is nothing to learn from" in err and "2 label(s) not sent" in err
    assert [e.mention_id for e in desk.labels()] == ["x:1"]
    file.write_text("id,label\nx:77,neutral\n")
    status, _, err = desk.say("--file", str(file), "--brand", "Acme", "--as", "ana")
    assert status == 2 and "x:77 is not in the topic" in err and len(desk.labels()) == 1


def test_a_label_is_corrected_and_withdrawn(desk: Desk) -> None:
    desk.post(1, "I hate Acme")
    post = ("--brand", "Acme", "--id", "x:1", "--as", "ana", "--label")
    state, model = FeedbackState(), TextModel.load()
    for value in ("neutral", "negative", "withdrawn"):
        assert desk.say(*post, value)[0] == 0
    for record in consoles.read_all(desk.settings, topics.FEEDBACK):
        taught = lesson(record.value)
        assert isinstance(taught, Lesson)
        fold(state, taught, model)
    assert state.outcomes == {Taken.LEARNT: 1, Taken.CORRECTED: 1, Taken.WITHDRAWN: 1}


def test_who_has_no_login_name_is_asked_for_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_123_456)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    status, _, err = desk.say("--brand", "Acme", "--id", "x:1", "--label", "neutral")
    assert status == 2 and "--as: missing" in err


def test_suggested_posts_are_filled_in_and_not_suggested_again(desk: Desk, tmp_path: Path) -> None:
    said = ["is late", "was great", "is broken and rude", "opens at nine", "is an awful joke", "made my day", "=cmd()"]
    for number in range(28):
        desk.post(number, f"Acme {said[number % 7]} in {TOWNS[number % 5]}")
    desk.post(90, "Nimbrook is awful")
    desk.post(91, "nobody is named here")
    status, out, _ = desk.say("suggest", "--brand", "Acme", "--count", "6", "--json")
    offered = json.loads(out)
    assert status == 0 and len({one["id"] for one in offered}) == 6
    assert {one["brand"] for one in offered} == {"Acme"}
    assert {one["text"] for one in offered} <= {f"Acme {s} in {town}" for s in said for town in TOWNS}
    assert sum(one["stands_for"] for one in offered) == 28
    status, out, _ = desk.say("suggest", "--brand", "Acme", "--count", "6", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["id"] for row in rows] == [one["id"] for one in offered]
    assert all(row["text"].startswith(" ") for row in rows)
    todo = tmp_path / "todo.csv"
    with todo.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | {"label": "negative"} for row in rows)
    assert desk.say("--file", str(todo))[0] == 0
    assert {event.mention_id for event in desk.labels()} == {one["id"] for one in offered}
    again = json.loads(desk.say("suggest", "--json")[1])
    assert not {one["id"] for one in offered} & {one["id"] for one in again}
    assert [one["id"] for one in json.loads(desk.say("suggest", "--brand", "Nimbrook", "--json")[1])] == ["x:90"]
    status, out, err = desk.say("suggest", "--brand", "Acme")
    assert status == 0 and "stands for" in out and "todo.csv" in out
    assert "is not watched" in desk.say("suggest", "--brand", "Nobody")[2]
    status, _, err = desk.say("suggest", "--hours", "0")
    assert status == 2 and "--hours" in err


def test_posts_are_suggested_from_files_without_a_broker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "posts.jsonl"
    body = {"platform": "x", "created_at": "2026-03-06T17:34:11Z", "brand": "Acme"}
    file.write_text(
        "".join(
            json.dumps(body | {"id": str(n), "text": f"krogat {chr(97 + n % 26)}{chr(97 + n // 5)} was late"}) + "\n"
            for n in range(30)
        )
    )
    assert main(["feedback", "suggest", "--mentions", str(file), "--count", "5", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 5
    file.write_text(json.dumps(body | {"id": "[/red]1", "text": "krogat was [/late]"}) + "\n")
    assert main(["feedback", "suggest", "--mentions", str(file)]) == 0
    said = capsys.readouterr().out
    assert "[/red]1" in said and "[/late]" in said
    assert main(["feedback", "suggest", "--mentions", str(file), "--brand", "Other"]) == 1
    assert "nothing to label" in capsys.readouterr().err
    config = tmp_path / "tocsin.yaml"
    config.write_text(json.dumps({"brands": [{"name": "=Krogat", "words": ["krogat"]}, {"name": "Nimbrook"}]}))
    rows = [{"id": "=1", "text": "a krogat is late"}, {"id": "2", "text": "jam"}, {"id": "3", "text": "nimbrook jam"}]
    more = {"platform": "x", "created_at": body["created_at"]}
    file.write_text("".join(json.dumps(more | row) + "\n" for row in rows))
    given = ["feedback", "suggest", "--mentions", str(file), "--config", str(config)]
    assert main([*given, "--json"]) == 0
    assert {(one["id"], one["brand"]) for one in json.loads(capsys.readouterr().out)} == {
        ("x:=1", "=Krogat"), ("x:3", "Nimbrook"),
    }  # fmt: skip
    assert main([*given, "--csv", "--brand", "=Krogat"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["x:=1, =Krogat,,en, a krogat is late"]
    assert main([*given, "--brand", "Other"]) == 2
    assert "--brand: 'Other' is not watched" in capsys.readouterr().err
