"""`python -m tools`: obtain the pinned binaries, or list which are here."""

import argparse
import sys
from collections.abc import Sequence

from tools import catalog
from tools.errors import ToolError
from tools.obtain import Located, install, known, locate
from tools.report import duration, terminal_report


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table of binaries; the exit status is 0 if all of them are here."""
    parser = argparse.ArgumentParser(prog="python -m tools", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which; all by default: {', '.join(catalog.BINARIES)}")
    parser.add_argument("--list", action="store_true", help="only show what is here: no download, no build")
    options = parser.parse_args(arguments)
    names = options.names or list(catalog.BINARIES)
    try:
        return show(names) if options.list else obtain_and_show(names)
    except ToolError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing half done is left in the cache\n")
        return 130


def obtain_and_show(names: Sequence[str]) -> int:
    """Obtain binaries and print where each came from; 0. Raises ToolError."""
    _print_table([_row(located) for located in install(names, terminal_report())])
    return 0


def show(names: Sequence[str]) -> int:
    """Print where binaries are, without a download or a build; 0 if all of them are here, else 1."""
    report = terminal_report()
    found = {name: locate(known(name), report) for name in names}
    _print_table(
        [
            _row(located) if located else (name, known(name).version, "missing", "", "")
            for name, located in found.items()
        ]
    )
    return 0 if all(found.values()) else 1


def _row(located: Located) -> tuple[str, ...]:
    binary = located.binary
    return binary.name, binary.version, located.origin, duration(located.seconds), str(located.path)


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as they must be: a path is there to be copied, so it is never cut."""
    table = [("name", "version", "from", "took", "path"), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        sys.stdout.write(f"{line.rstrip()}\n")


if __name__ == "__main__":
    sys.exit(main())
