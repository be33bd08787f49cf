"""Settings of one installation, read from ``AIMASS_…`` environment variables."""

from __future__ import annotations

from functools import cache
from getpass import getuser
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Device = Literal["auto", "cpu", "cuda"]


class Settings(BaseSettings):
    """Everything that differs between two installations of the same program."""

    model_config = SettingsConfigDict(env_prefix="AIMASS_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: Path.home() / ".aimass",
        description="The workspace: one folder that holds everything. Back this up.",
    )
    device: Device = Field(default="auto", description="Where models train: auto takes CUDA if present.")
    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    port: int = Field(default=8501, ge=1, le=65535, description="Port the server listens on.")
    api_key: SecretStr | None = Field(
        default=None, description="Key the HTTP API demands; without one only loopback is served."
    )
    user: str = Field(default_factory=lambda: _user(), description="Name recorded as the author of a change.")
    inbox: Path | None = Field(
        default=None, description="Folder on the server whose files can be imported; default: inbox/ in home."
    )
    max_upload_mb: int = Field(default=20_000, ge=1, description="Largest file accepted, in MB (10^6 bytes).")
    max_unpacked_mb: int = Field(
        default=40_000, ge=1, description="Largest size a compressed file may unpack to, in MB (10^6 bytes)."
    )
    max_columns: int = Field(default=2_000, ge=2, le=20_000, description="Most columns a file may have.")
    memory_limit_mb: int | None = Field(
        default=None, ge=256, description="Memory DuckDB may use, in MB; default: half of the machine's."
    )
    threads: int | None = Field(default=None, ge=1, description="Threads to use; default: all cores.")
    workers: int = Field(default=1, ge=1, le=64, description="Jobs that run at the same time.")
    seed: int = Field(default=0, ge=0, description="Default random seed of splits and models.")


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "analyst"


@cache
def settings() -> Settings:
    """Return the settings of this process (read once).

    Raises
    ------
    pydantic.ValidationError
        When an environment variable does not fit its field.
    """
    return Settings()
