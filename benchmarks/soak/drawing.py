"""The curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.soak.samples import Sample


def curves(samples: Sequence[Sample], what: str) -> dict[str, tuple[list[float], list[float]]]:
    """By part: running time (seconds) and bytes. ``what``: memory or disk."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for sample in samples:
        for name, value in getattr(sample, what).items():
            times, values = found.setdefault(name, ([], []))
            times.append(sample.at_s)
            values.append(value)
    return found


def draw(samples: Sequence[Sample], file: Path) -> None:
    """Memory and disk over time; the format is that of the file's name. The same samples give the same bytes."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "soak"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
    for axis, what in zip(axes, ("memory", "disk"), strict=True):
        for name, (times, values) in curves(samples, what).items():
            axis.plot([time / 3600 for time in times], [value / 1e6 for value in values], label=name, linewidth=1)
        axis.set_ylim(bottom=0)
        axis.set_xlabel("hours")
        axis.set_ylabel(f"{what}, MB")
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)
