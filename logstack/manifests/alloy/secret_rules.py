"""The built-in rules of redaction: what a secret looks like, and look-alikes that stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from logstack.manifests.alloy.syntax import quoted
from logstack.settings.model.redaction import RedactionName


@dataclass(frozen=True)
class Stage:
    """A stage.replace: the template replaces every group of every match."""

    expression: str
    template: str


@dataclass(frozen=True)
class Rule:
    """A built-in rule."""

    texts: str
    """Words, separated by spaces. Every line that the rule can change contains one of them or matches a pattern."""
    patterns: Sequence[str]
    """Regular expressions that begin with plain text, for speed."""
    stages: Sequence[Stage]


# --- replacements


# Not secrets: values that mean "none"; words of messages, such as "password: must not be empty"; names of schemes.
_WORDS = """
none null nil undefined true false yes no not is are was were be must should may can cannot could has have and or for to
in of on with from by as at the a an it this that if when expired invalid incorrect missing required wrong changed reset
failed failure denied unauthorized forbidden error empty unset set unknown rejected accepted too context permission
timeout eof open read file connection hidden filtered redacted masked protected removed omitted provided optional
enabled disabled auth authentication authorization scheme realm header bearer basic
"""
WORDS = tuple(_WORDS.split())
# Not secrets: placeholders of other programs, references (a path has only small letters, else it may be base64), and
# values that are redacted already.
PLACEHOLDER = r"^(?:<[^<>]*>|[-_.*?]+|[xX]+|%[a-z]|\$[({].*|\$[A-Z_]{2,}|~?/(?:[a-z0-9._-]+/?)*)$"
# A JSON number with the text between it and its key: the replacement needs quotes around it.
NUMBER = r'^(\\*")(\s*:\s*)-?[0-9.eE+-]+$'


def redacted(name: str) -> str:
    """Return the text that replaces a secret."""
    return f"<redacted:{name}>"


# A template compiles its regular expressions for every value, so cheap conditions come first.
_IS_NUMBER = f'and (contains `"` .Value) (regexMatch `{NUMBER}` .Value)'
_IS_PLACEHOLDER = f"and (contains (trunc 1 .Value) `<-_.*?xX%$~/`) (regexMatch `{PLACEHOLDER}` .Value)"


def _replaced(name: str) -> str:
    number = f"{{{{ regexReplaceAll `{NUMBER}` .Value `${{1}}${{2}}${{1}}{redacted(name)}${{1}}` }}}}"
    return f"{{{{ if {_IS_NUMBER} }}}}{number}{{{{ else }}}}{redacted(name)}{{{{ end }}}}"


def _unless_none(name: str) -> str:
    words = " ".join(map(quoted, WORDS))
    is_none = f"or ({_IS_PLACEHOLDER}) (has (lower .Value) (list {words}))"
    return f"{{{{ if {is_none} }}}}{{{{ .Value }}}}{{{{ else }}}}{_replaced(name)}{{{{ end }}}}"


def _if_pair(name: str) -> str:
    """Redact the value if it decodes to user:password; otherwise it is an ordinary word."""
    return f'{{{{ if contains ":" (b64dec .Value) }}}}{redacted(name)}{{{{ else }}}}{{{{ .Value }}}}{{{{ end }}}}'


def _if_luhn(name: str) -> str:
    """Redact a number whose Luhn check digit is right, which is true of one random number in ten."""
    return (
        '{{ $digits := regexReplaceAll "[^0-9]" .Value "" }}{{ $parity := mod (len $digits) 2 }}{{ $sum := 0 }}'
        '{{ range $place, $digit := splitList "" $digits }}{{ $value := int $digit }}'
        "{{ if eq (mod $place 2) $parity }}{{ $value = mul 2 $value }}{{ end }}"
        "{{ if gt $value 9 }}{{ $value = sub $value 9 }}{{ end }}{{ $sum = add $sum $value }}{{ end }}"
        f"{{{{ if eq (mod $sum 10) 0 }}}}{_replaced(name)}{{{{ else }}}}{{{{ .Value }}}}{{{{ end }}}}"
    )


# --- patterns that are searched first

# After a name come quotes, a bracket and a sign; SQL has an apostrophe instead of a sign.
_SIGNED = r"""["'\\\]]*(?:[ \t]*[=:>]|\s+')"""
_KEYS = ("oken", "OKEN", "Key", "_key", "-key", "_KEY", "-KEY", "pikey", "PIKEY", "sskey")
_TOKEN_NAMES = tuple(rf"{name}\d?{_SIGNED}" for name in _KEYS)
_PASSWORD_NAMES = (
    *(rf"{name}\w{{1,6}}{_SIGNED}" for name in ("ass[cpwCPW]", "ASS[CPW]")),
    *(rf"{name}\d?{_SIGNED}" for name in ("pass", "Pass", "PASS", "pwd", "Pwd", "PWD")),
    *(rf"{name}\w{{0,16}}{_SIGNED}" for name in ("ecret", "ECRET")),
)

# --- private-keys

_KEY_BEGINS = r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
_KEY_ENDS = r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
# The key up to its END line; of a key that is cut off, all text that looks like a key.
_PEM = rf'({_KEY_BEGINS}(?:[^"]*?{_KEY_ENDS}|(?:\\+[nrt]|[A-Za-z0-9+/=\s])*))'
# The same in base64, as in Kubernetes' Secrets and kubeconfigs: RSA, no kind, EC, OPENSSH, ENCRYPTED and DSA.
_KINDS = "BSU0EgUFJJVk|BQUklWQVRF|BFQyBQUklW|BPUEVOU1NI|BFTkNSWVBU|BEU0EgUFJJ"
_PEM_IN_BASE64 = rf"(LS0tLS1CRUdJTi(?:{_KINDS})[A-Za-z0-9+/=]*)"
_PRIVATE_KEYS = Rule(
    "LS0tLS1CRUdJTi",
    ["PRIVATE KEY"],
    [Stage(_PEM, redacted("private-keys")), Stage(_PEM_IN_BASE64, redacted("private-keys"))],
)

# --- tokens

# An escape of JSON, such as \n, does not belong to the word after it.
_ESCAPE = r"\\[nrt]|\\u[0-9a-fA-F]{4}"
# Prefixes by which issuers make their tokens recognisable.
_ISSUED = "|".join(
    (
        r"eyJ[\w-]{16,}\.\.?[\w-]{8,}(?:\.[\w-]+){0,3}",  # JWT, signed or encrypted
        r"A[KS]IA[A-Z0-9]{16}\b",  # AWS
        r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}",
        r"gl(?:pat|ptt|dt|rt|soat|cbt)-[\w-]{20,}(?:\.[\w-]+)*",  # GitLab
        r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
        r"AIza[\w-]{35}",  # Google
        r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
        r"npm_[A-Za-z0-9]{36}|pypi-[\w-]{30,}",
        r"glsa_[A-Za-z0-9]{20,}_[0-9a-f]{8}",  # Grafana
        r"hv[bs]\.[\w-]{20,}",  # Vault
    )
)
_ISSUED_TOKEN = rf"(?:^|[^A-Za-z0-9]|{_ESCAPE})({_ISSUED})"
# Between a name and its value. JSON has both in quotes, and the value may be in a list.
_SIGN = r"""(?:\\*["']\]?[ \t]*(?:=>|[:=])[ \t]*\[?\s?\\*["']|\]?[ \t]*(?:=>|[:=])[ \t]*\[?(?:\\*["'])?)"""
_LETTER = r"""[^\s"'\\,;)\[\]}<{]"""
_SCHEMES = "bearer|basic|token|api-?key|negotiate|ntlm|digest|aws4-hmac-sha256|oauth|jwt|dpop|splunk"
_HEADERS = (
    "authorization|x-(?:api-?key|(?:auth|access|vault|gitlab|csrf|xsrf|amz-security)-token|auth-key|goog-api-key)"
    "|private-token|secret_?access_?key|aws_?secret_?key|session_?token"
)
_HEADER = "|".join(
    (
        # A JSON number; the value after a scheme; without a scheme, a value that is not a word of small letters.
        (
            rf'(?i)(?:{_HEADERS})(?:(\\*"\s?:\s?-?\d[\d.eE+-]*)\b|{_SIGN}(?:(?:{_SCHEMES})[ \t]+({_LETTER}{{2,}})'
            rf"""|({_LETTER}*[^a-z\s"'\\,;)\[\]}}<{{]{_LETTER}{{5,}}|[a-z]{{20,}})))"""
        ),
        # Anywhere in a line: a value with a digit, or longer than words are.
        r"bearer +((?:[a-z._~+/-]{0,8}\d[\w.~+/-]{8,}|[a-z._~+/-]{9,}\d[\w.~+/-]*|[a-z]{32,})=*)",
    )
)
_PAIR = r"(?i)basic +([a-z0-9+/]{8,}={0,2})"
_TOKENS = Rule(
    "eyJ AKIA ASIA github_pat_ xox xapp- hooks.slack.com/ AIza k_live_ k_test_ npm_ pypi- glsa_ hvs. hvb.",
    [
        "gh[pousr]_",
        "gl[a-z]{2,4}-",
        *(rf"{word}{_SIGNED}" for word in ("uthorization", "UTHORIZATION")),
        *(rf"{word} +[\w.~+/-]{{8}}" for word in ("earer", "EARER", "asic", "ASIC")),
        *_TOKEN_NAMES,
    ],
    [
        Stage(_ISSUED_TOKEN, redacted("tokens")),
        Stage(_HEADER, _unless_none("tokens")),
        Stage(_PAIR, _if_pair("tokens")),
    ],
)

# --- passwords

# Grouped by first letter: fewer branches are faster.
_NAMES = (
    "(?:p(?:ass(?:word|wd|phrase|code)|wd|rivate[_-]?key)|token"
    "|s(?:ecret(?:[_-]?(?:access)?[_-]?key(?:[_-]?base)?)?|(?:igning|torage)[_-]?key|mtp[_-]?pass)"
    "|a(?:(?:pi|ccess|ccount|uth)[_-]?key|uthpass)|(?:encryption|master)[_-]?key|(?:[_-]|user|db|mail)pass)"
)
# A space after a bare `=` means that there is no value.
_EQUALS = r"(?:[ \t]*(?:=>|:)[ \t]*|:?=|[ \t]+:?=[ \t]*)"


def _in_quotes(first: str = "") -> str:
    """Return the pattern of a value in quotes, whose first character matches `first`.

    In JSON within a JSON text, \\" ends a value, and \\\\\\" and \\\\n belong to it. At deeper levels any \\ ends it.
    """
    more = "*" if first else "+"
    return (
        rf'"({first}(?:[^"\\\n]|\\.){more})'
        rf"""|'({first}(?:[^'"\\\n]|\\[^"'\\]){more})"""
        rf'|\\"({first}(?:[^"\\\n]|\\\\(?:\\["\\]|[^"\\])){more})'
        rf'|\\{{2,}}"({first}[^"\\\n]{more})'
    )


# A quote after `token:` may also end the surrounding text.
_NO_END = r"""[^\s"'\\,:)\]}]"""
_PLAIN = r"""([^\s"'`\\<>{}\[\](),;&=:|](?:[^\s"'`\\<>)}\],;&|]|\\[^\s"'\\nrtu])*)"""
_NAMED = "|".join(
    (
        # Without a group, so they stay: words that programs print after a colon, and names of Kubernetes Secrets.
        r"""(?i)(?:token|secret): +(?:[a-z]{1,19}[.:]?|\d{3}|[a-z][\w.]*:)(?:[\s,;)"\\]|$)""",
        r"""secret["'\\]*\s?[=:]\s?["'\\]*(?-i:[a-z0-9-]+/[a-z0-9.-]+)(?:[\s"'\\,;)\]}]|$)""",
        # A JSON number; a quoted name with a quoted or a plain value; a plain name with either.
        (
            rf'{_NAMES}\d?(?:(\\*"\s?:\s?-?\d[\d.eE+-]*)\b'
            rf"""|\\*["']\]?{_EQUALS}(?:\[?(?:{_in_quotes()})|{_PLAIN})"""
            rf"""|\]?{_EQUALS}\[?(?:{_in_quotes(_NO_END)}|{_PLAIN}))"""
        ),
    )
)
_OTHERWISE = "|".join(
    (
        # An option of a command, as text or as a list.
        (
            r"""(?i)--[\w-]*(?:passw(?:or)?d|passphrase|pass|secret|token|api-?key)"""
            r"""(?:[ \t]+["']?([^\s"'\\,:)\]}-][^\s"'\\]*)|\\*["'],\s*\\*["']([^\s"'\\]+)\\*["']\s*[,\]])"""
        ),
        # SQL and XML.
        r"""\b(?:password|identified\s+by)\s+'((?:[^'"\\\n]|\\.)+)'""",
        r"""<[\w:.-]*(?:passw(?:or)?d|passphrase|secret|token|apikey)>([^<>"\n]+)</""",
        # Up to the last @ of a URL's authority: some passwords contain one.
        r""":\\?/\\?/[^\s/:@"'<>]*:([^\s/?#"'<>\\]+)@""",
    )
)
_PASSWORDS = Rule(
    "",
    [
        *_TOKEN_NAMES,
        *_PASSWORD_NAMES,
        r"""--[\w-]*(?i:pass\w*|secret|token|key)(?:[ \t]|\\*["'],)""",
        r"dentified\s+by\s+'",
        r"DENTIFIED\s+BY\s+'",
        r"""://[^\s/:@"'<>]*:[^\s/?#"'<>\\]+@""",
        r""":\\/\\/[^\s/:@"'<>]*:[^\s/?#"'<>\\]+@""",
    ],
    [Stage(_NAMED, _unless_none("passwords")), Stage(_OTHERWISE, _unless_none("passwords"))],
)

# --- cards


def _cards(gap: str) -> str:
    """Return the pattern of Visa; Mastercard; Discover, JCB, Maestro; UnionPay; American Express; Diners Club."""
    twelve = rf"(?:{gap}\d{{4}}){{3}}"
    return "|".join(
        (
            rf"4\d{{3}}{twelve}",
            rf"(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720){twelve}",
            rf"(?:6011|64[4-9]\d|65\d\d|35(?:2[89]|[3-8]\d)|5018|5020|5038|5893|6304|6759|676[1-3]){twelve}",
            rf"62\d\d{twelve}(?:{gap}\d{{3}})?",
            rf"3[47]\d\d{gap}\d{{6}}{gap}\d{{5}}",
            rf"3(?:0[0-5]|[689]\d)\d{gap}\d{{6}}{gap}\d{{4}}",
        )
    )


_GAP = "[ -]?"
_TWELVE = rf"(?:{_GAP}\d{{4}}){{3}}"
# Without a group, so they stay: rows of more groups of digits, and a decimal point beside digits, a sign before them.
_NO_CARD = r'\d+(?:-\d+){4,}|\d\.\d{13,}|\w\\*"\s?:\s?(?:\d+\.|-)\d+'
_CARD_NUMBER = rf'{_NO_CARD}|\w(\\*"\s?:\s?(?:{_cards("")}))\b|(?:\b|\\[nrt])({_cards(_GAP)})\b'
_CARDS = Rule(
    "",
    [
        rf"4\d{{3}}{_TWELVE}",
        rf"5\d{{3}}{_TWELVE}",
        rf"6\d{{3}}{_TWELVE}",
        rf"2[2-7]\d\d{_TWELVE}",
        rf"35\d\d{_TWELVE}",
        rf"3\d{{3}}{_GAP}\d{{6}}{_GAP}\d{{4}}",
    ],
    [Stage(_CARD_NUMBER, _if_luhn("cards"))],
)

# --- mails

_NO_DOMAIN = "service|socket|timer|mount|slice|scope|target|device|path|swap|png|jpe?g|webp|gif|svg"
# Without a group, so they stay: systemd units, pictures such as icon@2x.png, the user of a URL, and git@. Signs behind
# an escape belong to it: else the address would begin with the escape's letter, and no JSON would be left.
_ADDRESS = (
    rf"@[\w.:\\-]*\.(?:{_NO_DOMAIN})\b|[\w.%+-]+@[\w.:\\-]*\.(?:{_NO_DOMAIN})\b|://[^\s/@]*@|\bgit@"
    rf"|(?:(?:{_ESCAPE})[._%+-]*|\b)([A-Za-z0-9][\w.%+-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{{2,24}})\b"
)
_MAILS = Rule("", [r"@[A-Za-z0-9-]+\.[A-Za-z0-9]"], [Stage(_ADDRESS, redacted("mails"))])

# The order matters: a key may contain a token, a password may be a token, and both may contain a card number.
RULES: Mapping[RedactionName, Rule] = {
    "private-keys": _PRIVATE_KEYS,
    "tokens": _TOKENS,
    "passwords": _PASSWORDS,
    "cards": _CARDS,
    "mails": _MAILS,
}
