"""The plausible range of every quantity and the greatest length of every text of a stack file, each with its reason.

A range refuses typing errors: 2 bytes of memory, 2,000 cores, 10^20 pods. `settings/checks` decides whether values fit
each other, and whether Loki takes a value within its range.
"""

from datetime import timedelta
from typing import Annotated, get_args

from logstack.settings.model.ranges import (
    CountRange,
    CpuRange,
    DurationRange,
    IngestRange,
    LimitRange,
    Range,
    ShareRange,
    SizeRange,
    text_of,
)

# CPU, memory and volumes.
Cpu = Annotated[
    int, CpuRange("CPU of a pod", "1m", "256", "1m is the least that Kubernetes takes, and few nodes have 256 cores")
]
Memory = Annotated[
    int,
    SizeRange(
        "memory of a pod",
        "64Mi",
        "4Ti",
        "the smallest process of a stack beside nginx, the canary, holds 35Mi (measured), and few nodes have 4Ti",
    ),
]
MemoryLimit = Annotated[
    int,
    LimitRange(
        "memory limit of a pod",
        "64Mi",
        "4Ti",
        "as for its request; none: the pod may take what its node has",
        or_nothing=True,
    ),
]
GatewayMemory = Annotated[
    int,
    SizeRange(
        "memory of a gateway",
        "16Mi",
        "4Ti",
        "nginx holds 14Mi with the chart's five workers (measured), and few nodes have 4Ti",
    ),
]
GatewayMemoryLimit = Annotated[
    int,
    LimitRange(
        "memory limit of a gateway",
        "16Mi",
        "4Ti",
        "as for its request; none: the pod may take what its node has",
        or_nothing=True,
    ),
]
CacheMemory = Annotated[
    int,
    SizeRange("memory of a cache", "1Mi", "4Ti", "memcached hands out pages of 1Mi (expected), and few nodes have 4Ti"),
]
ReplayMemory = Annotated[
    int,
    SizeRange(
        "memory for the replay of the log",
        "1Mi",
        "4Ti",
        "a part of a pod's memory; Loki flushes when it is full",
    ),
]
NodeMemory = Annotated[
    int,
    SizeRange("memory of a node", "256Mi", "32Ti", "Loki alone holds 116Mi (measured); AWS ends at 32Ti (expected)"),
]
Volume = Annotated[
    int,
    SizeRange(
        "a volume",
        "128Mi",
        "1024Ti",
        "less is a typo: a segment of Loki's log takes up to 512Mi; AWS ends at 64Ti (expected)",
    ),
]

# How many.
PodCount = Annotated[
    int,
    CountRange(
        "pods of a role",
        "1",
        "1000",
        "each role of a mode is needed; Loki's size page names 150 ingesters for its largest tier",
    ),
]
CopyCount = Annotated[
    int,
    CountRange("copies of a line", "1", "15", "Loki's documentation uses 3; each copy costs memory and disk"),
]
StreamCount = Annotated[
    int,
    CountRange("streams of a tenant", "1", "10000000", "LokiStack's size 1x.medium allows 25,000 (expected)"),
]
EntryCount = Annotated[
    int,
    CountRange("lines of an answer", "1", "10000000", "Loki's default is 5,000; a querier holds all of them"),
]
SeriesCount = Annotated[
    int,
    CountRange(
        "series of a query", "1", "10000000", "Loki's default is 500; a querier holds all of them, and so does a panel"
    ),
]
Priority = Annotated[int, CountRange("a priority", "0", "1000000", "it only orders the rules of a stack")]
Utilization = Annotated[
    int,
    CountRange("a share of a request in percent", "1", "1000", "CPU has no limit: pods may use more than they request"),
]
TolerationSeconds = Annotated[
    int,
    CountRange("seconds of a toleration", "0", "31536000", "Kubernetes takes 0 for at once; 31,536,000 are a year"),
]
SpreadSkew = Annotated[
    int, CountRange("a skew", "1", "1000", "Kubernetes takes no less; a role has at most 1,000 pods here")
]
DomainCount = Annotated[int, CountRange("domains", "1", "1000", "Kubernetes takes no less; few clusters have more")]
LabelCount = Annotated[int, CountRange("index labels", "1", "15", "Loki refuses a stream of more than 15 labels")]
RetryCount = Annotated[
    int, CountRange("tries", "1", "10000", "10,000 tries with pauses of 5m last 35 days (calculated)")
]
LineCount = Annotated[
    int, CountRange("lines of an entry", "2", "10000", "one line needs no joining; the collector holds the whole entry")
]
LineRate = Annotated[
    int,
    CountRange(
        "lines of a node a second",
        "1",
        "10000000",
        "a collector reads 4.6 MB/s with one core (measured)",
    ),
]
KeptShare = Annotated[
    float, ShareRange("a share of lines", "0", "1", "a share of 1 keeps every line: the rule would do nothing")
]

# Loki's limits.
LimitRate = Annotated[
    int,
    SizeRange(
        "a rate or a burst", "1Ki", "100Gi", "less than 1Ki a second is not one pod's lines; 100Gi is 9 PB a day"
    ),
]
LineSize = Annotated[
    int,
    SizeRange("a line", "27B", "100Mi", "below 27 bytes Alloy does not start; Loki takes messages of 100Mi at most"),
]
BatchSize = Annotated[
    int,
    SizeRange("a push of the collector", "1Ki", "100Mi", "each push has a cost; Loki takes messages of 100Mi at most"),
]
Ingest = Annotated[
    int,
    IngestRange(
        "the ingest of a stack",
        "0.001GB/day",
        "1000000GB/day",
        "0.001GB/day are 12 bytes a second (calculated); a stack's modes end at 3000GB/day",
    ),
]

# Durations.
_ARCHIVE = "index tables cover whole days, and ten years is the longest that rules for archives ask for"
Retention = Annotated[timedelta, DurationRange("retention", "1h", "3650d", _ARCHIVE)]
BucketExpiry = Annotated[
    timedelta,
    DurationRange(
        "a bucket's lifecycle", "1d", "36500d", "S3 counts whole days (expected); 36500d are a hundred years"
    ),
]
QueryRange = Annotated[
    timedelta,
    DurationRange(
        "the range of a query", "1m", "3650d", "as far as retention; Loki takes 0s for no limit", or_nothing=True
    ),
]
QueryTimeout = Annotated[
    timedelta, DurationRange("the time of a query", "1s", "1h", "the gateway gives an answer up after 10m")
]
IndexPeriod = Annotated[
    timedelta, DurationRange("an index table", "1h", "365d", "Loki's index tsdb needs 24h; older ones were up to 168h")
]
LineAge = Annotated[
    timedelta,
    DurationRange(
        "the age of a line",
        "1m",
        "3650d",
        "no line outlives retention",
        or_nothing=True,
    ),
]
JournalAge = Annotated[
    timedelta, DurationRange("the age of the journal", "1m", "365d", "systemd's journal is seldom kept for longer")
]
BatchWait = Annotated[
    timedelta,
    DurationRange("the wait of a line for its push", "1s", "5m", "a killed collector may lose the lines that wait"),
]
Backoff = Annotated[
    timedelta,
    DurationRange("a pause between two tries", "1s", "1d", "Alloy's default is 5m"),
]
EntryWait = Annotated[
    timedelta,
    DurationRange(
        "the wait for the rest of an entry",
        "1s",
        "10m",
        "Alloy's default is 3s; nobody sees the line meanwhile",
        or_nothing=True,
    ),
]
CanaryInterval = Annotated[
    timedelta, DurationRange("the canary's interval", "1s", "1h", "the canary's own is 1s; alerts look at minutes")
]
KeyRefresh = Annotated[
    timedelta,
    DurationRange(
        "the refresh of a key",
        "10s",
        "365d",
        "each refresh asks the vault; 0s asks it once",
        or_nothing=True,
    ),
]

# Texts.
Url = Annotated[str, text_of(2048)]
DnsText = Annotated[str, text_of(253)]
ContextName = Annotated[str, text_of(1000)]
# S3 takes 63 characters, which a check of its own says with the form of a name.
BucketText = Annotated[str, text_of(255)]
ShortText = Annotated[str, text_of(190)]
# Kubernetes: a prefix of 253, a slash and a name of 63.
LabelKey = Annotated[str, text_of(317)]
LabelValue = Annotated[str, text_of(63)]
# Loki's max_label_value_length.
MatchText = Annotated[str, text_of(2048)]
# Kubernetes: 256 KiB for all annotations of an object.
AnnotationText = Annotated[str, text_of(262_144)]
# Loki's parser of queries ends at 128 KiB (logql/syntax, maxInputSize: 131072).
SelectorText = Annotated[str, text_of(131_072)]
PatternText = Annotated[str, text_of(1000)]
# Kubernetes: 1 MiB for a ConfigMap, which has logstack's own blocks as well.
AlloyText = Annotated[str, text_of(524_288)]
# A host name of 253, and the path of a project; containerd takes names of 255 in all.
RegistryText = Annotated[str, text_of(255)]
# S3: 1,024 bytes of a key, of which the index needs the rest.
PrefixText = Annotated[str, text_of(100)]

# Every range by what it bounds.
RANGES = {
    bound.of: bound for type_ in list(vars().values()) for bound in get_args(type_)[1:] if isinstance(bound, Range)
}
