"""`ci/comment` and `ci/issue`: one post for one subject on GitHub or GitLab, edited in place.

The marker in a post's first line identifies it, but only in posts of this author: any other author could edit the text
afterwards. The module imports only Python's own library, so that a job with a write token runs no other code.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any, Literal
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener

Verb = Literal["comment", "issue"]
_Json = dict[str, Any]

_SECONDS = 30

COMMENT_MARKER = "<!-- logstack-diff -->"


class PostError(Exception):
    """Why nothing was posted, and how to go on."""


@dataclass(frozen=True)
class Forge:
    """GitHub or GitLab, for one author."""

    base: str
    """The API's root; no request goes anywhere else."""
    header: tuple[str, str]
    """The header that has the token."""
    author: str
    edit: str
    """The method that changes a post."""
    limit: int
    """Characters of a post."""


@dataclass(frozen=True)
class Target:
    """The API paths and field names of one kind of post on a forge."""

    forge: Forge
    posts: str
    """The path of the list; a post is created there."""
    query: str
    one: str
    """The path of one post, with {id}."""
    id_key: str = "id"
    text_key: str = "body"
    closed: Mapping[str, str] = field(default_factory=dict)
    """The request's document that closes an issue; empty for comments."""


def target(verb: Verb, environment: Mapping[str, str]) -> Target:
    """Return the target of a run's posts. Raises PostError."""
    return (_gitlab if "CI_API_V4_URL" in environment else _github)(verb, environment)


def _github(verb: Verb, environment: Mapping[str, str]) -> Target:
    repository = f"/repos/{_needed('GITHUB_REPOSITORY', environment)}"
    # GITHUB_TOKEN writes as the bot, a token of one's own as oneself. 65,536 is the number in GitHub's error message.
    author = environment.get("POST_AUTHOR") or "github-actions[bot]"
    base = environment.get("GITHUB_API_URL", "https://api.github.com")
    header = ("Authorization", f"Bearer {_needed('GITHUB_TOKEN', environment)}")
    forge = Forge(base, header, author, "PATCH", 65_536)
    if verb == "issue":
        issues = f"{repository}/issues"
        query = f"?state=open&per_page=100&creator={quote(author)}"
        return Target(forge, issues, query, f"{issues}/{{id}}", id_key="number", closed={"state": "closed"})
    comments = f"{repository}/issues/{_needed('PULL_REQUEST', environment)}/comments"
    return Target(forge, comments, "?per_page=100", f"{repository}/issues/comments/{{id}}")


def _gitlab(verb: Verb, environment: Mapping[str, str]) -> Target:
    project = f"/projects/{_needed('CI_PROJECT_ID', environment)}"
    base, header = environment["CI_API_V4_URL"], ("PRIVATE-TOKEN", _needed("GITLAB_TOKEN", environment))
    user, _ = _request(base, header, "GET", "/user")
    # 1,000,000 is GitLab's documented limit of notes and of descriptions.
    forge = Forge(base, header, str(user["username"]), "PUT", 1_000_000)
    if verb == "issue":
        issues, query = f"{project}/issues", "?state=opened&scope=created_by_me&per_page=100"
        close = {"state_event": "close"}
        return Target(forge, issues, query, f"{issues}/{{id}}", id_key="iid", text_key="description", closed=close)
    notes = f"{project}/merge_requests/{_needed('CI_MERGE_REQUEST_IID', environment)}/notes"
    return Target(forge, notes, "?per_page=100", f"{notes}/{{id}}")


def comment(text: str, environment: Mapping[str, str]) -> str:
    """Set the text of a pull or merge request's comment; return a line about it. Raises PostError.

    An empty text means that nothing differs: an existing comment then says so, and no comment is created.
    """
    where = target("comment", environment)
    there = _find(where, COMMENT_MARKER)
    if text.strip():
        body = text if text.startswith(COMMENT_MARKER) else f"{COMMENT_MARKER}\n{text}"
        return _create_or_edit(where, there, {where.text_key: _fitting(body, where.forge.limit)}, "comment")
    if there is None:
        return "nothing differs, and there is no comment"
    return _create_or_edit(where, there, {where.text_key: f"{COMMENT_MARKER}\nNo stack differs any more.\n"}, "comment")


def issue(stack: str, text: str, environment: Mapping[str, str]) -> str:
    """Set the text of the open issue of a stack's drift; return a line about it. Raises PostError.

    An empty text means that there is no drift: an open issue is closed.
    """
    where = target("issue", environment)
    marker = f"<!-- logstack-drift: {stack} -->"
    there = _find(where, marker)
    if text.strip():
        body = _fitting(f"{marker}\n{text}", where.forge.limit)
        return _create_or_edit(where, there, {"title": f"Drift of {stack}", where.text_key: body}, "issue")
    if there is None:
        return "no drift, and no issue is open"
    _ask(where, where.forge.edit, where.one.format(id=there), where.closed)
    return f"closed issue {there}"


def _create_or_edit(where: Target, there: str | None, document: Mapping[str, str], kind: str) -> str:
    if there is None:
        created, _ = _ask(where, "POST", where.posts, document)
        return f"created {kind} {created[where.id_key]}"
    _ask(where, where.forge.edit, where.one.format(id=there), document)
    return f"edited {kind} {there}"


def _find(where: Target, marker: str) -> str | None:
    """Return the id of the author's oldest post with the marker; None without one."""
    for post in _all(where):
        writer = post.get("user") or post.get("author") or {}
        if where.forge.author in (writer.get("login"), writer.get("username")):
            text = post.get(where.text_key) or ""
            if text.split("\n", 1)[0].strip() == marker:
                return str(post[where.id_key])
    return None


def _all(where: Target) -> Iterator[_Json]:
    path: str | None = where.posts + where.query
    while path:
        posts, headers = _ask(where, "GET", path)
        yield from posts
        following = re.search(r'<([^>]*)>;\s*rel="next"', headers.get("Link", ""))
        path = following[1] if following else None
        if path is not None:
            if not path.startswith(f"{where.forge.base}/"):
                raise PostError(
                    f"the next page of {where.posts} is on another server, which must not get the token: {path}"
                )
            path = path.removeprefix(where.forge.base)


def _fitting(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    end = "\n\n(Cut here: the complete text is in the job's log.)\n"
    return text[: limit - len(end)].rpartition("\n")[0] + end


def _needed(name: str, environment: Mapping[str, str]) -> str:
    if value := environment.get(name):
        return value
    raise PostError(f"{name} is not set, so nothing is posted; docs/reference/ci.md lists what each forge needs")


class _NoRedirect(HTTPRedirectHandler):
    """Refuses redirects: Python's own handler would send the token to another server."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Refuse the redirect."""


def _ask(where: Target, method: str, path: str, document: Mapping[str, str] | None = None) -> tuple[Any, HTTPMessage]:
    return _request(where.forge.base, where.forge.header, method, path, document)


def _request(
    base: str, header: tuple[str, str], method: str, path: str, document: Mapping[str, str] | None = None
) -> tuple[Any, HTTPMessage]:
    """Return the answer's JSON and headers. Raises PostError."""
    if not base.startswith(("https://", "http://")):
        raise PostError(f"{base} is not an API address; it must begin with https://")
    body = json.dumps(document).encode() if document is not None else None
    headers = dict([header, ("Accept", "application/json"), ("Content-Type", "application/json")])
    request = Request(f"{base}{path}", data=body, headers=headers, method=method)  # noqa: S310 - the scheme is checked
    bare = path.partition("?")[0]
    try:
        with build_opener(_NoRedirect).open(request, timeout=_SECONDS) as answer:
            return json.loads(answer.read() or b"null"), answer.headers
    except HTTPError as error:
        fix = _FIXES.get(error.code, "check the forge's status page")
        raise PostError(f"{method} {base}{bare}: {error.code} {error.reason}; {fix}") from None
    except (URLError, OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise PostError(f"{base} cannot be reached ({reason}); is it the API of this forge?") from None
    except ValueError:
        raise PostError(f"{method} {base}{bare} returned no JSON; is it the API of this forge?") from None


_FIXES = {
    301: "the repository has moved: use its new name",
    401: "the token is wrong or has expired",
    403: "the token lacks permission: on GitHub the job needs `pull-requests: write` or `issues: write`, on GitLab the "
    "token needs the scope `api`",
    404: "the pull request or project does not exist, or the token cannot read it",
    422: "the forge rejects this text",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command of `ci/comment` and `ci/issue`."""
    verb, *options_given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog=f"ci/{verb}")
    if verb == "issue":
        parser.add_argument("stack")
    parser.add_argument("file", type=Path, help="a file with the Markdown text; an empty file if nothing differs")
    options = parser.parse_args(options_given)
    try:
        text = options.file.read_text(encoding="utf-8")
    except OSError as error:
        parser.error(f"{options.file}: {error.strerror}")
    try:
        done = issue(options.stack, text, os.environ) if verb == "issue" else comment(text, os.environ)
    except PostError as error:
        sys.stderr.write(f"error: ci/{verb}: {error}\n")
        return 1
    sys.stdout.write(f"ci/{verb}: {done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
