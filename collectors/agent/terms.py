"""What a recording needs to go on, checked while it runs: the policy in force, and the consent to it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from collectors.agent import consent
from taskstream.errors import TaskstreamError
from taskstream.privacy import policy as policies

_Stamp = tuple[int, int, int] | None


class Terms:
    """The policy in a file and the consent in the home folder. Looking costs two calls of stat."""

    def __init__(self, home: Path, policy_file: Path, k: int, keys: Collection[str] = ()) -> None:
        """Read the policy. ``k`` is this desktop's setting, ``keys`` are those that may sign (none: any).

        Raises:
            InputError: there is no policy with a good signature.
        """
        self.home = home
        self.policy_file = policy_file
        self._policy_stamp = _stamp(policy_file)
        self._consent_stamp: _Stamp = None
        self.verified = policies.read(policy_file, keys)
        self.policy = self.verified.policy
        self.k = min(k, self.policy.k)
        """The floor that consent is asked for."""

    def lacking(self) -> str:
        """Why consent must be asked for; empty when it is given."""
        return consent.lacking(consent.read(self.home), self.verified.sha256, self.k)

    def withdrawn(self) -> bool:
        """Whether the consent no longer holds: its file is gone, or says something else."""
        stamp = _stamp(consent.file_of(self.home))
        if stamp is not None and stamp == self._consent_stamp:
            return False
        self._consent_stamp = stamp
        return bool(self.lacking())

    def require(self, now_ms: int) -> None:
        """See that the policy still is the one agreed to.

        Raises:
            TaskstreamError: it has expired, or its file has changed or gone.
        """
        if self.policy.expired(now_ms):
            raise TaskstreamError(
                f"the policy {self.policy.name} expired on {self.policy.valid_until}: nothing is recorded until "
                f"{self.policy_file} holds a newer one"
            )
        if _stamp(self.policy_file) != self._policy_stamp:
            raise TaskstreamError(
                f"the policy in {self.policy_file} was changed: nothing is recorded until it is agreed to "
                "(`taskstream collect` asks)"
            )


def _stamp(path: Path) -> _Stamp:
    """What changes when a file is written; None when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
