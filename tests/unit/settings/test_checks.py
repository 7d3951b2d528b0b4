"""What the checks let pass: each line is as close to a mistake as it gets."""

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
from logstack.settings.checks.check import reads
from logstack.settings.model.charts import PINNED
from logstack.settings.model.tree import Settings
from logstack.settings.problems import StackProblems
from tests.support.generated import stacks
from tests.unit.settings.stacks import TODAY, stack, store, told

SIMPLE_SCALABLE = "deploymentMode: simple-scalable\nacknowledge: [simple-scalable-ends-with-loki-4]\n"
SINGLE = "replicas: {monolithic: 1}\nreplicationFactor: 1\n"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param("", id="three copies among three writers"),
        pytest.param("replicas: {monolithic: 5}\nreplicationFactor: 5", id="five copies among five writers"),
        pytest.param(SIMPLE_SCALABLE + "replicas: {write: 3, read: 2, backend: 2}", id="two readers"),
        pytest.param(SINGLE + "objectStore: {kind: embedded}", id="one copy on an embedded store"),
        pytest.param(SINGLE + "objectStore: {kind: filesystem}", id="one replica on a directory"),
        pytest.param("retention: 1d", id="a retention of a day"),
        pytest.param("retention: 24h\ncollector: {maxAge: 24h}", id="an age of the retention"),
        pytest.param("retention: 3d", id="a retention below the collector's default age"),
        pytest.param("retention: 400d", id="a retention above Loki's default query length"),
        pytest.param("limits: {maxQueryLength: 30d, maxQueryLookback: 30d}", id="limits of the retention"),
        pytest.param("limits: {maxQueryLength: 0s, maxQueryLookback: 0s}", id="limits of nothing, which are none"),
        pytest.param("limits: {queryTimeout: 10m}", id="a timeout as long as the gateway's"),
        pytest.param("limits: {ingestionBurst: 1Mi}", id="a burst of one batch"),
        pytest.param("schemaPeriods: [{from: 2024-04-01}]", id="a date without quotes"),
        pytest.param('schemaPeriods: [{from: "2026-05-31"}]', id="a first period that began yesterday"),
        pytest.param('schemaPeriods: [{from: "2024-04-01"}, {from: "2026-06-02"}]', id="a second one from tomorrow"),
        pytest.param(
            'schemaPeriods: [{from: "2022-01-01", store: boltdb-shipper, schema: v11}, {from: "2024-04-01"}]',
            id="an old index that is over",
        ),
        pytest.param(
            'schemaPeriods: [{from: "2022-01-01", schema: v12}, {from: "2026-06-01"}]', id="an old schema, over today"
        ),
        pytest.param("schemaPeriods: [{indexPeriod: 1d}]", id="an index of 24h in other words"),
        pytest.param(store(endpoint="http://nas.example"), id="a host without a port"),
        pytest.param(store(endpoint="https://[2001:db8::1]:9000"), id="an IPv6 address"),
        pytest.param(store(endpoint="https://nas.example", pathStyle=False), id="a bucket as a part of a host name"),
        pytest.param(store(endpoint="http://rook-ceph-rgw-a.b.svc:80"), id="Ceph's gateway, by path style"),
        pytest.param(
            store(endpoint="https://rgw.svc.example", pathStyle=False), id="a host that is called like a Service"
        ),
        pytest.param("resources: {monolithic: {cpu: 1, memory: 4Gi, disk: 10Gi}}", id="a volume of a StatefulSet"),
        pytest.param("resources: {alloy: {cpu: 1, memory: 1Gi}}", id="a DaemonSet without a volume"),
        pytest.param(store(bucket="abc"), id="a bucket of three letters"),
        pytest.param(store(bucket="logs.example.com"), id="a bucket with dots"),
        pytest.param("objectStore: {kind: embedded, bucket: chunks}", id="everybody's bucket on a volume of its own"),
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
        pytest.param("ingest: 50GB/day", id="as many lines as the mode is sized for"),
        pytest.param(SINGLE + "ingest: 20GB/day\nobjectStore: {kind: embedded}", id="as many lines as one pod takes"),
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
        pytest.param("collector: {indexLabels: [namespace]}\ncanary: {enabled: false}", id="no canary, no labels"),
        pytest.param("collector: {indexLabels: [namespace]}\ncanary: {route: direct}", id="a canary that needs none"),
        pytest.param("collector: {indexLabels: [pod, container]}", id="the canary's container instead of its stream"),
        pytest.param("collector: {sources: {pods: api}}", id="default labels, which the Kubernetes API has not all of"),
        pytest.param(
            "collector: {sources: {pods: api}, indexLabels: [pod, container]}", id="the canary by the Kubernetes API"
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
            id="units with the journal",
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
            id="files of pods that nobody else reads",
        ),
        pytest.param(
            "collector: {pods: {only: {app.kubernetes.io/part-of: logstack}, never: {example.com/Quiet: 'yes'}}}",
            id="the canary's own label",
        ),
        pytest.param("collector: {pods: {only: {tier: a}, never: {tier: b}}}\ncanary: {route: direct}", id="two tiers"),
        pytest.param(
            "collector: {writeAheadLog: true, stability: experimental}\nacknowledge: [write-ahead-log-not-read-again]",
            id="an experimental part",
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
            "collector: {parsers: [{multiline: {firstLine: '^[0-9]'}}]}", id="entries like the canary's lines"
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
            id="a namespace of which lines are sent",
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
        pytest.param("lokiVersion: 4.0.0", id="Loki 4 in a mode that it has"),
    ],
)
def test_this_passes_without_a_word(changes: str) -> None:
    assert told(changes) == ""


@pytest.mark.parametrize(
    ("name", "is_one"),
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
def test_bucket_names_are_those_that_every_s3_store_takes(name: str, *, is_one: bool) -> None:
    assert ("bucket-name" in told(f"objectStore: {{kind: embedded, bucket: '{name}'}}")) is not is_one


@pytest.mark.parametrize(
    ("ceiling", "name"),
    [("1024Mi", ""), ("1025Mi", "replay-ceiling-high"), ("1536Mi", "replay-ceiling-high"), ("1537Mi", "too-high")],
)
def test_the_replay_may_take_half_warns_above_and_stops_above_three_quarters(ceiling: str, name: str) -> None:
    text = told(f"walReplayCeiling: {ceiling}")
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
def test_versions_that_break_writes_are_known_on_both_sides(version: str, breaks: int) -> None:
    assert told(f"lokiVersion: {version}").count("loki-breaks-object-store") == breaks


INGRESS = "kind: ingress, host: logs.example.com"
TLS = "tls: {secretName: logs-tls}"
PASSWORD = "gateway: {auth: {credentialsSecret: loki-gateway}}"


@pytest.mark.parametrize("name", sorted(rule.name for rule in checks.rules().values() if rule.severity == "warning"))
def test_a_warning_is_silenced_by_its_name_and_only_by_that(name: str) -> None:
    risky = {
        "api-server-not-checked": "cluster: {name: test, context: test}",
        "ring-label-unverified": "cluster: {name: a, context: a, apiServer: https://10.0.0.2:6443, ringLabel: sent}",
        "bucket-name-guessable": store(bucket="ruler"),
        "caches-larger-than-loki": "caches: {chunks: 8Gi}",
        "chart-archive-differs": f"charts: {{loki: {{path: {Path(__file__)}}}}}",  # a file that is surely no chart
        "image-of-another-version": "images: {alloy: {tag: v1.18.0}}",
        "writers-may-share-a-node": "scheduling: {affinity: {podAntiAffinity: {}}}",
        "endpoint-is-local": store(endpoint="http://127.0.0.1:9000"),
        "log-volume-too-small": "ingest: 40GB/day\nresources: {monolithic: {cpu: 1, memory: 2Gi, disk: 1Gi}}",
        "single-replica-above-range": SINGLE + "ingest: 30GB/day\nobjectStore: {kind: embedded}",
        "volume-full-before-retention": SINGLE + "ingest: 5GB/day\nobjectStore: {kind: embedded, size: 25Gi}",
        "former-store-over": "schemaPeriods: [{from: '2024-04-01'}, {from: '2026-04-01'}]\n"
        "formerObjectStore: {before: '2026-04-01', store: "
        "{kind: s3-compatible, endpoint: http://10.0.0.9, bucket: old, credentialsSecret: old}}",
        "write-ahead-log-not-read-again": "collector: {writeAheadLog: true, stability: experimental}",
        "ingest-above-mode-as-sized": "ingest: 80GB/day\nsize: medium",
        "ingestion-rate-below-peaks": "ingest: 20GB/day\nlimits: {ingestionRate: 512Ki}",
        "ingress-opens-administration": f"ingress: {{{INGRESS}, {TLS}, path: /}}",
        "ingress-without-password": f"ingress: {{{INGRESS}, {TLS}}}",
        "ingress-without-tls": f"ingress: {{{INGRESS}}}\n{PASSWORD}",
        "journal-needs-systemd": "collector: {sources: {journal: {enabled: true}}}",
        "label-budget": "collector: {labelBudget: 3}",
        "query-length-below-retention": "limits: {maxQueryLength: 1d}",
        "query-lookback-below-retention": "limits: {maxQueryLookback: 1d}",
        "receivers-are-open": "collector: {sources: {otlp: {http: true}}}",
        "replay-ceiling-high": "walReplayCeiling: 1100Mi",
        "replication-even": "replicationFactor: 4\nreplicas: {monolithic: 4}",
        "replication-single-copy": "replicationFactor: 1",
        "replication-survives-no-lost-writer": "replicationFactor: 2",
        "retention-no-whole-days": "retention: 36h",
        "retention-rules-replaced": f"{PASSWORD}\n"
        "retentionStreams: [{selector: '{pod=\"a\"}', period: 1d}]\n"
        "tenants: [{name: a, namespaces: [b], retentionStreams: [{selector: '{app=\"a\"}', period: 1d}]}]",
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
def test_a_text_with_stars_covers_another(wide: str, narrow: str, *, covers: bool) -> None:
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
def test_files_of_pods_are_known_by_their_folders(path: str, *, is_of_pods: bool) -> None:
    text = told(f"collector: {{sources: {{nodeFiles: [{{path: '{path}', job: a}}]}}}}")
    assert ("node-file-of-pods" in text) is is_of_pods


def test_the_canarys_pods_have_the_labels_that_the_checks_think() -> None:
    assert labels(NAME) == canary.POD_LABELS


@profile(max_examples=200, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
@given(stacks())
def test_the_checks_let_the_generated_collectors_pass(generated: Settings) -> None:
    wanted = (matching.labels, *parsing.CHECKS, *lines.CHECKS, *sources.CHECKS)
    found = [problem for check in wanted for problem in check(generated)]
    assert not [problem for problem in found if problem.severity == "error"]


def test_a_fact_about_today_is_asked_of_the_clock_when_nobody_names_the_day() -> None:
    tomorrow = 'schemaPeriods: [{from: "2024-04-01"}]'
    assert not problems_of(stack(tomorrow).settings)
    assert problems_of(stack(tomorrow).settings, today=date(2024, 4, 1))


def test_all_mistakes_are_told_at_once_errors_first() -> None:
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


def test_a_bad_field_silences_the_checks_that_need_it_and_no_others() -> None:
    text = told("deploymentMode: simple-scaleable\nretention: 12h\ncollector: {labelBudget: 3}")
    assert "did you mean logstack:deploymentMode: simple-scalable?" in text
    assert "retention-too-short" in text
    assert "label-budget" in text
    assert "replication" not in text


def test_an_acknowledged_error_is_reported_all_the_same() -> None:
    text = told("retention: 12h\nacknowledge: [retention-too-short]")
    assert "error[retention-too-short] logstack:retention\n" in text
    assert "logstack:acknowledge[0]" in text


def test_a_risk_that_a_bad_field_hides_is_not_called_unneeded() -> None:
    assert "unneeded" not in told("replicationFactor: two\nacknowledge: [replication-even]")


def test_a_mistake_in_a_check_itself_is_not_taken_for_a_bad_field(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = stack().settings
    monkeypatch.setattr(checks.cluster, "CHECKS", (reads("cluster")(lambda tree: iter([tree.no_such_field])),))
    with pytest.raises(AttributeError, match="no_such_field"):
        problems_of(settings, today=TODAY)


def test_an_archive_that_is_not_the_pinned_chart_is_told(tmp_path: Path) -> None:
    archive = tmp_path / "alloy-1.11.1.tgz"
    archive.write_bytes(b"another chart")
    assert told(f"charts: {{alloy: {{path: {archive}}}}}") == (
        "warning[chart-archive-differs] logstack:charts.alloy.path\n"
        "  what: the archive's SHA-256 begins with 2a66f59ef937, that of alloy 1.11.1 with cc4cd48a885c\n"
        "  then: what is installed is not the chart that logstack was tested with\n"
        "  fix:  take alloy 1.11.1 from https://grafana.github.io/helm-charts\n"
        "        or accept it: add chart-archive-differs to logstack:acknowledge"
    )


def test_the_archive_that_the_repository_publishes_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "alloy-1.11.1.tgz"
    archive.write_bytes(b"the chart")
    pin = replace(PINNED["alloy"], digest=sha256(b"the chart").hexdigest())
    monkeypatch.setitem(PINNED, "alloy", pin)
    assert told(f"charts: {{alloy: {{path: {archive}}}}}") == ""
