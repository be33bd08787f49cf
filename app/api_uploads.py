"""Sending files of any size: the body goes straight to the disk, never into memory."""

from __future__ import annotations

import hmac
import shutil
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from aimass_core.jobs.failure import disk_full
from aimass_core.settings import settings
from app import context, uploads
from app.api_problems import MEDIA_TYPE, Problem, Refusal, refused
from app.guard import host_name, is_loopback, same_origin

_BLOCK = 4_000_000  # bytes gathered before they are written: fewer hops to a thread
_SPARE = 100_000_000  # bytes that the disk must keep free for the database
_TEXT = {"content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}}


def check_caller(request: Request) -> None:
    """Let through who may send files.

    That is a page of this server, by its token; a program that shows the configured key; and without a
    configured key any program on this machine (a browser names its origin, a program does not).

    Raises
    ------
    Refusal
        Status 401 with a key configured, 403 without.
    """
    headers = request.headers
    if same_origin(headers) and headers.get("sec-fetch-site") != "cross-site":
        if uploads.token_is_valid(headers.get("x-upload-token", "")):
            return
        key = settings().api_key
        if key is None:
            client = request.client.host if request.client else ""
            if "origin" not in headers and is_loopback(client) and is_loopback(host_name(headers)):
                return
        elif hmac.compare_digest(_shown_key(request), key.get_secret_value().encode()):
            return
    raise Refusal(
        refused(
            403 if settings().api_key is None else 401,
            "uploads",
            "This caller may not send files",
            request.url.path,
            expected="files are taken from this server's pages, and from programs that show the API key",
            came="neither a valid token of a page nor the key came",
            todo="Load the page again, or send the key as `Authorization: Bearer KEY`; "
            "a server without a key takes files from its own machine only",
        )
    )


router = APIRouter(prefix="/v1/uploads", tags=["uploads"], dependencies=[Depends(check_caller)])


class UploadReply(BaseModel):
    """A file that has arrived whole and waits to be imported."""

    model_config = ConfigDict(frozen=True)

    upload: str = Field(
        description="Id of the upload; name it to import the file.",
        examples=["01a204ba-03d7-70e4-a1eb-2bbd56300629"],
    )
    name: str = Field(description="Name of the file.", examples=["applications.csv"])
    bytes: int = Field(description="Size, in bytes.", examples=[1_250_000_000])


class PendingReply(UploadReply):
    """A file that waits to be imported, and since when."""

    arrived: datetime = Field(description="When it arrived, UTC.")


@router.put(
    "",
    status_code=201,
    response_model=UploadReply,
    summary="Send a file",
    responses={
        413: {"description": "The file is larger than AIMASS_MAX_UPLOAD_MB", **_TEXT},
        507: {"description": "The disk has no room for it", **_TEXT},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The bytes of the file.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def send_file(
    request: Request,
    name: Annotated[str, Query(description="Name of the file, with its ending.", max_length=1_000)],
) -> Response:
    """Store the body as a file that can be imported within a day; nothing of a file that breaks off is kept.

    `curl -T big.csv 'http://localhost:8501/api/v1/uploads?name=big.csv'`
    """
    path, clean = request.url.path, uploads.safe_name(name)
    limit = settings().max_upload_mb * 1_000_000
    announced = request.headers.get("content-length", "")
    length = int(announced) if announced.isdecimal() else 0
    if length > limit:
        raise _too_large(path, limit)
    if length + _SPARE > shutil.disk_usage(context.workspace().uploads).free:
        raise _no_room(path)
    try:
        with uploads.receiving(clean) as (upload, file):
            size = 0
            gathered = bytearray()
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise _too_large(path, limit)
                gathered += chunk
                if len(gathered) >= _BLOCK:
                    await run_in_threadpool(file.write, bytes(gathered))
                    gathered.clear()
            await run_in_threadpool(file.write, bytes(gathered))
    except ClientDisconnect:
        return Response(status_code=499)  # nobody is there to read it
    except OSError as error:
        if not disk_full(error):
            raise
        raise _no_room(path) from error
    reply = UploadReply(upload=upload, name=clean, bytes=size)
    return JSONResponse(reply.model_dump(), status_code=201)


@router.get("", summary="List the files that wait to be imported")
def list_files() -> list[PendingReply]:
    """Return the files that have arrived and wait to be imported, newest first."""
    return [
        PendingReply(
            upload=item.upload,
            name=item.name,
            bytes=item.bytes,
            arrived=datetime.fromtimestamp(item.arrived, UTC),
        )
        for item in uploads.pending()
    ]


@router.delete(
    "/{upload}",
    status_code=204,
    summary="Delete a file",
    responses={404: {"description": "There is none of that id", **_TEXT}},
)
def delete_file(upload: str) -> None:
    """Delete a file that waits to be imported."""
    uploads.discard(upload)


def _shown_key(request: Request) -> bytes:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    shown = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    return shown.encode("latin-1", "replace")


def _too_large(path: str, limit: int) -> Refusal:
    return Refusal(
        refused(
            413,
            "too-large",
            "The file is too large",
            path,
            expected=f"a file must have at most {limit / 1e6:,.0f} MB",
            came="this one has more",
            todo="Raise AIMASS_MAX_UPLOAD_MB on the server, or put the file into its inbox folder",
        )
    )


def _no_room(path: str) -> Refusal:
    return Refusal(
        refused(
            507,
            "disk-full",
            "The disk is full",
            path,
            expected="the server's disk must have room for the file",
            came="it has not",
            todo="Free some space on the server; nothing of the file was kept",
        )
    )
