"""Settings of the embedded Kafka: one node that is broker and controller (KRaft), on loopback, small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from deploy.local.ports import LOOPBACK

NODE = 1
LOG_MB = 8
LOG_FILES = 3

_SERVER = """\
process.roles=broker,controller
node.id={node}
# A fixed voter, not --standalone: the controller's port may differ at the next start.
controller.quorum.voters={node}@{host}:{controller_port}
listeners=CLIENT://{host}:{port},CONTROLLER://{host}:{controller_port}{listeners}
advertised.listeners=CLIENT://{host}:{advertised_port}{listeners}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
log.dirs={data}

# One node: it holds the only replica of everything.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
# Only closed segments are compacted: with the defaults of 100 MB these two come to hold a gigabyte.
offsets.topic.segment.bytes=4194304
transaction.state.log.segment.bytes=4194304
share.coordinator.state.topic.num.partitions=1
num.partitions=4
# A wrong topic name is an error, not a new topic.
auto.create.topics.enable=false

# The first consumer of a group does not wait for others; a machine that was off for weeks goes on where it was.
group.initial.rebalance.delay.ms=0
offsets.retention.minutes=43200
transaction.max.timeout.ms=300000
# A broker started again after kill -9 is let in when its predecessor's session has ended.
broker.session.timeout.ms={session_ms}
broker.heartbeat.interval.ms={heartbeat_ms}

# Small: memory, threads, files.
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.io.buffer.size=262144
log.cleaner.backoff.ms=5000
log.segment.bytes=134217728
log.index.size.max.bytes=2097152
log.retention.check.interval.ms=60000
log.segment.delete.delay.ms=5000
num.recovery.threads.per.data.dir=2
queued.max.requests=200
fetch.max.bytes=16777216
message.max.bytes=4194304
replica.fetch.max.bytes=4194304
{properties}"""

_LOGGING = """\
<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN" shutdownHook="disable">
  <Appenders>
    <RollingFile name="file" fileName="{log}" filePattern="{log}.%i">
      <PatternLayout pattern="%d{{ISO8601}} %-5p %c{{1}}: %m%n%throwable"/>
      <Policies><SizeBasedTriggeringPolicy size="{log_mb} MB"/></Policies>
      <DefaultRolloverStrategy max="{log_files}"/>
    </RollingFile>
  </Appenders>
  <Loggers>
    <Root level="INFO"><AppenderRef ref="file"/></Root>
    <Logger name="org.apache.kafka.common.config" level="WARN"/>
    <Logger name="kafka.server.KafkaConfig" level="WARN"/>
    <Logger name="state.change.logger" level="WARN"/>
  </Loggers>
</Configuration>
"""


class Listener(Struct, frozen=True):
    """A further door of the broker, such as one with TLS. ``properties``: its own, without ``listener.name.NAME.``."""

    name: str
    protocol: str
    port: int
    properties: Mapping[str, str]


def server_properties(
    data: str, port: int, controller_port: int, advertised_port: int = 0, listeners: Sequence[Listener] = ()
) -> str:
    """``server.properties`` for the data directory, the two loopback ports and ``listeners`` beside the plain one.

    ``data`` is a plain name in the folder in which Kafka runs: a path may hold what this file reads otherwise, such as
    a comma (the next directory) or a letter beyond ISO 8859-1.

    ``advertised_port`` is the one that clients are told, where something forwards it to ``port``; 0: ``port`` itself.
    """
    return _SERVER.format(
        node=NODE,
        host=LOOPBACK,
        port=port,
        advertised_port=advertised_port or port,
        controller_port=controller_port,
        data=data,
        session_ms=3000,
        heartbeat_ms=500,
        listeners="".join(f",{each.name}://{LOOPBACK}:{each.port}" for each in listeners),
        protocols="".join(f",{each.name}:{each.protocol}" for each in listeners),
        properties="".join(
            f"listener.name.{each.name.lower()}.{key}={value}\n"
            for each in listeners
            for key, value in each.properties.items()
        ),
    )


def logging_xml(log: str) -> str:
    """The configuration of log4j 2: ``log`` (as the data above) rolls at ``LOG_MB``, and ``LOG_FILES`` are kept."""
    return _LOGGING.format(log=log, log_mb=LOG_MB, log_files=LOG_FILES)
