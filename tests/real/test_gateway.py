"""Tenants behind the real gateway: nginx with the chart's configuration, and the real Loki with the stack's own.

What a user may not do is tried in every way that a request can be written; beside each refusal stands a request that
is answered, so that nothing is refused for another reason.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.tree import Settings
from tests.support.gateway import Gateway, chart_config, local_nginx, nginx, nginx_command, tailed
from tests.support.real import binary, run
from tests.support.stacks import settings_of

pytestmark = [pytest.mark.real, pytest.mark.prove]

PASSWORDS = {name: f"password of {name}" for name in ("logstack", "anna", "default", "stranger")}
# Each says its owner everywhere: in the line, in a label's value and in a label's name.
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
# How somebody may try to be another tenant.
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
    """What runs."""

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
        """One request through the gateway."""
        auth = (user, password or PASSWORDS[user])
        return httpx.request(method, f"{self.gateway.url}{path}", auth=auth, headers=headers or [], timeout=30, **more)

    def span(self) -> dict[str, str]:
        """The time of all lines, for a query."""
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
        found = Proof(gateway, platform, time.time_ns() - 60 * 10**9)
        for user, word in WORDS.items():
            push(found, user, word)
        wait_for(lambda: all(word in lines(found, user) for user, word in WORDS.items()))
        # Of one process the index alone answers for statistics, and it has what is flushed.
        platform.loki.flush(platform.writers[0].url)
        yield found


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
        assert time.monotonic() < deadline
        time.sleep(0.5)


def lines(proof: Proof, user: str, headers: list[tuple[str, str]] | None = None) -> str:
    asked = {"query": '{owner=~".+"}', "limit": "5000", **proof.span()}
    return proof.ask(user, "/loki/api/v1/query_range", headers, params=asked).text


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
def test_a_user_reads_its_own_lines_and_no_others_by_any_route_and_under_any_name(proof: Proof, route: str) -> None:
    path, asked = READS[route]

    def said(user: str, headers: list[tuple[str, str]]) -> str:
        times = {"time": proof.span()["end"]} if route == "query" else proof.span()
        return proof.ask(user, path, headers, params={**asked, **times}).text

    own = {"anna": "alpha", "default": "bravo"}
    # Labels are detected in what a writer holds: nothing, half a minute after it has flushed. Patterns come later.
    for user, word in own.items():
        push(proof, user, word)
    wait_for(lambda: all(own[user] in said(user, []) for user in own), 60)
    for name, headers in DISGUISES.items():
        answers = {user: said(user, headers) for user in own}
        assert own["default"] in answers["default"], name
        assert own["anna"] not in answers["default"], name
        assert own["anna"] in answers["anna"], name
        assert own["default"] not in answers["anna"], name


def test_index_stats_count_nothing_of_others(proof: Proof) -> None:
    def streams(user: str, headers: list[tuple[str, str]]) -> int:
        asked = {"query": '{owner="alpha"}', **proof.span()}
        return int(proof.ask(user, "/loki/api/v1/index/stats", headers, params=asked).json()["streams"])

    wait_for(lambda: streams("anna", []) == 1)
    assert {streams("default", headers) for headers in DISGUISES.values()} == {0}


def test_a_tail_brings_a_users_own_lines_alone(proof: Proof) -> None:
    for disguise in ("none", "the other", "both"):
        headers = dict(DISGUISES[disguise])
        answer = tailed(proof.gateway.url, "default", PASSWORDS["default"], headers, '{owner=~".+"}', 4)
        assert b"101 Switching Protocols" in answer
        assert b"bravo says" in answer
        assert b"alpha" not in answer


def test_a_push_is_of_its_user_whatever_it_names(proof: Proof) -> None:
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


def test_nobody_sees_makes_or_cancels_a_deletion_of_others_lines(proof: Proof) -> None:
    asked = {"query": '{owner="alpha"}', "start": str(proof.since // 10**9), "end": str(int(time.time()))}
    for headers in DISGUISES.values():
        answer = proof.ask("default", "/loki/api/v1/delete", headers, method="POST", params=asked)
        assert answer.status_code == HTTPStatus.NO_CONTENT, answer.text
        assert proof.ask("anna", "/loki/api/v1/delete").json() == []
    assert {each["query"] for each in proof.ask("default", "/loki/api/v1/delete").json()} == {asked["query"]}
    kept = {**asked, "query": '{owner="alpha"} |= "nothing has this"'}
    assert proof.ask("anna", "/loki/api/v1/delete", method="POST", params=kept).status_code == HTTPStatus.NO_CONTENT
    (mine,) = proof.ask("anna", "/loki/api/v1/delete").json()
    for headers in DISGUISES.values():
        assert "nothing has this" not in proof.ask("default", "/loki/api/v1/delete", headers).text
        cancelled = {"request_id": mine["request_id"], "force": "true"}
        assert proof.ask("default", "/loki/api/v1/delete", headers, method="DELETE", params=cancelled).is_error
    assert [each["request_id"] for each in proof.ask("anna", "/loki/api/v1/delete").json()] == [mine["request_id"]]
    assert "alpha says" in lines(proof, "anna")


def test_nobody_sees_or_changes_the_rules_of_others(proof: Proof) -> None:
    rules, mine = "/loki/api/v1/rules", json.dumps({"name": "alpha-rules", "rules": [ALERT]})
    group, is_yaml = f"{rules}/shop/alpha-rules", [("Content-Type", "application/yaml")]
    made = proof.ask("anna", f"{rules}/shop", is_yaml, method="POST", content=mine)
    assert made.status_code == HTTPStatus.ACCEPTED, made.text
    assert "alpha-rules" in proof.ask("anna", rules).text
    for headers in DISGUISES.values():
        for path in (rules, f"{rules}/shop", group, "/prometheus/api/v1/rules", "/api/prom/rules"):
            assert "alpha-rules" not in proof.ask("default", path, headers).text
        for path in (group, f"{rules}/shop"):
            proof.ask("default", path, headers, method="DELETE")
    assert "alpha-rules" in proof.ask("anna", rules).text


ALERT = {"alert": "Alpha", "expr": 'sum(count_over_time({owner="alpha"}[1m])) > 0'}


def test_the_stacks_own_user_names_any_tenant_and_has_to_name_one(proof: Proof) -> None:
    both = lines(proof, "logstack", DISGUISES["both"])
    assert "alpha" in both
    assert "bravo" in both
    assert "bravo" not in lines(proof, "logstack", DISGUISES["the other"])
    assert "no org id" in lines(proof, "logstack")


def test_a_user_without_a_tenant_is_of_none(proof: Proof) -> None:
    for headers in DISGUISES.values():
        answer = proof.ask("stranger", "/loki/api/v1/labels", headers)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert "no org id" in answer.text


# The way past nginx's table: paths that it and Loki might read differently.
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


def test_lokis_administration_is_the_stacks_own_users_alone(proof: Proof) -> None:
    for path in ADMINISTRATION:
        assert raw(proof, "anna", path)[0] == HTTPStatus.FORBIDDEN, path
    for path in CONFUSED:
        assert "analytics:" not in raw(proof, "anna", path)[1], path
    assert "analytics:" in raw(proof, "logstack", "/config")[1]
    assert raw(proof, "logstack", "/ingester/prepare_shutdown") == (HTTPStatus.OK, "unset")


def raw(proof: Proof, user: str, path: str) -> tuple[int, str]:
    """A path as it is written: httpx would tidy it up."""
    command = ["curl", "-s", "--path-as-is", "-u", f"{user}:{PASSWORDS[user]}", "-w", "\n%{http_code}"]
    said = run([*command, f"{proof.gateway.url}{path}"]).stdout
    body, _, status = said.rpartition("\n")
    return int(status), body


def test_without_a_password_there_is_the_probes_page_and_nothing_else(proof: Proof) -> None:
    url = proof.gateway.url
    assert httpx.get(url).text == "OK"
    for path in ("/loki/api/v1/labels", "/loki/api/v1/push", "/otlp/v1/logs", "/prometheus/api/v1/rules"):
        answer = httpx.get(f"{url}{path}", headers={"X-Scope-OrgID": "team-a"})
        assert answer.status_code == HTTPStatus.UNAUTHORIZED, path
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Loki"'
    assert httpx.get(f"{url}/config").status_code == HTTPStatus.FORBIDDEN


def test_a_wrong_password_is_refused_for_good_and_the_stacks_own_for_a_while(proof: Proof) -> None:
    for user in ("anna", "nobody", "LOGSTACK", "Anna"):
        answer = proof.ask(user, "/loki/api/v1/labels", password="wrong")
        assert answer.status_code == HTTPStatus.UNAUTHORIZED, user
    # What Alloy sends again: it drops a push that is answered with 401.
    own = proof.ask("logstack", "/loki/api/v1/labels", password="the one before")
    assert own.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "another password" in own.text


def test_a_new_password_counts_without_a_restart(proof: Proof) -> None:
    before = proof.gateway.hashes.read_text()
    try:
        proof.gateway.hashes.write_text(before.replace("anna:", f"anna:{hashed('new')}\nold-anna:"))
        assert proof.ask("anna", "/loki/api/v1/labels").status_code == HTTPStatus.UNAUTHORIZED
        assert proof.ask("anna", "/loki/api/v1/labels", password="new").status_code == HTTPStatus.OK
    finally:
        proof.gateway.hashes.write_text(before)


@pytest.mark.parametrize("stack", ["production", "aws", "unusual"])
def test_nginx_takes_the_configuration_of_every_kind_of_stack(stack: str, tmp_path: Path) -> None:
    config = chart_config(settings_of(stack), tmp_path)
    (tmp_path / "nginx.conf").write_text(local_nginx(config, None, 8080, tmp_path))
    (tmp_path / ".htpasswd").write_text("")
    told = run([*nginx_command(tmp_path), "-t"])
    assert told.returncode == 0, told.stderr
    assert "warn" not in told.stderr


# dskit refuses these two, and no other name of the form that the settings take.
@pytest.mark.parametrize("name", [".", "..", "a.b", "...", "!-_.*'()", "A" * 150, "default", "logstack-canary"])
def test_loki_takes_every_tenants_name_but_those_that_the_checks_refuse(proof: Proof, name: str) -> None:
    answer = httpx.get(f"{proof.platform.loki.reader}/loki/api/v1/labels", headers={"X-Scope-OrgID": name}, timeout=30)
    assert answer.is_success == (name not in (".", ".."))
