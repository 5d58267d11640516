"""Writes docs/reference/*.md from the declarations in the code; ``--check`` only compares and fails on a difference."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import SecretStr

from taskstream import metrics
from taskstream.settings import GROUPS
from taskstream.topics import ALL

FOLDER = Path(__file__).parent / "reference"
HEAD = "<!-- made by `python docs/generate.py` from {source}; do not edit -->\n\n"


def settings_page() -> str:
    """The table of all settings."""
    rows = ["# Settings", "", "Command line, then environment (`TASKSTREAM_` and the name in capitals), then"]
    rows += ["`taskstream.toml` in the home folder, then the default. Secrets are given by the environment or by files"]
    rows += ["(`..._file`): a command line can be read by every user of the machine.", ""]
    for group in GROUPS:
        rows += [f"## {(group.__doc__ or '').splitlines()[0].rstrip('.')}", ""]
        rows += ["| setting | default | what |", "|---|---|---|"]
        for name, field in group.model_fields.items():
            secret = isinstance(field.default, SecretStr)
            default = "(the user's folder)" if field.default_factory else "''" if secret else repr(field.default)
            rows.append(f"| `{name}` | `{default}` | {field.description} |")
        rows.append("")
    rows.pop()
    return HEAD.format(source="taskstream/settings.py") + "\n".join(rows) + "\n"


def topics_page() -> str:
    """The table of all topics."""
    rows = [
        "# Topics",
        "",
        "Names without the prefix (default `taskstream.`). `taskstream topics apply` creates them.",
        "",
    ]
    rows += [
        "| topic | record | key | partitions | kept | largest message | written by | read by | what |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for topic in ALL:
        kept = "compacted" if topic.compacted else f"{topic.retention_ms // 86_400_000} d"
        partitions = "as ui-events" if topic.partitions == "input" else str(topic.partitions)
        cells = [f"`{topic.name}`", topic.record or "bytes", topic.key, partitions, kept, f"{topic.message_bytes:,} B"]
        cells += [", ".join(topic.writers), ", ".join(topic.readers), topic.purpose]
        rows.append("| " + " | ".join(cells) + " |")
    return HEAD.format(source="taskstream/topics.py") + "\n".join(rows) + "\n"


def metrics_page() -> str:
    """The table of all metrics."""
    rows = ["# Metrics", "", "Each process serves `/metrics`, `/health` and `/ready` on loopback.", ""]
    rows += ["| metric | type | labels | what |", "|---|---|---|---|"]
    for metric in vars(metrics).values():
        if hasattr(metric, "_documentation"):
            name = metric._name + ("_total" if metric._type == "counter" else "")
            labels = ", ".join(metric._labelnames)
            rows.append(f"| `{name}` | {metric._type} | {labels} | {metric._documentation} |")
    return HEAD.format(source="taskstream/metrics.py") + "\n".join(rows) + "\n"


PAGES = {"settings.md": settings_page, "topics.md": topics_page, "metrics.md": metrics_page}


def main(check: bool) -> int:
    """Write the pages, or compare them; returns the number of pages that differ."""
    FOLDER.mkdir(exist_ok=True)
    stale = [
        name for name, page in PAGES.items() if not (FOLDER / name).is_file() or (FOLDER / name).read_text() != page()
    ]
    for name in stale:
        if check:
            print(f"docs/reference/{name} is not what the code says: run `python docs/generate.py`")
        else:
            (FOLDER / name).write_text(PAGES[name]())
    return len(stale) if check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
