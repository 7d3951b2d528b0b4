"""Stack files just inside each check's limit, acknowledgements, and the order of problems."""

import json
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import Phase, given
from hypothesis import settings as profile

from logstack.manifests.canary.resources import NAME
from logstack.manifests.manifest import labels
from logstack.settings import checks
from logstack.settings.checks import canary, lines, matching, parsing, problems_of, sources
from logstack.settings.checks.acknowledgements import OF_CLUSTER
from logstack.settings.checks.check import reads
from logstack.settings.model.charts import PINNED
from logstack.settings.model.roles import Role
from logstack.settings.problems import StackProblems
from logstack.settings.tree import Settings
from tests.support.generated import stacks
from tests.unit.settings.stacks import TODAY, messages_for, stack, store

SIMPLE_SCALABLE = "deploymentMode: simple-scalable\nacknowledge: [simple-scalable-ends-with-loki-4]\n"
BY_API = "acknowledge: [api-loses-lines]"
SHARED = "acknowledge: [pods-share-streams]"
SINGLE = "replicas: {monolithic: 1}\nreplicationFactor: 1\n"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param("", id="replication factor 3 with three writers"),
        pytest.param("replicas: {monolithic: 5}\nreplicationFactor: 5", id="replication factor 5 with five writers"),
        pytest.param(SIMPLE_SCALABLE + "replicas: {write: 3, read: 2, backend: 2}", id="two readers"),
        pytest.param(SINGLE + "objectStore: {kind: embedded}", id="replication factor 1 on an embedded store"),
        pytest.param(SINGLE + "objectStore: {kind: filesystem}", id="one replica on a directory"),
        pytest.param("retention: 1d", id="a retention of a day"),
        pytest.param("retention: 24h\ncollector: {maxAge: 24h}", id="a maximum age equal to the retention"),
        pytest.param("retention: 3d", id="a retention below the collector's default age"),
        pytest.param("retention: 400d", id="a retention above Loki's default query length"),
        pytest.param("limits: {maxQueryLength: 30d, maxQueryLookback: 30d}", id="query limits equal to the retention"),
        pytest.param("limits: {maxQueryLength: 0s, maxQueryLookback: 0s}", id="limits of zero, which mean unlimited"),
        pytest.param("limits: {queryTimeout: 10m}", id="a timeout as long as the gateway's"),
        pytest.param("limits: {ingestionBurst: 1Mi}", id="a burst of one batch"),
        pytest.param("schemaPeriods: [{from: 2024-04-01}]", id="a date without quotes"),
        pytest.param('schemaPeriods: [{from: "2026-05-31"}]', id="a first period that began yesterday"),
        pytest.param('schemaPeriods: [{from: "2024-04-01"}, {from: "2026-06-02"}]', id="a second period from tomorrow"),
        pytest.param(
            'schemaPeriods: [{from: "2022-01-01", store: boltdb-shipper, schema: v11}, {from: "2024-04-01"}]',
            id="an old index in an ended period",
        ),
        pytest.param(
            'schemaPeriods: [{from: "2022-01-01", schema: v12}, {from: "2026-06-01"}]',
            id="an old schema in a period that ends today",
        ),
        pytest.param("schemaPeriods: [{indexPeriod: 1d}]", id="an index period of 1d instead of 24h"),
        pytest.param(store(endpoint="http://nas.example"), id="a host without a port"),
        pytest.param(store(endpoint="https://[2606:4700::1111]:9000"), id="an IPv6 address"),
        pytest.param(store(endpoint="https://nas.acme.com", pathStyle=False), id="a bucket in the host name"),
        pytest.param(store(endpoint="http://rook-ceph-rgw-a.b.svc:80"), id="Ceph's gateway, by path style"),
        pytest.param(
            store(endpoint="https://rgw.svc.acme.com", pathStyle=False), id="a host with a name like a Service"
        ),
        pytest.param("resources: {monolithic: {cpu: 1, memory: 4Gi, disk: 10Gi}}", id="a volume of a StatefulSet"),
        pytest.param("resources: {alloy: {cpu: 1, memory: 1Gi}}", id="a DaemonSet without a volume"),
        pytest.param(store(bucket="abc"), id="a bucket of three letters"),
        pytest.param(store(bucket="logs.example.com"), id="a bucket with dots"),
        pytest.param(
            "objectStore: {kind: embedded, bucket: chunks}", id="a common bucket name on the stack's own volume"
        ),
        pytest.param(
            "objectStore: {kind: aws-s3, bucket: loki-test, region: eu-central-1, accountId: '123456789012', "
            "identity: {eksCluster: test}}\nlokiVersion: 3.7.4",
            id="AWS, where trailing checksums are understood",
        ),
        pytest.param("walReplayCeiling: 1Gi", id="half of the memory for the replay"),
        pytest.param("caches: {chunks: 64Mi}", id="the smallest cache"),
        pytest.param(
            "cluster: {name: test, context: test, apiServer: 'https://10.0.0.2:6443', nodeMemory: 2Gi}",
            id="pods as large as a node",
        ),
        pytest.param("ingest: 50GB/day", id="the highest ingest of the mode"),
        pytest.param(SINGLE + "ingest: 20GB/day\nobjectStore: {kind: embedded}", id="the highest ingest of one pod"),
        pytest.param("ingest: 0.864GB/day\nlimits: {ingestionRate: 30000B}", id="a rate of three times the average"),
        pytest.param(
            "gateway: {auth: {credentialsSecret: loki-gateway}}\ningest: 2GB/day\nlimits: {ingestionRate: 30000B}\n"
            "tenants: [{name: a, namespaces: [a]}, {name: b, namespaces: [b]}]",
            id="a rate for each of three tenants",
        ),
        pytest.param(
            SINGLE + "ingest: 5GB/day\nretention: 14d\nobjectStore: {kind: embedded, size: 25Gi}",
            id="a volume that holds the retention",
        ),
        pytest.param("caches: {chunks: 5Gi}", id="a cache as large as Loki"),
        pytest.param("collector: {labelBudget: 8}", id="as many labels as the budget"),
        pytest.param("collector: {indexLabels: [pod, stream]}", id="no labels but the canary's"),
        pytest.param(
            "collector: {indexLabels: [namespace]}\ncanary: {enabled: false}\n" + SHARED, id="no canary, no labels"
        ),
        pytest.param(
            "collector: {indexLabels: [namespace]}\ncanary: {route: direct}\n" + SHARED,
            id="a direct canary without its labels",
        ),
        pytest.param("collector: {indexLabels: [pod, container]}", id="the canary's container instead of its stream"),
        pytest.param(
            "collector: {sources: {pods: api}}\n" + BY_API, id="default labels, not all from the Kubernetes API"
        ),
        pytest.param(
            "collector: {sources: {pods: api}, indexLabels: [pod, container]}\n" + BY_API,
            id="the canary's container by the Kubernetes API",
        ),
        pytest.param(
            "collector: {indexLabels: [pod, stream, team], labels: {team: example.com/team}}", id="a label of the pods"
        ),
        pytest.param(
            "collector: {sources: {push: true}, indexLabels: [pod, stream, os], drop: [{name: a, match: {host: a}}]}\n"
            "acknowledge: [receivers-are-open]",
            id="labels of other shippers",
        ),
        pytest.param(
            "collector: {sources: {journal: {enabled: true, units: [a.service]}}, indexLabels: [pod, stream, unit]}\n"
            "acknowledge: [journal-needs-systemd]",
            id="journal units",
        ),
        pytest.param(
            "collector: {labelBudget: 9, sources: {journal: {enabled: true}}}\nacknowledge: [journal-needs-systemd]\n"
            """retentionStreams: [{selector: '{job="systemd-journal", node="n1"}', period: 1d}]""",
            id="the node of a journal",
        ),
        pytest.param(
            "collector: {sources: {otlp: {http: true, indexLabels: [cloud.region]}}, "
            "drop: [{name: far, match: {cloud_region: eu-3}}]}\nacknowledge: [receivers-are-open]\n"
            """retentionStreams: [{selector: '{cloud_region="eu-1"}', period: 1d}]""",
            id="a resource attribute as a label",
        ),
        pytest.param(
            "collector: {labelBudget: 15, sources: {otlp: {http: true, indexLabels: [a, b, c, d, e, f, g, h, i]}}}\n"
            "acknowledge: [receivers-are-open]",
            id="as many labels of OTLP lines as Loki takes",
        ),
        pytest.param(
            "collector: {sources: {otlp: {http: true, indexLabels: [a, b, c, d, e, f, g, h, i, j]}}}\n"
            "loki: {config: {limits_config: {max_label_names_per_series: 16}}}\n"
            "acknowledge: [receivers-are-open, label-budget]",
            id="as many labels of OTLP lines as the stack lets Loki take",
        ),
        pytest.param(
            "collector: {sources: {pods: none, events: true}, namespaces: {never: [shop]}}\ncanary: {enabled: false}",
            id="events alone, and not of all namespaces",
        ),
        pytest.param(
            "collector: {sources: {nodeFiles: [{path: /var/log/*.log, job: a}, {path: /var/log/*/syslog, job: a}]}}",
            id="files of the node beside the pods' folders",
        ),
        pytest.param(
            "collector: {sources: {pods: none, nodeFiles: [{path: /var/log/pods/**/*.log, job: a}]}}\n"
            "canary: {enabled: false}",
            id="pod logs that no other source reads",
        ),
        pytest.param(
            "collector: {pods: {only: {app.kubernetes.io/part-of: logstack}, never: {example.com/Quiet: 'yes'}}}",
            id="the canary's own label",
        ),
        pytest.param("collector: {pods: {only: {tier: a}, never: {tier: b}}}\ncanary: {route: direct}", id="two tiers"),
        pytest.param(
            "collector: {writeAheadLog: true, stability: experimental}\nacknowledge: [write-ahead-log-not-read-again]",
            id="an experimental component",
        ),
        pytest.param(
            """
            collector:
              parsers:
                - {match: {app: a}, format: json, fields: {trace_id: 'trace."trace-id"', user: user || usr}}
                - {match: {app: a*}, format: logfmt, fields: {user: usr, team: ""}, timestamp: {field: ts}}
                - match: {namespace: shop, container: "*-worker"}
                  pattern: '^(?P<time>[^ ]+) (?P<level>[A-Z]+) (?<thread>\\S+)'
                  timestamp: {field: time, format: "06-01-02 15:04", timeZone: Europe/Berlin}
                - {match: {app: b}, multiline: {language: java}}
                - {match: {app: b}, format: klog}
                - {match: {app: c}, multiline: {firstLine: "^\\\\[", maxWait: 1s}}
                - {match: {stream: stderr}, multiline: {language: go}}
                - {format: json}
            """,
            id="parsers of every kind",
        ),
        pytest.param(
            "collector: {drop: [{name: health, pattern: GET /healthz}, {name: quiet, match: {app: a}}, "
            "{name: some, match: {namespace: shop}, keep: 0.1}]}",
            id="rules that drop",
        ),
        pytest.param(
            "collector: {drop: [{name: some, keep: 0.1}]}\ncanary: {route: direct}", id="a share of all lines"
        ),
        pytest.param(
            "collector: {parsers: [{multiline: {firstLine: '^[0-9]'}}]}",
            id="multiline entries that start like the canary's lines",
        ),
        pytest.param(
            "collector: {rateLimits: [{rate: 9, burst: 1}, {namespace: a, rate: 1, burst: 9}, "
            "{namespace: b, rate: 1, burst: 1}]}",
            id="a limit for each namespace and one for all others",
        ),
        pytest.param(
            "tenants: [{name: a, namespaces: [a, b], user: a}, {name: Fake, namespaces: [c]}]\n"
            "gateway: {auth: {credentialsSecret: loki-gateway}}",
            id="two tenants",
        ),
        pytest.param(
            "ingress: {kind: ingress, host: logs.example.com, path: /, tls: {secretName: tls, issuer: own}}\n"
            "gateway: {auth: {credentialsSecret: loki-gateway}}",
            id="an ingress with a certificate and a password",
        ),
        pytest.param(
            "ingress: {kind: gateway-api, host: a.b, path: /otlp, gateway: {name: public, sectionName: https}}\n"
            "gateway: {auth: {credentialsSecret: loki-gateway}}",
            id="a route with a listener and a password",
        ),
        pytest.param(
            "collector: {sources: {otlp: {grpc: true}}, namespaces: {only: [monitoring]}, "
            "parsers: [{match: {namespace: shop}, format: json}]}\nacknowledge: [receivers-are-open]",
            id="a namespace whose lines are pushed",
        ),
        pytest.param("collector: {namespaces: {only: [monitoring, shop], never: [secrets]}}", id="some namespaces"),
        pytest.param("collector: {namespaces: {never: [monitoring]}}\ncanary: {route: direct}", id="a direct canary"),
        pytest.param("charts: {loki: {repository: oci://mirror.example/grafana-community}}", id="a mirror"),
        pytest.param(
            "charts: {loki: {repository: https://grafana.github.io/helm-charts, version: 6.55.0}}",
            id="Grafana's chart while it was open source",
        ),
        pytest.param("charts: {loki: {path: ./charts/grafana/loki}}", id="a chart in a folder"),
        pytest.param("charts: {alloy: {repository: https://grafana.github.io/helm-charts}}", id="Grafana's own Alloy"),
        pytest.param("lokiVersion: 3.7.7", id="the first Loki without trailing checksums"),
        pytest.param("lokiVersion: 3.6.10", id="the last Loki before trailing checksums"),
        pytest.param("lokiVersion: 3.0.0", id="the first Loki with structured metadata"),
        pytest.param("lokiVersion: 4.0.0", id="Loki 4 in monolithic mode"),
    ],
)
def test_correct_stack_file_has_no_problem(changes: str) -> None:
    assert messages_for(changes) == ""


@pytest.mark.parametrize(
    ("name", "is_valid"),
    [
        ("loki-production", True),
        ("ab", False),
        ("a" * 63, True),
        ("a" * 64, False),
        ("Loki", False),
        ("loki_chunks", False),
        ("loki/chunks", False),
        ("-loki", False),
        ("loki-", False),
        ("loki..chunks", False),
        ("10.0.0.1", False),
        ("10.0.0", True),
        ("xn--loki", False),
        ("löki", False),
    ],
)
def test_bucket_name_is_refused_unless_every_s3_store_accepts_it(name: str, *, is_valid: bool) -> None:
    assert ("bucket-name" in messages_for(f"objectStore: {{kind: embedded, bucket: '{name}'}}")) is not is_valid


@pytest.mark.parametrize(
    ("ceiling", "name"),
    [("1024Mi", ""), ("1025Mi", "replay-ceiling-high"), ("1536Mi", "replay-ceiling-high"), ("1537Mi", "too-high")],
)
def test_replay_ceiling_warns_above_half_of_the_memory_and_fails_above_three_quarters(ceiling: str, name: str) -> None:
    text = messages_for(f"walReplayCeiling: {ceiling}")
    assert name in text
    assert bool(text) is bool(name)


@pytest.mark.parametrize(
    ("version", "breaks"),
    [
        ("3.6.10", 0),
        ("3.6.11", 1),
        ("3.6.16", 0),
        ("3.7.1", 0),
        ("3.7.2", 1),
        ("3.7.6", 1),
        ("3.7.7", 0),
        ("3.10.3", 0),
    ],
)
def test_loki_version_is_refused_when_it_breaks_writes_to_the_object_store(version: str, breaks: int) -> None:
    assert messages_for(f"lokiVersion: {version}").count("loki-breaks-object-store") == breaks


INGRESS = "kind: ingress, host: logs.example.com"
TLS = "tls: {secretName: logs-tls}"
PASSWORD = "gateway: {auth: {credentialsSecret: loki-gateway}}"


@pytest.mark.parametrize("name", [rule.name for rule in OF_CLUSTER])
def test_warning_that_only_the_running_program_can_give_is_acknowledged_without_being_needed(name: str) -> None:
    accepted = stack(f"acknowledge: [{name}]")
    assert (accepted.problems, accepted.accepted) == ((), ())


@pytest.mark.parametrize("name", sorted(rule.name for rule in checks.rules().values() if rule.severity == "warning"))
def test_warning_is_silenced_by_its_own_name(name: str) -> None:
    risky = {
        "api-server-not-checked": "cluster: {name: test, context: test}",
        "ring-label-unverified": "cluster: {name: a, context: a, apiServer: https://10.0.0.2:6443, ringLabel: sent}",
        "bucket-name-guessable": store(bucket="ruler"),
        "caches-larger-than-loki": "caches: {chunks: 8Gi}",
        "chart-is-enterprise": "charts: {loki: {repository: oci://ghcr.io/grafana/helm-charts, version: 7.3.0}}",
        "chart-archive-differs": f"charts: {{loki: {{path: {Path(__file__)}}}}}",  # a file that is not a chart
        "image-of-another-version": "images: {alloy: {tag: v1.18.0}}",
        "writers-may-share-a-node": "scheduling: {affinity: {podAntiAffinity: {}}}",
        "endpoint-is-local": store(endpoint="http://127.0.0.1:9000"),
        "endpoint-not-certified": store(endpoint="https://10.0.0.1:9000"),
        "log-volume-too-small": "ingest: 40GB/day\nresources: {monolithic: {cpu: 1, memory: 2Gi, disk: 1Gi}}",
        "single-replica-above-range": SINGLE + "ingest: 30GB/day\nobjectStore: {kind: embedded}",
        "volume-full-before-retention": SINGLE + "ingest: 5GB/day\nobjectStore: {kind: embedded, size: 25Gi}",
        "former-store-over": "schemaPeriods: [{from: '2024-04-01'}, {from: '2026-04-01'}]\n"
        "formerObjectStore: {before: '2026-04-01', store: "
        "{kind: s3-compatible, endpoint: http://10.0.0.9, bucket: old, credentialsSecret: old}}",
        "write-ahead-log-not-read-again": "collector: {writeAheadLog: true, stability: experimental}",
        "redaction-breaks-json": "collector: {redact: {custom: [{name: id, pattern: 'customer\":([0-9]+)'}]}}",
        "redaction-slow": r"collector: {redact: {custom: [{name: id, pattern: '\b[A-Z]{3}-[0-9]{7}\b'}]}}",
        "ingest-above-mode-as-sized": "ingest: 80GB/day\nsize: medium",
        "ingestion-rate-below-peaks": "ingest: 20GB/day\nlimits: {ingestionRate: 512Ki}",
        "ingress-opens-administration": f"ingress: {{{INGRESS}, {TLS}, path: /}}",
        "ingress-without-password": f"ingress: {{{INGRESS}, {TLS}}}",
        "ingress-without-tls": f"ingress: {{{INGRESS}}}\n{PASSWORD}",
        "multiline-frame-begins": "collector: {parsers: [{match: {app: a}, multiline: {firstLine: '^\\s+at '}}]}",
        "api-loses-lines": "collector: {sources: {pods: api}}",
        "journal-needs-systemd": "collector: {sources: {journal: {enabled: true}}}",
        "label-budget": "collector: {labelBudget: 3}",
        "pods-share-streams": "collector: {indexLabels: [namespace, stream]}\ncanary: {enabled: false}",
        "memory-too-little-for-loki": "resources: {monolithic: {cpu: 1, memory: 100Mi}}",
        "monolithic-pair": "replicas: {monolithic: 2}\nreplicationFactor: 1\nobjectStore: {kind: embedded}",
        "query-length-below-retention": "limits: {maxQueryLength: 1d}",
        "query-lookback-below-retention": "limits: {maxQueryLookback: 1d}",
        "receivers-are-open": "collector: {sources: {otlp: {http: true}}}",
        "replay-ceiling-high": "walReplayCeiling: 1100Mi",
        "replication-even": "replicationFactor: 4\nreplicas: {monolithic: 4}",
        "replication-single-copy": "replicationFactor: 1",
        "replication-survives-no-lost-writer": "replicationFactor: 2",
        "retention-label-of-others": f"ingress: {{{INGRESS}, {TLS}}}\n{PASSWORD}\n"
        "retentionStreams: [{selector: '{severity=\"error\"}', period: 7d}]",
        "retention-no-whole-days": "retention: 36h",
        "retention-rules-replaced": f"{PASSWORD}\n"
        "retentionStreams: [{selector: '{pod=\"a\"}', period: 1d}]\n"
        "tenants: [{name: a, namespaces: [b], retentionStreams: [{selector: '{app=\"a\"}', period: 1d}]}]",
        "static-access-key": "objectStore: {kind: aws-s3, create: false, bucket: a-b, region: eu-central-1, "
        "credentialsSecret: loki-s3}",
        "tenants-without-gateway": "gateway: {enabled: false}\ntenants: [{name: a, namespaces: [b]}]",
        "tenants-without-password": "tenants: [{name: a, namespaces: [b]}]",
        "simple-scalable-ends-with-loki-4": "deploymentMode: simple-scalable\nreplicas: {}",
    }[name]
    assert [problem.name for problem in stack(risky).problems] == [name]
    accepted = stack(f"{risky}\nacknowledge: [{name}]")
    assert not accepted.problems
    assert [problem.name for problem in accepted.accepted] == [name]


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        ("*", "", True),
        ("web-*", "web-1", True),
        ("web-*", "web-*-a", True),
        ("*-a", "web-*", False),
        ("web", "we*", False),
        ("a[b]?", "a[b]?", True),
        ("a[b]?", "abc", False),
    ],
)
def test_covers_compares_texts_with_stars(wide: str, narrow: str, *, covers: bool) -> None:
    assert matching.covers(wide, narrow) is covers


@pytest.mark.parametrize(
    ("path", "is_of_pods"),
    [
        ("/var/log/pods/*/*/*.log", True),
        ("/var/log/containers/etcd.txt", True),
        ("/var/log/**", True),
        ("/var/log/*/*", True),
        ("/var/log/con*/*.log", True),
        ("/var/log/*", False),
        ("/var/log/*/syslog", False),
        ("/var/log/nginx/**/*.log", False),
        ("/var/log/podsafe.log", False),
    ],
)
def test_node_file_is_refused_when_its_path_matches_pod_logs(path: str, *, is_of_pods: bool) -> None:
    text = messages_for(f"collector: {{sources: {{nodeFiles: [{{path: '{path}', job: a}}]}}}}")
    assert ("node-file-of-pods" in text) is is_of_pods


def test_canary_check_uses_the_labels_of_the_canary_pods() -> None:
    assert labels(NAME) == canary.POD_LABELS


@profile(max_examples=200, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
@given(stacks())
def test_collector_checks_report_no_error_for_generated_stacks(generated: Settings) -> None:
    collector_checks = (matching.labels, *parsing.CHECKS, *lines.CHECKS, *sources.CHECKS)
    problems = [problem for check in collector_checks for problem in check(generated)]
    assert not [problem for problem in problems if problem.severity == "error"]


@pytest.mark.parametrize("role", [role for role in Role if role.row.volume is None])
def test_disk_is_refused_for_a_role_without_a_volume(role: Role) -> None:
    changes = f"deploymentMode: {role.row.mode}\nresources: {{{role.key}: {{cpu: 1, memory: 1Gi, disk: 1Gi}}}}"
    assert f"error[disk-without-volume] logstack:resources.{role.key}.disk" in messages_for(changes)


@pytest.mark.parametrize("role", [role for role in Role if role.row.volume is not None])
def test_disk_is_accepted_for_a_role_with_a_volume(role: Role) -> None:
    changes = f"deploymentMode: {role.row.mode}\nresources: {{{role.key}: {{cpu: 1, memory: 1Gi, disk: 1Gi}}}}"
    assert "disk-without-volume" not in messages_for(changes)


def test_checks_use_the_date_of_the_clock_by_default() -> None:
    tomorrow = 'schemaPeriods: [{from: "2024-04-01"}]'
    assert not problems_of(stack(tomorrow).settings)
    assert problems_of(stack(tomorrow).settings, today=date(2024, 4, 1))


def test_checks_report_all_problems_at_once_errors_first() -> None:
    changes = f"""
        cluster: {{name: test, context: test}}
        replicationFactor: 2
        retention: 12h
        schemaPeriods: []
        {store(bucket="Loki")}
        limits: {{queryTimeout: 1h}}
        caches: {{chunks: 1Mi}}
        collector: {{indexLabels: [pod]}}
        lokiVersion: 3.7.3
    """
    with pytest.raises(StackProblems) as raised:
        stack(changes)
    assert [problem.name for problem in raised.value.problems] == [
        "retention-too-short",
        "schema-no-period",
        "bucket-name",
        "query-timeout-above-gateway",
        "cache-too-small",
        "canary-labels",
        "loki-breaks-object-store",
        "api-server-not-checked",
        "replication-survives-no-lost-writer",
    ]
    assert str(raised.value).startswith("7 errors, 2 warnings:\n\nerror[retention-too-short] logstack:retention\n")


def test_bad_field_silences_only_the_checks_that_read_it() -> None:
    text = messages_for("deploymentMode: simple-scaleable\nretention: 12h\ncollector: {labelBudget: 3}")
    assert "did you mean logstack:deploymentMode: simple-scalable?" in text
    assert "retention-too-short" in text
    assert "label-budget" in text
    assert "replication" not in text


def test_acknowledged_error_is_still_reported() -> None:
    text = messages_for("retention: 12h\nacknowledge: [retention-too-short]")
    assert "error[retention-too-short] logstack:retention\n" in text
    assert "logstack:acknowledge[0]" in text


def test_acknowledgement_is_not_called_unneeded_when_a_bad_field_hides_its_check() -> None:
    assert "unneeded" not in messages_for("replicationFactor: two\nacknowledge: [replication-even]")


def test_exception_in_a_check_is_not_reported_as_a_bad_field(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = stack().settings
    monkeypatch.setattr(checks.cluster, "CHECKS", (reads("cluster")(lambda tree: iter([tree.no_such_field])),))
    with pytest.raises(AttributeError, match="no_such_field"):
        problems_of(settings, today=TODAY)


def test_chart_archive_is_reported_when_its_digest_differs_from_the_pin(tmp_path: Path) -> None:
    archive = tmp_path / "alloy-1.11.1.tgz"
    archive.write_bytes(b"another chart")
    assert messages_for(f"charts: {{alloy: {{path: {archive}}}}}") == (
        "warning[chart-archive-differs] logstack:charts.alloy.path\n"
        "  what: the archive's SHA-256 begins with 2a66f59ef937, that of alloy 1.11.1 with cc4cd48a885c\n"
        "  then: logstack was not tested with this chart\n"
        "  fix:  take alloy 1.11.1 from https://grafana.github.io/helm-charts\n"
        "        or accept it: add chart-archive-differs to logstack:acknowledge"
    )


def test_chart_archive_is_accepted_when_its_digest_is_the_pinned_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "alloy-1.11.1.tgz"
    archive.write_bytes(b"the chart")
    pin = replace(PINNED["alloy"], digest=sha256(b"the chart").hexdigest())
    monkeypatch.setitem(PINNED, "alloy", pin)
    assert messages_for(f"charts: {{alloy: {{path: {archive}}}}}") == ""


def chart_folder(folder: Path, *present: str, lock: bool = False) -> Path:
    """Write a chart that depends on minio and rollout-operator, both switched off, with these entries of charts/."""
    dependencies = [
        {"name": name, "version": "1.0.0", "repository": "https://example.com", "condition": f"{name}.enabled"}
        for name in ("minio", "rollout-operator")
    ]
    chart = {"apiVersion": "v2", "name": "loki", "version": "18.11.0", "dependencies": dependencies}
    (folder / "charts").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(json.dumps(chart))
    for name in present:
        if name.endswith(".tgz"):
            (folder / "charts" / name).touch()
        else:
            (folder / "charts" / name).mkdir()
            (folder / "charts" / name / "Chart.yaml").write_text(f"{{apiVersion: v2, name: {name}, version: 1.0.0}}")
    if lock:
        (folder / "Chart.lock").touch()
    return folder


def test_chart_of_a_git_checkout_is_refused_without_its_dependencies_and_with_a_line_to_paste(tmp_path: Path) -> None:
    folder = chart_folder(tmp_path / "my charts")
    assert messages_for(f"charts: {{loki: {{path: '{folder}'}}}}") == (
        "error[chart-dependencies-missing] logstack:charts.loki.path\n"
        f"  what: {folder} has no folder or archive of minio and rollout-operator in charts/\n"
        "  then: Helm refuses a chart without them, even if its values switch them off\n"
        f"  fix:  helm dependency build '{folder}'"
    )


@pytest.mark.parametrize(
    ("present", "missing"),
    [
        (("minio", "rollout-operator"), None),
        (("minio-1.0.0.tgz", "rollout-operator-0.30.0.tgz"), None),
        (("minio-1.0.0.tgz", "rollout-operator"), None),
        (("minio",), "rollout-operator"),
        (("rollout-operator-0.30.0.tgz", "minion"), "minio"),
    ],
)
def test_chart_folder_needs_a_folder_or_an_archive_of_every_dependency(
    tmp_path: Path, present: tuple[str, ...], missing: str | None
) -> None:
    folder = chart_folder(tmp_path / "loki", *present)
    text = messages_for(f"charts: {{loki: {{path: {folder}}}}}")
    assert (f"no folder or archive of {missing} in charts/" in text) if missing else text == ""


def test_chart_folder_with_a_lock_is_accepted_because_pulumis_provider_obtains_the_dependencies(tmp_path: Path) -> None:
    folder = chart_folder(tmp_path / "loki", lock=True)
    assert messages_for(f"charts: {{loki: {{path: {folder}}}}}") == ""


@pytest.mark.parametrize("text", ["", "name: loki", "[1]", "dependencies: [minio]", "dependencies: 3", "a: [", "\0"])
def test_chart_folder_that_cannot_be_read_is_left_to_helm(tmp_path: Path, text: str) -> None:
    (tmp_path / "Chart.yaml").write_text(text)
    assert messages_for(f"charts: {{loki: {{path: {tmp_path}}}}}") == ""
