"""Tenants behind the real gateway: nginx with the chart's configuration, and the real Loki with the stack's.

The tests try what a user may not do with every form of the request. A similar request that is answered proves that
each refusal has no other reason.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from logstack.localrun.layout import LOOPBACK, free_ports
from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.tree import Settings
from tests.support.gateway import Gateway, chart_config, local_nginx, nginx, nginx_command, tailed
from tests.support.real import PATIENCE, binary, run
from tests.support.stacks import settings_of

pytestmark = [pytest.mark.real, pytest.mark.prove]

WORKERS = 5
PASSWORDS = {name: f"password of {name}" for name in ("logstack", "anna", "default", "stranger")}
# Each word names its owner everywhere: in the line, in a label's value and in a label's name.
WORDS = {"anna": "alpha", "default": "bravo"}
TENANTS = {"anna": "team-a", "default": "Team_(b)"}
SETTINGS = Settings.model_validate(
    {
        "cluster": {"name": "proof", "context": "proof"},
        "deploymentMode": "monolithic",
        "replicationFactor": 1,
        "objectStore": {"kind": "embedded"},
        "gateway": {"auth": {"credentialsSecret": "loki-gateway"}},
        "tenants": [
            {"name": TENANTS["anna"], "namespaces": ["a"], "user": "anna"},
            {"name": TENANTS["default"], "namespaces": ["b"], "user": "default"},
        ],
    }
)
# How a user may try to act as another tenant.
DISGUISES: Mapping[str, list[tuple[str, str]]] = {
    "none": [],
    "the other": [("X-Scope-OrgID", "team-a")],
    "both": [("X-Scope-OrgID", "team-a|Team_(b)")],
    "both the other way round": [("X-Scope-OrgID", "Team_(b)|team-a")],
    "twice": [("X-Scope-OrgID", "Team_(b)"), ("X-Scope-OrgID", "team-a")],
    "in small letters": [("x-scope-orgid", "team-a")],
    "with underscores": [("X_Scope_OrgID", "team-a")],
    "everybody": [("X-Scope-OrgID", "fake")],
}


@dataclass(frozen=True)
class Proof:
    """The running gateway and Loki."""

    gateway: Gateway
    platform: Platform
    since: int
    """Nanoseconds; all lines are younger."""

    def ask(
        self,
        user: str,
        path: str,
        headers: list[tuple[str, str]] | None = None,
        *,
        method: str = "GET",
        password: str = "",
        **more: Any,
    ) -> httpx.Response:
        """Send one request through the gateway."""
        auth = (user, password or PASSWORDS[user])
        return httpx.request(method, f"{self.gateway.url}{path}", auth=auth, headers=headers or [], timeout=30, **more)

    def span(self) -> dict[str, str]:
        """Return the parameters of a query over the time of all lines."""
        return {"start": str(self.since), "end": str(time.time_ns() + 10**9)}


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    nginx()
    binaries = {name: binary(name) for name in ("loki", "versitygw")}
    binary("helm")
    root = tmp_path_factory.mktemp("gateway")
    with Fleet(root / "logs") as fleet:
        platform = Platform(SETTINGS, binaries, root, fleet)
        platform.config["pattern_ingester"] = {"enabled": True}
        platform.start()
        gateway = Gateway(SETTINGS, platform.layout, root / "nginx", fleet)
        gateway.hashes.write_text("".join(f"{user}:{hashed(word)}\n" for user, word in PASSWORDS.items()))
        gateway.start()
        running_proof = Proof(gateway, platform, time.time_ns() - 60 * 10**9)
        for user, word in WORDS.items():
            push(running_proof, user, word)
        wait_for(lambda: all(word in lines(running_proof, user) for user, word in WORDS.items()))
        # In one process only the index answers statistics, and it has only flushed lines.
        platform.loki.flush(platform.writers[0].url)
        yield running_proof


def hashed(password: str) -> str:
    return run(["openssl", "passwd", "-apr1", "-stdin"], password).stdout.strip()


def push(proof: Proof, user: str, word: str, headers: list[tuple[str, str]] | None = None) -> None:
    now = time.time_ns()
    values = [[str(now + number), f"{word} says {number} things"] for number in range(30)]
    stream = {"stream": {"owner": word, f"of_{word}": "yes"}, "values": values}
    answer = proof.ask(user, "/loki/api/v1/push", headers, method="POST", json={"streams": [stream]})
    assert answer.status_code == HTTPStatus.NO_CONTENT, answer.text


def wait_for(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"the expected answer did not come within {seconds:.0f} s"
        time.sleep(0.5)


def lines(proof: Proof, user: str, headers: list[tuple[str, str]] | None = None) -> str:
    parameters = {"query": '{owner=~".+"}', "limit": "5000", **proof.span()}
    return proof.ask(user, "/loki/api/v1/query_range", headers, params=parameters).text


READS: Mapping[str, tuple[str, dict[str, str]]] = {
    "query_range": ("/loki/api/v1/query_range", {"query": '{owner=~".+"}'}),
    "query": ("/loki/api/v1/query", {"query": 'sum by (owner) (count_over_time({owner=~".+"}[1h]))'}),
    "labels": ("/loki/api/v1/labels", {}),
    "label values": ("/loki/api/v1/label/owner/values", {}),
    "series": ("/loki/api/v1/series", {"match[]": '{owner=~".+"}'}),
    "volume": ("/loki/api/v1/index/volume", {"query": '{owner=~".+"}'}),
    "volume range": ("/loki/api/v1/index/volume_range", {"query": '{owner=~".+"}', "step": "60"}),
    "detected labels": ("/loki/api/v1/detected_labels", {"query": '{owner=~".+"}'}),
    "patterns": ("/loki/api/v1/patterns", {"query": '{owner=~".+"}'}),
}


@pytest.mark.parametrize("route", READS)
def test_user_reads_only_its_own_lines_by_any_route_and_under_any_name(proof: Proof, route: str) -> None:
    path, parameters = READS[route]

    def read(user: str, headers: list[tuple[str, str]]) -> str:
        times = {"time": proof.span()["end"]} if route == "query" else proof.span()
        return proof.ask(user, path, headers, params={**parameters, **times}).text

    own = {"anna": "alpha", "default": "bravo"}
    # A writer detects labels in unflushed lines, half a minute after a flush in none. Patterns come later.
    for user, word in own.items():
        push(proof, user, word)
    wait_for(lambda: all(own[user] in read(user, []) for user in own), 60)
    for name, headers in DISGUISES.items():
        answers = {user: read(user, headers) for user in own}
        assert own["default"] in answers["default"], name
        assert own["anna"] not in answers["default"], name
        assert own["anna"] in answers["anna"], name
        assert own["default"] not in answers["anna"], name


def test_index_stats_count_no_lines_of_another_tenant(proof: Proof) -> None:
    def streams(user: str, headers: list[tuple[str, str]]) -> int:
        parameters = {"query": '{owner="alpha"}', **proof.span()}
        return int(proof.ask(user, "/loki/api/v1/index/stats", headers, params=parameters).json()["streams"])

    wait_for(lambda: streams("anna", []) == 1)
    assert {streams("default", headers) for headers in DISGUISES.values()} == {0}


def test_tail_returns_only_a_users_own_lines(proof: Proof) -> None:
    for disguise in ("none", "the other", "both"):
        headers = dict(DISGUISES[disguise])
        answer = tailed(proof.gateway.url, "default", PASSWORDS["default"], headers, '{owner=~".+"}', 4)
        assert b"101 Switching Protocols" in answer
        assert b"bravo says" in answer
        assert b"alpha" not in answer


def test_push_belongs_to_its_user_whatever_tenant_it_names(proof: Proof) -> None:
    for number, headers in enumerate(DISGUISES.values()):
        push(proof, "default", f"forged{number}", headers)
    last = f"forged{len(DISGUISES) - 1}"
    wait_for(lambda: last in lines(proof, "default"))
    assert "forged" not in lines(proof, "anna")
    assert "forged" not in lines(proof, "logstack", [("X-Scope-OrgID", "fake")])
    otlp = {
        "resourceLogs": [
            {"scopeLogs": [{"logRecords": [{"timeUnixNano": str(time.time_ns()), "body": {"stringValue": "by otlp"}}]}]}
        ]
    }
    for headers in DISGUISES.values():
        answer = proof.ask("default", "/otlp/v1/logs", headers, method="POST", json=otlp)
        assert answer.status_code in (HTTPStatus.OK, HTTPStatus.NO_CONTENT), answer.text
    everything = {"query": '{service_name=~".+"}', **proof.span()}
    read = {user: proof.ask(user, "/loki/api/v1/query_range", params=everything).text for user in TENANTS}
    assert "by otlp" in read["default"]
    assert "by otlp" not in read["anna"]


def test_user_cannot_see_create_or_cancel_delete_requests_of_another_tenant(proof: Proof) -> None:
    parameters = {"query": '{owner="alpha"}', "start": str(proof.since // 10**9), "end": str(int(time.time()))}
    for headers in DISGUISES.values():
        answer = proof.ask("default", "/loki/api/v1/delete", headers, method="POST", params=parameters)
        assert answer.status_code == HTTPStatus.NO_CONTENT, answer.text
        assert proof.ask("anna", "/loki/api/v1/delete").json() == []
    assert {each["query"] for each in proof.ask("default", "/loki/api/v1/delete").json()} == {parameters["query"]}
    own_request = {**parameters, "query": '{owner="alpha"} |= "nothing has this"'}
    assert (
        proof.ask("anna", "/loki/api/v1/delete", method="POST", params=own_request).status_code == HTTPStatus.NO_CONTENT
    )
    (mine,) = proof.ask("anna", "/loki/api/v1/delete").json()
    for headers in DISGUISES.values():
        assert "nothing has this" not in proof.ask("default", "/loki/api/v1/delete", headers).text
        cancelled = {"request_id": mine["request_id"], "force": "true"}
        assert proof.ask("default", "/loki/api/v1/delete", headers, method="DELETE", params=cancelled).is_error
    assert [each["request_id"] for each in proof.ask("anna", "/loki/api/v1/delete").json()] == [mine["request_id"]]
    assert "alpha says" in lines(proof, "anna")


def test_user_cannot_see_or_change_rules_of_another_tenant(proof: Proof) -> None:
    rules, mine = "/loki/api/v1/rules", json.dumps({"name": "alpha-rules", "rules": [ALERT]})
    group, is_yaml = f"{rules}/shop/alpha-rules", [("Content-Type", "application/yaml")]
    created = proof.ask("anna", f"{rules}/shop", is_yaml, method="POST", content=mine)
    assert created.status_code == HTTPStatus.ACCEPTED, created.text
    assert "alpha-rules" in proof.ask("anna", rules).text
    for headers in DISGUISES.values():
        for path in (rules, f"{rules}/shop", group, "/prometheus/api/v1/rules", "/api/prom/rules"):
            assert "alpha-rules" not in proof.ask("default", path, headers).text
        for path in (group, f"{rules}/shop"):
            proof.ask("default", path, headers, method="DELETE")
    assert "alpha-rules" in proof.ask("anna", rules).text


ALERT = {"alert": "Alpha", "expr": 'sum(count_over_time({owner="alpha"}[1m])) > 0'}


def test_stacks_own_user_must_name_a_tenant_and_may_name_any(proof: Proof) -> None:
    both = lines(proof, "logstack", DISGUISES["both"])
    assert "alpha" in both
    assert "bravo" in both
    assert "bravo" not in lines(proof, "logstack", DISGUISES["the other"])
    assert "no org id" in lines(proof, "logstack")


def test_user_without_a_tenant_reads_nothing(proof: Proof) -> None:
    for headers in DISGUISES.values():
        answer = proof.ask("stranger", "/loki/api/v1/labels", headers)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert "no org id" in answer.text


# Ways around nginx's table: paths that nginx and Loki might read differently.
ADMINISTRATION = [
    "/config",
    "/flush",
    "/ring",
    "/memberlist",
    "/distributor/ring",
    "/compactor/ring",
    "/ruler/ring",
    "/ingester/prepare_shutdown",
    "//ingester/prepare_shutdown",
    "/%69ngester/prepare_shutdown",
    "/loki/api/v1/../../../config",
    "/loki/api/v1/%2e%2e/%2e%2e/%2e%2e/config",
    "/loki/api/v1/..%2f..%2f..%2fconfig",
    "/loki/api/v1/../../../ingester/prepare_shutdown",
]
CONFUSED = [
    "/config/../loki/api/v1/labels",
    "/ingester/prepare_shutdown/..;/../../loki/api/v1/labels",
    "/loki/api/v1/labels/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fconfig",
    "/loki/api/v1/labels/%252e%252e%252f%252e%252e%252f%252e%252e%252f%252e%252e%252fconfig",
    "/loki/api/v1/labels#/../../../../config",
]


def test_only_the_stacks_own_user_reaches_lokis_administration(proof: Proof) -> None:
    for path in ADMINISTRATION:
        assert raw_request(proof, "anna", path)[0] == HTTPStatus.FORBIDDEN, path
    for path in CONFUSED:
        assert "analytics:" not in raw_request(proof, "anna", path)[1], path
    assert "analytics:" in raw_request(proof, "logstack", "/config")[1]
    assert raw_request(proof, "logstack", "/ingester/prepare_shutdown") == (HTTPStatus.OK, "unset")


def raw_request(proof: Proof, user: str, path: str) -> tuple[int, str]:
    """Send a path as it is written, which httpx would normalise; return the status and the body."""
    command = ["curl", "-s", "--path-as-is", "-u", f"{user}:{PASSWORDS[user]}", "-w", "\n%{http_code}"]
    output = run([*command, f"{proof.gateway.url}{path}"]).stdout
    body, _, status = output.rpartition("\n")
    return int(status), body


def test_request_without_a_password_gets_only_the_probes_page(proof: Proof) -> None:
    url = proof.gateway.url
    assert httpx.get(url, timeout=PATIENCE).text == "OK"
    for path in ("/loki/api/v1/labels", "/loki/api/v1/push", "/otlp/v1/logs", "/prometheus/api/v1/rules"):
        answer = httpx.get(f"{url}{path}", headers={"X-Scope-OrgID": "team-a"}, timeout=PATIENCE)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED, path
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Loki"'
    assert httpx.get(f"{url}/config", timeout=PATIENCE).status_code == HTTPStatus.FORBIDDEN


def test_wrong_password_gets_401_and_503_for_the_stacks_own_user(proof: Proof) -> None:
    for user in ("anna", "nobody", "LOGSTACK", "Anna"):
        answer = proof.ask(user, "/loki/api/v1/labels", password="wrong")
        assert answer.status_code == HTTPStatus.UNAUTHORIZED, user
    # Alloy sends such a push again, but drops one that is answered with 401.
    own = proof.ask("logstack", "/loki/api/v1/labels", password="the one before")
    assert own.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "another password" in own.text


def test_new_password_takes_effect_without_a_restart(proof: Proof) -> None:
    before = proof.gateway.hashes.read_text()
    try:
        proof.gateway.hashes.write_text(before.replace("anna:", f"anna:{hashed('new')}\nold-anna:"))
        assert proof.ask("anna", "/loki/api/v1/labels").status_code == HTTPStatus.UNAUTHORIZED
        assert proof.ask("anna", "/loki/api/v1/labels", password="new").status_code == HTTPStatus.OK
    finally:
        proof.gateway.hashes.write_text(before)


@pytest.mark.parametrize("stack", ["production", "aws", "unusual"])
def test_nginx_accepts_the_configuration_of_every_kind_of_stack(stack: str, tmp_path: Path) -> None:
    config = chart_config(settings_of(stack), tmp_path)
    (tmp_path / "nginx.conf").write_text(local_nginx(config, None, 8080, tmp_path))
    (tmp_path / ".htpasswd").write_text("")
    answer = run([*nginx_command(tmp_path), "-t"])
    assert answer.returncode == 0, answer.stderr
    assert "warn" not in answer.stderr


def nginx_error(config: str, directory: Path) -> str:
    """Return what nginx says of a configuration that it does not start with."""
    (directory / "nginx.conf").write_text(config)
    (directory / ".htpasswd").write_text("")
    answer = run([*nginx_command(directory), "-t"])
    assert answer.returncode != 0
    return answer.stderr


def test_nginx_does_not_start_with_one_user_in_two_spellings(tmp_path: Path) -> None:
    config = local_nginx(chart_config(SETTINGS, tmp_path), None, 8080, tmp_path)
    user = '":anna" "team-a";'
    assert user in config
    twice = config.replace(user, f'{user} ":ANNA" "Team_(b)";')
    assert 'conflicting parameter ":anna"' in nginx_error(twice, tmp_path).lower()


def test_nginx_does_not_start_without_the_dns_service(tmp_path: Path) -> None:
    config = local_nginx(chart_config(SETTINGS, tmp_path), None, 8080, tmp_path)
    missing = config.replace("http {", "http {\n  resolver kube-dns.kube-system.svc.cluster.invalid.;", 1)
    assert "host not found in resolver" in nginx_error(missing, tmp_path)


# dskit refuses the first two, and no other name that the settings accept.
@pytest.mark.parametrize("name", [".", "..", "a.b", "...", "!-_.*'()", "A" * 150, "default", "logstack-canary"])
def test_loki_accepts_every_tenant_name_except_those_that_the_checks_refuse(proof: Proof, name: str) -> None:
    answer = httpx.get(f"{proof.platform.loki.reader}/loki/api/v1/labels", headers={"X-Scope-OrgID": name}, timeout=30)
    assert answer.is_success == (name not in (".", ".."))


def test_nginx_that_has_only_started_holds_about_what_the_least_memory_of_a_gateway_counts(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    # As many as the pinned chart has.
    config = re.sub("(?m)^worker_processes .*", "", local_nginx(chart_config(SETTINGS, tmp_path), None, port, tmp_path))
    (tmp_path / "nginx.conf").write_text(f"worker_processes {WORKERS};\n{config}")
    (tmp_path / ".htpasswd").write_text("")
    with Fleet(tmp_path / "out") as fleet:
        fleet.start("nginx", nginx_command(tmp_path), {})
        wait_for(lambda: answers(f"http://{LOOPBACK}:{port}"))
        master = int((tmp_path / "nginx.pid").read_text())
        workers = run(["pgrep", "-P", str(master)]).stdout.split()
        # Shared pages count once.
        maps = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in (master, *workers)]
    kibibytes = sum(int(re.findall(r"^Pss: +(\d+) kB", text, re.MULTILINE)[0]) for text in maps)
    assert len(workers) == WORKERS
    # 5 with the stand-in, which has few connections, 14 with the chart.
    assert 4 < kibibytes / 1024 < 16


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=PATIENCE).is_success
    except httpx.TransportError:
        return False
