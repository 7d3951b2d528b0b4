"""A copy of the repository, in which a reader's commands run as they are written."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.stacks import ROOT

# What stands in the repository beside the project's files.
NO_SOURCE = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info", "build")


@dataclass(frozen=True)
class Copy:
    """A copy of the repository with a home of its own, where a reader's commands run."""

    folder: Path
    environment: dict[str, str]

    def run(self, command: str) -> str:
        """What a command prints, run by a shell as it is written."""
        shell = ["sh", "-c", command]
        run = subprocess.run(
            shell, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
        return run.stdout


def copied(tmp_path: Path, passphrase: str = "") -> Copy:
    """Copy the repository. The tests' own .venv stands for the one that make would set up: it counts as up to date."""
    folder, home = tmp_path / "logstack", tmp_path / "home"
    shutil.copytree(ROOT, folder, ignore=NO_SOURCE)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    home.mkdir()
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "MAKE", "COLUMNS"))
    }
    own = {
        "HOME": str(home),
        "PULUMI_HOME": str(home / ".pulumi"),
        "MAKEFLAGS": "--old-file=.venv/installed",
        "PULUMI_CONFIG_PASSPHRASE": passphrase,
    }
    return Copy(folder, environment | own | {"PULUMI_SKIP_UPDATE_CHECK": "true", "PYTHONDONTWRITEBYTECODE": "1"})
