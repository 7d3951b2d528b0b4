"""Lines that continue an entry, by the language or program that writes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from logstack.manifests.alloy.syntax import Joined, Part
from logstack.settings.model.processing import Language

# Colours of a terminal, before the text of a line.
_COLOURS = r"(?:\x1b\[[\d;]*[mK])*"
# Behind the name of an exception: its text, or nothing.
_TEXT = r"(?::|\s*$)"
# Exceptions of Python without a module before the name: docs.python.org/3/library/exceptions.html.
_PYTHON_ERRORS = (
    "Arithmetic|Assertion|Attribute|BlockingIO|BrokenPipe|Buffer|ChildProcess|Connection(?:Aborted|Refused|Reset)?|EOF"
    "|FileExists|FileNotFound|FloatingPoint|Import|Indentation|Index|Interrupted|IsADirectory|Key|Lookup|Memory"
    "|ModuleNotFound|Name|NotADirectory|NotImplemented|OS|Overflow|Permission|ProcessLookup|PythonFinalization|Recursion"
    "|Runtime|Syntax|System|Tab|Timeout|Type|UnboundLocal|Unicode(?:Decode|Encode|Translate)?|Value|ZeroDivision"
)
_PYTHON_OTHERS = "(?:Base)?Exception|GeneratorExit|KeyboardInterrupt|Stop(?:Async)?Iteration|SystemExit"
_KINDS = (
    "Error|Exception|Throwable|Warning|Timeout|Expired|Exceeded|Cancelled|NotFound|DoesNotExist|Disconnected|Failure"
    "|Fault|Interrupt"
)

# What Rails writes before each line in production (config.log_tags).
_REQUEST_ID = r"\[[0-9a-f-]{36}\]"
# A date with a zone (%m, %t), and the rest of log_line_prefix.
_POSTGRES_PREFIX = r'\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d+)? (?:[A-Z]{3,5}|[+-]\d\d(?::?\d\d)?)[ :][^"]*'


@dataclass(frozen=True)
class Continuation:
    """Lines that continue an entry."""

    of: str
    """The language or program that writes them."""
    patterns: tuple[str, ...]
    """Regular expressions (RE2) for the beginning of such a line, or for all of it."""
    examples: str
    """Such lines, for people."""
    source: str
    """Where the program's source or manual has them."""
    language: Language | None = None
    """The language of `logstack/multiline` that alone has them: elsewhere such a line begins an entry."""


CONTINUATIONS = (
    Continuation(
        "every language",
        (r"\s|$|[)\]}]|</\w|[│├└╰]", r'\.\.\.|"""', r"[Ss]tack ?[Tt]race(?:back)?:"),
        "indentation, a blank line, a closing bracket or tag, a frame, `...`, `Stack trace:`",
        "text of several lines, printed as it is",
    ),
    Continuation(
        "Java, Kotlin, Scala",
        (
            r"(?:Caused by|Suppressed|Wrapped by):",
            r"at .*\(.*(?::\d+|Native Method|Unknown Source)\)",
            r'Full thread dump |"[^"]*" (?:#\d+ )?(?:\[\d+\] )?(?:daemon )?prio=\d',
        ),
        '`Caused by:`, `at shop.Main.main(Main.java:7)`, `"main" #1 prio=5`',
        "java.lang.Throwable.printStackTrace; Logback's ThrowableProxyConverter; HotSpot's thread dump",
    ),
    Continuation(
        "java.util.logging",
        (r"(?:SEVERE|CONFIG|FINE|FINER|FINEST): ",),
        "`SEVERE: order failed` below the date and the class",
        "java.util.logging.SimpleFormatter (its default format has two lines)",
    ),
    Continuation(
        "java.util.logging",
        (r"(?:INFO|WARNING): ",),
        "`INFO: order paid`",
        "as above; other programs begin an entry with it",
        "java",
    ),
    Continuation(
        "Java, Python, .NET",
        (
            rf"[A-Za-z](?:\w*[.$])+(?:[A-Z_]\w*)?(?:{_KINDS})(?:\$\w+)?(?: \(0x|{_TEXT})",
            rf"[a-z](?:\w*\.)+(?:exceptions?|errors?|exc)\.[A-Z_]\w*{_TEXT}|socket\.(?:timeout|gaierror){_TEXT}",
        ),
        "`java.lang.IllegalStateException: no stock`, `botocore.exceptions.ClientError: ...`",
        "the name of an exception with its package, module or namespace; Lib/traceback.py writes it so",
    ),
    Continuation(
        ".NET",
        ("--- End of ",),
        "`--- End of stack trace from previous location ---`",
        "System.Private.CoreLib (Exception_EndStackTraceFromPreviousThrow)",
    ),
    Continuation(
        "Python",
        (
            r"(?:Traceback|Stack) \(most recent call last\):|(?:During handling of the above|The above exception was) ",
            rf"(?:(?:{_PYTHON_ERRORS})Error|{_PYTHON_OTHERS}){_TEXT}",
            r"Call stack:|Message: ['\"]|Arguments: (?:\(|None)|(?:Current thread|Thread) 0x[0-9a-f]+ ",
        ),
        "`Traceback (most recent call last):`, `KeyError: 'apple'`, `During handling of the above exception, ...`",
        "CPython: Lib/traceback.py, Lib/logging/__init__.py (handleError), Python/traceback.c (faulthandler)",
    ),
    Continuation(
        "Python",
        (rf"[A-Z]\w*(?:Error|Exception|Warning){_TEXT}",),
        "`StockError: no apples`, an exception of `__main__`",
        "Lib/traceback.py; in Node such a line begins an entry",
        "python",
    ),
    Continuation(
        "SQLAlchemy, psycopg",
        (r"\[(?:SQL|parameters): |\(Background on this error at: |LINE \d+: ",),
        "`[SQL: SELECT ...]`, `LINE 1: SELECT ...`",
        "sqlalchemy.exc.StatementError; libpq's PQerrorMessage",
    ),
    Continuation(
        "Go",
        (
            r"goroutine \d+ |runtime stack:|\[signal |exit status \d+\s*$|panic\((?:0x|\{|\.\.\.)",
            r"[a-z][\w./~%()*\[\]-]*\.[\w.()*\[\]-]+\((?:\.\.\.|[0-9a-fx?{}_, ])*\)\s*$",
            r"created by [\w./~%-]+\.[\w.()*\[\]-]+(?: in goroutine \d+)?\s*$",
            r"PC=0x[0-9a-f]+ m=\d|r(?:[a-d]x|[sd]i|[sb]p|ip|8|9|1[0-5]|flags) +0x",
        ),
        "`goroutine 1 [running]:`, `main.main()`, `[signal SIGSEGV: ...]`, `exit status 2`",
        "runtime/traceback.go, runtime/panic.go, runtime/signal_unix.go, cmd/go",
    ),
    Continuation(
        "zap",
        (r"(?:[\w-]+\.[a-z]{2,}/[\w./~-]+|main|runtime|testing|net/http|sync|database/sql)\.[\w.()*\[\]-]+\s*$",),
        "`net/http.HandlerFunc.ServeHTTP`",
        "go.uber.org/zap (stacktrace.Formatter)",
    ),
    Continuation(
        "Node",
        (r"Node\.js v\d|Require stack:|- /\S+\.[cm]?js\s*$",),
        "`Node.js v22.11.0`, `Require stack:`",
        "lib/internal/process/execution.js, lib/internal/modules/cjs/loader.js",
    ),
    Continuation(
        "Ruby, Rails",
        (
            rf"(?:{_REQUEST_ID} )?(?:[\w-]+ \([\w.]+\) )?[a-z/.(<][^\s:]*:\d+:in [`'][^']*'\s*$",
            rf"(?:{_REQUEST_ID} )?[A-Z]\w*(?:(?:::[A-Z]\w*)+ \(.*\):?|(?:Error|Exception) \(.*\):)\s*$",
            rf"(?:{_REQUEST_ID} )?Causes:\s*$|{_REQUEST_ID}\s*$",
        ),
        "`/app/shop.rb:42:in 'order'`, `ActiveRecord::RecordNotFound (...):`",
        "Logger::Formatter (msg2str); ActionDispatch::DebugExceptions (log_error)",
    ),
    Continuation(
        "PHP",
        (
            r"\[(?:stacktrace|previous exception)\]|#\d+ +(?:/|\{main\}|\[internal function\])|\"\}",
            r"Next [\w\\]+: .* in .*:\d+\s*$|PHP +\d+\. |PHP Stack trace:",
        ),
        "`#0 /app/shop.php(42): order()`, `[stacktrace]`, `Next Exception: ...`",
        "Zend/zend_exceptions.c; Monolog's LineFormatter; Xdebug's develop mode",
    ),
    Continuation(
        "Elixir, Erlang",
        (
            r"\*\* (?:[({]|Generic |State machine |Last |When |Reason |Stacktrace |Client |Queued |Postponed )",
            r"(?:Last message|Initial Call|Ancestors|Start Call|Process Label)\b.*:|State: [%{\[(#:]",
            r"Function: [#&]|(?:Pid:|Client) #PID|(?:Restart|Type): :\w+\s*$|Shutdown: (?:\d+|:\w+)\s*$",
            r"Server: \S+:\d+ \(http|Request: [A-Z]+ /",
        ),
        "`** (RuntimeError) no stock`, `Last message (from #PID<...>): ...`, `State: %{}`",
        "Elixir's Logger.Translator and Exception.format; OTP's gen_server (format_log)",
    ),
    Continuation(
        "PostgreSQL",
        (rf"(?:{_POSTGRES_PREFIX})?(?:STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION|BACKTRACE):  ",),
        "`2026-11-27 18:00:02.123 UTC [45] STATEMENT:  SELECT ...`, and DETAIL, HINT, CONTEXT, QUERY, LOCATION",
        "src/backend/utils/error/elog.c (send_message_to_server_log): each part has the prefix",
    ),
    Continuation(
        "Rust",
        (
            r"note: (?:run with |Some details are omitted)|[Ss]tack backtrace:|called `|assertion (?:`|failed)",
            r"attempt to (?:add|subtract|multiply|divide|negate|shift|calculate) |index out of bounds: ",
            r"internal error: entered unreachable code|not (?:yet )?implemented(?::|\s*$)",
            r"already (?:mutably )?borrowed|capacity overflow|explicit panic",
        ),
        "``called `Option::unwrap()` on a `None` value``, `stack backtrace:`, `note: run with ...`",
        "library/std/src/panicking.rs; library/core/src: option.rs, result.rs, panicking.rs; the crate anyhow",
    ),
    Continuation(
        "systemd-coredump, gdb, Dart",
        (
            r"#\d+ (?: +\S|0x[0-9a-f]+ )",
            r"Stack trace of thread \d+:|Found module |Module \S+ (?:from \w+ |with(?:out)? build-id)",
            r"ELF object binary architecture:",
        ),
        "`#0  0x00007f7c6e0a1a2c n/a (libc.so.6 + 0x8ea2c)`, `Stack trace of thread 7:`",
        "systemd: src/coredump/coredump.c, src/shared/elf-util.c; Dart's StackTrace.toString",
    ),
)
# Lines that look like a continuation, and begin an entry.
_BEGINNINGS = (
    Part(
        r" {1,4}(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\b|",
        "No continuation: a level that is padded to 5 characters (%5p of Log4j) or 8 (%(levelname)8s of Python).",
    ),
    Part(
        r"(?:Type|Syntax)Error(?: \[|: (?:Cannot |Assignment to |Class constructor |Converting circular |Invalid |"
        r"Unexpected |Reduce of |[\w.$()\[\]]+ is not (?:a function|a constructor|iterable|defined)))",
        "No continuation: errors of V8 with names that Python has too (V8: src/common/message-template.h).",
    ),
)
# First lines of a trace that may continue an entry, and begin one where the program was silent before or writes its log
# to another stream.
HEADLESS = (
    r"Traceback \(most recent call last\):",
    r"(?:java|javax|jakarta|kotlin|scala|com|org|net|io)\.[\w.$]*(?:Exception|Error|Throwable)\b",
    r"System\.[\w.]*Exception\b",
    r"\*\* \(",
    r"goroutine \d+ \[running\]:",
)
# Any other line than a blank one and `Traceback`, which are joined to `During handling of the above exception, ...`.
NOT_CHAINED = r"(?:[^T\s]|T[^r]|\s+\S)"


def continues() -> Joined:
    """Return the pattern of lines that continue an entry of any language; its group is at the line's beginning.

    The first alternative has no group: what it matches is left as it is.
    """
    heads = (Part(f"^(?:{_COLOURS}(?:"), *_BEGINNINGS, Part(f")|(){_COLOURS}(?:"))
    return Joined((*heads, *_parts(None), Part("))")), "")


def further_continuations() -> Mapping[Language, Joined]:
    """Return the patterns of lines that continue an entry of one language only."""
    languages = dict.fromkeys(each.language for each in CONTINUATIONS if each.language)
    return {language: Joined((Part(f"^(){_COLOURS}(?:"), *_parts(language), Part(")")), "") for language in languages}


def _parts(language: Language | None) -> Iterator[Part]:
    kinds = [each for each in CONTINUATIONS if each.language == language]
    for each in kinds:
        for number, pattern in enumerate(each.patterns):
            is_last = each is kinds[-1] and pattern is each.patterns[-1]
            yield Part(pattern if is_last else f"{pattern}|", "" if number else each.of)
