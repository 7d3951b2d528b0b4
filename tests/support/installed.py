"""logstack as a user's program imports it: one package, with the components inside. This builds no wheel."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.stacks import ROOT

MINIMAL = ROOT / "examples" / "minimal"
_NO_SOURCE = shutil.ignore_patterns("__pycache__")
_RECORD = """
import json, runpy
from monitor import record
recording = record(lambda: runpy.run_path("__main__.py"), project="minimal", stack="dev")
import logstack, logstack.components, sys
made = {each.name: [each.type, each.parent.split("::")[-1], dict(each.revealed)] for each in recording.registered}
files = [module.__file__ for module in (logstack, logstack.components)]
print(json.dumps({"from": files, "registered": made, "exports": dict(recording.exports)}))
"""


@dataclass(frozen=True)
class Recorded:
    """The resources that a program registered in another process."""

    modules: tuple[Path, Path]
    """The files of `logstack` and of `logstack.components`."""
    registered: dict[str, tuple[str, str, dict[str, Any]]]
    """Type, parent's name and inputs by logical name."""
    exports: dict[str, Any]


def lay_out(folder: Path) -> Path:
    """Copy the files of a wheel into a folder; a test compares them with the real wheel."""
    shutil.copytree(ROOT / "logstack", folder / "logstack", ignore=_NO_SOURCE)
    shutil.copytree(ROOT / "components", folder / "logstack" / "components", ignore=_NO_SOURCE)
    return folder


def record_minimal(folder: Path, packages: str) -> Recorded:
    """Run examples/minimal in a process that finds logstack in `packages`; `folder` is empty and writable."""
    program = folder / "minimal"
    shutil.copytree(MINIMAL, program, ignore=_NO_SOURCE)
    shutil.copy(ROOT / "tests" / "support" / "monitor.py", program)
    kubeconfig = folder / "kubeconfig"
    servers = [{"name": "kind-dev", "cluster": {"server": "https://127.0.0.1:6443"}}]
    contexts = [{"name": "kind-dev", "context": {"cluster": "kind-dev"}}]
    kubeconfig.write_text(json.dumps({"clusters": servers, "contexts": contexts}))
    begin = f"import sys; sys.path[:0] = {[str(program), packages]!r}\n"
    run = subprocess.run(
        [sys.executable, "-P", "-c", begin + _RECORD],
        cwd=program,
        env=os.environ | {"KUBECONFIG": str(kubeconfig), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    modules = tuple(map(Path, answer["from"]))
    assert len(modules) == 2
    return Recorded(modules, {name: tuple(each) for name, each in answer["registered"].items()}, answer["exports"])
