"""``taskstream schema``: the contract as JSON Schema."""

from __future__ import annotations

import click
import orjson

from taskstream.events import json_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema of what a desktop may send (EventBatch, version 1)."""
    click.echo(orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2))
