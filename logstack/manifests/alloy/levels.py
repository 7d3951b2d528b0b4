"""The table of levels, the keys that carry them, and the template that spells them as Loki does."""

from collections.abc import Mapping
from dataclasses import dataclass

from logstack.manifests.alloy.syntax import Joined, Part


@dataclass(frozen=True)
class Level:
    """A level, and what loggers write for it, in lower case."""

    name: str
    """Loki's spelling (pkg/distributor/field_detection.go)."""
    words: tuple[str, ...]
    """Words, abbreviations and letters of loggers."""
    syslog: tuple[int, ...] = ()
    """Severities of syslog, GELF and systemd: 0 to 7."""
    pino: tuple[int, ...] = ()
    """Numbers of pino and Bunyan: 10 to 60."""
    monolog: tuple[int, ...] = ()
    """Numbers of Monolog: 100 to 600."""
    opentelemetry: tuple[int, ...] = ()
    """Severity numbers of OpenTelemetry, 1 to 24, which have keys of their own."""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Return every value that means the level."""
        numbers = (*self.syslog, *self.pino, *self.monolog)
        return (
            self.name,
            *self.words,
            *map(str, numbers),
            *(f"{OPENTELEMETRY}{number}" for number in self.opentelemetry),
        )


# Before a severity number of OpenTelemetry: 1 to 7 are severities of syslog too.
OPENTELEMETRY = "otel"
LEVELS = (
    Level(
        "trace",
        ("trc", "trce", "trac", "t", "finest", "verbose", "vrb", "v", "silly"),
        pino=(10,),
        opentelemetry=(1, 2, 3, 4),
    ),
    Level(
        "debug",
        ("dbg", "dbug", "debu", "d", "fine", "finer", ".", "-"),
        syslog=(7,),
        pino=(20,),
        monolog=(100,),
        opentelemetry=(5, 6, 7, 8),
    ),
    Level(
        "info",
        (
            *("inf", "information", "informational", "i", "notice", "note", "normal", "log", "config", "http"),
            *("success", "system", "*"),
        ),
        syslog=(6, 5),
        pino=(30,),
        monolog=(200, 250),
        opentelemetry=(9, 10, 11, 12),
    ),
    Level(
        "warn",
        ("warning", "wrn", "w", "#"),
        syslog=(4,),
        pino=(40,),
        monolog=(300,),
        opentelemetry=(13, 14, 15, 16),
    ),
    Level(
        "error",
        ("err", "erro", "eror", "e", "severe", "fail", "failure"),
        syslog=(3,),
        pino=(50,),
        monolog=(400,),
        opentelemetry=(17, 18, 19, 20),
    ),
    Level(
        "critical",
        ("crit", "alert", "emerg", "emergency", "dpanic"),
        syslog=(2, 1, 0),
        monolog=(500, 550, 600),
    ),
    Level(
        "fatal",
        ("fata", "ftl", "f", "panic", "pani"),
        pino=(60,),
        opentelemetry=(21, 22, 23, 24),
    ),
)


@dataclass(frozen=True)
class Key:
    """A key of JSON that carries a level, as a path (JMESPath)."""

    path: str
    writers: str
    """The programs that write it, for readers."""


# The first that has a value counts. Names come before numbers, and a severity's text before its number.
JSON_KEYS = (
    Key("level_name", "Monolog"),
    Key("levelname", "Python's loggers"),
    Key("level.name", "a level that is an object"),
    Key("level", "most loggers: zap, zerolog, slog, logrus, winston, log4j, logback; pino, Bunyan, GELF by number"),
    Key('"log.level"', "ECS"),
    Key("log.level", "ECS, nested"),
    Key("severityText", "OpenTelemetry"),
    Key("SeverityText", "OpenTelemetry"),
    Key("severity_text", "OpenTelemetry"),
    Key("severity", "Google Cloud"),
    Key('"@level"', "HashiCorp's programs"),
    Key('"@l"', "Serilog"),
    Key("Level", "Serilog, .NET"),
    Key("LogLevel", ".NET"),
    Key("logLevel", ""),
    Key("loglevel", "OpenStack"),
    Key("log_level", ""),
    Key("lvl", ""),
    Key("Severity", ""),
    Key("LEVEL", ""),
    Key("SEVERITY", ""),
    Key("error_severity", "PostgreSQL (jsonlog)"),
    Key("record.level.name", "Loguru"),
    # These names have another meaning alone.
    Key("c && s", "MongoDB"),
    Key("rule && priority", "Falco"),
    Key("MESSAGE && PRIORITY", "systemd's journal"),
    *(
        Key(f"{key} && join('', ['{OPENTELEMETRY}', to_string({key})])", "OpenTelemetry")
        for key in ("severityNumber", "SeverityNumber", "severity_number")
    ),
    # Serilog leaves out the level Information, and Kubernetes' components every level.
    Key("\"@t\" && 'info'", "Serilog, which leaves out Information"),
    Key("caller && type(v) == 'number' && 'info'", "Kubernetes' components"),
    Key("caller && err && 'error'", "Kubernetes' components"),
)
LOGFMT_KEYS = ("level", "lvl", "severity", "loglevel", "log_level", "log.level")
# The HTTP status of an access line in JSON: Envoy's key, or `status` beside a request.
JSON_STATUS = "response_code || (request || request_method || method) && status"

# Fields that the template reads, and the one that it sets. `level` is the label of a line that has its level as one.
SPELLED = "logstack_spelled"
LEVEL, PRIORITY, STATUS = "logstack_level", "logstack_priority", "logstack_status"
WORD, LETTER, MARK = "logstack_word", "logstack_letter", "logstack_mark"
_LOGFMT = {f"logstack_{number}": key for number, key in enumerate(LOGFMT_KEYS)}

# What may stand around a level (colours, spaces, brackets, quotes, a colon), and a number behind it: slog's INFO+2,
# OpenTelemetry's WARN3, PostgreSQL's DEBUG2, MongoDB's D1.
_COLOUR_OR_NUMBER = r'"\\x1b\\[[0-9;]*m|\\b(trace|debug|d|info|warn|error|fatal)[+-]?[0-9]+\\b" . "${1}"'
_AROUND = r'''" \t\r\n\"'[]()<>:|,/!"'''


def json_expressions(first: str = "") -> dict[str, str]:
    """Return the expressions of stage.json that read a level and an HTTP status; `first` is a path before the keys."""
    paths = [*([first] if first else []), *(key.path for key in JSON_KEYS)]
    return {LEVEL: " || ".join(f"({path})" if " " in path else path for path in paths), STATUS: JSON_STATUS}


def logfmt_mapping() -> Mapping[str, str]:
    """Return the mapping of stage.logfmt that reads a level."""
    return _LOGFMT


def level_template() -> Joined:
    """Return the template that makes Loki's spelling of what a format has read."""
    fields = " ".join(f".{field}" for field in (LEVEL, WORD, LETTER, *_LOGFMT, MARK))
    return Joined(
        (
            Part('{{ define "level" }}{{ $word := print "|" . "|" }}', "A table of spellings."),
            *(
                Part(f'{{{{ {_then(level)} contains $word "|{"|".join(level.spellings)}|" }}}}{level.name}')
                for level in LEVELS
            ),
            Part(
                f"{{{{ else }}}}{{{{ $clean := trimAll {_AROUND} (regexReplaceAll {_COLOUR_OR_NUMBER}) }}}}",
                "Any other text is cleaned and looked up again, or stays as it is; an object is no level.",
            ),
            Part(
                '{{ if ne $clean . }}{{ template "level" $clean }}{{ else if not (hasPrefix "{" .) }}{{ . }}{{ end }}'
            ),
            Part("{{ end }}{{ end }}"),
            Part(
                f'{{{{ with .{PRIORITY} }}}}{{{{ template "level" (toString (mod (atoi .) 8)) }}}}',
                "First a priority of syslog (facility and severity), then a level, then the HTTP status of a request.",
            ),
            Part(f'{{{{ else with or {fields} .level }}}}{{{{ template "level" (lower .) }}}}'),
            Part(
                f'{{{{ else with .{STATUS} }}}}{{{{ if hasPrefix "5" . }}}}error{{{{ else if hasPrefix "4" . }}}}warn'
            ),
            Part("{{ else if gt (atoi .) 99 }}info{{ end }}{{ end }}"),
        ),
        separator="",
    )


def _then(level: Level) -> str:
    return "if" if level is LEVELS[0] else "else if"
