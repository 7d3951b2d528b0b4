"""The forms of tokens that their issuers publish: one table, its regular expressions, and what is searched first."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from string import ascii_uppercase

# The alphabets of forms, as the inside of a character class. In URLs some characters are written as %2F.
_ALPHABETS: Mapping[str, str] = {
    "digit": "0-9",
    "hex": "0-9a-fA-F",
    "lower": "a-z0-9",
    "upper": "A-Z0-9",
    "alnum": "A-Za-z0-9",
    "word": r"\w-",
    "dotted": r"\w.-",
    "base64": r"A-Za-z0-9+/=_%-",
    "any": r"\w.~!%/+=-",
}
# Alphabets without signs, which a word boundary ends.
_PLAIN = ("digit", "hex", "lower", "upper", "alnum")
_RUN = re.compile(r"<(\w+) (\d+)(?:-(\d+)|(\+))?>")
_CHOICE = re.compile(r"\{([^{}]+)\}")
# Characters that a URL has as a percent sign and their number.
_ENCODED = "/:!+="
# How rare a character is in lines of logs, in bits; capitals have 7 and others 8.
_BITS: Mapping[str, float] = {
    **dict.fromkeys("etaoinsr", 4),
    **dict.fromkeys("dhlcumfp", 5),
    **dict.fromkeys("0123456789-_./: ", 5.5),
    **dict.fromkeys("gwybvk", 6.5),
    **dict.fromkeys(ascii_uppercase, 7),
    **dict.fromkeys("ETAOINSR", 6),
}
# Searches that begin with one of these rare characters are one search together, which is cheap.
RARE_FIRST = f"{ascii_uppercase}_xzqkw"
_WITH_CHANCE = 60_000
_TEXT_LENGTHS = range(3, 9)
# A _ before so many letters and digits is rare in lines without a token: one search for most forms.
_LONG = 16
# A search needs no more of a run: long repetitions cost time.
_SHORT = 8
LONG_RUN = rf"_[A-Za-z0-9]{{{_LONG}}}"


@dataclass(frozen=True)
class Issued:
    """A form of tokens.

    In `form`, `<alnum 36>` is a run of exactly 36 letters and digits, `<alnum 36+>` of at least 36; `{a,b}` is a
    choice.
    """

    issuer: str
    form: str
    source: str
    """The issuer's page about it."""

    @cached_property
    def pattern(self) -> str:
        """Return the regular expression of the form, without what surrounds it."""
        last = self._parts[-1]
        is_exact = not isinstance(last, str) and last[1] in _PLAIN and not last[4]
        parts = (_choices(part) if isinstance(part, str) else _run(part) for part in self._parts)
        return "".join(parts) + (r"\b" if is_exact else "")

    @cached_property
    def variants(self) -> Sequence["Issued"]:
        """Return the form for each of its choices."""
        pieces = _CHOICE.split(self.form)
        options = [piece.split(",") if index % 2 else [piece] for index, piece in enumerate(pieces)]
        return [replace(self, form="".join(choice)) for choice in product(*options)]

    @cached_property
    def literals(self) -> Sequence[str]:
        """Return the texts that every token of a form without choices contains, as it is and in URLs."""
        literal = [part for part in self._parts if isinstance(part, str)]
        return [text for part in literal for text in re.split(f"[{_ENCODED}]", part) if text]

    @cached_property
    def search(self) -> str:
        """Return a pattern for the first literal part and the run after it, which begins with plain text."""
        at = next(index for index, part in enumerate(self._parts) if isinstance(part, str))
        run = self._parts[at + 1] if at + 1 < len(self._parts) else None
        following = (
            "" if run is None or isinstance(run, str) else f"[{_ALPHABETS[run[1]]}]{{{min(int(run[2]), _SHORT)}}}"
        )
        literal = self._parts[at]
        if not isinstance(literal, str):
            return following
        # What a URL encodes is no plain text to begin with; a rare character begins a cheaper search.
        text = re.split(f"[{_ENCODED}]", literal)[-1]
        rare = re.search(rf"[{RARE_FIRST}].", text) if text == literal and "{" not in text else None
        return _choices(text[rare.start() :] if rare else text) + following

    @property
    def has_long_run(self) -> bool:
        """Return whether LONG_RUN finds every token of the form."""
        pairs = zip(self._parts, self._parts[1:], strict=False)
        return any(
            isinstance(before, str)
            and not isinstance(run, str)
            and before.endswith("_")
            and run[1] in _PLAIN
            and int(run[2]) >= _LONG
            for before, run in pairs
        )

    @cached_property
    def _parts(self) -> Sequence["str | re.Match[str]"]:
        parts: list[str | re.Match[str]] = []
        end = 0
        for run in _RUN.finditer(self.form):
            parts += [self.form[end : run.start()], run]
            end = run.end()
        return [part for part in (*parts, self.form[end:]) if part]


@dataclass(frozen=True)
class Group:
    """Forms that one search finds."""

    text: str
    """A text that every token of them contains, or a pattern."""
    is_pattern: bool
    forms: Sequence[Issued]


def groups(forms: Sequence[Issued]) -> Sequence[Group]:
    """Return few, rare texts of which every token contains at least one, each with the forms that it finds.

    That is a hitting set, chosen greedily: what finds the most forms for its price comes first.
    """
    chosen = [Group(LONG_RUN, is_pattern=True, forms=[form for form in forms if form.has_long_run])]
    rest = [(form, variant) for form in forms if not form.has_long_run for variant in form.variants]
    while rest:
        found: dict[tuple[str, bool], list[Issued]] = {}
        for form, variant in rest:
            for search in dict.fromkeys(_searches(form, variant)):
                found.setdefault(search, []).append(form)
        best = max(found, key=lambda search: (len(found[search]) / _price(search[0], is_pattern=search[1]), search))
        text, is_pattern = best
        chosen.append(Group(text, is_pattern, list(dict.fromkeys(found[best]))))
        rest = [(form, variant) for form, variant in rest if best not in _searches(form, variant)]
    return chosen


def _searches(form: Issued, variant: Issued) -> Iterator[tuple[str, bool]]:
    """Yield texts and patterns that find a variant of a form, and whether each is a pattern."""
    if _CHOICE.search(form.form) and not form.form.startswith("<") and form.form.find("{") > 1:
        yield form.search, True
    yield from ((text, False) for literal in variant.literals for text in _parts_of(literal))
    yield variant.search, True


def _parts_of(literal: str) -> Iterator[str]:
    for length in _TEXT_LENGTHS:
        yield from (literal[start : start + length] for start in range(len(literal) - length + 1))


def _price(text: str, *, is_pattern: bool) -> float:
    """Return what a search costs, in searches of a rare text: its time, and the lines that it finds by chance.

    Words are more frequent than their letters, so only a part of the bits counts.
    """
    time = 0.4 + is_pattern / 10 if text[0] in RARE_FIRST else 1 + 8 / _bits(text[0]) ** 1.5 + (2 if is_pattern else 0)
    return time if is_pattern else time + _WITH_CHANCE * 2 ** (-0.8 * _bits(text))


def _bits(text: str) -> float:
    return sum(_BITS.get(character, 8) for character in text)


def _run(run: re.Match[str]) -> str:
    """Return the pattern of a run."""
    alphabet, least, most, is_open = run.groups()
    if is_open or (alphabet not in _PLAIN and not most):
        return f"[{_ALPHABETS[alphabet]}]{{{least},}}"
    return f"[{_ALPHABETS[alphabet]}]{{{least}{f',{most}' if most else ''}}}"


def _choices(text: str) -> str:
    """Return the pattern of a literal part, whose choices are in braces."""
    return "".join(
        f"(?:{'|'.join(map(_literal, piece.split(',')))})" if index % 2 else _literal(piece)
        for index, piece in enumerate(_CHOICE.split(text))
    )


def _literal(text: str) -> str:
    return "".join(
        f"(?:{escaped(character)}|%{ord(character):02X})" if character in _ENCODED else escaped(character)
        for character in text
    )


def escaped(text: str) -> str:
    """Return the regular expression that matches only this text."""
    return re.sub(r"[.$^*+?()|\[\]{}\\]", r"\\\g<0>", text)


_AWS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"
_BEDROCK = "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html"
_ATLASSIAN = "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/"
_CLOUDFLARE = "https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/"
_DISCORD = "https://docs.discord.com/developers/reference"
_DOPPLER = "https://docs.doppler.com/reference/auth-token-formats"
_GITHUB = (
    "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github"
)
_GITLAB = "https://docs.gitlab.com/security/tokens/"
_GOOGLE = "https://developers.google.com/identity/protocols/oauth2"
_GRAFANA = "https://grafana.com/docs/grafana/latest/administration/service-accounts/"
_OPENAI = "https://platform.openai.com/docs/api-reference/authentication"
_PLANETSCALE = "https://planetscale.com/docs/concepts/service-tokens"
_SENTRY = "https://develop.sentry.dev/sdk/foundations/auth-tokens/"
_SLACK = "https://docs.slack.dev/authentication/tokens"
_SQUARE = "https://developer.squareup.com/docs/build-basics/access-tokens"
_STRIPE = "https://docs.stripe.com/keys"
_VAULT = "https://developer.hashicorp.com/vault/docs/concepts/tokens"

_AZURE_KEYS = "https://learn.microsoft.com/en-us/purview/sit-defn-azure-storage-account-key"

ISSUED: Sequence[Issued] = (
    Issued("1Password", "ops_eyJ<base64 100+>", "https://developer.1password.com/docs/service-accounts/"),
    Issued(
        "1Password",
        "A3-<upper 6>-<upper 6>-<upper 5>-<upper 5>-<upper 5>",
        "https://support.1password.com/secret-key-security/",
    ),
    Issued("Adafruit IO", "aio_<alnum 28>", "https://io.adafruit.com/api/docs/"),
    Issued("age", "AGE-SECRET-KEY-1<upper 58>", "https://age-encryption.org/v1"),
    Issued("Airtable", "pat<alnum 14>.<hex 64>", "https://airtable.com/developers/web/guides/personal-access-tokens"),
    Issued("Aiven", "AVNS_<word 16+>", "https://aiven.io/docs/platform/concepts/service-authentication"),
    Issued(
        "Alibaba Cloud",
        "LTAI<alnum 12-30>",
        "https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair",
    ),
    Issued(
        "Amazon MWS", "amzn.mws.<hex 8>-<hex 4>-<hex 4>-<hex 4>-<hex 12>", "https://developer-docs.amazon.com/sp-api/"
    ),
    Issued("Anthropic", "sk-ant-<word 24+>", "https://docs.anthropic.com/en/api/overview"),
    Issued("Apify", "apify_api_<alnum 30+>", "https://docs.apify.com/platform/integrations/api"),
    Issued(
        "Artifactory", "AKCp<alnum 60+>", "https://jfrog.com/help/r/jfrog-platform-administration-documentation/api-key"
    ),
    Issued(
        "Artifactory",
        "cmVmdGtu<alnum 56>",
        "https://jfrog.com/help/r/jfrog-platform-administration-documentation/reference-tokens",
    ),
    Issued("Atlassian", "{ATATT,ATCTT,ATSTT}3<any 20+>", _ATLASSIAN),
    Issued(
        "Atlassian (Bitbucket)", "ATBB<alnum 24+>", "https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/"
    ),
    Issued("AWS", "{AKIA,ASIA,ABIA,ACCA}<upper 16>", _AWS),
    Issued("AWS Bedrock", "ABSK<base64 40+>", _BEDROCK),
    Issued("AWS Bedrock", "bedrock-api-key-<base64 20+>", _BEDROCK),
    Issued(
        "Azure (Entra ID)",
        "<any 4>Q~<any 31-34>",
        "https://learn.microsoft.com/en-us/entra/identity-platform/how-to-add-credentials",
    ),
    Issued(
        "Azure (keys of services)",
        "<alnum 52>JQQJ99<alnum 26>",
        "https://learn.microsoft.com/en-us/azure/key-vault/secrets/secrets-best-practices",
    ),
    Issued("Azure (Storage, Service Bus and others)", "<base64 29+>+{ASt,ASb,ACR,AEh,ARm}<base64 6+>", _AZURE_KEYS),
    Issued("Azure Cosmos DB", "<base64 39+>ACDb<base64 2+>", _AZURE_KEYS),
    Issued(
        "Azure DevOps",
        "<alnum 76>AZDO<alnum 4>",
        "https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate",
    ),
    Issued("Azure Functions, Search, Cache", "<base64 30+>{AzFu,AzSe,AzCa}<base64 4+>", _AZURE_KEYS),
    Issued(
        "Bitbucket Data Center",
        "BBDC-<base64 40+>",
        "https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html",
    ),
    Issued(
        "Braintree",
        "access_token${production,sandbox}$<lower 16>$<hex 32>",
        "https://developer.paypal.com/braintree/docs/start/overview",
    ),
    Issued("Brevo", "{xkeysib,xsmtpsib}-<hex 64>-<alnum 16>", "https://developers.brevo.com/docs/getting-started"),
    Issued("Buildkite", "bk{ua,at,aj,ct}_<alnum 32+>", "https://buildkite.com/docs/platform/security/tokens"),
    Issued("CircleCI", "CCI{PAT,PRJ}_<alnum 22>_<hex 40>", "https://circleci.com/docs/managing-api-tokens/"),
    Issued("Clojars", "CLOJARS_<hex 60>", "https://github.com/clojars/clojars-web/wiki/Deploy-Tokens"),
    Issued("Cloudflare", "cf{k,ut,at}_<alnum 40+>", _CLOUDFLARE),
    Issued("Contentful", "CFPAT-<word 43>", "https://www.contentful.com/developers/docs/references/authentication/"),
    Issued("Databricks", "dapi<hex 32+>", "https://docs.databricks.com/aws/en/dev-tools/auth/pat"),
    Issued(
        "Defined Networking", "dnkey-<alnum 26>-<alnum 52>", "https://docs.defined.net/guides/automating-host-creation/"
    ),
    Issued("Deno Deploy", "ddp_<alnum 36>", "https://docs.deno.com/deploy/api/rest/"),
    Issued(
        "DigitalOcean",
        "do{p,o,r}_v1_<hex 64>",
        "https://docs.digitalocean.com/reference/api/create-personal-access-token/",
    ),
    Issued(
        "Discord",
        "discord.com/api/webhooks/<digit 17-20>/<word 60+>",
        "https://docs.discord.com/developers/resources/webhook",
    ),
    Issued("Docker", "dckr_{pat,oat}_<word 20+>", "https://docs.docker.com/security/access-tokens/"),
    Issued("Docker Swarm", "SWMTKN-1-<lower 50>-<lower 25>", "https://docs.docker.com/engine/swarm/join-nodes/"),
    Issued("Doppler", "dp.{ct,pt,st,sa,said,scim,audit}.<dotted 20+>", _DOPPLER),
    Issued("Duffel", "duffel_{test,live}_<word 43>", "https://duffel.com/docs/api/overview/test-your-integration"),
    Issued(
        "Dynatrace",
        "dt0{c,s}<digit 2>.<upper 8-24>.<upper 64>",
        "https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens",
    ),
    Issued("EasyPost", "EZ{AK,TK}<alnum 54>", "https://docs.easypost.com/docs/authentication"),
    Issued("ElevenLabs", "sk_<hex 48>", "https://elevenlabs.io/docs/api-reference/authentication"),
    Issued(
        "Facebook",
        "EAA{C,G,M,B,a,j}<alnum 80+>",
        "https://developers.facebook.com/docs/facebook-login/guides/access-tokens/",
    ),
    Issued("Figma", "figd_<word 40+>", "https://developers.figma.com/docs/rest-api/personal-access-tokens/"),
    Issued(
        "Firebase", "AAAA<word 7>:APA91b<word 100+>", "https://firebase.google.com/docs/cloud-messaging/auth-server"
    ),
    Issued("Flutterwave", "FLWSECK{-,_TEST-}<lower 32>-X", "https://developer.flutterwave.com/docs/authentication"),
    Issued("GitHub", "gh{p,o,u,s,r}_<alnum 36+>", _GITHUB),
    Issued("GitHub", "github_pat_<alnum 22>_<alnum 59>", _GITHUB),
    Issued("GitLab", "gl{agent,cbt,dt,ffct,ft,imt,oas,pat,ptt,rt,rtr,soat,wt}-<dotted 20+>", _GITLAB),
    Issued("GitLab", "GR1348941<word 20+>", _GITLAB),
    Issued("GitLab", "_gitlab_session=<lower 20+>", _GITLAB),
    Issued("Google", "AIza<word 35>", "https://cloud.google.com/docs/authentication/api-keys"),
    Issued("Google", "GOCSPX-<word 28>", _GOOGLE),
    Issued("Google", "ya29.<dotted 20+>", _GOOGLE),
    Issued("Grafana", "glsa_<alnum 32>_<hex 8>", _GRAFANA),
    Issued(
        "Grafana Cloud",
        "glc_eyJ<base64 28+>",
        "https://grafana.com/docs/grafana-cloud/security-and-account-management/authentication-and-permissions/access-policies/",
    ),
    Issued("Groq", "gsk_<alnum 52>", "https://console.groq.com/docs/quickstart"),
    Issued("Heroku", "HRKU-<word 36+>", "https://devcenter.heroku.com/articles/authentication"),
    Issued("Hugging Face", "hf_<alnum 34>", "https://huggingface.co/docs/hub/security-tokens"),
    Issued("Hugging Face", "api_org_<alnum 34>", "https://huggingface.co/docs/hub/security-tokens"),
    Issued("k3s", "K10<hex 64>::<any 12+>", "https://docs.k3s.io/cli/token"),
    Issued("Klaviyo", "pk_<hex 34>", "https://developers.klaviyo.com/en/docs/retrieve_api_credentials"),
    Issued("Langfuse", "sk-lf-<hex 8>-<hex 4>-<hex 4>-<hex 4>-<hex 12>", "https://langfuse.com/docs/api"),
    Issued(
        "LangSmith",
        "lsv2_{pt,sk}_<hex 32>_<hex 10>",
        "https://docs.smith.langchain.com/administration/how_to_guides/organization_management/create_account_api_key",
    ),
    Issued("Linear", "lin_{api,oauth}_<alnum 40+>", "https://linear.app/developers/graphql"),
    Issued("Lob", "{live,test}_<hex 35>", "https://docs.lob.com/#tag/Authentication"),
    Issued("Mailchimp", "<hex 32>-us<digit 1-2>", "https://mailchimp.com/developer/marketing/docs/fundamentals/"),
    Issued("Mailgun", "key-<hex 32>", "https://documentation.mailgun.com/docs/mailgun/api-reference/mg-auth"),
    Issued("Mapbox", "sk.eyJ<word 40+>.<word 20+>", "https://docs.mapbox.com/help/dive-deeper/access-tokens/"),
    Issued(
        "MaxMind",
        "<alnum 6>_<alnum 29>_mmk",
        "https://dev.maxmind.com/release-note/maxmind-api-keys-now-use-a-new-format/",
    ),
    Issued(
        "Microsoft Teams",
        "webhook.office.com/webhookb2/<any 36+>{@,}<any 36+>",
        "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/",
    ),
    Issued("MongoDB Atlas", "mdb_sa_sk_<word 40>", "https://www.mongodb.com/docs/atlas/api/service-accounts-overview/"),
    Issued("Netlify", "nfp_<alnum 36+>", "https://docs.netlify.com/api/get-started/"),
    Issued("New Relic", "NRAK-<upper 24+>", "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/"),
    Issued("New Relic", "NRII-<word 32>", "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/"),
    Issued("New Relic", "NRJS-<hex 19>", "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/"),
    Issued("New Relic", "<hex 36>NRAL", "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/"),
    Issued("Nightfall", "NF-<alnum 32>", "https://help.nightfall.ai/"),
    Issued("Notion", "ntn_<alnum 40+>", "https://developers.notion.com/reference/authentication"),
    Issued("Notion", "secret_<alnum 43>", "https://developers.notion.com/reference/authentication"),
    Issued("npm", "npm_<alnum 36>", "https://github.com/gitleaks/gitleaks"),
    Issued("NVIDIA", "nvapi-<word 60+>", "https://docs.nvidia.com/ngc/gpu-cloud/ngc-user-guide/"),
    Issued("Octopus Deploy", "API-<upper 25-32>", "https://octopus.com/docs/octopus-rest-api/how-to-create-an-api-key"),
    Issued("OpenAI", "sk-{proj-,svcacct-,admin-,}<word 20-74>T3BlbkFJ<word 20-74>", _OPENAI),
    Issued("OpenRouter", "sk-or-v1-<hex 64>", "https://openrouter.ai/docs/api-reference/authentication"),
    Issued("Packagist", "packagist_{ort,orw,out,uut}_<hex 40+>", "https://packagist.com/docs/composer-authentication"),
    Issued("Pagar.me", "{ak,sk}_{live,test}_<alnum 20+>", "https://docs.pagar.me/"),
    Issued("Pinecone", "pcsk_<alnum 5-6>_<alnum 60+>", "https://docs.pinecone.io/guides/projects/manage-api-keys"),
    Issued("PlanetScale", "pscale_{tkn,pw,oauth}_<dotted 32+>", _PLANETSCALE),
    Issued("PostHog", "phx_<alnum 40+>", "https://posthog.com/docs/api"),
    Issued(
        "Postman", "PMAK-<hex 24>-<hex 34>", "https://learning.postman.com/docs/developer/postman-api/authentication/"
    ),
    Issued("Prefect", "pn{u,b}_<alnum 36>", "https://docs.prefect.io/v3/how-to-guides/cloud/manage-users/api-keys"),
    Issued("Pulumi", "pul-<hex 40>", "https://www.pulumi.com/docs/pulumi-cloud/access-management/access-tokens/"),
    Issued("PyPI", "pypi-<word 50+>", "https://github.com/gitleaks/gitleaks"),
    Issued("Ramp", "ramp_sec_<alnum 32+>", "https://docs.ramp.com/developer-api/v1/authorization"),
    Issued(
        "Razorpay",
        "rzp_{live,test}_<alnum 14+>",
        "https://razorpay.com/docs/payments/dashboard/account-settings/api-keys/",
    ),
    Issued("ReadMe", "rdme_<lower 70>", "https://docs.readme.com/main/reference/intro/authentication"),
    Issued("Render", "rnd_<alnum 28+>", "https://render.com/docs/api"),
    Issued("Replicate", "r8_<alnum 37>", "https://replicate.com/docs/topics/security/api-tokens"),
    Issued("Resend", "re_<alnum 8>_<alnum 24>", "https://resend.com/docs/dashboard/api-keys/introduction"),
    Issued("Rootly", "rootly_<hex 64>", "https://docs.rootly.com/api-reference/overview"),
    Issued("RubyGems", "rubygems_<hex 48>", "https://github.com/gitleaks/gitleaks"),
    Issued("Scalingo", "tk-us-<word 48>", "https://developers.scalingo.com/"),
    Issued(
        "SendGrid", "SG.<word 22>.<word 43>", "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys"
    ),
    Issued("Sentry", "sntrys_eyJ<base64 20+>_<base64 43>", _SENTRY),
    Issued("Sentry", "sntry{u,a,i}_<hex 64>", _SENTRY),
    Issued("SettleMint", "sm_{aat,pat,sat}_<alnum 16>", "https://console.settlemint.com/documentation/"),
    Issued("Shippo", "shippo_{live,test}_<hex 40>", "https://docs.goshippo.com/docs/guides_general/authentication/"),
    Issued(
        "Shopify",
        "shp{at,ca,pa,ss,ua,rt}_<hex 32+>",
        "https://shopify.dev/docs/apps/build/authentication-authorization",
    ),
    Issued("Slack", "xox{a,b,c,d,e,o,p,r,s}{-,.}<dotted 10+>", _SLACK),
    Issued("Slack", "xapp-<word 10+>", _SLACK),
    Issued(
        "Slack",
        "hooks.slack.com/{services,workflows,triggers}/<any 20+>",
        "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
    ),
    Issued(
        "SonarQube", "sq{p,u,a}_<hex 40>", "https://docs.sonarsource.com/sonarqube-server/user-guide/managing-tokens/"
    ),
    Issued("Sourcegraph", "sgp_<hex 40>", "https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token"),
    Issued("Sourcegraph", "sgp_<hex 16>_<hex 40>", "https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token"),
    Issued("Square", "sq0{atp,csp}-<word 22+>", _SQUARE),
    Issued("Square", "EAAA<word 60>", _SQUARE),
    Issued("Stripe", "{s,r}k_{live,test}_<alnum 10+>", _STRIPE),
    Issued("Stripe", "whsec_<base64 32+>", "https://docs.stripe.com/webhooks"),
    Issued("Supabase", "sbp_<hex 40>", "https://supabase.com/docs/reference/api/introduction"),
    Issued("Supabase", "sb_secret_<word 30+>", "https://supabase.com/docs/guides/api/api-keys"),
    Issued("Tailscale", "tskey-<word 20+>", "https://tailscale.com/kb/1085/auth-keys"),
    Issued("Telegram", "<digit 8-10>:AA<word 33>", "https://core.telegram.org/bots/features#botfather"),
    Issued("Tencent Cloud", "AKID<alnum 32>", "https://www.tencentcloud.com/document/product/598/32675"),
    Issued(
        "Terraform",
        "<alnum 14>.atlasv1.<word 60+>",
        "https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens",
    ),
    Issued("Twilio", "SK<hex 32>", "https://www.twilio.com/docs/iam/api-keys"),
    Issued("Vault", "hv{s,b,r}.<word 20+>", _VAULT),
    Issued("Vercel", "vc{p,i,a,r,k}_<alnum 24+>", "https://vercel.com/docs/rest-api"),
    Issued("Voiceflow", "VF.{DM,WS}.<hex 24>.<alnum 16>", "https://docs.voiceflow.com/"),
    Issued(
        "X",
        "AAAAAAAAAAAAAAAAAAAAA<any 30+>",
        "https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only",
    ),
    Issued("xAI", "xai-<alnum 70+>", "https://docs.x.ai/docs/overview"),
    Issued("Yandex Cloud", "AQVN<word 35-38>", "https://yandex.cloud/en/docs/iam/concepts/authorization/api-key"),
    Issued(
        "Zapier",
        "hooks.zapier.com/hooks/catch/<digit 4+>/<lower 6+>",
        "https://help.zapier.com/hc/en-us/articles/8496288690317",
    ),
)
