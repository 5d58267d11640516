"""Which policies a worker accepts batches of."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from taskstream.errors import UsageError
from taskstream.privacy import policy as policies
from taskstream.settings import Settings
from taskstream.topics import CLEAN, DAY_MS, UI_EVENTS

NONE: Final = "none"
"""In the setting: batches without a policy, as simulations and replays make them."""
KEPT_DAYS: Final = max(UI_EVENTS.retention_ms, CLEAN.retention_ms) // DAY_MS
"""Days for which Kafka keeps events."""


def resolved(settings: Settings) -> Settings:
    """Settings whose ``accepted_policies`` holds hashes (and :data:`NONE`) in the place of files.

    Raises:
        UsageError: a name is neither hash nor file, or the installation does not keep what the policy promises.
        InputError: a file holds no policy with a good signature.
    """
    names = [name.strip() for name in settings.accepted_policies.split(",") if name.strip()]
    hashes = [_hash(name, settings) for name in names]
    return settings.model_copy(update={"accepted_policies": ",".join(hashes)})


def _hash(name: str, settings: Settings) -> str:
    if name == NONE or (len(name) == 64 and set(name) <= set("0123456789abcdef")):
        return name
    path = Path(name).expanduser()
    if not path.is_file():
        raise UsageError(
            f"setting accepted_policies: {name!r} is no file, no hash (64 hexadecimal digits) and not none"
        )
    verified = policies.read(path, policies.keys_of(settings.policy_keys))
    if settings.k < verified.policy.k:
        raise UsageError(
            f"{path} promises results of {verified.policy.k} people or more; the setting k is {settings.k}"
        )
    if verified.policy.retention_days < KEPT_DAYS:
        raise UsageError(
            f"{path} promises that events are gone after {verified.policy.retention_days} days; "
            f"the topics keep them {KEPT_DAYS}"
        )
    return verified.sha256
