"""The API's description of itself, beyond what FastAPI reads from the signatures."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from app.api_problems import MEDIA_TYPE, Problem

_EXAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "401": (
        "The API key is missing or wrong.",
        {
            "type": "urn:aimass:problem:key",
            "title": "The API key is missing or wrong",
            "expected": "every request must show the API key",
            "came": "no key came",
            "todo": "Send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`",
        },
    ),
    "403": (
        "The request comes from another machine or another web site.",
        {
            "type": "urn:aimass:problem:local-only",
            "title": "This server answers its own machine only",
            "expected": "without an API key, requests must come from this machine and to localhost",
            "came": "this one came from or to another name",
            "todo": "Set AIMASS_API_KEY on the server and send that key",
        },
    ),
    "404": (
        "There is no such thing.",
        {
            "type": "urn:aimass:problem:not-found",
            "title": "There is no such thing",
            "expected": "model `retail` must be registered",
            "came": "the models are `credit-default`",
            "todo": "Register a run on the Evaluate page",
        },
    ),
    "409": (
        "Another program or person holds or has changed it.",
        {
            "type": "urn:aimass:problem:conflict",
            "title": "Somebody else holds or changed it",
            "expected": "the workspace must not be open in another program",
            "came": "another process holds it",
            "todo": "Stop that server",
        },
    ),
    "413": (
        "The request is larger than 50 MB.",
        {
            "type": "urn:aimass:problem:too-large",
            "title": "The request is too large",
            "expected": "a request must have at most 50 MB",
            "came": "this one has more",
            "todo": "Send the rows in parts, or score them as a file",
        },
    ),
    "422": (
        "The request or its data does not fit; nothing was stored.",
        {
            "type": "urn:aimass:problem:data",
            "title": "The data does not fit",
            "expected": "every value of `LIMIT_BAL` must be a number",
            "came": "1 of 2 rows are not (first: row 2, 'n/a')",
            "todo": "Map 'n/a' to missing in Clean, or leave the cell empty",
        },
    ),
    "500": (
        "A bug; the answer names the entry of the server's log.",
        {
            "type": "urn:aimass:problem:fault",
            "title": "Something went wrong in the program itself",
            "instance": "urn:uuid:01936e5b-7c1a-7d2e-9a54-0d6a3c1f8b42",
            "todo": "Report this id to whoever runs the server",
        },
    ),
}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    int(status): {"model": Problem, "description": text} for status, (text, _) in _EXAMPLES.items()
}
"""Error responses that any route may give."""

_KEYS = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The key set as AIMASS_API_KEY."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key."},
}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """Return the description of a JSON body that a route parses itself."""
    schema = model.model_json_schema()
    examples = schema.pop("examples", [])
    content = (
        {"schema": schema, "examples": {"rows": {"value": examples[0]}}} if examples else {"schema": schema}
    )
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def describe(api: FastAPI, *, with_key: bool) -> None:
    """Complete the API's OpenAPI document: problems, their examples, and the key where one is demanded."""
    plain = api.openapi

    def complete() -> dict[str, Any]:
        if api.openapi_schema is None:
            document = plain()
            for operations in document["paths"].values():
                for operation in operations.values():
                    _problems(operation["responses"])
            if with_key:
                document.setdefault("components", {})["securitySchemes"] = _KEYS
                document["security"] = [{name: []} for name in _KEYS]
                document["paths"]["/health"]["get"]["security"] = []
            api.openapi_schema = document
        return api.openapi_schema

    api.openapi = complete  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def _problems(responses: dict[str, Any]) -> None:
    for status, found in responses.items():
        if status in _EXAMPLES:
            text, example = _EXAMPLES[status]
            detail = "; ".join(example[key] for key in ("expected", "came") if key in example) or text
            found["content"] = {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": {
                        "status": int(status),
                        "detail": detail,
                        "instance": "/api/v1/models/credit-default/score",
                        **example,
                    },
                }
            }
