"""`logstack tools`: list, obtain or build the pinned binaries."""

import argparse
import sys
from collections.abc import Callable, Sequence

from logstack.binaries import catalog
from logstack.binaries.catalog import Binary
from logstack.binaries.errors import ToolError
from logstack.binaries.obtain import Located, build_all, install, known, locate
from logstack.binaries.report import Report, duration, terminal_report


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table of binaries; return 0 if all are installed, except those on demand."""
    parser = argparse.ArgumentParser(prog="logstack tools", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        help=f"names of binaries: {', '.join(catalog.BINARIES)}; default: {', '.join(_by_default())}",
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--list", action="store_true", help="list the installed binaries, without a download or a build"
    )
    instead.add_argument("--build", action="store_true", help="build what the cache lacks, without PATH or a download")
    options = parser.parse_args(arguments)
    try:
        if options.list:
            return show(options.names)
        return obtain_and_show(options.names, build_all if options.build else install)
    except ToolError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the cache has no incomplete binary\n")
        return 130


def obtain_and_show(names: Sequence[str], way: Callable[[Sequence[str], Report], Sequence[Located]]) -> int:
    """Obtain binaries, by default all but those on demand, and print each one's origin; return 0.

    Raises ToolError.
    """
    _print_table([_row(located) for located in way(names or _by_default(), terminal_report())])
    return 0


def show(names: Sequence[str]) -> int:
    """Print the paths of binaries, by default of all, without a download or a build.

    Return 1 if a named one is missing, or by default one that is not on demand; else 0.
    """
    report = terminal_report()
    path_by_name = {name: locate(known(name), report) for name in names or catalog.BINARIES}
    _print_table([_row(located) if located else _missing(known(name)) for name, located in path_by_name.items()])
    return 0 if all(path_by_name[name] for name in names or _by_default()) else 1


def _by_default() -> list[str]:
    return [name for name, binary in catalog.BINARIES.items() if not binary.on_demand]


def _row(located: Located) -> tuple[str, ...]:
    binary = located.binary
    return binary.name, binary.version, located.origin, duration(located.seconds), str(located.path)


def _missing(binary: Binary) -> tuple[str, ...]:
    return binary.name, binary.version, "missing, on demand" if binary.on_demand else "missing", "", ""


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print columns as wide as their content, so that no path is cut."""
    table = [("name", "version", "from", "took", "path"), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        sys.stdout.write(f"{line.rstrip()}\n")


if __name__ == "__main__":
    sys.exit(main())
