"""What the embedded Kafka is told."""

from __future__ import annotations

import pytest

from deploy.local.kafka_config import server_properties


@pytest.mark.parametrize(("advertised", "told"), [(0, 1000), (3000, 3000)])
def test_clients_are_told_the_proxy_if_there_is_one(advertised: int, told: int) -> None:
    lines = server_properties("data", 1000, 2000, advertised).splitlines()
    assert "listeners=CLIENT://127.0.0.1:1000,CONTROLLER://127.0.0.1:2000" in lines
    assert f"advertised.listeners=CLIENT://127.0.0.1:{told}" in lines
