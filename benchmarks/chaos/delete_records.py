"""``python -m benchmarks.chaos.delete_records KAFKA TOPIC PARTITION:OFFSET …``: remove what lies before the offsets.

A process of its own: what confluent-kafka 2.12 leaves behind after it has removed records ended the experiment, now and
then, when the next child was started.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from confluent_kafka import TopicPartition

from taskstream.kafka.clients import kafka_config, new_admin
from taskstream.settings import KafkaSettings

ANSWER_S: Final = 60.0


def delete_records(kafka: str, topic: str, low: Mapping[int, int]) -> None:
    """Have Kafka remove what lies before the offset of each partition in ``low``.

    Raises:
        CalledProcessError: it does not.
    """
    places = [f"{partition}:{offset}" for partition, offset in low.items()]
    subprocess.run([sys.executable, "-m", __name__, kafka, topic, *places], check=True)


def _main(kafka: str, topic: str, *places: str) -> None:
    admin = new_admin(kafka_config(KafkaSettings(kafka=kafka), "chaos"))
    asked = [TopicPartition(topic, *map(int, place.split(":"))) for place in places]
    for answer in admin.delete_records(asked).values():
        answer.result(ANSWER_S)


if __name__ == "__main__":
    _main(*sys.argv[1:])
