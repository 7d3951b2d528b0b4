"""The regular expressions that find a level or an HTTP status in a line of plain text."""

from logstack.manifests.alloy.levels import LETTER, LEVEL, MARK, PRIORITY, STATUS, WORD

_COLOUR = r"\x1b\[[\d;]*m"

# A level in capitals may stand anywhere in the head of a line.
_CAPITALS = (
    r"TRACE|TRAC|TRC|TRCE|DEBUG\d?|DEBU|DBUG|DBG|INFO|INF|NOTICE|WARN(?:ING)?|WRN|ERR(?:OR?)?|EROR|SEVERE|FAILURE|CRIT(?:ICAL)?"
    r"|ALERT|EMERG(?:ENCY)?|D?PANIC|PANI|FATAL?|FTL|VERBOSE|VRB|CONFIG|FINE(?:R|ST)?|SUCCESS"
)
_CAPITALS_END = r"(?:[\]>):|,/\[\s!]|\x1b|$)"
# In other letters it needs an end that prose does not have: a bracket, a colon, a tab or two spaces. So does LOG.
_ANY_LETTERS = (
    r"LOG|(?i:trace\d?|trce|debug|dbug|info(?:rmation)?|notice|note|warn(?:ing)?|err(?:or)?|fail|severe|crit(?:ical)?"
    r"|panic|fatal|system|verbose|alert|emerg)"
)
_ANY_LETTERS_END = r"(?:\s*[\]>]|:|\t|  )"
# The head of a line begins with a date (with a name before it or not), a number or a bracket, and has up to nine words
# before the level.
_BEGIN = r"(?:[\d\[<|-]|[A-Z][a-z]{2} |[A-Z]{3,12} \d|[\w.-]+[\s|]+\d{4}-\d\d-)"
_WORD = r"[^\s|\[\]<(]*[\s|\[\]<(]+"
# Apache and Monolog write the module or the channel before it: core:error, app.ERROR.
WORDS = (
    rf"^(?:{_COLOUR}|\s)*(?:{_BEGIN}(?:{_WORD}){{0,9}}?)?(?:{_COLOUR})*(?:[\w.-]*[.:])?"
    rf"(?:(?P<{LEVEL}>{_CAPITALS}){_CAPITALS_END}|(?P<{WORD}>{_ANY_LETTERS}){_ANY_LETTERS_END})"
)

KLOG = r"\d{4}(?:\d{4})? \d{2}:\d{2}:\d{2}\.\d+\s+\d+ (?P<caller>[^\] ]+)\]"
# Letters of klog, Android's logcat (threadtime, time, brief, tag) and Ruby's Logger; then marks of Redis, and the
# priority that syslog and systemd put before a line.
LETTERS = (
    r"^(?:(?:(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d+\s+(?:\d+\s+\d+\s+)?)?"
    rf"(?P<{LETTER}>[VDIWEF])(?:{KLOG}|/[^:(]{{1,60}}(?:\(\s*\d+\))?\s*:|\s+\w[\w.$-]*\s*:\s|, \[)"
    rf"|\d+:[XCSM] \d\d [A-Z][a-z]{{2}} \d{{4}} [\d:.]+ (?P<{MARK}>[.*#-]) |<(?P<{PRIORITY}>\d{{1,3}})>)"
)

# The quoted request and the status after it: common and combined format, and Envoy's default. A request may be missing
# or be bytes that are no HTTP.
_ESCAPED = r'(?:[^"\\]|\\.)*'
ACCESS = (
    rf'"(?:(?P<method>[A-Z]{{3,10}}) {_ESCAPED} HTTP/[\d.]+|-|- - HTTP/[\d.]+|\\x{_ESCAPED}|)"'
    rf" (?P<status>(?P<{STATUS}>[1-5]\d\d))(?: |$)"
)
