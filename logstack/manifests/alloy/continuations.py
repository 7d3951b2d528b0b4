"""Lines that continue an entry, by the language or program that writes them."""

from collections.abc import Mapping
from dataclasses import dataclass

from logstack.settings.model.processing import Language

# Colours of a terminal, before the text of a line.
_COLOURS = r"(?:\x1b\[[\d;]*m)*"
# Undotted names in the last line of a Python traceback: docs.python.org/3/library/exceptions.html, without TypeError and
# SyntaxError. Other exceptions have their module before the name (Lib/traceback.py), except those of __main__.
_PYTHON_ERRORS = (
    "Arithmetic Assertion Attribute BlockingIO BrokenPipe Buffer ChildProcess Connection ConnectionAborted "
    "ConnectionRefused ConnectionReset EOF FileExists FileNotFound FloatingPoint Import Indentation Index Interrupted "
    "IsADirectory Key Lookup Memory ModuleNotFound Name NotADirectory NotImplemented OS Overflow Permission "
    "ProcessLookup PythonFinalization Recursion Runtime Syntax System Tab Timeout Type UnboundLocal Unicode "
    "UnicodeDecode UnicodeEncode UnicodeTranslate Value ZeroDivision"
).split()
_PYTHON_OTHERS = "Exception BaseException GeneratorExit KeyboardInterrupt StopAsyncIteration StopIteration SystemExit".split()
_NAME_ENDS = r"(?::|\s*$)"


@dataclass(frozen=True)
class Continuation:
    """Lines that continue an entry."""

    of: str
    """The language or program that writes them."""
    patterns: tuple[str, ...]
    """Regular expressions (RE2) for the beginning of such a line, or for all of it."""
    source: str
    """Where the program's source or manual has such lines."""
    language: Language | None = None
    """Only entries of this language have them: elsewhere such a line begins an entry."""


CONTINUATIONS = (
    Continuation(
        "every language",
        (r"\s", "$", r"[)\]}]", r"\.\.\.", '"""'),
        "indentation, blank lines, closing brackets and `...`",
    ),
    Continuation(
        "Java, Kotlin, Scala",
        (
            r"(?:Caused by|Suppressed|Wrapped by):",
            r"at .*\(.*(?::\d+|Native Method|Unknown Source)\)",
            r"Full thread dump ",
            r'"[^"]*" (?:#\d+ )?(?:\[\d+\] )?(?:daemon )?prio=\d',
        ),
        "java.lang.Throwable.printStackTrace; Logback's ThrowableProxyConverter; HotSpot's VM_PrintThreads",
    ),
    Continuation(
        "Java, Python, .NET",
        (
            r"[A-Za-z](?:\w*[.$])+\w*(?:Error|Exception|Throwable|Timeout|NotFound|DoesNotExist|Exceeded|Failure|Fault|Interrupt)"
            rf"(?: \(0x|{_NAME_ENDS})",
            rf"[a-z](?:\w*\.)+(?:exceptions?|errors?|exc)\.\w+{_NAME_ENDS}",
        ),
        "the exception's name with its package, module or namespace",
    ),
    Continuation(
        "Java (java.util.logging)",
        (r"(?:SEVERE|CONFIG|FINE|FINER|FINEST): ",),
        "java.util.logging.SimpleFormatter: date and class on the first line, level and message on the second",
    ),
    Continuation(
        "Java (java.util.logging)",
        (r"(?:INFO|WARNING): ",),
        "as above; other programs begin an entry like this",
        "java",
    ),
    Continuation(
        "Python",
        (
            r"(?:Traceback|Stack) \(most recent call last\):",
            r"(?:During handling of the above|The above exception was) ",
            rf"(?:(?:{'|'.join(_PYTHON_ERRORS)})Error|{'|'.join(_PYTHON_OTHERS)}){_NAME_ENDS}",
            r"Call stack:",
            r"(?:Message: ['\"]|Arguments: (?:\(|None))",
            r"(?:Current thread|Thread) 0x[0-9a-f]+ ",
        ),
        "CPython: Lib/traceback.py, Lib/logging/__init__.py (handleError), Python/traceback.c (faulthandler)",
    ),
    Continuation(
        "Python",
        (rf"[A-Z]\w*(?:Error|Exception|Warning|Timeout|NotFound|DoesNotExist|Exceeded|Failure|Fault){_NAME_ENDS}",),
        "exceptions of __main__; in Node such a line begins an entry",
        "python",
    ),
    Continuation(
        "SQLAlchemy, psycopg",
        (
            r"\[(?:SQL|parameters): ",
            r"\(Background on this error at: ",
            r"LINE \d+: ",
        ),
        "sqlalchemy.exc.StatementError; libpq's PQerrorMessage",
    ),
    Continuation(
        "Go",
        (
            r"goroutine \d+ ",
            r"created by [\w./~%-]+\.[\w.()*\[\]-]+(?: in goroutine \d+)?\s*$",
            r"\[signal ",
            r"exit status \d+\s*$",
            r"runtime stack:",
            r"[a-z][\w./~%()*\[\]-]*\.[\w.()*\[\]-]+\((?:\.\.\.|[0-9a-fx?{}_, ])*\)\s*$",
            r"panic\(",
            r"(?:[\w-]+\.[a-z]{2,}/[\w./~-]+|main|runtime|testing|reflect|net/http|sync|database/sql)\.[\w.()*\[\]-]+\s*$",
            r"r(?:[a-d]x|[sd]i|[sb]p|ip|\d+|flags) +0x",
        ),
        "runtime/traceback.go, runtime/panic.go, runtime/signal_*.go; go.uber.org/zap's stacktrace",
    ),
    Continuation(
        "Node",
        (r"Node\.js v\d", r"Require stack:", r"- /\S+\.[cm]?js\s*$"),
        "V8's stack trace API; lib/internal/process/execution.js, lib/internal/modules/cjs/loader.js",
    ),
    Continuation(
        "Ruby, Rails",
        (
            r"[a-z/.(<][^\s:]*:\d+:in [`'][^']*'\s*$",
            r"[A-Z]\w*(?:(?:::[A-Z]\w*)+ \(.*\):?|(?:Error|Exception) \(.*\):)\s*$",
            r"Causes:\s*$",
        ),
        "Logger::Formatter#msg2str; ActionDispatch::DebugExceptions#log_error",
    ),
    Continuation(
        "PHP",
        (
            r"(?:PHP )?[Ss]tack [Tt]race:",
            r"\[(?:stacktrace|previous exception)\]",
            r"#\d+ +(?:/|\{main\}|\[internal function\])",
            r"Next [\w\\]+: .* in .*:\d+\s*$",
            r"PHP +\d+\. ",
            r'"\}',
        ),
        "Zend/zend_exceptions.c; Monolog's LineFormatter",
    ),
    Continuation(
        "Elixir, Erlang",
        (
            r"\*\* (?:[({]|Generic |State machine |Last |When |Reason |Stacktrace |Client |Queued |Postponed )",
            r"(?:Last message|Initial Call|Ancestors|Start Call|Process Label|Function: [#&]|Pid: #PID|Client #PID|State: [%{\[(#:])",
        ),
        "Elixir's Logger.Translator and Exception.format; OTP's gen_server:format_log",
    ),
    Continuation(
        "PostgreSQL",
        (
            r"(?:\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d+)? (?:[A-Z]{3,5}|[+-]\d\d(?::?\d\d)?) [^\"]*)?"
            r"(?:STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION|BACKTRACE):  ",
        ),
        "src/backend/utils/error/elog.c (send_message_to_server_log): one message, one prefix a line",
    ),
    Continuation(
        "Rust",
        (
            r"note: (?:run with |Some details are omitted)",
            r"[Ss]tack backtrace:",
            r"(?:called `|assertion |attempt to (?:add|subtract|multiply|divide|negate|shift|calculate) |index out of bounds|internal error: entered unreachable code)",
            r"(?:not (?:yet )?implemented(?::|\s*$)|explicit panic|already (?:mutably )?borrowed|capacity overflow)",
        ),
        "library/std/src/panicking.rs, library/core/src/{option,result,panicking}.rs; the crates anyhow and eyre",
    ),
    Continuation(
        "systemd-coredump, gdb",
        (
            r"#\d+ +0x[0-9a-f]+ ",
            r"Stack trace of thread \d+:",
            r"(?:Found module|Module) \S+ (?:with|from)",
            r"ELF object binary architecture:",
        ),
        "systemd: src/shared/elf-util.c, src/coredump/coredump.c",
    ),
)
# Lines that look like a continuation, and begin an entry.
_BEGINNINGS = (
    # A padded level: %5p of Log4j and Logback.
    r" {1,2}(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b",
    # Errors of V8 with names that Python has too (src/common/message-template.h, lib/internal/errors.js).
    r"(?:Type|Syntax)Error(?: \[|: (?:Cannot |Assignment to |Class constructor |Converting circular |Invalid |"
    r"Unexpected |Reduce of |[\w.$()\[\]]+ is not (?:a function|a constructor|iterable|defined)))",
)


# A trace whose first line continues nothing, as the program was silent or writes its log to another stream.
HEADLESS = (
    r"Traceback \(most recent call last\):",
    r"(?:java|javax|jakarta|kotlin|scala|com|org|net|io)\.[\w.$]*(?:Exception|Error|Throwable)\b",
    r"System\.[\w.]*Exception\b",
    r"\*\* \(",
    r"goroutine \d+ \[running\]:",
)


def continues() -> str:
    """Return the pattern of lines that continue an entry of any language; its group is the line's beginning."""
    return f"^(?:{_COLOURS}(?:{'|'.join(_BEGINNINGS)})|(){_COLOURS}(?:{_patterns(None)}))"


def further_continuations() -> Mapping[Language, str]:
    """Return the patterns of lines that continue an entry of one language only."""
    languages = dict.fromkeys(each.language for each in CONTINUATIONS if each.language)
    return {language: f"^(){_COLOURS}(?:{_patterns(language)})" for language in languages}


def _patterns(language: Language | None) -> str:
    return "|".join(pattern for each in CONTINUATIONS if each.language == language for pattern in each.patterns)
