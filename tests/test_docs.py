"""What the documents promise exists: links, make targets, commands, settings, pinned versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.main import get_command

from aimass_core.settings import Settings
from app.cli import app as cli

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "sample_data" / "README.md"])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def pins() -> dict[str, str]:
    """Names and versions of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r'(?:src|href)="([^"#]+)"', text)

    missing = [t for t in targets if "://" not in t and not (document.parent / t).exists()]

    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_make_targets_exist(document: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    code = re.findall(r"`([^`]+)`|^    (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)

    named = {match for pair in code for match in re.findall(r"^\s*make ([a-z]+)", "".join(pair))}

    assert named <= known


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_commands_exist(document: Path) -> None:
    known = set(getattr(get_command(cli), "commands", {}))
    text = document.read_text(encoding="utf-8")

    named = set(re.findall(r"(?:^|[`\s/])aimass ([a-z]+(?:-[a-z]+)*)", text, re.MULTILINE)) - {"core"}

    assert named <= known


def test_every_setting_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert {f"AIMASS_{name.upper()}" for name in Settings.model_fields} <= set(
        re.findall(r"AIMASS_[A-Z_]+", text)
    )


def test_constraints_are_plain_pins() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()

    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line) for line in lines)
    assert len(pins()) == len(lines)


def test_every_dependency_is_pinned_to_a_version_it_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [
        Requirement(line) for line in project["dependencies"] + project["optional-dependencies"]["test"]
    ]
    pinned = pins()

    assert {r.name for r in needed if canonicalize_name(r.name) not in pinned} == set()
    assert all(pinned[canonicalize_name(r.name)] in r.specifier for r in needed)
