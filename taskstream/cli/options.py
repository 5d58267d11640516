"""Options that many commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import click

from taskstream.settings import load

_REACHING: Final = {
    "kafka": (
        "kafka_security_protocol", "kafka_ca", "kafka_certificate", "kafka_key", "kafka_key_password_file",
        "kafka_sasl_mechanism", "kafka_user", "kafka_password_file", "kafka_token_command",
    ),
    "clickhouse": (
        "clickhouse_user", "clickhouse_password", "clickhouse_password_file", "clickhouse_ca", "clickhouse_certificate",
        "clickhouse_key",
    ),
}  # fmt: skip
_HIDDEN: Final = frozenset(
    {*_REACHING["kafka"], "clickhouse_password_file", "clickhouse_ca", "clickhouse_certificate", "clickhouse_key"}
)


def with_settings(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: gives the command ``--home`` and an option for each setting in ``names``, and passes ``settings``.

    ``names`` are fields of :class:`taskstream.settings.Settings`, such as ``kafka`` or ``k``; the option is
    the name with dashes, its help the setting's description. ``kafka`` and ``clickhouse`` bring with them all settings
    of how the service is reached; those for TLS and logins are not in the help, which they would fill, and secrets are
    given by the environment or by files, since a command line can be read by every user of the machine.
    """
    from taskstream.settings import Settings

    names = tuple(dict.fromkeys([*names, *(more for name in names for more in _REACHING.get(name, ()))]))

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
                f"--{name.replace('_', '-')}", f"setting_{name}", type=kind, default=None, help=field.description,
                hidden=name in _HIDDEN,
            )(wrapped)  # fmt: skip
        return click.option(
            "--home", "setting_home", type=click.Path(), default=None, help="folder of all data kept here"
        )(wrapped)

    return decorate
