"""One lesson, in a process of its own: ``python -m streams.catalogue.lesson`` reads it and writes what was learned.

Learning from all that is kept takes seconds, compiled code lets no other thread run meanwhile, and what it does wrong
ends no catalogue.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Final

import msgspec

from streams.catalogue.teacher import Job, LearnedTables
from streams.discovery.semimarkov.teaching import of_version, teach
from taskstream.faults import place_of

NICENESS: Final = 5
"""What a catalogue has to do meanwhile comes first."""


def learn(job: Job) -> LearnedTables:
    """What is to be made public; whatever fails is told."""
    try:
        tables = teach(job.tenant, job.version, job.people, job.known)
        return LearnedTables(
            b"" if tables and job.known and of_version(tables, job.known_version) == job.known else tables
        )
    except Exception as error:  # noqa: BLE001  # whatever it is: the catalogue says it and goes on
        return LearnedTables(failed=place_of(error))


def main() -> None:
    """Nobody may be there to read the answer: then it is lost, in silence."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    except msgspec.DecodeError:
        return
    answer = msgspec.msgpack.encode(learn(job))
    with contextlib.suppress(OSError):
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    os._exit(0)  # without a word about a pipe that is closed


if __name__ == "__main__":
    main()
