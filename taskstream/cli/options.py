"""Options that many commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from taskstream.settings import load


def with_settings(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: gives the command ``--home`` and an option for each setting in ``names``, and passes ``settings``.

    ``names`` are fields of :class:`taskstream.settings.Settings`, such as ``kafka`` or ``k``; the option is
    the name with dashes, its help the setting's description.
    """
    from taskstream.settings import Settings

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            given = {name: kwargs.pop(f"setting_{name}") for name in ("home", *names)}
            return function(*args, settings=load(**given), **kwargs)

        wrapped: Callable[..., Any] = wrapper
        for name in reversed(names):
            field = Settings.model_fields[name]
            kind = field.annotation if field.annotation in (int, float) else str
            wrapped = click.option(
                f"--{name.replace('_', '-')}", f"setting_{name}", type=kind, default=None, help=field.description
            )(wrapped)
        return click.option(
            "--home", "setting_home", type=click.Path(path_type=Path), default=None, help="folder of all data kept here"
        )(wrapped)

    return decorate
