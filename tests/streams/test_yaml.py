"""Files that are meant to break their reader: each is told in one line, in no time."""

from __future__ import annotations

import inspect
import sys
import time
from pathlib import Path

import pytest

from streams.cli import main
from streams.errors import UserError
from streams.structured import load_yaml
from streams.yaml_bounds import DEEPEST, MOST, out_of_bounds

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
FILES = {
    "a bomb of aliases": BOMB,
    "a bomb in a place that is read": BOMB + "people: *a11\nchains: *a11\nbrands: *a11\nmodel: *a11\n",
    "a list within itself": "people: &p [*p]\nbrands: *p\n",
    "a mapping within itself": "people: &p {alice: *p}\nbrands: [*p]\n",
    "ten thousand brackets": "people: " + "[" * 10_000,
    "nested to the depth": "people: " + "[" * 3_000 + "]" * 3_000,
    "mappings to the depth": "people: " + "{a: " * 3_000 + "}" * 3_000,
    "indented to the depth": "people:\n" + "\n".join(" " * n + "a:" for n in range(1, 1_000)),
    "a chain of aliases": "people: [&a0 [x], " + ", ".join(f"&a{n} [*a{n - 1}]" for n in range(1, 600)) + "]\n",
    "a Python object": "people: !!python/object/apply:os.system ['touch ran']\n",
    "a Python name": "people: !!python/name:os.system\n",
    "a Python tuple": "people: !!python/tuple [a]\n",
    "a tag of one's own": "people: !include /etc/passwd\n",
    "a key twice": "people: {a: {channels: []}}\npeople: {}\n",
    "a key twice inside": "people: {a: {channels: []}, a: {channels: []}}\nweb: {port: 1, port: 2}\n",
    "merged": "base: &b {a: 1}\npeople: {<<: *b}\n",
    "a number of ten thousand digits": "version: " + "9" * 10_000 + "\nlateness_seconds: " + "9" * 10_000,
    "a list as a key": "? [a, b]\n: c\n",
    "bytes": "people: !!binary aGVsbG8=\nmodel: !!binary aGVsbG8=\n",
    "merged into itself": "people: &p {a: 1, <<: *p}\n",
    "a bomb of merges": "b0: &b0 {"
    + ", ".join(f"k{n}: 1" for n in range(9))
    + "}\n"
    + "".join(f"b{n}: &b{n} {{<<: [{', '.join([f'*b{n - 1}'] * 9)}]}}\n" for n in range(1, 12)),
    "an empty number": "version: !!int ''\npeople: !!int ''\n",
    "no truth": "people: !!bool x\n",
    "no time": "people: !!timestamp x\n",
    "two documents": "people: {}\n---\npeople: {}\n",
    "nothing printable": "people: \x01\x02\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_made_to_break_its_reader_is_told_in_a_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.yaml").write_text(FILES[name])
    began = time.process_time()
    for command in (["policy", "check", "file.yaml"], ["topics", "list", "--config", "file.yaml"]):
        assert main(command) in {1, 2}
        out, err = capsys.readouterr()
        lines = (out + err).strip().splitlines()
        assert lines and all(len(line) < 400 for line in lines), lines
        assert "Traceback" not in out + err
    assert time.process_time() - began < 5
    assert not (tmp_path / "ran").exists()


def test_a_large_file_that_is_none_of_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text(
        "brands:\n" + "".join(f"  - {{name: B{n}, keywords: [a{n}, b{n}]}}\n" for n in range(2_000))
    )
    assert len(load_yaml(tmp_path / "large.yaml")["brands"]) == 2_000
    assert out_of_bounds([0] * (MOST - 1)) is None and out_of_bounds([0] * (MOST + 1))
    (tmp_path / "bomb.yaml").write_text(BOMB)
    with pytest.raises(UserError, match=r"bomb\.yaml: more than 200000 values once its aliases"):
        load_yaml(tmp_path / "bomb.yaml")


def test_what_lies_too_deep_is_told_with_its_place_before_the_stack_is_used_up(tmp_path: Path) -> None:
    file = tmp_path / "deep.yaml"
    file.write_text("a: " + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1))
    assert load_yaml(file)["a"]
    file.write_text("a:\n  " + "[" * 10_000)
    used = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 4 * DEEPEST)
    try:
        with pytest.raises(UserError, match=r"deep\.yaml:2:53: not YAML: more than 50 lists or mappings within"):
            load_yaml(file)
    finally:
        sys.setrecursionlimit(used)
