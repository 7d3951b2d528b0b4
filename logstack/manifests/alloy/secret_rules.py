"""The built-in rules of redaction: what a secret looks like, and look-alikes that stay."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from logstack.manifests.alloy.issuers import ISSUED, RARE_FIRST, Group, Issued, escaped, groups
from logstack.manifests.alloy.syntax import Block, Joined, Part, Value, quoted
from logstack.settings.model.redaction import RedactionName


@dataclass(frozen=True)
class Search:
    """What is searched in a line before a regular expression is: a text, or a pattern that begins with plain text."""

    text: str
    is_pattern: bool = False

    @property
    def present(self) -> str:
        """Return the LogQL filter of lines with it."""
        return f"{'|~' if self.is_pattern else '|='} {quoted(self.text)}"

    @property
    def absent(self) -> str:
        """Return the LogQL filter of lines without it."""
        return f"{'!~' if self.is_pattern else '!='} {quoted(self.text)}"


@dataclass(frozen=True)
class Step:
    """Stages for the lines with a text or pattern."""

    comment: str
    only: Sequence[Search]
    """What a line must contain, all of it; the cheapest first."""
    stages: tuple[Block, ...]


@dataclass(frozen=True)
class Rule:
    """A built-in rule."""

    searches: Sequence[Search]
    """Every line that the rule can change contains one of them."""
    steps: Sequence[Step]
    issued: Sequence[Step] = ()
    """Steps of which few lines need any; `issued_searches` finds these lines."""
    issued_searches: Sequence[Search] = ()


def _texts(*texts: str) -> list[Search]:
    return [Search(text) for text in texts]


def _patterns(*patterns: str) -> list[Search]:
    return [Search(pattern, is_pattern=True) for pattern in patterns]


def merged(searches: Sequence[Search]) -> Sequence[Search]:
    """Return fewer searches that find the same lines: each costs 30 to 80 ns per line."""
    together: dict[str, list[Search]] = {}
    for search in searches:
        together.setdefault(_shared_beginning(search.text), []).append(search)
    return [_one_of(group) for group in together.values()]


def _shared_beginning(text: str) -> str:
    return text[0] if text[0] in RARE_FIRST else text


def _one_of(searches: Sequence[Search]) -> Search:
    if len(searches) == 1:
        return searches[0]
    rests = [search.text[1:] if search.is_pattern else escaped(search.text[1:]) for search in searches]
    return Search(f"{searches[0].text[0]}(?:{'|'.join(rests)})", is_pattern=True)


def _replace(expression: str | Joined, template: str) -> Block:
    return Block("stage.replace", attributes={"expression": expression, "replace": template})


def _either(*parts: tuple[str, str]) -> Joined:
    """Join alternatives, each with its comment."""
    return Joined(tuple(Part(text, comment) for comment, text in parts), "|")


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
    is_word = f"contains (print ` ` (lower .Value) ` `) ` {' '.join(WORDS)} `"
    is_none = f"or ({is_word}) ({_IS_PLACEHOLDER})"
    return f"{{{{ if {is_none} }}}}{{{{ .Value }}}}{{{{ else }}}}{_replaced(name)}{{{{ end }}}}"


def _if_pair(name: str) -> str:
    """Redact the value if it decodes to user:password; otherwise it is an ordinary word."""
    return f"{{{{ if contains `:` (b64dec .Value) }}}}{redacted(name)}{{{{ else }}}}{{{{ .Value }}}}{{{{ end }}}}"


def _if_luhn(name: str) -> str:
    """Redact a number whose Luhn check digit is right, which is true of one random number in ten."""
    return (
        '{{ $digits := regexReplaceAll "[^0-9]" .Value "" }}{{ $parity := mod (len $digits) 2 }}{{ $sum := 0 }}'
        '{{ range $place, $digit := splitList "" $digits }}{{ $value := int $digit }}'
        "{{ if eq (mod $place 2) $parity }}{{ $value = mul 2 $value }}{{ end }}"
        "{{ if gt $value 9 }}{{ $value = sub $value 9 }}{{ end }}{{ $sum = add $sum $value }}{{ end }}"
        f"{{{{ if eq (mod $sum 10) 0 }}}}{_replaced(name)}{{{{ else }}}}{{{{ .Value }}}}{{{{ end }}}}"
    )


# --- private-keys

KEY_BEGINS = r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
_KEY_ENDS = r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
# The key up to its END line; of a key that is cut off, all text that looks like a key.
_PEM = rf'({KEY_BEGINS}(?:[^"]*?{_KEY_ENDS}|(?:\\+[nrt]|[A-Za-z0-9+/=\s])*))'
# The same in base64, as in Kubernetes' Secrets and kubeconfigs: RSA, no kind, EC, OPENSSH, ENCRYPTED and DSA.
_KINDS = "BSU0EgUFJJVk|BQUklWQVRF|BFQyBQUklW|BPUEVOU1NI|BFTkNSWVBU|BEU0EgUFJJ"
_PEM_IN_BASE64 = rf"(LS0tLS1CRUdJTi(?:{_KINDS})[A-Za-z0-9+/=]*)"
# A line that is nothing but base64, as in a key that is printed line by line.
_BASE64_LINE = r"[ \t]*[A-Za-z0-9+/=]+\s*"
LINE_OF_KEY = rf"^(?:[ \t]*[A-Za-z0-9+/]{{4,76}}={{0,2}}\s*|[^\n]*{KEY_BEGINS}\s*|[ \t]*{_KEY_ENDS}\s*)$"
LINES_OF_A_KEY = 200
_LIMITS: dict[str, Value] = {"max_lines": LINES_OF_A_KEY, "max_wait_time": "3s"}
_JOIN = Block("stage.multiline", attributes={"firstline": KEY_BEGINS, **_LIMITS})
_PRIVATE_KEYS = Rule(
    [*_texts("PRIVATE KEY", "LS0tLS1CRUdJTi"), *_patterns(f"^{_BASE64_LINE}$")],
    [
        Step("a key printed line by line: join its lines.", _patterns(LINE_OF_KEY), (_JOIN,)),
        Step("a PEM block.", _texts("PRIVATE KEY"), (_replace(_PEM, redacted("private-keys")),)),
        Step("a PEM block in base64.", _texts("LS0tLS1CRUdJTi"), (_replace(_PEM_IN_BASE64, redacted("private-keys")),)),
    ],
)

# --- tokens

# What may stand before a token: no letter or digit, the /bot of Telegram, an escape of JSON such as \n, an escape of a
# URL such as %3D, or the end of a colour on a terminal.
_ESCAPE = r"\\[nrt]|\\u[0-9a-fA-F]{4}"
_BEFORE = rf"(?:^|[^A-Za-z0-9]|/bot|{_ESCAPE}|%[0-9A-F]{{2}}|\[[0-9;]{{1,8}}m)"
_JWT = r"eyJ[\w-]{16,}\.\.?[\w-]{8,}(?:\.[\w-]+){0,3}"
_DOCKER_CONFIG = r"eyJhdXRocyI6[A-Za-z0-9+/=]{8,}"
_GRAFANA_KEY = r"eyJrIjoi[A-Za-z0-9+/=]{24,}"


def _issued_steps() -> Iterator[Step]:
    yield Step(
        "JSON Web Tokens, old keys of Grafana, and Docker's credentials.",
        _texts("yJ", "eyJ"),
        (_replace(f"{_BEFORE}({_JWT}|{_DOCKER_CONFIG}|{_GRAFANA_KEY})", redacted("tokens")),),
    )
    together: dict[str, list[Group]] = {}
    for group in groups(ISSUED):
        together.setdefault(_shared_beginning(group.text), []).append(group)
    for beginning, found in together.items():
        forms = list(dict.fromkeys(form for group in found for form in group.forms))
        only = merged([Search(group.text, group.is_pattern) for group in found])
        what = f"forms with `{beginning}`" if len(forms) > 1 else forms[0].issuer
        yield Step(f"{what}.", only, (_replace(_issued(forms), redacted("tokens")),))


def _issued(forms: Sequence[Issued]) -> Joined:
    *first, last = forms
    parts = [Part(f"{form.pattern}|", f"{form.issuer}: {form.form}") for form in first]
    end = Part(last.pattern, f"{last.issuer}: {last.form}")
    return Joined((Part(f"{_BEFORE}("), *parts, end, Part(")")), "")


_ISSUED_STEPS = tuple(_issued_steps())
# Between a name and its value. JSON has both in quotes, and the value may be in a list.
_SIGN = r"""(?:\\*["']\]?[ \t]*(?:=>|[:=])[ \t]*\[?\s?\\*["']|\]?[ \t]*(?:=>|[:=])[ \t]*\[?(?:\\*["'])?)"""
_LETTER = r"""[^\s"'\\,;)\[\]}<{&]"""
_SCHEMES = (
    "bearer|basic|token|bot|ssws|api-?key|genie-?key|negotiate|ntlm|digest|aws4-hmac-sha256|oauth|jwt|dpop|splunk"
)
_AUTHORIZATION = "authorization"
_HEADERS = (
    "(?:x-(?:api-?key|(?:auth|access|vault|gitlab|csrf|xsrf|amz-security)-token|auth-key|goog-api-key)"
    "|private-token|subscription-key|secret_?access_?key|aws_?secret_?key|session_?token)"
)


def _header(names: str) -> str:
    """Return the pattern of a JSON number, of the value after a scheme, or of one that is no word of small letters."""
    return (
        rf'(?i){names}(?:(\\*"\s?:\s?-?\d[\d.eE+-]*)\b|{_SIGN}(?:(?:{_SCHEMES})[ \t]+({_LETTER}{{2,}})'
        rf"""|([A-Za-z]*[^a-z\s"'\\,;)\[\]}}<{{]{_LETTER}{{5,}}|[a-z]{{20,}}{_LETTER}*)))"""
    )


# Anywhere in a line: a value with a digit, or longer than words are.
_BEARER = r"(?i)bearer +((?:[a-z._~+/-]{0,8}\d[\w.~+/-]{8,}|[a-z._~+/-]{9,}\d[\w.~+/-]*|[a-z]{32,})=*)"
_PAIR = r"(?i)basic +([a-z0-9+/]{8,}={0,2})"
_SIGNED_REQUEST = r"(?i)signature=([\w+/=-]{16,})"
_COOKIE = r"""(?i)cookie\\*["']?[:=] ?\[?\\*["']?[^\n"\\]*?(?:sess|sid|auth|token|jwt)[\w.-]*=([^;,\s"'\\]{8,})"""

_COLOUR = r"(?:\x1b\[[\d;]*m)*"
# After a name come quotes, a bracket, a sign and a value; a terminal's colours may stand between them.
_SIGNED = (
    r"""[\d"'\\\]\x1b\[;m]*(?:[ \t]*[=:>]+["'\\\[\x1b;m\d \t]*[^\s"'\\\],;}]|["'][ ,]+(?:\\*["']|value)|[ \t]+')"""
)
_NAME_SEARCHES = _patterns(
    *(
        f"{name}{_SIGNED}"
        for name in ("ken", "KEN", r"cret\w*", r"CRET\w*", r"w(?:or)?d", "pass(?:phrase|code)?", r"PASS\w*")
    ),
    *(f"{name}{_SIGNED}" for name in ("Key", "_key", "KEY")),
) + _texts("-key", "pikey", "Pass", "PWD", "Pwd")
_AUTH_SEARCH = Search(r"""uth(?:orization)?\\*["']?[ \t]*[:=]""", is_pattern=True)
_TOKENS = Rule(
    [
        _AUTH_SEARCH,
        *_texts("AUTHORIZATION", "Bearer ", "bearer ", "BEARER ", "Basic ", "BASIC ", "kie"),
        *_NAME_SEARCHES,
    ],
    [
        Step(
            "the header Authorization.",
            _patterns(f"(?i){_AUTHORIZATION}"),
            (_replace(_header(_AUTHORIZATION), _unless_none("tokens")), _replace(_SIGNED_REQUEST, redacted("tokens"))),
        ),
        Step(
            "other headers and AWS' names.",
            _patterns("(?i)(?:token|key)", f"(?i){_HEADERS}"),
            (_replace(_header(_HEADERS), _unless_none("tokens")),),
        ),
        Step("`Bearer` and a token.", _patterns("(?i)bearer "), (_replace(_BEARER, _unless_none("tokens")),)),
        Step("`Basic`, user and password.", _patterns("(?i)basic "), (_replace(_PAIR, _if_pair("tokens")),)),
        Step("cookies of sessions.", _texts("ookie"), (_replace(_COOKIE, redacted("tokens")),)),
    ],
    issued=_ISSUED_STEPS,
    issued_searches=[step.only[0] for step in _ISSUED_STEPS],
)

# --- passwords

# Grouped by first letter, and without what is common to all: fewer branches are faster.
_ACCESS_NAMES = (
    "(?:p(?:ass(?:w(?:or)?d|phrase|code)|wd|rivate[_-]?key)|s(?:igning[_-]?key|mtp[_-]?pass)"
    "|a(?:(?:p[ip]|ccess|ccount|uth)[_-]?key|uthpass)|(?:[_-]|user|db|mail)pass"
    "|(?:ption|master|license|ingest)[_-]?key)"
)
_OTHER_NAMES = "(?:token|secret(?:[_-]?(?:access)?[_-]?key(?:[_-]?base)?)?)"
# Names of counts and of pages, whose values are no secrets: max_token, next_page_token.
_NO_NAMES = "(?:max|min|num|total|prompt|letion|put|page|next|prev|uation|nation|resume|sync|cursor|eos|pad|stop|count)"
# A space after a bare `=` means that there is no value.
_EQUALS = r"(?:[ \t]*(?:=>|:)[ \t]*|:?=|[ \t]+:?=[ \t]*)"


def _in_quotes(first: str = "") -> str:
    """Return the pattern of a value in quotes, whose first character matches `first`.

    In JSON within a JSON text, \\" ends a value, and \\\\\\" and \\\\n belong to it. At deeper levels any \\ ends it.
    """
    more = "*" if first else "+"
    return (
        rf'"({first}(?:[^"\\\n]|\\.){more})'
        rf"""|'({first}(?:[^'"\\\n]|\\[^"'\\]|"[^,:\}}\]"'\s\\]){more})"""
        rf'|\\"({first}(?:[^"\\\n]|\\\\(?:\\["\\]|[^"\\])){more})'
        rf'|\\{{2,}}"({first}[^"\\\n]{more})'
    )


# A quote after `token:` may also end the surrounding text.
_NO_END = r"""[^\s"'\\,:)\]}]"""
# A value may contain , ; & | ) and brackets if no further name and sign come after them.
_PLAIN = (
    rf"{_COLOUR}"
    r"""([^\s"'`\\<>{}\[\](),;&=:|\x1b](?:[^\s"'`\\<>{}\[\](),;&|\x1b]|\\[^\s"'\\nrtu])*"""
    r"""(?:[<>{}\[\](),;&|]+[\w.+/~!@#$%^*?-]+)*)(?:[\s"'`\\<>{}\[\](),;&|\x1b]|$)"""
)
_END = r"""(?:[\s"'\\,;)\]}]|$)"""
_STAY = (
    Part(rf"{_NO_NAMES}[_-]?token|", "Without a group, so they stay: names of counts and of pages,"),
    Part("(?:token|secret)(?:", "and values that are"),
    Part(rf": +(?:[a-z]+[.:]?|\d{{3}}|[a-z][\w./-]*:){_END}", "words after a colon,"),
    Part(
        r"""|["'\\]*\s?[=:]\s?["'\\]*(?-i:[a-z0-9-]+/[a-z0-9.-]+|[a-z]+(?:-(?:[a-z]+|\d{1,3}))+""",
        "names of Kubernetes' Secrets,",
    ),
    Part(
        rf"|(?:[A-Za-z]\w*\.)+[A-Z]\w*(?:@[0-9a-f]+)?|(?:[A-Z][a-z]+){{2,}}|[A-Z]\w*\{{\w*){_END})|",
        "names of classes.",
    ),
)


def _named(names: str, stay: Sequence[Part] = ()) -> Joined:
    """Return the pattern of the values of some names, in parts; `stay` are alternatives that come first."""
    return Joined(
        (
            Part("(?i)(?:"),
            *stay,
            Part(rf'{names}\d?(?:(\\*"\s?:\s?-?\d[\d.eE+-]*)\b', "A name, and a JSON number,"),
            Part(rf"""|{_COLOUR}\\*["']\]?{_EQUALS}(?:\[?(?:{_in_quotes()})|{_PLAIN})""", "or after a quote a value,"),
            Part(rf"""|{_COLOUR}\]?{_EQUALS}\[?(?:{_in_quotes(_NO_END)}|{_PLAIN})))""", "or without a quote a value."),
        ),
        "",
    )


_AFTER_SPACE = r"""(?i)passw(?:or)?d=[ \t]+([^\s="'\\]*[^a-z\s="'\\][^\s="'\\]*)(?:\s|$)"""
_NAME_OF_VARIABLE = r"[\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|[_-]pass|[_-]key|apikey|accesskey)[\w.-]*"
_Q = r"""\\*["']"""
_OPTION = (
    r"""(?i)--[\w-]*(?:passw(?:or)?d|passphrase|pass|secret|token|api-?key)"""
    r"""(?:[ \t]+["']?([^\s"'\\,:)\]}-][^\s"'\\]*)|\\*["'],\s*\\*["']([^\s"'\\]+)\\*["']\s*[,\]])"""
)
_SQL = r"""(?i)(?:password|identified\s+by)\s+'((?:[^'"\\\n]|\\.)+)'|identified\s+by\s+\\*"([^"\\\n]+)"""
_XML = (
    r"(?i)(?:<|&lt;)[\w:.-]*(?:passw(?:or)?d|passphrase|secret|token|key)\w{0,12}(?: [^<>]{0,80})?(?:>|&gt;)"
    r"([^<>&\s][^<>&\n]*)(?:<|&lt;)/"
)
_ATTRIBUTE = rf"""(?i)key={_Q}{_NAME_OF_VARIABLE}{_Q} value={_Q}([^"'\\<>]+)"""
_VARIABLE = (
    rf"""(?i)name{_Q}?\s*[:=]\s*(?:{_Q})?{_NAME_OF_VARIABLE}(?:{_Q})?\s*,?\s*(?:{_Q})?value(?:{_Q})?\s*[:=]"""
    rf"""\s*(?:{_Q})?([^\s"'\\,}}]+)"""
    rf"""|value{_Q}:{_Q}([^\s"'\\]+){_Q},{_Q}name{_Q}:{_Q}{_NAME_OF_VARIABLE}{_Q}"""
    rf"""|<name>{_NAME_OF_VARIABLE}</name>\s*<value>([^<>]+)<"""
)
_CALL = (
    rf"""(?i)\(\s*{_Q}{_NAME_OF_VARIABLE}{_Q}\s*,\s*{_Q}([^"'\\\n]+){_Q}\s*\)"""
    rf"""|\.set(?:password|secret|token)\({_Q}([^"'\\\n]+){_Q}\)"""
)
_SECRET_ID = rf"""(?i)secret[_-]?id\]?(?:{_Q})?\s*[=:]\s*\[?(?:{_Q})?([0-9a-f]{{8}}-[0-9a-f-]{{4,40}})"""
_CURL = r"""curl [^\n|]*?(?:-u|--user|--proxy-user)[ =]+["']?[^\s:"']+:([^\s"'\\]+)"""
_NETRC = r"""machine \S+ login \S+ password ([^\s"'\\]+)"""
# As crypt(3) writes them: bcrypt, MD5 of Apache and of Linux, SHA-256, SHA-512, yescrypt, Argon2.
_HASH = r"""(\$(?:2[abxy]\$\d\d|apr1|[156y]|argon2(?:id|i|d))\$[\w./$,=+-]{20,})"""
_HASH_SEARCH = r"\$(?:2[abxy]|apr1|[156y]|argon2\w*)\$"
_URL = (
    # Up to the last @ of a URL's authority: some passwords contain one.
    r""":\\?/\\?/[^\s/:@"'<>]*:([^\s/?#"'<>\\]+)@"""
    # With a sign that ends an authority: not the port before a path.
    r"""|:\\?/\\?/[^\s/:@"'<>]*:(\d{0,5}[^\s/?#\d"'<>\\@][^\s"'<>\\]*?)@[\w.-]+(?:[:/?\s"',]|$)"""
)
_DSN = r"""[\w.-]+:([^\s@"'\\]+)@tcp\("""
_AUTH = r"""auth\\*["']?\s*[:=]\s*(?:\\*["'])?([A-Za-z0-9+/]{8,}={0,2})"""
_SIGNATURE = r"(?i)(?:signature|[?&]sig)=([A-Za-z0-9%+/=_-]{16,})"
_JWK = r"""kty\\*"[^{}]*\\*"(?:d|k)\\*"\s*:\s*\\*"([\w-]{16,})"""
_PASSWORDS = Rule(
    [
        *_NAME_SEARCHES,
        *_patterns(
            r"--[\w-]*(?i:pass|secret|token|key)",
            r"""://[^\s/:@"'<>]*:[^\s"'<>\\]+@""",
        ),
        _AUTH_SEARCH,
        *_patterns(_HASH_SEARCH),
        *_texts("machine ", "FIED BY ", "url ", r"\/\/", "?sig=", "&sig=", "-Signature=", "@tcp(", "kty"),
    ],
    [
        Step(
            "values of names such as secret and token.",
            _patterns("(?i)(?:token|secret)"),
            (_replace(_named(_OTHER_NAMES, _STAY), _unless_none("passwords")),),
        ),
        Step(
            "values of names such as password and api_key.",
            _patterns("(?i)(?:pass|pwd|key)"),
            (_replace(_named(_ACCESS_NAMES), _unless_none("passwords")),),
        ),
        Step("a value after `password= `.", _texts("= "), (_replace(_AFTER_SPACE, redacted("passwords")),)),
        Step("options of commands.", _texts("--"), (_replace(_OPTION, _unless_none("passwords")),)),
        Step(
            "SQL.",
            _patterns(r"(?i)(?:password|by)\s+\\*['\"]"),
            (_replace(_SQL, _unless_none("passwords")),),
        ),
        Step("XML elements.", _patterns(r"(?:<|&lt;)/"), (_replace(_XML, _unless_none("passwords")),)),
        Step("XML attributes.", _texts("value="), (_replace(_ATTRIBUTE, _unless_none("passwords")),)),
        Step("name and value of a variable.", _texts("alue"), (_replace(_VARIABLE, _unless_none("passwords")),)),
        Step("calls with name and value.", _texts("("), (_replace(_CALL, _unless_none("passwords")),)),
        Step("Vault's secret_id.", _patterns(r"(?i)cret[_-]?id"), (_replace(_SECRET_ID, redacted("passwords")),)),
        Step("curl -u.", _texts("curl "), (_replace(_CURL, redacted("passwords")),)),
        Step("a login of .netrc.", _texts("machine "), (_replace(_NETRC, redacted("passwords")),)),
        Step("a hash of a password.", _patterns(_HASH_SEARCH), (_replace(_HASH, redacted("passwords")),)),
        Step("URLs.", _texts(":", "@"), (_replace(_URL, _unless_none("passwords")),)),
        Step("a data source of Go.", _texts("@tcp("), (_replace(_DSN, _unless_none("passwords")),)),
        Step("credentials of a registry.", _texts("auth"), (_replace(_AUTH, _if_pair("passwords")),)),
        Step("signatures of shared URLs.", _patterns("(?i)sig"), (_replace(_SIGNATURE, redacted("passwords")),)),
        Step("a private JSON Web Key.", _texts("kty"), (_replace(_JWK, redacted("passwords")),)),
    ],
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
_DIGITS = r"\d{4}[ -]?\d{4,6}[ -]?\d{4}"
# Lines about a card. A number alone is none: one id of sixteen digits in forty has an issuer's digits and Luhn's.
_CARD_WORDS = r"(?i)card|\bpan\b|visa|amex|maestro|diners|jcb|unionpay|paid with|cvv|cvc"
_CARD_NAME = r"(?i:card|pan|visa|cc|number|acct|account)[\w.-]*"
_ANY_CARD = f"(?:{_cards(_GAP)})"
_CARD_NUMBER = _either(
    (
        "Without a group, so they stay: rows of more groups, digits beside a decimal point, and a sign before them.",
        r'\d+(?:-\d+){4,}|\d\.\d{13,}|\w\\*"\s?:\s?(?:\d+\.|-)\d+',
    ),
    (
        "A JSON number, a value, if the name is that of a card.",
        rf'{_CARD_NAME}(?:(\\*"\s?:\s?{_ANY_CARD})|\\*["\']?[=:] ?(?:\\*["\']:?)?({_ANY_CARD}))\b',
    ),
    ("Values of other names stay.", r"\w\\*[\"']?[=:](?:\\*[\"'])?\d{12,}"),
    ("A number in a sentence.", rf"(?:\b|\\[nrt])({_ANY_CARD})\b"),
)
_CARDS = Rule(
    [
        *_patterns(r"""pan["'\\]*[=:]"""),
        *_texts("card", "Card", "CARD", "PAN", "visa", "Visa", "VISA", "paid with", "AMEX"),
    ],
    [
        Step(
            "numbers in a line about a card.",
            _patterns(_DIGITS, _CARD_WORDS),
            (_replace(_CARD_NUMBER, _if_luhn("cards")),),
        ),
    ],
)

# --- mails

_NO_DOMAIN = "service|socket|timer|mount|slice|scope|target|device|path|swap|png|jpe?g|webp|gif|svg"
# Without a group, so they stay: systemd units, pictures such as icon@2x.png, the user of a URL, and git@. Signs behind
# an escape belong to it: else the address would begin with the escape's letter, and no JSON would be left.
_ADDRESS = (
    rf"@[\w.:\\-]*\.(?:{_NO_DOMAIN})\b|[\w.%+-]+@[\w.:\\-]*\.(?:{_NO_DOMAIN})\b|://[^\s/@]*@|\bgit@"
    rf"|(?:(?:{_ESCAPE})[._%+-]*|\b)([A-Za-z0-9][\w.%+-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{{2,24}})\b"
)
_AT_DOMAIN = r"@[A-Za-z0-9-]+\.[A-Za-z0-9]"
_MAILS = Rule(
    _patterns(_AT_DOMAIN),
    [Step("addresses.", _patterns(_AT_DOMAIN), (_replace(_ADDRESS, redacted("mails")),))],
)

# The order matters: a key may contain a token, a password may be a token, and both may contain a card number.
RULES: Mapping[RedactionName, Rule] = {
    "private-keys": _PRIVATE_KEYS,
    "tokens": _TOKENS,
    "passwords": _PASSWORDS,
    "cards": _CARDS,
    "mails": _MAILS,
}
