"""On five brands' real counts with labelled windows (NAB realTweets), with the shipped constants."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

from detectors.counts_file import OUT_HEADER, detect, read_counts


@pytest.mark.slow
def test_the_shipped_constants_hold_what_the_documentation_says(shared_data, tmp_path):
    scorer = shared_data.parent / "bench" / "score_volume.py"
    if not scorer.exists():
        pytest.skip(f"no scorer at {scorer}")
    for path in sorted((shared_data / "volume" / "data" / "realTweets").glob("*.csv")):
        with path.open(newline="") as source, (tmp_path / path.name).open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(OUT_HEADER)
            writer.writerows(row.fields() for row in detect(read_counts(source, path.name), path.name))
    command = [sys.executable, str(scorer), str(tmp_path), "--truth", str(shared_data / "volume"), "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert found["standard"] >= 82
    assert found["reward_low_FP_rate"] >= 75
    assert found["reward_low_FN_rate"] >= 87
    assert found["windows_hit"] >= 16
    assert found["false_alarms_per_brand_week"] <= 0.6
    assert found["shifted_control"] < 25
