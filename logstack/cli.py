"""The `logstack` command: everything that an operator does with a stack file besides `pulumi`.

Exit codes: 0 success, 1 a problem in the stack or a failure, 2 a wrong command line; `diff` adds one for each class of
consequences. Each subcommand imports its modules when it runs: `logstack plan` answers in a fraction of a second.
"""

# ruff: noqa: PLC0415

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from logstack.settings.problems import StackProblems

_FAILED = 1
_MISUSED = 2

app = typer.Typer(
    name="logstack",
    help="A log platform on Kubernetes from one short stack file, proven before apply.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _project() -> Path:
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").is_file()), here)


StackName = Annotated[str, typer.Argument(help="The stack's name, as in Pulumi.<stack>.yaml.")]
Directory = Annotated[
    Path,
    typer.Option(
        "--directory",
        "-C",
        help="The folder with the stack files.",
        exists=True,
        file_okay=False,
        default_factory=_project,
        show_default="the nearest folder upwards with a Pulumi.yaml",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@app.command()
def plan(
    stack: StackName = "production",
    against: Annotated[
        str | None,
        typer.Option(help="Compare with another stack, a folder or a git revision (HEAD~1)."),
    ] = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="Print every section instead of one screen.")] = False,
    section: Annotated[
        list[str] | None,
        typer.Option(help="Print this section instead of one screen; the screen lists the sections. Repeatable."),
    ] = None,
    objects: Annotated[
        bool,
        typer.Option("--objects", help="List the objects that the charts create; needs helm and $LOGSTACK_CHARTS."),
    ] = False,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Print on one screen what a stack deploys, stores and requests, and which failures it survives. Works offline."""
    from logstack.plan.command import check_section, plan_json, plan_stack, plan_text

    try:
        for name in section or ():
            check_section(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--section") from None
    if against:
        _echo_comparison(stack, against, directory, as_json=as_json)
        return
    with _problems_end(as_json=as_json):
        plan = plan_stack(stack, directory, objects=objects)
    typer.echo(plan_json(plan) if as_json else plan_text(plan, full=full, names=section or ()), nl=False)


def _echo_comparison(stack: str, against: str, directory: Path, *, as_json: bool) -> None:
    from logstack.diff.against import compare_with, render_comparison
    from logstack.render.revisions import NotFoundError

    with _problems_end(as_json=as_json):
        try:
            comparison = compare_with(stack, against, directory)
        except NotFoundError as error:
            raise typer.BadParameter(str(error), param_hint="--against") from None
    typer.echo(render_comparison(comparison, as_json=as_json), nl=False)


@app.command()
def check(stack: StackName = "production", *, as_json: AsJson = False, directory: Directory) -> None:
    """Check a stack file and print its problems. The exit code is 1 if any problem is an error."""
    from logstack.preflight.real_parsers import cached_refusals
    from logstack.settings.load.loader import load_stack_file

    with _problems_end(as_json=as_json):
        loaded = load_stack_file(stack, directory)
        if problems := cached_refusals(loaded.settings):
            raise StackProblems([*problems, *loaded.problems])
    if as_json:
        typer.echo(json.dumps({"problems": [asdict(problem) for problem in loaded.problems]}, indent=2))
    else:
        typer.echo("\n\n".join(map(str, loaded.problems)) or f"{stack}: no problems")


@app.command()
def render(
    stacks: Annotated[list[str], typer.Argument(help="The stacks' names, as in Pulumi.<stack>.yaml.")],
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            help="Write loki.yaml, overrides.yaml, config.alloy, chart values and objects into this folder.",
            file_okay=False,
        ),
    ] = None,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Render what a stack declares: Kubernetes objects as YAML, files in a folder, or everything as JSON.

    Works offline and prints no secret: `(secret NAME)` replaces each one. Charts are not rendered, only their values.
    """
    from logstack.diff.snapshot import Rendered, problems_of, rendered
    from logstack.diff.snapshot_json import written
    from logstack.render.artefacts import manifests
    from logstack.render.command import write_files

    outcomes = rendered(stacks, directory)
    problems = problems_of(outcomes)
    if as_json:
        typer.echo(written(outcomes), nl=False)
        raise typer.Exit(_FAILED if problems else 0)
    with _problems_end(as_json=False):
        if problems:
            raise problems
    good = [outcome for outcome in outcomes.values() if isinstance(outcome, Rendered)]
    if to:
        files = write_files({stack.name: stack.resources for stack in good}, to)
        typer.echo(f"{len(files)} files in {to}")
    else:
        typer.echo("".join(manifests(stack.resources) for stack in good), nl=False)


@app.command()
def images(stack: StackName = "production", *, as_json: AsJson = False, directory: Directory) -> None:
    """List the images of a stack's pods: on each line the public image, and what the pods pull. Works offline.

    Copy each to a private registry before the first deployment: `logstack images STACK | while read source target;
    do crane copy "$source" "$target"; done`
    """
    from logstack.manifests.images import pod_images
    from logstack.settings.load.loader import load_stack_file

    with _problems_end(as_json=as_json):
        listed = pod_images(load_stack_file(stack, directory).settings)
    if as_json:
        typer.echo(json.dumps({"images": [asdict(image) for image in listed]}, indent=2))
    else:
        typer.echo("\n".join(f"{image.source} {image.pulled}" for image in listed))


@app.command()
def diff(
    base: Annotated[
        str, typer.Argument(help="The old side: a git revision (main, v1.2, HEAD~1) or a folder (. is this one).")
    ],
    head: Annotated[str, typer.Argument(help="The new side: a git revision or a folder.")],
    stack: Annotated[
        list[str] | None,
        typer.Option(help="Compare only this stack. Repeatable.", show_default="every stack of either side"),
    ] = None,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a comment for a pull request.")] = False,
    limit: Annotated[
        int, typer.Option(help="Longest comment in characters (GitHub 65536, GitLab 1000000).", min=2000)
    ] = 65536,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Print what a change to stack files or code does to each stack, worst consequence first. Works offline.

    Each side is rendered by its own code. Without a difference, the command prints nothing.

    Exit codes: 0 no difference; by the worst class 10 cosmetic, 11 cost, 12 restart or unclassed, 13 security,
    14 write-outage, 15 data-loss; 1 a stack file of one side has problems; 2 unknown revision or stack.
    """
    from logstack.diff.command import differences, render_differences
    from logstack.diff.document import problems_document
    from logstack.diff.markdown import problems_comment
    from logstack.diff.model import SideProblemsError
    from logstack.render.revisions import NotFoundError

    if markdown and as_json:
        raise typer.BadParameter("use either --markdown or --json")
    try:
        comparison = differences(base, head, stack or [], directory)
    except NotFoundError as error:
        typer.echo(f"logstack diff: {error}", err=True)
        raise typer.Exit(_MISUSED) from None
    except SideProblemsError as error:
        if markdown:
            typer.echo(problems_comment(error.problems, limit), nl=False)
        elif as_json:
            typer.echo(problems_document(error.problems), nl=False)
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(_FAILED) from None
    if not comparison.stacks:
        for note in comparison.notes:
            typer.echo(note, err=True)
    typer.echo(
        render_differences(comparison, "markdown" if markdown else "json" if as_json else "text", limit), nl=False
    )
    raise typer.Exit(comparison.exit_code)


@app.command()
def adopt(  # noqa: PLR0913 - an argument is an option
    values: Annotated[
        list[Path],
        typer.Option(
            help="Helm values (helm get values), a Flux HelmRelease or an Argo CD Application. Repeatable: later "
            "files win.",
            dir_okay=False,
        ),
    ],
    stack: Annotated[str, typer.Option(help="The new stack's name.")] = "adopted",
    chart_version: Annotated[
        str | None,
        typer.Option(help="The installed version of the chart, such as 6.49.0.", show_default="the document's version"),
    ] = None,
    *,
    cluster: Annotated[
        str | None, typer.Option(help="The value of the label `cluster`.", show_default="the stack's name")
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="The kubeconfig context.", show_default="the stack's name")
    ] = None,
    loki_config: Annotated[
        Path | None,
        typer.Option(help="The running Loki's configuration file; it overrides the values.", dir_okay=False),
    ] = None,
    config_alloy: Annotated[
        Path | None, typer.Option(help="The configuration file of the Grafana Alloy that collects.", dir_okay=False)
    ] = None,
    chart_values: Annotated[
        Path | None,
        typer.Option(help="The chart's default values in that version (helm show values).", dir_okay=False),
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write the stack file to this path, Pulumi.<stack>.yaml.", dir_okay=False)
    ] = None,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Convert a running Loki's Helm values into a stack file, and report what happens to each value.

    Exit codes: 0 every value is converted; 1 a value needs your decision, or the release cannot be adopted; 2 a file
    or the version cannot be read.
    """
    from logstack.adopt.adoption import Request
    from logstack.adopt.command import adopt as adopt_files
    from logstack.adopt.command import report
    from logstack.adopt.command import write as write_file
    from logstack.adopt.errors import RefusedError, UnreadableError

    request = Request(stack=stack, chart_version=chart_version, cluster=cluster, context=context)
    try:
        adoption = adopt_files(
            values,
            request,
            directory,
            loki_config=loki_config,
            config_alloy=config_alloy,
            chart_values=chart_values,
        )
        if write:
            write_file(adoption, write)
    except (RefusedError, UnreadableError) as error:
        typer.echo(
            json.dumps({"error": str(error)}, indent=2) if as_json else f"logstack adopt: {error}", err=not as_json
        )
        raise typer.Exit(_FAILED if isinstance(error, RefusedError) else _MISUSED) from None
    typer.echo(report(adoption, as_json=as_json, with_file=write is None), nl=False)
    raise typer.Exit(0 if adoption.is_whole else _FAILED)


@app.command("try")
def try_(
    stack: StackName = "staging",
    logs: Annotated[
        list[Path] | None,
        typer.Option(help="A log file to send. Repeatable.", show_default="1200 sample lines"),
    ] = None,
    *,
    collector: Annotated[
        Literal["auto", "alloy", "push"],
        typer.Option(
            help="How lines reach Loki: auto uses Alloy without building it, alloy obtains or builds it first, push "
            "sends them without Alloy."
        ),
    ] = "auto",
    deep: Annotated[
        bool, typer.Option("--deep", help="Also kill one process of every role and test retention (minutes).")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep everything running until Ctrl-C.")] = False,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Run a stack's artefacts on this machine with the real binaries, send lines and query them."""
    from logstack.settings.load.loader import load_stack_file

    with _problems_end(as_json=as_json):
        loaded = load_stack_file(stack, directory)
    from logstack.localrun.command import run_try

    raise typer.Exit(
        run_try(stack, loaded.settings, logs or [], route=collector, deep=deep, keep=keep, as_json=as_json)
    )


schema = typer.Typer(help="Manage the stack's schema periods.", no_args_is_help=True)
app.add_typer(schema, name="schema")


@schema.command("add")
def add_period(
    stack: StackName,
    *,
    store: Annotated[Literal["tsdb"], typer.Option(help="The index store.")] = "tsdb",
    version: Annotated[Literal["v13"], typer.Option("--schema", help="The schema's version.")] = "v13",
    write: Annotated[bool, typer.Option("--write", help="Append the period to the stack file; comments stay.")] = False,
    directory: Directory,
) -> None:
    """Propose a schema period that starts on the next safe day, so that Loki finds every line under its index."""
    from datetime import UTC, datetime

    from logstack.migrate.schema_period import next_period

    with _problems_end(as_json=False):
        period = next_period(stack, directory, datetime.now(UTC), store=store, schema=version)
    typer.echo(f"Append to logstack:schemaPeriods:\n{period}")
    if write:
        period.path.write_text(period.text, encoding="utf-8")
        typer.echo(f"written to {period.path.name}")
    typer.echo(f"Every pod must run with it before {period.begin} 00:00 UTC: update at least a day earlier.")


@app.command()
def migrate(
    stack: StackName,
    to: Annotated[
        str,
        typer.Option(
            help="The target: a deployment mode (monolithic), or a YAML file with the changed keys under config:, as "
            "in a stack file.",
        ),
    ],
    *,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Print the stages of a move to another mode or store: what changes, what to verify, how to roll back.

    The command changes nothing: each stage lists lines for the stack file and commands. Works offline.
    """
    from logstack.migrate.command import migration
    from logstack.migrate.text import json_text, migration_text
    from logstack.text.layout import terminal

    with _problems_end(as_json=as_json):
        steps = migration(stack, to, directory)
    typer.echo(json_text(steps) if as_json else migration_text(steps, terminal()), nl=False)


tools = typer.Typer(help="List, obtain and build the pinned external binaries.", no_args_is_help=True)
app.add_typer(tools, name="tools")
BinaryNames = Annotated[
    list[str] | None, typer.Argument(help="Names of binaries.", show_default="all except those on demand")
]


@tools.command("list")
def list_tools(
    names: Annotated[list[str] | None, typer.Argument(help="Names of binaries.", show_default="all")] = None,
) -> None:
    """List the installed binaries, without a download or a build. The exit code is 1 if one is missing."""
    _run_tools(names, "--list")


@tools.command("obtain")
def obtain_tools(names: BinaryNames = None) -> None:
    """Obtain binaries from PATH, the cache or the official releases, or build them from their Go modules."""
    _run_tools(names)


@tools.command("build")
def build_tools(names: BinaryNames = None) -> None:
    """Build the binaries that the cache lacks from their Go modules. Build Alloy only when named: `alloy`."""
    _run_tools(names, "--build")


def _run_tools(names: list[str] | None, *options: str) -> NoReturn:
    from logstack.binaries.command import main as run_tools

    raise typer.Exit(run_tools([*options, *(names or [])]))


@contextmanager
def _problems_end(*, as_json: bool) -> Iterator[None]:
    """Print the problems of a stack as text to stderr or as JSON to stdout, and exit with 1."""
    try:
        yield
    except StackProblems as problems:
        if as_json:
            typer.echo(json.dumps({"problems": [asdict(problem) for problem in problems.problems]}, indent=2))
        else:
            typer.echo(str(problems), err=True)
        raise typer.Exit(_FAILED) from None


def main() -> None:
    """Run the command."""
    app(prog_name="logstack")


if __name__ == "__main__":
    main()
