"""The page in a real browser: it fills and updates by itself, keeps to loopback, and shows nothing below the floor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser import chromium, seed
from tests.fixtures.clickhouse import ClickHouse

pytestmark = [pytest.mark.browser, pytest.mark.integration]

DATABASE = "page"
WAIT_MS = 60_000


@pytest.fixture(scope="module")
def client(clickhouse: ClickHouse) -> Iterator[Any]:
    client = seed.prepare(clickhouse, DATABASE)
    yield client
    client.command(f"DROP DATABASE {DATABASE}")
    client.close()


@pytest.fixture(scope="module")
def address(clickhouse: ClickHouse, client: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    assert client.command("SELECT count() FROM ui_events") == 0
    environment = os.environ | {
        "TASKSTREAM_CLICKHOUSE": clickhouse.url,
        "TASKSTREAM_CLICKHOUSE_USER": clickhouse.user,
        "TASKSTREAM_CLICKHOUSE_PASSWORD": clickhouse.password,
        "TASKSTREAM_DATABASE": DATABASE,
        "TASKSTREAM_HOME": str(tmp_path_factory.mktemp("home")),
        "TASKSTREAM_K": str(seed.K),
    }
    command = [sys.executable, "-m", "taskstream", "dashboard", "--port", "0", "--json-ready"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        yield json.loads(process.stdout.readline())["url"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not chromium.PROGRAM.exists():
        pytest.skip(f"no {chromium.PROGRAM}: install the package chromium")
    with chromium.started() as browser:
        yield browser


def test_the_page_fills_and_updates_by_itself(browser: Any, address: str, client: Any) -> None:
    page = browser.new_page(viewport={"width": 1360, "height": 1400})
    asked, broken = list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda message: broken.append(message.text) if message.type == "error" else None)
    page.goto(address)
    page.wait_for_selector("text=No events yet", timeout=WAIT_MS)

    seed.add_events(client, people=8, each=500)
    seed.add_transfers(client, "excel", "chrome", people=5, each=20)
    seed.add_transfers(client, "outlook", "secretapp", people=seed.K - 1, each=20)
    seed.add_opportunity(client, 1, "Copy invoice amounts", people=8, hours=8.6)
    seed.add_opportunity(client, 2, "Nobody may see this", people=seed.K - 1, hours=9)
    page.wait_for_selector("text=Copy invoice amounts", timeout=WAIT_MS)
    page.wait_for_selector(".value:text-is('4,000')", timeout=WAIT_MS)
    page.wait_for_selector("[role=img][aria-label*='excel to chrome: 100']", timeout=WAIT_MS)

    page.click("text=Copy invoice amounts")
    page.wait_for_selector("text=Why it ranks here", timeout=WAIT_MS)
    seed.add_opportunity(client, 3, "Re-type <b>customer</b> data", people=5, hours=3.1, rank=3)
    seed.add_events(client, people=8, each=100, first=500)
    page.wait_for_selector("text=Re-type <b>customer</b> data", timeout=WAIT_MS)
    page.wait_for_selector(".value:text-is('4,800')", timeout=WAIT_MS)
    assert page.is_visible("text=Why it ranks here"), "an update closes what the viewer has opened"

    text = page.inner_text("body") + "".join(
        page.eval_on_selector_all("[aria-label]", "all => all.map(e => e.getAttribute('aria-label'))")
    )
    assert "Nobody may see this" not in text
    assert "secretapp" not in text
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(address).netloc}
    assert broken == []
    assert "PASSWORD" not in page.content().upper()
    page.close()


def test_light_and_dark_and_a_narrow_screen(browser: Any, address: str) -> None:
    page = browser.new_page(viewport={"width": 420, "height": 900}, color_scheme="dark")
    page.goto(address)
    page.wait_for_selector("body.body--dark", timeout=WAIT_MS)
    page.click("[aria-label='Switch between light and dark']")
    page.wait_for_selector("body.body--light", timeout=WAIT_MS)
    page.reload()
    page.wait_for_selector("body.body--light", timeout=WAIT_MS)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()


def test_figures_for_machines(address: str, client: Any) -> None:
    with urllib.request.urlopen(f"{address}/api/summary", timeout=20) as answer:
        summary = json.load(answer)
    assert summary["k"] == seed.K
    assert summary["events"]["stored"] == client.command("SELECT count() FROM ui_events")
    assert all(each["people"] >= seed.K for each in summary["opportunities"])
    with urllib.request.urlopen(f"{address}/health", timeout=20) as answer:
        assert json.load(answer)["status"] == "ready"


def test_no_answer_under_a_foreign_name(address: str) -> None:
    request = urllib.request.Request(f"{address}/api/summary", headers={"Host": "rebound.example.org"})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=20)
    assert error.value.code == 403


def test_a_taken_port_is_said_in_one_line(clickhouse: ClickHouse, address: str, tmp_path: Path) -> None:
    port = str(urlsplit(address).port)
    command = [sys.executable, "-m", "taskstream", "dashboard", "--port", port, "--home", str(tmp_path)]
    login = {"TASKSTREAM_CLICKHOUSE_USER": clickhouse.user, "TASKSTREAM_CLICKHOUSE_PASSWORD": clickhouse.password}
    done = subprocess.run(
        [*command, "--clickhouse", clickhouse.url],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ | login,
    )  # fmt: skip
    assert done.returncode == 4
    assert (
        done.stderr.strip()
        == f"taskstream: port {port} is taken: choose another with --port, or --port 0 for any free one"
    )
