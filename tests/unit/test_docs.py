"""The documents agree with the code: commands, keys, links, and what a destroy leaves."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from logstack.cli import app
from logstack.manifests.deployment import deployment
from logstack.manifests.manifest import Manifest
from logstack.preflight import provider_packages
from logstack.preflight.aws_account import Caller, refuse_wrong_account
from logstack.preflight.data_loss import declared_configuration, refuse_lost_lines
from logstack.settings.load.loader import load_stack_file
from logstack.settings.load.source import SECRETS
from logstack.settings.problems import StackProblems
from logstack.settings.tree import Settings
from tests.support.commands import PAGES, Command, all_commands, commands
from tests.support.stacks import AWS, NAMES, ROOT, TODAY, changed, chart_values, declarations, settings_of

MAKEFILE = (ROOT / "Makefile").read_text()
every_page = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
# Pulumi tokens and tags that look like a key of a stack file.
NO_KEYS = {"LogStack", "index", "owner"}


def test_commands_reads_fences_prompts_and_inline_code() -> None:
    fences = "```sh\nA=b pulumi up \\\n  --c # d\n```\n\n  ```text\n  $ make e F=g\n  no\n  ```\n"
    text = f"Run `make a` or:\n\n{fences}then `make h`, `H=i make h`, and not `made`."
    assert [command.words for command in commands("x", text)] == [
        ["make", "a"],
        ["pulumi", "up", "--c"],
        ["make", "e", "F=g"],
        ["make", "h"],
        ["make", "h"],
    ]


def make_problems(command: Command) -> Iterator[str]:
    """Yield what a documented `make` command uses and the Makefile lacks."""
    arguments = [word for word in command.words[1:] if word != "..."]
    targets = [word for word in arguments if "=" not in word]
    for target in targets:
        recipe = re.search(rf"^{re.escape(target)}:.*(?:\n\t.*)*", MAKEFILE, re.MULTILINE)
        if not recipe:
            yield f"no target {target}"
        for word in arguments:
            variable = word.partition("=")[0]
            if recipe and variable != word and f"$({variable}" not in recipe[0] and f"{variable} ?=" not in MAKEFILE:
                yield f"{target} does not read {variable}"


def test_every_documented_make_target_and_variable_exists() -> None:
    documented = all_commands("make")
    assert len(documented) > 10
    assert {each.text: problems for each in documented if (problems := list(make_problems(each)))} == {}


@pytest.mark.parametrize("text", ["make nothing", "make plan STAKC=production"])
def test_make_problems_reports_an_unknown_target_or_variable(text: str) -> None:
    assert list(make_problems(Command("x", text)))


def logstack_problems(command: Command) -> Iterator[str]:
    """Yield what a documented `logstack` command uses and the real one lacks."""
    known: Any = get_command(app)
    for word in command.words[1:]:
        option = word.partition("=")[0]
        if word.startswith("-"):
            if option not in {name for parameter in known.params for name in parameter.opts} | {"--help"}:
                yield f"{known.name} has no option {option}"
        elif hasattr(known, "commands") and word != "...":
            if word not in known.commands:
                yield f"{known.name} has no command {word}"
                return
            known = known.commands[word]


def test_every_documented_subcommand_and_option_of_logstack_exists() -> None:
    documented = all_commands("logstack")
    assert len(documented) > 2
    assert {each.text: problems for each in documented if (problems := list(logstack_problems(each)))} == {}


@pytest.mark.parametrize("text", ["logstack plna production", "logstack plan --agianst x", "logstack tools bild alloy"])
def test_logstack_problems_reports_an_unknown_subcommand_or_option(text: str) -> None:
    assert list(logstack_problems(Command("x", text)))


@every_page
def test_every_documented_stack_file_key_exists(page: Path) -> None:
    known = {field.alias for field in Settings.model_fields.values()} | set(SECRETS) | NO_KEYS
    assert set(re.findall(r"\blogstack:([A-Za-z]+)", page.read_text())) - known == set()


@every_page
def test_page_has_no_broken_link_within_the_repository(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        linked = page.parent / file if file else page
        assert linked.exists(), target
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked.read_text()), target


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


HOW_TO = sorted((ROOT / "docs" / "how-to").glob("*.md"))


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.name)
def test_how_to_has_goal_preparation_steps_verification_and_failures(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL), re.MULTILINE)
    assert headings[:5] == ["Goal", "Before you start", "Steps", "Verify", "If it fails"]


def test_index_links_every_page() -> None:
    folder = ROOT / "docs"
    linked = set(re.findall(r"\]\(([^)#\s]+)", (folder / "README.md").read_text()))
    pages = {page.relative_to(folder).as_posix() for page in folder.rglob("*.md")}
    assert pages - linked == {"README.md"}


def test_retention_page_quotes_the_refusal_of_a_shorter_retention() -> None:
    applied = settings_of("production")
    shorter = applied.model_copy(update={"retention": timedelta(days=14)})
    with pytest.raises(StackProblems) as refusal:
        refuse_lost_lines(
            declared_configuration(applied), declared_configuration(shorter), (), datetime(2026, 6, 1, tzinfo=UTC)
        )
    assert str(refusal.value.problems[0]) in read_unindented("change-retention.md")


def test_aws_page_quotes_the_refusal_of_another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    store: Any = load_stack_file("aws", AWS, today=TODAY).settings.object_store
    with pytest.raises(StackProblems) as refusal:
        refuse_wrong_account(store, Caller("999999999999", "arn:aws:iam::999999999999:user/ann"))
    assert str(refusal.value.problems[0]) in read_unindented("deploy-on-aws.md")


def test_google_page_quotes_the_refusal_of_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_packages, "find_spec", lambda _: None)
    with pytest.raises(StackProblems) as refusal:
        provider_packages.refuse_missing_packages(deployment(settings_of("gcp")))
    assert str(refusal.value.problems[0]) in (ROOT / "docs/how-to/deploy-on-google-cloud.md").read_text().replace(
        "\n  ", "\n"
    )


def test_refused_connection_page_names_every_problem() -> None:
    modules = ("kubeconfig", "api_server", "aws_account", "needs", "questions")
    sources = [ROOT / "logstack" / "preflight" / f"{name}.py" for name in modules]
    names = {name for source in sources for name in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source.read_text())}
    assert len(names) > 5
    assert {name for name in names if f"| `{name}` |" not in read_unindented("fix-a-refused-connection.md")} == set()


def read_unindented(page: str) -> str:
    """Return a how-to's text without the indentation of blocks in lists."""
    return (ROOT / "docs" / "how-to" / page).read_text().replace("\n   ", "\n")


def test_every_question_of_an_operator_has_a_proof_that_exists() -> None:
    text = (ROOT / "tests" / "docs" / "questions.md").read_text()
    questions = re.split(r"^## \d+\. ", text, flags=re.MULTILINE)[1:]
    assert len(questions) == 10
    tests = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    for question in questions:
        proof = question.partition("\nProof: ")[2]
        paths = re.findall(r"`((?:logstack|tests)/[\w./-]+)`", proof)
        assert paths, question
        assert [path for path in paths if not (ROOT / path).exists()] == []
        assert [name for name in re.findall(r"`(test_\w+)", proof) if name not in tests] == []


def referring_files() -> list[Path]:
    """Return files that may mention a page: code, stack files, workflows, scripts, and the project's own pages."""
    folders = ("logstack", "components", "tests", "ci", "examples", ".github")
    nested = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file()]
    files = [*nested, *(file for file in ROOT.iterdir() if file.is_file())]
    return [file for file in files if file.suffix in ("", ".py", ".md", ".txt", ".yaml", ".yml")]


def test_every_page_that_a_file_mentions_exists() -> None:
    """Mentions have the form `docs/...`; another test checks the links of Markdown."""
    mentions = {
        (file.relative_to(ROOT).as_posix(), path)
        for file in referring_files()
        for path in re.findall(r"(?<![\w/.-])docs/[\w./-]*\w", file.read_text(errors="replace"))
    }
    assert len({path for _, path in mentions}) > 15
    assert sorted((file, path) for file, path in mentions if not (ROOT / path).exists()) == []


def test_first_line_of_every_stack_file_names_the_schema() -> None:
    """The stack files of users name it too, so its path must not change."""
    files = [*ROOT.glob("Pulumi.*.yaml"), *ROOT.glob("examples/*/Pulumi.*.yaml")]
    assert len(files) > 8
    for file in files:
        comment = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text())
        assert comment, file
        assert (file.parent / comment[1]).resolve() == ROOT / "docs" / "stack-file.schema.json", file


def every_stack() -> Iterator[Settings]:
    """Yield the settings of the shipped stacks, the tests' examples, and the examples for users."""
    yield from map(settings_of, NAMES)
    yield load_stack_file("aws-monolithic", AWS, today=TODAY).settings
    google = settings_of("gcp")
    store = google.object_store.model_dump(by_alias=True, exclude_none=True)
    yield changed(google, object_store={**store, "rulesBucket": "acme-loki-rules"})
    azure = settings_of("azure")
    store = azure.object_store.model_dump(by_alias=True, exclude_none=True)
    yield changed(azure, object_store={**store, "rulesContainer": "loki-rules"})


def all_declarations() -> dict[str, Manifest]:
    return {declared.name: declared for settings in every_stack() for declared in declarations(settings).values()}


def destroy_table() -> dict[str, tuple[bool, bool, str]]:
    """Return by resource whether it is protected and retained, and its fate, from docs/reference/resources.md."""
    text = (ROOT / "docs" / "reference" / "resources.md").read_text()
    table = text.partition("<!-- declared -->")[2].partition("<!-- /declared -->")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| `")]
    assert all({protected, retained} <= {"", "yes"} for _, _, protected, retained, _ in rows)
    return {row[0].strip("`"): (row[2] == "yes", row[3] == "yes", row[4]) for row in rows}


def test_resources_page_protects_and_retains_what_the_components_declare() -> None:
    declared = {name: (each.protect, each.retain_on_delete) for name, each in all_declarations().items()}
    assert {name: row[:2] for name, row in destroy_table().items()} == declared


def test_resources_page_keeps_only_protected_or_retained_resources() -> None:
    for name, (protected, retained, after) in destroy_table().items():
        if name.endswith("-provider"):
            assert after.startswith("nothing of it is"), name
        else:
            assert after.startswith("stays" if protected or retained else "deleted"), name


def test_volumes_outlive_their_stateful_sets_as_documented() -> None:
    text = (ROOT / "docs" / "reference" / "resources.md").read_text()
    assert "persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}" in text
    spec: Any = all_declarations()["store-s3"].inputs["spec"]
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert "enableStatefulSetAutoDeletePVC: false" in text
    roles: dict[str, str] = {"write": "write", "backend": "backend", "monolithic": "singleBinary"}
    checked = 0
    for settings in every_stack():
        values: Any = chart_values(settings, "loki")
        for role, key in roles.items():
            if settings.replica_count(role):
                assert values[key]["persistence"]["enableStatefulSetAutoDeletePVC"] is False
                checked += 1
    assert checked > len(NAMES)


def test_pods_outlive_their_stateful_sets_as_documented() -> None:
    """A transform, which has its own tests, gives the charts' StatefulSets the same annotation."""
    annotation = "pulumi.com/deletionPropagationPolicy"
    assert f"`{annotation}: orphan`" in (ROOT / "docs" / "reference" / "resources.md").read_text()
    metadata: Any = all_declarations()["store-s3"].inputs["metadata"]
    assert metadata["annotations"][annotation] == "orphan"


def test_s3_compatible_store_is_referenced_and_never_managed() -> None:
    store = [each for name, each in declarations(settings_of("production")).items() if name.startswith("store/")]
    assert store == []


@pytest.mark.parametrize("stack", NAMES)
def test_object_names_that_adopt_relies_on_are_fixed(stack: str) -> None:
    values: Any = chart_values(settings_of(stack), "loki")
    manifests = declarations(settings_of(stack))
    declared: Any = manifests["loki/loki"].inputs
    assert (declared["name"], values["fullnameOverride"]) == ("loki", "loki")
    # Only a stack that creates an identity in Azure has another one, and adopt writes none.
    account = "loki-azure" if "store/store-service-account" in manifests else "loki"
    assert (values["serviceAccount"]["name"], values["loki"]["configObjectName"]) == (account, "loki-config")
    assert "logstack/config-hash" in values["loki"]["podAnnotations"]
