"""Snapshots of what labels taught: taken up where they fit, passed over where they do not."""

from __future__ import annotations

import functools

import pytest

from detectors.text.feedback import Feedback, FeedbackState, fold
from detectors.text.model import TextModel
from streams.feedback import snapshots

SOURCE = "topic-1"


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


@functools.cache
def _bytes(model: TextModel, count: int) -> bytes:
    state = FeedbackState(base=model.warm)
    if count > 50:
        state = FeedbackState.from_bytes(_bytes(model, count - 50))
    for n in range(state.read, count):
        text = f"word{n} and thing{n * 7} of krogat"
        state = fold(
            state,
            Feedback(f"x:{n}", "Acme", "negative" if n % 3 else "neutral", f"p{n % 4}", model.features(text, "en")),
            model,
        )
    return state.to_bytes()


def taught(model: TextModel, count: int) -> FeedbackState:
    return FeedbackState.from_bytes(_bytes(model, count))


def choose(records: dict[bytes, bytes], model: TextModel, **other: object) -> snapshots.Found | None:
    arguments = {"source": SOURCE, "base": model.warm, "end": 10_000} | other
    return snapshots.choose(records, **arguments)  # type: ignore[arg-type]


def test_what_is_written_is_taken_up_again_byte_for_byte(model: TextModel) -> None:
    state = taught(model, 200)
    assert snapshots.due(state) and not snapshots.due(taught(model, 150))
    found = choose(dict(snapshots.encode(state, 207, SOURCE)), model)
    assert found is not None and found.offset == 207
    assert found.state.digest == state.digest and found.state.to_bytes() == state.to_bytes()
    assert snapshots.encode(found.state, 207, SOURCE) == snapshots.encode(state, 207, SOURCE)


def test_the_furthest_whole_one_counts_also_when_the_writer_died_half_way(
    model: TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "PART_BYTES", 5_000)
    topic: dict[bytes, bytes] = {}
    for count in (100, 200):
        topic |= dict(snapshots.encode(taught(model, count), count, SOURCE))
    third = snapshots.encode(taught(model, 300), 300, SOURCE)
    assert len(third) > 3
    for written in range(len(third) + 1):
        found = choose(topic | dict(third[:written]), model)
        assert found is not None
        assert found.offset == (300 if written == len(third) else 200)


@pytest.mark.parametrize(
    "other",
    [{"source": "topic-2"}, {"base": "0" * 12}, {"end": 50}],
    ids=lambda other: next(iter(other)),
)
def test_one_that_does_not_fit_is_passed_over(model: TextModel, other: dict[str, object]) -> None:
    records = dict(snapshots.encode(taught(model, 100), 100, SOURCE))
    assert choose(records, model) is not None
    assert choose(records, model, **other) is None


def test_damage_is_noticed_at_every_byte_and_by_other_rules(model: TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    ((key, value),) = snapshots.encode(taught(model, 100), 100, SOURCE)
    for place in [*range(12), *range(12, len(value), 997), len(value) - 1]:
        torn = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
        assert choose({key: torn}, model) is None, place
    for cut in (b"", b"TF", value[:-1]):
        assert choose({key: cut}, model) is None
    monkeypatch.setattr(snapshots, "RULES", 99)
    assert choose({key: value}, model) is None


def test_left_over_parts_of_a_larger_one_do_no_harm(model: TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PART_BYTES", 5_000)
    before = snapshots.encode(taught(model, 300), 900, "an older topic")
    after = snapshots.encode(taught(model, 100), 100, SOURCE)
    assert len(before) > len(after)
    found = choose(dict(before) | dict(after), model)
    assert found is not None and found.offset == 100
