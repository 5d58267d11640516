"""The topics that a session works with: which creation of each, as far as it is known."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Final

from taskstream.kafka.topic_watch import TopicWatch

LOOK_S: Final = 0.1


class SeenTopics:
    """Ids of topics (named without the deployment's prefix). What is taken over stays until somebody looks again.

    The watch may not know an id yet, or no longer, and learns of another one at any time: so the session's own
    knowledge, of which its positions are, is kept apart from the watch's.
    """

    def __init__(self, watch: TopicWatch, prefix: str) -> None:
        self._watch = watch
        self._prefix = prefix
        self._ids: dict[str, str] = {}

    def begin(self, names: Iterable[str], timeout_s: float) -> None:
        """Take over the ids of ``names``, once they are known or Kafka has answered; wait at most ``timeout_s``."""
        wanted = list(names)
        deadline = time.monotonic() + timeout_s
        while not self._watch.has_answered and not all(self._now(name) for name in wanted):
            if time.monotonic() >= deadline:
                break
            time.sleep(LOOK_S)
        self.changed(wanted)

    def expect(self, kept: Mapping[str, str]) -> None:
        """Those whose ids are not known yet are to be the ``kept`` ones."""
        self._ids |= {name: found for name, found in kept.items() if not self._ids.get(name, found)}

    def changed(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` that are another topic than before, each told once. What was not known is taken over."""
        found = []
        for name in names:
            before, now = self._ids.get(name, ""), self._now(name)
            if before and now and before != now:
                found.append(name)
            self._ids[name] = now or before
        return found

    def ids(self) -> dict[str, str]:
        """Topic → id, of those that are known."""
        return {name: found for name, found in self._ids.items() if found}

    def _now(self, name: str) -> str:
        return self._watch.id_of(self._prefix + name)
