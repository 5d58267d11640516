"""Write ``jars.lock``: what Apache Kafka needs to run, with versions and checksums. Run by hand for a new version.

``python -m deploy.local.jars_lock`` resolves the coordinates below and writes what the files are.
Kafka and the logging jars are resolved apart: resolved together, log4j's own bill of materials replaces Kafka's clients
by an older release.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

KAFKA_VERSION = "4.1.1"
LOG4J_VERSION = "2.25.2"
RESOLVED = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J_VERSION}",
)
# Taken without what they depend on: the command line tools need little more than the broker does.
ALONE = (f"org.apache.kafka:kafka-tools:{KAFKA_VERSION}",)
LOCK = Path(__file__).with_name("jars.lock")


def _resolved(context: Any) -> dict[tuple[str, str], str]:
    """Group and artifact to version. Later coordinates win, so that log4j is of one version."""
    versions: dict[tuple[str, str], str] = {}
    for coordinate in RESOLVED:
        given, found = context.resolver.resolve([context.create_dependency(coordinate)])
        for dependency in (*given, *found):
            if dependency.scope in (None, "compile", "runtime") and not dependency.optional:
                versions[dependency.groupId, dependency.artifactId] = dependency.version
    for coordinate in ALONE:
        group, artifact, version = coordinate.split(":")
        versions[group, artifact] = version
    return versions


def _licence(context: Any, pom: Any) -> str:
    """The licences that may be chosen from, as the project names them, or its nearest parent that names any."""
    while pom is not None:
        if names := [str(name) for name in pom.values("licenses/license/name") if name]:
            return " | ".join(names)
        pom = context.pom_parent(pom)
    return "?"


def main() -> None:
    """Resolve, download to a temporary folder, and write the lock."""
    from jgo.maven import MavenContext, PythonResolver

    lines = ["# group:artifact:version sha256 bytes licences; written by `python -m deploy.local.jars_lock`"]
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(resolver=PythonResolver(), repo_cache=Path(folder))
        for (group, artifact), version in sorted(_resolved(context).items()):
            component = context.project(group, artifact).at_version(version)
            data = component.artifact().resolve().read_bytes()
            checksum, licence = hashlib.sha256(data).hexdigest(), _licence(context, component.pom())
            lines.append(f"{group}:{artifact}:{version} {checksum} {len(data)} {licence}")
    LOCK.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
