"""Run the program under Pulumi's real engine: shipped stack files, a new state, the Automation API."""

import json
import os
import runpy
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi import automation as auto
from pulumi.automation.events import EngineEvent
from ruamel.yaml import YAML

from logstack.settings.load.stack_file import Value
from tests.support.real import binary
from tests.support.stacks import EXAMPLES, ROOT, SHIPPED, settings_of
from tests.support.standin import Aws, Azure, Cloud, Gcp, Kubernetes, serving
from tests.support.stores import Memory

PASSPHRASE = "a-passphrase-of-the-tests"
KEYS = {"logstack:accessKeyId": "marker-key-7f3a", "logstack:secretAccessKey": "marker-secret-91bd"}
# As a shell sets it for the one `up` that adopts a release.
TAKE_OVER = "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"
Program = Callable[[], None]


def shipped_program() -> None:
    """Run __main__.py as the engine does: in the project's folder.

    It ends by exit code, which the language host of Python understands, and the SDK's own of inline programs does not.
    """
    try:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
    except SystemExit as ending:
        raise pulumi.RunError(f"the program ended with exit code {ending.code}") from None


def answered(program: Path) -> str:
    """Return a program that runs another one in a process of its own, where every stack's cluster answers."""
    return f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
import pytest
from tests.support.aws_store import use_the_stacks_account
from tests.support.reached import let_every_cluster_answer
let_every_cluster_answer(pytest.MonkeyPatch())
use_the_stacks_account(pytest.MonkeyPatch())
runpy.run_path({str(program)!r}, run_name="__main__")
"""


@dataclass(frozen=True)
class Step:
    """An operation of the engine on one resource."""

    op: str
    """same, create, update, replace, create-replacement, delete-replaced, delete, ..."""
    type: str
    name: str
    changed: frozenset[str]
    """The paths of the changed inputs."""


@dataclass(frozen=True)
class Outcome:
    """The operations and the output of one engine run."""

    steps: tuple[Step, ...]
    messages: tuple[str, ...]
    """The diagnostics: warnings, errors and messages of providers."""
    text: str
    """All of the output."""
    events: str
    """All of the events."""
    failed: str = ""
    """The error, if it failed."""

    def of(self, *ops: str) -> tuple[Step, ...]:
        """Return the steps with these operations."""
        return tuple(step for step in self.steps if step.op in ops)

    @property
    def changes(self) -> tuple[Step, ...]:
        """Return the steps that change something."""
        return tuple(step for step in self.steps if step.op not in ("same", "read", "refresh"))

    @property
    def summary(self) -> dict[str, list[str]]:
        """Return the names of changed resources by operation; a replacement counts once."""
        names_by_operation: dict[str, list[str]] = {}
        for step in self.changes:
            if step.op not in ("create-replacement", "delete-replaced"):
                names_by_operation.setdefault(step.op, []).append(
                    f"{step.type.rpartition(':')[2]} {step.name.rpartition('/')[2]}"
                )
        return {op: sorted(names) for op, names in sorted(names_by_operation.items())}


@dataclass
class Project:
    """A copy of the project's files with its own state, and stand-ins for the providers, which no registry has."""

    folder: Path
    kubeconfig: Path
    kubernetes: Kubernetes = field(default_factory=Kubernetes)
    aws: Aws = field(default_factory=Aws)
    gcp: Gcp = field(default_factory=Gcp)
    azure: Azure = field(default_factory=Azure)
    keys: dict[str, str] = field(default_factory=lambda: dict(KEYS))
    """The store's access key."""
    plugin: bool = False
    """Whether the real Kubernetes provider is used."""
    environment: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def serving(self) -> Iterator["Project"]:
        """Serve the stand-ins, in the project's folder and with its kubeconfig."""
        self._state.mkdir(exist_ok=True)
        with ExitStack() as stack:
            clouds: dict[str, Cloud] = {"aws": self.aws, "gcp": self.gcp, "azure-native": self.azure}
            attached = {name: stack.enter_context(serving(cloud)) for name, cloud in clouds.items()}
            if not self.plugin:
                attached["kubernetes"] = stack.enter_context(serving(self.kubernetes))
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.chdir(self.folder)
            patch.setenv("KUBECONFIG", str(self.kubeconfig))
            patch.delenv(TAKE_OVER, raising=False)  # what take_over sets ends with this
            self.environment = {
                "PULUMI_BACKEND_URL": f"file://{self._state}",
                "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
                "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name, port in attached.items()),
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
            }
            yield self

    @property
    def _state(self) -> Path:
        return self.folder.parent / "state"

    def has_whole_states(self) -> bool:
        """Return whether there are states, and the engine is writing none of their files."""
        texts = [path.read_text() for path in self._state.glob(".pulumi/stacks/**/*.json")]
        try:
            return bool(texts) and all(isinstance(json.loads(text), dict) for text in texts)
        except ValueError:
            return False

    @property
    def memory(self) -> Memory:
        """Return the stand-in's store in memory."""
        assert isinstance(self.kubernetes.store, Memory)
        return self.kubernetes.store

    def edit(self, stack: str, changes: Mapping[str, Value]) -> None:
        """Change keys of a stack file (without `logstack:`) as its owner would; None removes one, in groups too."""
        path, editor = self._stack_file(stack), YAML()
        tree = editor.load(path.read_text())
        for key, value in changes.items():
            config = tree["config"]
            if value is None:
                config.pop(f"logstack:{key}", None)
            elif isinstance(value, Mapping):
                merged = {**config.get(f"logstack:{key}", {}), **value}
                config[f"logstack:{key}"] = {name: item for name, item in merged.items() if item is not None}
            else:
                config[f"logstack:{key}"] = value
        with path.open("w") as file:
            editor.dump(tree, file)

    def stack(self, name: str, program: Program = shipped_program, *, keys: bool = True) -> auto.Stack:
        """Return the stack, created on first use, with its access key as a secret."""
        options = auto.LocalWorkspaceOptions(
            work_dir=str(self.folder),
            pulumi_home=str(self.folder.parent / "home"),
            env_vars=self.environment,
            pulumi_command=self._command,
        )
        stack = auto.create_or_select_stack(name, project_name="logstack", program=program, opts=options)
        needed = settings_of(name).object_store.kind == "embedded" if name in (*SHIPPED, *EXAMPLES) else True
        if keys and needed:
            stack.set_all_config({key: auto.ConfigValue(value, secret=True) for key, value in self.keys.items()})
        return stack

    def preview(self, name: str, program: Program = shipped_program, **options: Any) -> Outcome:
        """Run `pulumi preview`; `secrets` replace those of the tests first, for good."""
        return self._with_secrets(self.stack(name, program), "preview", **options)

    def up(self, name: str, program: Program = shipped_program, **options: Any) -> Outcome:
        """Run `pulumi up`; `secrets` replace those of the tests first, for good."""
        return self._with_secrets(self.stack(name, program), "up", **options)

    def apply(self, name: str, **options: Any) -> Outcome:
        """Run a `pulumi up` that must succeed, as the ground of what is tested next."""
        outcome = self.up(name, **options)
        assert outcome.failed == "", outcome.failed
        return outcome

    def _with_secrets(
        self, stack: auto.Stack, command: str, *, secrets: Mapping[str, str] | None = None, **options: Any
    ) -> Outcome:
        if secrets:
            self.keys |= secrets
            stack.set_all_config({key: auto.ConfigValue(value, secret=True) for key, value in secrets.items()})
        return self._run(getattr(stack, command), **options)

    def take_over(self, *, stop: bool = False) -> None:
        """Let a create take over an existing object from now on, or with `stop` no more; as the real provider does.

        The program's SDK reads the variable too, as in a language host's own process, and declares it of the
        provider.
        """
        self.kubernetes.upsert = not stop
        self.environment[TAKE_OVER] = "false" if stop else "true"
        if stop:
            os.environ.pop(TAKE_OVER, None)
        else:
            os.environ[TAKE_OVER] = "true"

    def destroy(self, name: str, **options: Any) -> Outcome:
        """Run `pulumi destroy`."""
        return self._run(self.stack(name).destroy, **options)

    def destroy_by_hand(self, name: str) -> str:
        """Run `pulumi destroy --yes` as people do, with its preview; return its output if it fails, else nothing.

        It runs no program, so it needs no language host.
        """
        failed, output = self.by_hand(name, "destroy", "--yes")
        return output if failed else ""

    def unprotect(self, name: str, urn: str) -> None:
        """Run `pulumi state unprotect`."""
        failed, output = self.by_hand(name, "state", "unprotect", urn, "--yes")
        assert not failed, output

    def by_hand(self, name: str, *command: str) -> tuple[bool, str]:
        """Run a command of `pulumi` for a stack as people do; return whether it failed, and its output."""
        self.stack(name)
        words = [str(binary("pulumi")), *command, "--non-interactive", "--color=never", "--stack", name]
        home = {"PULUMI_HOME": str(self.folder.parent / "home")}
        environment = os.environ | self.environment | home
        answer = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=600, check=False)
        return answer.returncode != 0, f"{answer.stdout}\n{answer.stderr}"

    def state(self, name: str) -> Mapping[str, Any]:
        """Return the engine's state as its file has it: secrets encrypted."""
        (file,) = (self.folder.parent / "state" / ".pulumi" / "stacks" / "logstack").glob(f"{name}.json")
        state: Mapping[str, Any] = yaml.safe_load(file.read_text())["checkpoint"]["latest"]
        return state

    def _stack_file(self, stack: str) -> Path:
        return self.folder / f"Pulumi.{stack}.yaml"

    @cached_property
    def _command(self) -> auto.PulumiCommand:
        home = self.folder.parent / "engine"
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "pulumi").symlink_to(binary("pulumi"))
        return auto.PulumiCommand(root=str(home))

    @staticmethod
    def _run(run: Callable[..., Any], **options: Any) -> Outcome:
        events: list[EngineEvent] = []
        text: list[str] = []
        failed = ""
        try:
            run(on_event=events.append, on_output=text.append, color="never", **options)
        except auto.CommandError as error:
            failed = str(error)
        steps = [_step(event.resource_pre_event.metadata) for event in events if event.resource_pre_event]
        diagnostics = [event.diagnostic_event for event in events if event.diagnostic_event]
        messages = tuple(
            each.message.strip() for each in diagnostics if each.severity != "debug" and each.message.strip()
        )
        return Outcome(tuple(steps), messages, "\n".join(text), repr([vars(event) for event in events]), failed)


def _step(metadata: Any) -> Step:
    name = metadata.urn.rpartition("::")[2]
    return Step(str(metadata.op.value), metadata.type, name, frozenset(metadata.detailed_diff or metadata.diffs or ()))


@contextmanager
def project(
    folder: Path, kubernetes: Kubernetes | None = None, *, kubeconfig: Path | None = None, plugin: bool = False
) -> Iterator[Project]:
    """Open a project in an empty folder, with every shipped stack and the tests' examples as stack files.

    `kubeconfig` is a real cluster's; without one each stack's context points at the stack's own API server. With
    `plugin` the engine takes the real Kubernetes provider from PATH.
    """
    home = folder / "project"
    home.mkdir()
    for name in ("Pulumi.yaml", *(f"Pulumi.{stack}.yaml" for stack in SHIPPED)):
        shutil.copy(ROOT / name, home)
    for name, settings in EXAMPLES.items():
        config = {f"logstack:{key}": value for key, value in settings.items()}
        (home / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}, sort_keys=False))
    kubeconfig = kubeconfig or _kubeconfig(folder / "kubeconfig")
    new_project = Project(home, kubeconfig, kubernetes or Kubernetes(), plugin=plugin)
    with new_project.serving():
        yield new_project


def _kubeconfig(path: Path) -> Path:
    """Write a kubeconfig with each stack's context, and without credentials."""
    clusters = [settings_of(name).cluster for name in (*SHIPPED, *EXAMPLES)]
    server = "https://127.0.0.1:1"
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {"name": each.name, "cluster": {"server": each.api_server or server}} for each in clusters
                ],
                "contexts": [
                    {"name": each.context, "context": {"cluster": each.name, "user": "nobody"}} for each in clusters
                ],
                "users": [{"name": "nobody", "user": {}}],
            }
        )
    )
    return path
