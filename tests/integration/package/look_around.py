"""Run by the Python of a fresh environment: what is installed there, what can be imported, which commands help."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from importlib.metadata import distributions

import click
from click.testing import CliRunner

from taskstream import __version__, extras
from taskstream.cli.main import cli

FOREIGN = {"pip", "taskstream"}
# Their libraries look for a display when they are imported.
DESKTOP = "collectors.sources.x11."


def modules(package: str) -> list[str]:
    """Every module below a package, itself included."""
    path = importlib.import_module(package).__path__
    found = [each.name for each in pkgutil.walk_packages(path, package + ".")]
    return [package, *(name for name in found if not name.startswith(DESKTOP) and not name.endswith("__main__"))]


def load(name: str) -> None:
    """Import a module; only what belongs to an extra that is not installed here may be missing."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        lacking = {module for extra in extras.missing() for module in extras.MODULES[extra]}
        if (error.name or "").split(".")[0] not in lacking:
            raise


def main(packages: list[str]) -> None:
    """Print it as one JSON object."""
    context = click.Context(cli)
    helped = {name: CliRunner().invoke(cli, [name, "--help"]).exit_code for name in cli.list_commands(context)}
    before = set(sys.modules)
    for package in packages:
        for name in modules(package):
            load(name)
    names = {each.metadata["Name"].lower().replace("_", "-").replace(".", "-") for each in distributions()}
    seen = {
        "version": __version__,
        "file": extras.__file__,
        "installed": sorted(names - FOREIGN),
        "lacking": extras.missing(),
        "helped": helped,
        "imported": len(set(sys.modules) - before),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1:])
