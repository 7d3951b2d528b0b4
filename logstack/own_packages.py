"""The packages that logstack consists of, whose names are common, and what happens where another has the same name."""

from importlib.util import find_spec
from pathlib import Path

# Beside this package, in the repository as in an installation.
_HOME = Path(__file__).resolve().parent.parent
_NEEDED = ("settings", "components")


def refuse_hidden_packages() -> None:
    """Raises ImportError when Python finds another module under the name of one of logstack's own packages."""
    for name in _NEEDED:
        found = _place(name)
        if found != _HOME / name / "__init__.py":
            raise ImportError(
                f"logstack cannot be imported: another module is called `{name}`, as a package of logstack's is\n"
                f"  what: `import {name}` gives {found or 'nothing'} instead of {_HOME / name}\n"
                f"  then: logstack would run with modules that are not its own\n"
                f"  fix:  call yours otherwise, such as my_{name}: Python looks into a program's own folder first",
                name=name,
            )


def _place(name: str) -> Path | None:
    """The file that an import of the name runs; none for a package without one."""
    spec = find_spec(name)
    return Path(spec.origin).resolve() if spec and spec.origin else None
