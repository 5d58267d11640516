"""Writes docs/reference/*.md from the declarations in the code, and the lines of new files into the maps.

``--check`` only compares, and fails on a difference.
"""

from __future__ import annotations

import sys
from pathlib import Path

import maps
from pydantic import SecretStr

from collectors.importers.meaning.known_tables import KNOWN_TABLES
from collectors.importers.meaning.vocabulary import ACTIONS, FIELDS
from taskstream import metrics
from taskstream.settings import GROUPS
from taskstream.topics import ALL

FOLDER = Path(__file__).resolve().parent / "reference"
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
        kept = f"{topic.retention_ms // 86_400_000} d"
        if topic.compacted:
            kept = f"compacted, deletions {topic.tombstones_ms // 3_600_000} h"
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


def logs_page() -> str:
    """The formats, columns and actions of logs."""
    rows = ["# Logs that are read", "", LOGS, "", "## Columns", ""]
    rows += ["Names are compared in lower case, without blanks, dots, colons, hyphens and underscores. Of several"]
    rows += ["columns for one field the first of the list is read that holds something.", ""]
    rows += ["| field | what | columns |", "|---|---|---|"]
    rows += [f"| `{one.name}` | {one.what} | {', '.join(f'`{name}`' for name in one.columns)} |" for one in FIELDS]
    rows += ["", "## Tables known by their columns", ""]
    rows += ["| kind | has (one of each group) | means there |", "|---|---|---|"]
    for known in KNOWN_TABLES:
        has = "; ".join(" or ".join(f"`{name}`" for name in group) for group in known.has)
        means = ", ".join(f"`{name}` = {field or 'not read'}" for name, field in known.columns)
        rows.append(f"| {known.name} | {has} | {means or 'as above'} |")
    rows += ["", "## Actions", "", "Letters alone count. An action that is not listed is taken as a step of its own"]
    rows += ["and named in the report.", "", "| kind of event | actions |", "|---|---|"]
    for kind in dict.fromkeys(kind for kind, _ in ACTIONS.values()):
        rows.append(f"| `{kind}` | {', '.join(f'`{name}`' for name, (of, _) in ACTIONS.items() if of == kind)} |")
    return HEAD.format(source="collectors/importers/meaning/") + "\n".join(rows) + "\n"


LOGS = """\
`taskstream mine LOG…` finds repetitive work in log files, `taskstream replay LOG…` sends them through the pipeline.
What a file is is told by its content, never by its name: tables in text (`,` `;` tab `|`, `sep=`; UTF-8, UTF-16,
Windows-1252), workbooks (`.xlsx`) and Parquet (both with the extra `logs`), flat JSON objects one a line or in an
array, XES, OCEL 2.0 (JSON, XML, SQLite), ActivityWatch (server or export), and Taskstream's own JSON lines; all of
them also in gzip or zip, of which every log is read.

Nothing is guessed in silence. Both commands print, and give with `--json` under `reading`, what a log was taken for:
format, encoding, separator, columns read and left out, how times are written, their zone and resolution, people, rows
read, skipped (with the first line and the reason) and repeated, actions that are not known.

| exit code | what |
|---|---|
| 0 | all was read |
| 6 | the work was done, but a part could not be read: which and why is told |
| 3 | refused: something essential cannot be read; the message has the column, a sample and the option that would help |

| option | what |
|---|---|
| `--explain` (of `mine`) | show how the log is understood: its first rows, and a mapping file that says the same |
| `--map FIELD=COLUMN` | read a column as a field below; `--map FIELD=` leaves the field out |
| `--mapping M.toml` | such lines under `[columns]`, and the options below, as `timezone`, `date_order` … |
| `--timezone ZONE` | of times that name none (default UTC); in the hour that comes twice a person's rows before tell |
| `--date-order` | `day-first`, `month-first` or (`24-03-05`) `year-first`, where no value of the column tells |
| `--date` | the first day, for logs that hold times of day alone; where these step back, the next day begins |
| `--encoding` | where the bytes do not tell |
| `--order file` | keep the file's order, where times are wrong; by default rows are put in the order of their times |
| `--person-per-file` | each file is one person's; else columns tell people, and files never count as people |

Times: ISO 8601 in its variants, day first or month first (told by all values of the column; refused with both
readings where they leave it open over several dates), 12 hours, names of months and weekdays in English, German,
French, Spanish, Italian, Dutch and Portuguese, named zones and offsets, the times of web servers
(`27/Nov/2026:19:50:23 +0000`), date and time in two columns, seconds, milliseconds, microseconds and nanoseconds since
1970, serial days of spreadsheets. Beside a date, a time of day may be digits alone, also without zeros in front
(`93015` as SAP writes 9:30:15), or count seconds or milliseconds since midnight, where it rises within a day.

Rows that name nobody (an empty cell, `NULL`, `NaN`, `None`, `n/a`) belong to who held the value they name at most 20
rows before, else to the person of the row before: in the file, or by time where the file is in no order. Names that
differ in case alone are one person; who stands in skipped rows alone is nobody.

Rows with more or fewer values than there are columns are skipped, unless the file's first rows show that it ends its
rows with a separator or leaves out empty cells at the end. Sheets of one workbook with the same columns are read
together. Files of an archive that are no logs are passed over and told.

A file given twice is read once. Rows that two files share (times finer than a second), and a stretch of at
least 20 times that one file holds twice, are read once and counted as repeated.

What `replay` sends on holds no content: values become digest, length and form; window titles pass through the rules
for screens (those of the policy, and common words), labels, sheets, addresses and paths through an allow-list of words
(more in `labels.txt` in the home folder, one a line). Any other name becomes a token such as `x482k913`, a hash by
a key that the run forgets."""

PAGES = {"logs.md": logs_page, "settings.md": settings_page, "topics.md": topics_page, "metrics.md": metrics_page}


def main(check: bool) -> int:
    """Write pages and maps, or compare them; returns how many differ."""
    FOLDER.mkdir(exist_ok=True)
    made = {FOLDER / name: page() for name, page in PAGES.items()}
    made |= {folder / "__init__.py": maps.updated(folder) for folder in maps.packages()}
    stale = [path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(maps.ROOT)} is not what the code says: run `python docs/generate.py`")
        else:
            path.write_text(made[path], encoding="utf-8")
    return len(stale) if check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
