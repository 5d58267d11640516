"""What the tests need beyond pip: installs it with apt when it may, otherwise says exactly what to install.

``python -m tests.prerequisites`` is run by ``make test``. Silent when all is there. Without root and sudo it changes
nothing: the tests of a desktop and of the page are then skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Debian package: how to see that it is there (a program, or a file).
PACKAGES: dict[str, tuple[str, ...]] = {
    "xvfb": ("Xvfb",),
    "xdotool": ("xdotool",),
    "openbox": ("openbox",),
    "xterm": ("xterm",),
    "x11-utils": ("xprop",),
    "xclip": ("xclip",),
    "zenity": ("zenity",),
    "at-spi2-core": ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher"),
    "dbus-x11": ("dbus-launch",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}
TIMEOUT_S = 900


def is_there(signs: tuple[str, ...]) -> bool:
    """Whether any of the programs or files exists."""
    return any(Path(sign).exists() if sign.startswith("/") else shutil.which(sign) is not None for sign in signs)


def lacking() -> list[str]:
    """Packages that are not installed, in the order above."""
    return [name for name, signs in PACKAGES.items() if not is_there(signs)]


def apt() -> list[str] | None:
    """How to call apt-get without being asked for a password; None when that is not possible."""
    program = shutil.which("apt-get")
    if program is None:
        return None
    if os.geteuid() == 0:
        return [program]
    sudo = shutil.which("sudo")
    if sudo is None or subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode:
        return None
    return [sudo, "-n", program]


def install(command: list[str], packages: list[str]) -> str:
    """Install the packages; "" when that worked, else apt's last words."""
    environment = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(
            [*command, *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
        if done.returncode:
            return (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]
    return ""


def main() -> int:
    """Make the tools be there, or say what is missing: then tests that need a missing tool are skipped and say so.

    Where ``CI`` is set nothing may be skipped: what is missing is a failure.
    """
    packages = lacking()
    if not packages:
        return 0
    failed = int(bool(os.environ.get("CI")))
    line = f"apt-get install {' '.join(packages)}"
    command = apt()
    if command is None:
        print(f"tests of the desktop and of the page need tools that are missing; as root: {line}", file=sys.stderr)
        return failed
    print(f"installing what the tests need: {line}", file=sys.stderr)
    trouble = install(command, packages)
    if trouble:
        print(f"that did not work ({trouble}); tests that need them are skipped. By hand: {line}", file=sys.stderr)
    return failed if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
