"""The house stays as it was drawn: who may import whom, where heavy libraries live, how long a file is.

Everything is read from the source with Python's ast; each rule is also shown a violation, which it must find.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("pages", "app", "aimass_core", "sample_data", "benchmarks")

LAYERS: tuple[tuple[str, ...], ...] = (
    ("pages",),
    ("app",),
    ("aimass_core.workflows",),
    ("aimass_core.papers",),
    ("aimass_core.monitor", "aimass_core.customers", "aimass_core.decide", "aimass_core.explain"),
    ("aimass_core.bundle",),
    ("aimass_core.models",),
    ("aimass_core.features", "aimass_core.clean", "aimass_core.split"),
    ("aimass_core.evaluate",),
    ("aimass_core.intake",),
    ("aimass_core.workspace",),
    ("aimass_core.jobs",),
    ("aimass_core.schema", "aimass_core.device", "aimass_core.sealed"),
    ("aimass_core.settings",),
    ("aimass_core.errors",),
    ("aimass_core",),
)
"""Top to bottom. A room imports from rooms below it and from itself."""

HOMES: dict[str, tuple[str, ...]] = {
    "duckdb": ("aimass_core/workspace/connection.py", "aimass_core/intake/"),
    "duckdb_extension_excel": ("aimass_core/intake/",),
    "duckdb_extension_encodings": ("aimass_core/intake/",),
    "openpyxl": ("aimass_core/intake/", "app/exports.py"),
    "shap": ("aimass_core/explain/",),
    "numba": ("aimass_core/explain/",),
    "lightgbm": ("aimass_core/models/boosting.py",),
    "interpret": ("aimass_core/models/additive",),
    "optuna": ("aimass_core/models/search",),
    "tabm": ("aimass_core/models/",),
    "rtdl_num_embeddings": ("aimass_core/models/",),
    "torch": ("aimass_core/device.py", "aimass_core/clean/", "aimass_core/models/", "aimass_core/explain/"),
    "plotly": ("app/charts/",),
    "matplotlib": ("aimass_core/papers/",),
    "jinja2": ("aimass_core/papers/",),
    "streamlit": ("app/", "pages/"),
    "fastapi": ("app/api",),
    "typer": ("app/cli",),
    "uvicorn": ("app/server.py", "app/cli"),
}
"""Heavy libraries and the only places that may load them."""

UNSAFE = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"})
"""Libraries whose files can run code when they are read."""

HARMLESS = {"joblib": frozenset({"cpu_count", "parallel_config"})}
"""Parts of such libraries that read no file."""

SQL_HOMES = ("aimass_core/workspace/", "aimass_core/intake/")
SQL = re.compile(
    r"\b(SELECT\s+.+\s+FROM|INSERT\s+INTO|CREATE\s+(TABLE|VIEW|SCHEMA)|DELETE\s+FROM|DROP\s+(TABLE|VIEW)"
    r"|UPDATE\s+\S+\s+SET|ALTER\s+TABLE)\b",
    re.DOTALL,
)

MOST_LINES = 400
MOST_LINES_OF = {"pages": 80, "tests": 600}
"""Where another length holds: a page is thin, a test's tables are long."""


def sources(root: Path, *rooms: str) -> Iterator[Path]:
    """Give the Python files of these rooms."""
    for room in rooms:
        yield from sorted((root / room).rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, root: Path, *, types: bool = True) -> Iterator[tuple[int, str]]:
    """Give line and full name of everything a file imports, inside functions as well.

    `from package import name` counts as `package.name` where that is a module.

    Parameters
    ----------
    types : also what is imported for annotations only, under `if TYPE_CHECKING`.
    """
    tree = tree_of(path)
    skipped = set() if types else set(_type_only(tree))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = _absolute(node, path, root)
            for alias in node.names:
                place = root.joinpath(*package.split("."), alias.name)
                inner = place.with_suffix(".py").exists() or place.is_dir()
                yield node.lineno, f"{package}.{alias.name}" if inner else package


def _absolute(node: ast.ImportFrom, path: Path, root: Path) -> str:
    if not node.level:
        return node.module or ""
    here = path.relative_to(root).parent.parts
    return ".".join([*here[: len(here) - node.level + 1], *([node.module] if node.module else [])])


def _type_only(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.body:
                yield from ast.walk(statement)


def room_of(module: str) -> tuple[int, str] | None:
    """Return layer and name of the room a module is in; None outside the house."""
    rooms = [(room, depth) for depth, layer in enumerate(LAYERS) for room in layer]
    held = [(room, depth) for room, depth in rooms if module == room or module.startswith(f"{room}.")]
    if not held:
        return None
    room, depth = max(held, key=lambda item: len(item[0]))
    return depth, room


def upward_imports(root: Path) -> list[str]:
    """Imports from a room above, or from another room of the same layer."""
    found = []
    for path in sources(root, "pages", "app", "aimass_core"):
        here = room_of(module_of(path, root))
        for line, name in imports(path, root):
            there = room_of(name)
            if here is None or there is None or here == there or there[1] == "aimass_core":
                continue
            if there[0] <= here[0]:
                found.append(f"{path.relative_to(root)}:{line} imports {name}")
    return found


def rooms_off_the_plan(root: Path) -> list[str]:
    """Modules of the core that no layer holds."""
    return [
        str(path.relative_to(root))
        for path in sources(root, "aimass_core")
        if path != root / "aimass_core" / "__init__.py"
        and (room_of(module_of(path, root)) or (0, "aimass_core"))[1] == "aimass_core"
    ]


def strangers(root: Path) -> list[str]:
    """Imports of tests, benchmarks or the sample generator by the program itself."""
    return [
        f"{path.relative_to(root)}:{line} imports {name}"
        for path in sources(root, "pages", "app", "aimass_core")
        for line, name in imports(path, root)
        if name.partition(".")[0] in ("tests", "benchmarks", "sample_data")
    ]


def far_from_home(root: Path) -> list[str]:
    """Heavy libraries loaded outside their homes; annotations load nothing."""
    found = []
    for path in sources(root, "pages", "app", "aimass_core"):
        place = path.relative_to(root).as_posix()
        for line, name in imports(path, root, types=False):
            homes = HOMES.get(name.partition(".")[0])
            if homes is not None and not place.startswith(homes):
                found.append(f"{place}:{line} loads {name}")
    return found


def unsafe_reading(root: Path) -> list[str]:
    """Ways to read files that can run code."""
    found = []
    for path in sources(root, *ROOMS):
        place = path.relative_to(root).as_posix()
        harmless = set(_harmless(tree_of(path)))
        found += [
            f"{place}:{line} loads {name}"
            for line, name in imports(path, root)
            if name.partition(".")[0] in UNSAFE and line not in harmless
        ]
        found += [f"{place}:{line} calls {call}" for line, call in _unsafe_calls(tree_of(path))]
    return found


def _harmless(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            parts = HARMLESS.get(node.module or "", frozenset())
            if {alias.name for alias in node.names} <= parts:
                yield node.lineno


def _unsafe_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        given = {word.arg: ast.unparse(word.value) for word in node.keywords}
        pickled = name.endswith(("read_pickle", "to_pickle")) or given.get("allow_pickle") == "True"
        if pickled or (name == "torch.load" and given.get("weights_only") != "True"):
            yield node.lineno, name


def sql_outside(root: Path) -> list[str]:
    """Text that is SQL outside the rooms that hold it; docstrings do not count."""
    found = []
    for path in sources(root, "pages", "app", "aimass_core"):
        place = path.relative_to(root).as_posix()
        if place.startswith(SQL_HOMES):
            continue
        lines = {line for line, text in texts(tree_of(path)) if SQL.search(text)}
        found += [f"{place}:{line}" for line in sorted(lines)]
    return found


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give the strings of a module that are used, f-strings with their fixed parts."""
    unused = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unused:
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
            yield node.lineno, "".join(map(str, parts))


def thick_pages(root: Path) -> list[str]:
    """Pages that catch errors themselves or reshape data."""
    found = []
    for path in sources(root, "pages"):
        place = path.relative_to(root).as_posix()
        found += [
            f"{place}:{node.lineno} has a try"
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Try | ast.TryStar)
        ]
        found += [
            f"{place}:{line} loads {name}"
            for line, name in imports(path, root)
            if name.partition(".")[0] in ("pandas", "numpy")
        ]
    return found


def long_files(root: Path) -> list[str]:
    """Files over their length."""
    found = []
    for path in sources(root, *ROOMS, "tests"):
        most = MOST_LINES_OF.get(path.relative_to(root).parts[0], MOST_LINES)
        lines = len(path.read_text("utf-8").splitlines())
        if lines > most:
            found.append(f"{path.relative_to(root)} has {lines:,} lines, at most {most:,}")
    return found


def busy_packages(root: Path) -> list[str]:
    """`__init__.py` files with more than a docstring."""
    return [
        str(path.relative_to(root))
        for path in sources(root, *ROOMS)
        if path.name == "__init__.py" and not _is_docstring(tree_of(path).body)
    ]


def _is_docstring(body: list[ast.stmt]) -> bool:
    return not body or (
        len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    )


Rule = Callable[[Path], list[str]]

RULES: tuple[Rule, ...] = (
    upward_imports,
    rooms_off_the_plan,
    strangers,
    far_from_home,
    unsafe_reading,
    sql_outside,
    thick_pages,
    long_files,
    busy_packages,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_is_as_drawn(rule: Rule) -> None:
    assert rule(ROOT) == []


def test_there_is_a_house_to_look_at() -> None:
    assert len(list(sources(ROOT, "aimass_core"))) > 40
    assert sum(1 for path in sources(ROOT, "aimass_core") for _ in imports(path, ROOT)) > 200


VIOLATIONS = [
    (upward_imports, "aimass_core/evaluate/x.py", "from aimass_core.models import catalog"),
    (upward_imports, "aimass_core/evaluate/x.py", "def f():\n    import aimass_core.workflows.scoring"),
    (upward_imports, "aimass_core/decide/x.py", "from aimass_core import explain"),
    (upward_imports, "aimass_core/explain/x.py", "from aimass_core.decide.policy import Policy"),
    (upward_imports, "aimass_core/clean/x.py", "from aimass_core.features.encoder import Encoder"),
    (upward_imports, "aimass_core/jobs/x.py", "from aimass_core.workspace import joblog"),
    (upward_imports, "aimass_core/errors.py", "from .schema import Column"),
    (upward_imports, "aimass_core/workflows/x.py", "from app import context"),
    (upward_imports, "app/x.py", "import pages.data"),
    (
        upward_imports,
        "aimass_core/models/x.py",
        "if TYPE_CHECKING:\n    from aimass_core.bundle import Bundle",
    ),
    (rooms_off_the_plan, "aimass_core/attic/x.py", "VALUE = 1"),
    (strangers, "app/x.py", "from tests import trained"),
    (far_from_home, "aimass_core/workspace/runs.py", "import duckdb"),
    (far_from_home, "aimass_core/bundle.py", "def f():\n    from torch import nn"),
    (far_from_home, "app/ui.py", "from plotly.graph_objects import Figure"),
    (far_from_home, "aimass_core/models/dann.py", "import lightgbm as lgb"),
    (far_from_home, "app/main.py", "from fastapi import FastAPI"),
    (far_from_home, "app/charts/x.py", "from matplotlib.figure import Figure"),
    (unsafe_reading, "aimass_core/models/x.py", "import joblib"),
    (unsafe_reading, "aimass_core/models/x.py", "from joblib import load"),
    (unsafe_reading, "benchmarks/x.py", "from pickle import loads"),
    (unsafe_reading, "aimass_core/models/x.py", "state = torch.load('a')"),
    (unsafe_reading, "aimass_core/models/x.py", "rows = np.load('a', allow_pickle=True)"),
    (sql_outside, "aimass_core/workflows/x.py", "text = 'SELECT a FROM b'"),
    (sql_outside, "pages/x.py", "name = 'b'\nrun(f'SELECT a\\nFROM {name}')"),
    (sql_outside, "app/x.py", "text = 'DELETE FROM decisions'"),
    (thick_pages, "pages/x.py", "try:\n    pass\nfinally:\n    pass"),
    (thick_pages, "pages/x.py", "import pandas as pd"),
    (long_files, "pages/x.py", "x = 1\n" * 81),
    (long_files, "aimass_core/models/x.py", "x = 1\n" * 401),
    (busy_packages, "aimass_core/models/__init__.py", "from aimass_core.models.catalog import build"),
]

INNOCENT = [
    (upward_imports, "aimass_core/models/x.py", "from aimass_core.evaluate.report import Report"),
    (upward_imports, "aimass_core/decide/x.py", "from aimass_core.decide.policy import Policy"),
    (upward_imports, "app/x.py", "from aimass_core import errors\nimport numpy"),
    (far_from_home, "aimass_core/workspace/runs.py", "if TYPE_CHECKING:\n    import duckdb"),
    (far_from_home, "aimass_core/intake/readers.py", "import duckdb"),
    (unsafe_reading, "aimass_core/models/x.py", "state = torch.load('a', weights_only=True)"),
    (unsafe_reading, "aimass_core/models/x.py", "from joblib import cpu_count, parallel_config"),
    (sql_outside, "aimass_core/workflows/x.py", '"""SELECT a FROM b is in workspace."""'),
    (sql_outside, "app/x.py", "text = 'Select a run from the list'"),
    (long_files, "pages/x.py", "x = 1\n" * 80),
    (busy_packages, "aimass_core/models/__init__.py", '"""Families."""'),
]


def planted(root: Path, place: str, text: str) -> Path:
    """Make a house with this one file, and with rooms to import from."""
    for name in ("explain/__init__", "models/catalog", "workspace/joblog", "workflows/scoring", "errors"):
        path = root / "aimass_core" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return root


@pytest.mark.parametrize(("rule", "place", "text"), VIOLATIONS)
def test_a_planted_violation_is_found(rule: Rule, place: str, text: str, tmp_path: Path) -> None:
    found = rule(planted(tmp_path, place, text))

    assert len(found) == 1
    assert found[0].startswith(place)


@pytest.mark.parametrize(("rule", "place", "text"), INNOCENT)
def test_what_is_allowed_is_left_alone(rule: Rule, place: str, text: str, tmp_path: Path) -> None:
    assert rule(planted(tmp_path, place, text)) == []


HEAVY = (
    *("torch", "numpy", "pandas", "duckdb", "sklearn", "lightgbm", "shap", "plotly", "scipy", "pyarrow"),
    *("streamlit", "fastapi", "uvicorn", "interpret", "optuna", "tabm", "matplotlib", "jinja2"),
)


def loaded(statement: str) -> set[str]:
    """Return which heavy libraries a fresh Python loads for a statement."""
    code = f"import json, sys; {statement}; print(json.dumps([n for n in {HEAVY!r} if n in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "module",
    ["aimass_core", "aimass_core.errors", "aimass_core.settings", "aimass_core.schema", "app.cli"],
)
def test_starting_is_light(module: str) -> None:
    assert loaded(f"import {module}") == set()


def test_a_heavy_start_would_be_seen() -> None:
    assert "duckdb" in loaded("import aimass_core.workspace.connection")
