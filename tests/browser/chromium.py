"""Debian's Chromium, headless. ``python -m tests.browser.chromium URL PNG`` takes a picture of a page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-prefers-reduced-motion",
]  # fmt: skip


@contextmanager
def started() -> Iterator[Any]:
    """A browser with a new profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def take_picture(url: str, path: str, width: int = 1360, height: int = 1000) -> None:
    """The upper part of a page as it is a few seconds after it was opened."""
    with started() as browser:
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(url)
        page.wait_for_timeout(5_000)
        page.screenshot(path=path)


if __name__ == "__main__":
    take_picture(sys.argv[1], sys.argv[2])
