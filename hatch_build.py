"""Build hook: compiles the modules that every event passes through with mypyc, where a C compiler is at hand.

Without one they are installed as they are: the same results, at about half the speed. ``TASKSTREAM_COMPILE=0`` leaves
them uncompiled on purpose, ``TASKSTREAM_COMPILE=1`` makes a failure to compile an error.

Run as a script it brings the compiled modules of an editable checkout up to date: ``python hatch_build.py``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPILED = (
    "streams/stages/agent_state.py",
    "streams/stages/agent_table.py",
    "streams/discovery/segmentation/edges.py",
    "streams/discovery/segmentation/folding.py",
    "streams/discovery/segmentation/lanes.py",
    "streams/discovery/segmentation/model.py",
    "streams/discovery/segmentation/segment_record.py",
    "streams/discovery/segmentation/segmenter.py",
    "streams/discovery/segmentation/steps.py",
    "streams/discovery/semimarkov/beam.py",
    "streams/discovery/semimarkov/decoder.py",
    "streams/discovery/semimarkov/served.py",
    "streams/discovery/semimarkov/set_aside.py",
    "streams/discovery/semimarkov/undecided.py",
    "streams/stages/partition.py",
    "streams/stages/link.py",
    "streams/stages/segment.py",
    "streams/stages/sessionise.py",
    "streams/stages/window.py",
    "taskstream/activity.py",
    "taskstream/privacy/redact.py",
)
"""They define no msgspec struct (mypyc cannot), and patching their constants has no effect."""
GROUP = "taskstream_compiled"
"""mypyc puts what these modules share into the module ``taskstream_compiled__mypyc``."""
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX") or ".so"


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds the compiled modules to a wheel; an editable install gets them in place."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is put together."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        scratch = Path(tempfile.mkdtemp(prefix="taskstream-build-"))
        made = attempt(root, scratch)
        if version == "editable":
            place(made, root)
            shutil.rmtree(scratch)
        elif made:
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            build_data["force_include"].update({str(file): str(name) for name, file in made.items()})


def attempt(root: Path, scratch: Path) -> dict[Path, Path]:
    """Compile as the environment wishes; nothing where that is not possible.

    Raises:
        ImportError, subprocess.CalledProcessError: as :func:`compile_modules`, where compiling is wanted for certain.
    """
    wanted = os.environ.get("TASKSTREAM_COMPILE", "")
    if wanted == "0":
        return {}
    try:
        return compile_modules(root, scratch)
    except (ImportError, subprocess.CalledProcessError) as error:
        if wanted == "1":
            raise
        sys.stderr.write(f"taskstream: not compiled, so it runs at about half the speed: {error}\n")
        return {}


def compile_modules(root: Path, scratch: Path) -> dict[Path, Path]:
    """Compile into ``scratch``; gives each library's place in the package and where it was made.

    Raises:
        ImportError: mypy or setuptools is missing.
        subprocess.CalledProcessError: there is no C compiler, or it failed; its words are on standard error.
    """
    import mypyc.build  # noqa: F401
    import setuptools  # noqa: F401

    # In a process of its own: setuptools reads and changes process-wide state.
    command = [sys.executable, str(Path(__file__).resolve()), "--into", str(scratch)]
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
    return {file.relative_to(scratch / "lib"): file for file in sorted((scratch / "lib").rglob(f"*{SUFFIX}"))}


def place(made: dict[Path, Path], root: Path) -> None:
    """Put the libraries beside their sources, and remove those of modules that are compiled no more."""
    for package in ("streams", "taskstream"):
        for old in (root / package).rglob(f"*{SUFFIX}"):
            if old.relative_to(root) not in made:
                old.unlink()
    for name, file in made.items():
        # Replaced, not overwritten: a running process may have the old one mapped.
        shutil.copyfile(file, (root / name).with_suffix(".new"))
        (root / name).with_suffix(".new").replace(root / name)


def build(scratch: Path) -> None:
    """The compilation itself, from the project's root."""
    from mypyc.build import mypycify
    from setuptools import Distribution

    options = ["--python-version", f"3.{sys.version_info.minor}", "--no-warn-unused-ignores"]
    extensions = mypycify(
        [*options, *COMPILED], opt_level="3", debug_level="0", group_name=GROUP, target_dir=str(scratch / "c")
    )
    distribution = Distribution({"name": GROUP, "ext_modules": extensions})
    command: Any = distribution.get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(scratch / "lib"), str(scratch / "temp")
    command.ensure_finalized()
    command.run()


def main(arguments: list[str]) -> None:
    """``--into FOLDER`` compiles there; without arguments the checkout's own modules are brought up to date."""
    if arguments:
        build(Path(arguments[1]))
        return
    root = Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory(prefix="taskstream-build-") as scratch:
        place(attempt(root, Path(scratch)), root)


if __name__ == "__main__":
    main(sys.argv[1:])
