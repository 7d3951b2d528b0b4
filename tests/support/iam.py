"""A small evaluator of IAM policies, and the actions that S3's operations require.

It follows AWS's evaluation logic (IAM user guide, "Policy evaluation logic"). It knows only the elements that our
policies have, and fails for any other instead of guessing.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Amazon S3 user guide, "Required permissions for Amazon S3 API operations": the operation and the action that it needs.
OBJECT_ACTIONS = {
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "ListParts": "s3:ListMultipartUploadParts",
    "DeleteObject": "s3:DeleteObject",
    "DeleteObjects": "s3:DeleteObject",
}
BUCKET_ACTIONS = {
    "HeadBucket": "s3:ListBucket",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "GetBucketLocation": "s3:GetBucketLocation",
}
# AWS KMS developer guide, "How Amazon S3 uses AWS KMS": the actions on the key that S3 requires besides.
KEY_ACTIONS = {
    "GetObject": "kms:Decrypt",
    "PutObject": "kms:GenerateDataKey",
}


@dataclass(frozen=True)
class Request:
    """A request to AWS: an action on a resource."""

    action: str
    resource: str = ""
    principal: tuple[str, str] = ("AWS", "somebody")
    context: Mapping[str, str] = field(default_factory=dict)


def allowed(policies: Iterable[str], request: Request) -> bool:
    """Return whether the policies together allow a request: one statement must, and an explicit deny wins."""
    statements = [statement for policy in policies for statement in json.loads(policy)["Statement"]]
    effects = {statement["Effect"] for statement in statements if _applies(statement, request)}
    return "Allow" in effects and "Deny" not in effects


def listed(value: str | list[str]) -> list[str]:
    """Return a list: IAM accepts a text instead of a list of one."""
    return [value] if isinstance(value, str) else value


_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    assert set(statement) <= _ELEMENTS, f"the evaluator knows not all of {sorted(statement)}"
    assert "${" not in json.dumps(statement), "the evaluator knows no policy variables"
    kind, name = request.principal
    principal = statement.get("Principal", "*")
    return (
        (principal == "*" or principal.get(kind) == name)
        and any(_matches(pattern.lower(), request.action.lower()) for pattern in listed(statement["Action"]))
        and any(_matches(pattern, request.resource) for pattern in listed(statement.get("Resource", "*")))
        and all(
            _holds(operator, key, expected, request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, expected in keys.items()
        )
    )


def _matches(pattern: str, text: str) -> bool:
    """Return whether a pattern matches; IAM's only wildcards are * and ?."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL))


def _holds(operator: str, key: str, expected: str | list[str], context: Mapping[str, str]) -> bool:
    assert operator in {"StringEquals", "Bool"}, f"the evaluator knows no {operator}"
    return context.get(key) in listed(expected)
