"""``python -m taskstream`` is the command ``taskstream``."""

from taskstream.cli.main import main

main()
