"""Bytes a row takes in ``ui_events``: a simulated month of an office, merged.

python -m benchmarks.storage [--people 10] [--events 1000000] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import ending
from benchmarks.sink_load import batches, messages
from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from sinks.clickhouse.blocks.event_block import EventBlock
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.store import Store
from sinks.connect import connect
from taskstream.endpoints import Endpoints

BLOCK_ROWS = 50_000


def measure(people: int, events: int) -> dict[str, Any]:
    """Bytes a row, in all and by column (compressed, on disk)."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedClickHouse(Path(folder) / "data") as server:
        endpoints = Endpoints("", server.url, server.user, server.password)
        migrate(connect(endpoints), "storage")
        client = connect(endpoints, "storage", timeout_s=600)
        store = Store(client)
        block, n = EventBlock(), 0
        for message in messages(batches(events, 20, people=people), 1)[0]:
            block.add(message)
            if block.rows >= BLOCK_ROWS:
                block.seal()
                store.insert("ui_events", block.build(), f"{n}")
                block, n = EventBlock(), n + 1
        block.seal()
        if block.rows:
            store.insert("ui_events", block.build(), f"{n}")
        client.command("OPTIMIZE TABLE ui_events FINAL")
        rows, size = client.query(
            "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts "
            "WHERE active AND database = 'storage' AND table = 'ui_events'"
        ).result_rows[0]
        columns = client.query(
            "SELECT column, sum(column_bytes_on_disk) AS size FROM system.parts_columns "
            "WHERE active AND database = 'storage' AND table = 'ui_events' GROUP BY column ORDER BY size DESC"
        ).result_rows
    return {
        "rows": rows,
        "bytes_per_row": size / rows,
        "columns": {name: column_size / rows for name, column_size in columns},
    }


def main() -> None:
    """Measure, print, and write JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures = measure(asked.people, asked.events)
    print(f"bytes_per_row {figures['bytes_per_row']:.2f} ({figures['rows']:,} rows)")
    for name, size in figures["columns"].items():
        print(f"  {name:16} {size:6.2f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    ending.run(main)
