"""The Faust application's settings."""

from pathlib import Path

from streams.runtime.app import create_app
from taskstream.settings import Settings


def test_it_leaves_nothing_where_it_is_started(tmp_path: Path) -> None:
    app, _ = create_app(Settings(home=tmp_path, kafka="127.0.0.1:1"))
    assert Path(app.conf.datadir).is_relative_to(tmp_path)
