"""A short chaos run; ``make chaos`` is the long one."""

from pathlib import Path

from benchmarks.chaos.accounting import failures
from benchmarks.chaos.experiment import run
from benchmarks.chaos.pack import QUICK


def test_faults_lose_and_repeat_nothing(tmp_path: Path) -> None:
    result = run(kills=5, seed=55, rate=1_500, folder=tmp_path, pack=QUICK)
    assert failures(result) == []
    assert result["sent"] == result["stored"] > 0
    assert sum(result["faults"].values()) == 5
