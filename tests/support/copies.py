"""A copy of the repository, where commands of the documents run as they are written."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.stacks import ROOT

# Folders of the repository that are no source.
NO_SOURCE = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info", "build")


@dataclass(frozen=True)
class Copy:
    """A copy of the repository with an empty home."""

    folder: Path
    environment: dict[str, str]

    def run(self, command: str) -> str:
        """Run a command in a shell as it is written; return its output."""
        shell = ["sh", "-c", command]
        run = subprocess.run(
            shell, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
        return run.stdout


def copy_repository(tmp_path: Path, passphrase: str = "") -> Copy:
    """Copy the repository. The tests' own .venv replaces the one that make would create, and counts as up to date."""
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
