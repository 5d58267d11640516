"""The command ``taskstream``, and ``python -m taskstream``: what happens before anything else is imported.

Importing the command line takes some tenths of a second, in which Ctrl-C would end in a traceback through strange
modules. Nothing has begun by then, so the process says the same as later, and ends.
"""

import os
import signal
from types import FrameType

INTERRUPTED = 130


def _end(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)


def main() -> None:
    """Run the command line; see :func:`taskstream.cli.main.main`."""
    # Where somebody ignores interrupts (nohup, a script's background process), they stay ignored.
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heard:
        signal.signal(signal.SIGINT, _end)
    from taskstream.cli import main as command_line

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # it is caught from here on
    command_line.main()


if __name__ == "__main__":
    main()
