"""The command that looks at the installation and the workspace and says what is wrong."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from aimass_core.errors import AimassError, ConflictError
from aimass_core.settings import settings
from app.cli_reply import OK, YOURS, Reply
from app.cli_workspace import opened, server_address

_PACKAGES = (
    "aimass", "duckdb", "torch", "streamlit", "fastapi", "uvicorn", "pandas", "numpy", "scikit-learn",
    "lightgbm", "shap", "plotly", "pydantic",
)  # fmt: skip
_EXTENSIONS: tuple[Literal["excel", "encodings"], ...] = ("excel", "encodings")
_LOW_DISK_BYTES = 2_000_000_000


def doctor() -> Reply:
    """Look at everything; the exit code is 1 when a check failed."""
    checks: list[dict[str, str]] = []
    device = _checked(checks, "device", _device)
    _checked(checks, "duckdb extensions", _extensions)
    disk = _checked(checks, "disk", _disk)
    held = server_address(settings().home)
    health = _checked(checks, "workspace", _workspace)
    versions = {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}
    failed = [check for check in checks if check["state"] == "failed"]
    data = {
        "ok": not failed,
        "checks": checks,
        "versions": versions,
        "device": device,
        "disk": disk,
        "workspace": {"home": str(settings().home.expanduser()), "server": held, **(health or {})},
    }
    lines = [f"{check['state']:>7}  {check['check']}: {check['text']}" for check in checks]
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    lines += ["", f"Python {sys.executable}", listed]
    return Reply(data, "\n".join(lines), YOURS if failed else OK)


class _Warned(Exception):  # noqa: N818 — not an error: the check could not run, or found something minor
    def __init__(self, text: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(text)
        self.data = data


def _checked(
    checks: list[dict[str, str]], name: str, check: Callable[[], tuple[str, dict[str, Any]]]
) -> dict[str, Any] | None:
    try:
        text, data = check()
    except _Warned as warning:
        checks.append({"check": name, "state": "warning", "text": str(warning)})
        return warning.data
    except (AimassError, OSError, ImportError) as error:
        checks.append({"check": name, "state": "failed", "text": str(error)})
        return None
    checks.append({"check": name, "state": "ok", "text": text})
    return data


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _device() -> tuple[str, dict[str, Any]]:
    from aimass_core.device import describe

    found = describe(settings().device)
    free, total = (found[key] / 1e9 for key in ("memory_free_bytes", "memory_bytes"))
    return f"{found['name']}, {free:,.1f} of {total:,.1f} GB memory free", found


def _extensions() -> tuple[str, dict[str, Any]]:
    from tempfile import TemporaryDirectory

    from aimass_core.intake.engine import check_extensions

    with TemporaryDirectory() as scratch:
        check_extensions(Path(scratch), _EXTENSIONS)
    return ", ".join(_EXTENSIONS) + " load", {}


def _disk() -> tuple[str, dict[str, Any]]:
    home = settings().home.expanduser()
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    usage = shutil.disk_usage(existing)
    data = {"free_bytes": usage.free, "total_bytes": usage.total}
    text = f"{usage.free / 1e9:,.1f} of {usage.total / 1e9:,.1f} GB free at {existing}"
    if usage.free < _LOW_DISK_BYTES:
        raise _Warned(f"{text}; imports and trainings may not fit", data)
    return text, data


def _workspace() -> tuple[str, dict[str, Any]]:
    from aimass_core.workflows import health

    home = settings().home.expanduser()
    if not (home / "aimass.duckdb").exists():
        return f"{home} has none yet; the first command makes it", {"state": "absent"}
    try:
        with opened() as ws:
            found = health.check(ws)
    except ConflictError as error:
        raise _Warned(f"not looked into: {error}", {"state": "held"}) from error
    data = {"state": "broken" if found.problems else "healthy", **found.as_json()}
    text = (
        f"{home}: {found.datasets:,} data sets in {found.versions:,} versions, {found.runs:,} runs, "
        f"{found.models:,} models, {found.decisions:,} decisions, {found.bytes / 1e9:,.2f} GB"
    )
    if found.problems:
        from aimass_core.errors import DataError

        raise DataError("every run and data set of the workspace must be whole", "; ".join(found.problems))
    return text, data
