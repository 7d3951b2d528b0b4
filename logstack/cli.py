"""The `logstack` command: what an operator does with a stack file, besides `pulumi`.

Exit codes: 0 is good, 1 says that something is wrong with the stack or failed, 2 that the command was not understood;
`diff` has one for each class of consequences as well.
What a subcommand needs is imported when it runs: `logstack plan` answers in a fraction of a second.
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


StackName = Annotated[str, typer.Argument(help="The stack, of the file Pulumi.<stack>.yaml.")]
Directory = Annotated[
    Path,
    typer.Option(
        "--directory",
        "-C",
        help="The folder of the stack files.",
        exists=True,
        file_okay=False,
        default_factory=_project,
        show_default="the nearest one upwards with a Pulumi.yaml",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document for machines instead of text.")]


@app.command()
def plan(
    stack: StackName = "production",
    against: Annotated[
        str | None,
        typer.Option(help="Compare with another stack, a folder, or a git revision (HEAD~1)."),
    ] = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="Print every section instead of one screen.")] = False,
    section: Annotated[
        list[str] | None, typer.Option(help="Print this section instead of one screen; the screen names them.")
    ] = None,
    objects: Annotated[
        bool, typer.Option("--objects", help="List the charts' own objects; needs helm and $LOGSTACK_CHARTS.")
    ] = False,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Print offline what a stack deploys and stores, what it requests, and which failures it survives: one screen."""
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
    """Check a stack file and print its problems; the exit code is 1 if one of them is an error."""
    from logstack.settings.load.loader import load_stack_file

    with _problems_end(as_json=as_json):
        loaded = load_stack_file(stack, directory)
    if as_json:
        typer.echo(json.dumps({"problems": [asdict(problem) for problem in loaded.problems]}, indent=2))
    else:
        typer.echo("\n\n".join(map(str, loaded.problems)) or f"{stack}: no problems")


@app.command()
def render(
    stacks: Annotated[list[str], typer.Argument(help="Stacks, of the files Pulumi.<stack>.yaml.")],
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            help="Write loki.yaml, overrides.yaml, config.alloy, each chart's values and each object into this folder.",
            file_okay=False,
        ),
    ] = None,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Write what a stack declares: Kubernetes' objects as YAML, files in a folder, or all of it as JSON.

    Offline, and without a secret: `(secret NAME)` stands in its place. What the charts make of their values is theirs.
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
def diff(
    base: Annotated[str, typer.Argument(help="A git revision (main, v1.2, HEAD~1), or a folder (.).")],
    head: Annotated[str, typer.Argument(help="Another revision or folder.")],
    stack: Annotated[
        list[str] | None,
        typer.Option(help="Only this stack; repeat it for more.", show_default="every stack of either side"),
    ] = None,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="A comment for a pull request.")] = False,
    limit: Annotated[
        int, typer.Option(help="The longest comment, characters (GitHub 65536, GitLab 1000000).", min=2000)
    ] = 65536,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Print offline the consequences of a change of stacks or of their code, the worst first.

    Each side's own code renders it. Without differences, the command prints nothing.

    Exit codes: 0 nothing differs; by the worst class 10 cosmetic, 11 cost, 12 restart or unclassed, 13 security,
    14 write-outage, 15 data-loss; 1 a stack file of one side has problems; 2 unknown revision or stack.
    """
    from logstack.diff.command import differences, render_differences
    from logstack.diff.document import problems_document
    from logstack.diff.markdown import problems_comment
    from logstack.diff.model import SideProblemsError
    from logstack.render.revisions import NotFoundError

    if markdown and as_json:
        raise typer.BadParameter("use only one of --markdown and --json")
    try:
        found = differences(base, head, stack or [], directory)
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
    if not found.stacks:
        for note in found.notes:
            typer.echo(note, err=True)
    typer.echo(render_differences(found, "markdown" if markdown else "json" if as_json else "text", limit), nl=False)
    raise typer.Exit(found.exit_code)


@app.command()
def adopt(  # noqa: PLR0913 - an argument is an option
    values: Annotated[
        list[Path],
        typer.Option(
            help="Helm values (helm get values), a Flux HelmRelease or an Argo CD Application; later files win.",
            dir_okay=False,
        ),
    ],
    stack: Annotated[str, typer.Option(help="What the new stack is called.")] = "adopted",
    chart_version: Annotated[
        str | None,
        typer.Option(help="The version of the chart that runs, 6.49.0.", show_default="what the document names"),
    ] = None,
    *,
    cluster: Annotated[
        str | None, typer.Option(help="The label `cluster` of every line.", show_default="the stack's name")
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="The kubeconfig context.", show_default="the stack's name")
    ] = None,
    loki_config: Annotated[
        Path | None,
        typer.Option(help="The configuration that the running Loki reads; it wins over values.", dir_okay=False),
    ] = None,
    config_alloy: Annotated[
        Path | None, typer.Option(help="The collector's configuration, of Grafana Alloy.", dir_okay=False)
    ] = None,
    chart_values: Annotated[
        Path | None,
        typer.Option(help="The chart's own values in that version (helm show values): tells defaults.", dir_okay=False),
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write the stack file there, Pulumi.<stack>.yaml.", dir_okay=False)
    ] = None,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Make a stack file of a running Loki's Helm values, and say of each value what becomes of it.

    Exit codes: 0 all is taken; 1 something has to be decided, or the release is refused; 2 a file or the version cannot
    be read.
    """
    from logstack.adopt.adoption import Wanted
    from logstack.adopt.command import adopt as adopt_files
    from logstack.adopt.command import said
    from logstack.adopt.command import write as write_file
    from logstack.adopt.errors import RefusedError, UnreadableError

    wanted = Wanted(stack=stack, chart_version=chart_version, cluster=cluster, context=context)
    try:
        adoption = adopt_files(
            values,
            wanted,
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
    typer.echo(said(adoption, as_json=as_json, with_file=write is None), nl=False)
    raise typer.Exit(0 if adoption.is_whole else _FAILED)


@app.command("try")
def try_(
    stack: StackName = "staging",
    logs: Annotated[
        list[Path] | None, typer.Option(help="A log file to send; can be given more than once.", show_default=False)
    ] = None,
    *,
    collector: Annotated[
        Literal["auto", "alloy", "push"],
        typer.Option(
            help="How lines come in: through Alloy if it is here (auto), through Alloy that is obtained first, "
            "or pushed to Loki without it."
        ),
    ] = "auto",
    deep: Annotated[
        bool, typer.Option("--deep", help="Prove retention and a loss of every role too: minutes.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep everything running until Ctrl-C.")] = False,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Run a stack's own artefacts on this machine with the real binaries: send lines, and ask for them back."""
    from logstack.settings.load.loader import load_stack_file

    with _problems_end(as_json=as_json):
        loaded = load_stack_file(stack, directory)
    from logstack.localrun.command import run_try

    raise typer.Exit(
        run_try(stack, loaded.settings, logs or [], route=collector, deep=deep, keep=keep, as_json=as_json)
    )


schema = typer.Typer(help="The schema's history.", no_args_is_help=True)
app.add_typer(schema, name="schema")


@schema.command("add")
def add_period(
    stack: StackName,
    *,
    store: Annotated[Literal["tsdb"], typer.Option(help="The index store.")] = "tsdb",
    version: Annotated[Literal["v13"], typer.Option("--schema", help="The schema's version.")] = "v13",
    write: Annotated[bool, typer.Option("--write", help="Append it to the stack file; comments stay.")] = False,
    directory: Directory,
) -> None:
    """Propose a schema period from the next safe day on, so that Loki finds every line under its index."""
    from datetime import UTC, datetime

    from logstack.migrate.schema_period import next_period

    with _problems_end(as_json=False):
        period = next_period(stack, directory, datetime.now(UTC), store=store, schema=version)
    typer.echo(f"Add to logstack:schemaPeriods, below the existing periods:\n{period}")
    if write:
        period.path.write_text(period.text, encoding="utf-8")
        typer.echo(f"written to {period.path.name}")
    typer.echo(f"Every pod must run with it before {period.begin} 00:00 UTC: run `pulumi up` at least a day earlier.")


@app.command()
def migrate(
    stack: StackName,
    to: Annotated[
        str,
        typer.Option(
            help="A deployment mode (monolithic), or a file with the keys that change, under config: as in a stack "
            "file: deploymentMode, objectStore and what they need.",
        ),
    ],
    *,
    as_json: AsJson = False,
    directory: Directory,
) -> None:
    """Print the stages of a migration to another mode or store: changes, checks, and how to roll back.

    The command changes nothing: each stage names the lines of the stack file and the commands. Offline.
    """
    from logstack.migrate.command import migration
    from logstack.migrate.text import json_text, migration_text
    from logstack.text.layout import terminal

    with _problems_end(as_json=as_json):
        found = migration(stack, to, directory)
    typer.echo(json_text(found) if as_json else migration_text(found, terminal()), nl=False)


tools = typer.Typer(help="The pinned external binaries.", no_args_is_help=True)
app.add_typer(tools, name="tools")
BinaryNames = Annotated[
    list[str] | None, typer.Argument(help="Which; by default all but those on demand.", show_default=False)
]


@tools.command("list")
def list_tools(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all by default.", show_default=False)] = None,
) -> None:
    """Show which binaries are here, without a download or a build; the exit code is 1 if one is missing."""
    _run_tools(names, "--list")


@tools.command("obtain")
def obtain_tools(names: BinaryNames = None) -> None:
    """Obtain binaries: from PATH, as an official release, or built from their Go modules."""
    _run_tools(names)


@tools.command("build")
def build_tools(names: BinaryNames = None) -> None:
    """Build binaries from their Go modules into the cache, unless it has them; Alloy (alloy) only if it is named."""
    _run_tools(names, "--build")


def _run_tools(names: list[str] | None, *options: str) -> NoReturn:
    from logstack.binaries.command import main as run_tools

    raise typer.Exit(run_tools([*options, *(names or [])]))


@contextmanager
def _problems_end(*, as_json: bool) -> Iterator[None]:
    """A stack's problems are the answer, on the stream that was asked for; the exit code is 1."""
    try:
        yield
    except StackProblems as problems:
        if as_json:
            typer.echo(json.dumps({"problems": [asdict(problem) for problem in problems.problems]}, indent=2))
        else:
            typer.echo(str(problems), err=True)
        raise typer.Exit(_FAILED) from None


def main() -> None:
    """The entry point."""
    app(prog_name="logstack")


if __name__ == "__main__":
    main()
