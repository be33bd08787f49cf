"""Importing real files: what is kept, what is refused, and that a refusal leaves nothing behind."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from aimass_core.errors import ConflictError, DataError, SettingsError
from aimass_core.intake.readers import Limits, ReadOptions
from aimass_core.workflows import importing
from aimass_core.workspace import audit, datasets
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.datasets import Version
from tests.shared_data import shared_path

LOANS = "id,income,sex,default\n" + "".join(
    f"{i},{i * 10}.5,{'mf'[i % 2]},{i % 5 == 0:d}\n" for i in range(60)
)


def written(folder: Path, data: str | bytes, name: str = "loans.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def imported(ws: Workspace, path: Path, name: str = "loans", **kwargs: object) -> Version:
    return importing.import_file(ws, path, name=name, actor="ann", **kwargs)  # type: ignore[arg-type]


def state(ws: Workspace) -> tuple[int, int, int, int]:
    """Data set versions, audit events, tables and views of data, and files in the scratch folder."""
    tables = ws.rows("SELECT count(*) AS n FROM information_schema.tables WHERE table_schema = 'data'")[0][
        "n"
    ]
    versions = ws.rows("SELECT count(*) AS n FROM dataset_versions")[0]["n"]
    events = ws.rows("SELECT count(*) AS n FROM audit")[0]["n"]
    return versions, events, tables, len(list((ws.home / "tmp").iterdir()))


def test_import_keeps_rows_in_file_order_with_digest_roles_and_audit(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, LOANS)

    version = imported(workspace, path, note="first")

    assert (version.ref, version.rows, version.parent_id, version.created_by) == ("loans@1", 60, None, "ann")
    assert version.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert version.source_bytes == path.stat().st_size
    assert {c.name: c.role for c in version.schema} == {
        "id": "id",
        "income": "feature",
        "sex": "protected",
        "default": "target",
    }
    frame = datasets.frame(workspace, version)
    assert frame["_row"].tolist() == list(range(1, 61))
    assert frame["id"].tolist() == list(range(60))
    assert frame["income"].tolist() == [i * 10 + 0.5 for i in range(60)]
    assert [event.action for event in audit.events(workspace, subject=version.version_id)] == [
        "dataset.import"
    ]


def test_order_is_kept_in_a_file_of_many_row_groups(workspace: Workspace, tmp_path: Path) -> None:
    path = written(tmp_path, "n,half\n" + "".join(f"{i},{i / 2}\n" for i in range(1, 400_001)))

    version = imported(workspace, path)

    wrong = workspace.rows(f"SELECT count(*) AS n FROM {version.table} WHERE _row <> n OR half * 2 <> n")
    assert wrong[0]["n"] == 0


def test_same_name_makes_the_next_version(workspace: Workspace, tmp_path: Path) -> None:
    first = imported(workspace, written(tmp_path, LOANS))

    second = imported(workspace, written(tmp_path, LOANS))

    assert (second.version, second.parent_id) == (2, first.version_id)
    assert datasets.get(workspace, "loans").version_id == second.version_id


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_are_found(workspace: Workspace, tmp_path: Path, encoding: str, end: str) -> None:
    lines = ["城市,收入", *(f"{city},{i}" for i, city in enumerate(["北京市", "上海市", "广州市"] * 5))]

    version = imported(workspace, written(tmp_path, (end.join(lines) + end).encode(encoding)))

    assert version.schema.names == ("城市", "收入")
    assert datasets.frame(workspace, version)["城市"].tolist()[:3] == ["北京市", "上海市", "广州市"]
    assert version.schema.column("收入").kind == "integer"


def test_latin_1_is_found_even_far_behind_plain_ascii(workspace: Workspace, tmp_path: Path) -> None:
    text = "name,n\n" + "anna,1\n" * 200_000 + "José,2\nMüller,3\n"

    version = imported(workspace, written(tmp_path, text.encode("latin-1")))

    assert version.rows == 200_002
    assert datasets.page(workspace, version, offset=200_000, limit=5)["name"].tolist() == ["José", "Müller"]


@pytest.mark.parametrize(
    ("text", "names", "first"),
    [
        ("a;b\n1,5;x\n2,5;y\n", ("a", "b"), (1.5, "x")),
        ("a\tb\n1\tx y\n2\tz\n", ("a", "b"), (1, "x y")),
        ("a|b\n1|x\n2|y\n", ("a", "b"), (1, "x")),
        ('a,b\n1,"x, ""y"""\n2,z\n', ("a", "b"), (1, 'x, "y"')),
        ("A11 6 A34\nA12 48 A32\nA14 12 A34\n", ("column_1", "column_2", "column_3"), ("A11", 6)),
        ("A report of today\nid,b,c\n1,2,x\n2,3,y\n3,4,z\n", ("id", "b", "c"), (1, 2)),
        ("a,b\r\n1,x\n2,y\r\n", ("a", "b"), (1, "x")),
    ],
    ids=["semicolon, decimal comma", "tab", "pipe", "quotes", "space, no header", "title line", "line ends"],
)
def test_dialects_are_found(
    workspace: Workspace, tmp_path: Path, text: str, names: tuple[str, ...], first: tuple[object, ...]
) -> None:
    version = imported(workspace, written(tmp_path, text))

    assert version.schema.names == names
    assert tuple(datasets.row(workspace, version, 1).values())[: len(first)] == first


def test_names_of_any_script_and_with_markup_survive(workspace: Workspace, tmp_path: Path) -> None:
    names = ["plain", 'quo"te', "it's", "<b>bold</b>", "🙂", "收入", "with space", "a.b", "{x}"]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)

    version = imported(
        workspace, written(tmp_path, f"{header}\n{','.join('123456789')}\n{','.join('123456789')}\n")
    )

    assert version.schema.names == tuple(names)
    assert list(datasets.row(workspace, version, 2).values()) == list(range(1, 10))
    assert importing.profile(workspace, version).rows == 2


def test_duplicate_empty_and_reserved_names_are_renamed_and_noted(
    workspace: Workspace, tmp_path: Path
) -> None:
    version = imported(workspace, written(tmp_path, "a,A,a_2,,_row\n1,2,3,4,5\n6,7,8,9,10\n"))

    assert version.schema.names == ("a", "A_3", "a_2", "column_4", "row_of_file")
    assert len(version.read_options["notes"]) == 3
    assert datasets.row(workspace, version, 1)["row_of_file"] == 5


def test_a_late_text_turns_its_column_into_text_with_a_note(workspace: Workspace, tmp_path: Path) -> None:
    rows = "".join(f"{i},{i}.5,{i}\n" for i in range(30_000))
    path = written(tmp_path, f"id,income,count\n{rows}30000,n/a,2.5\n30001,7.5,3\n")

    version = imported(workspace, path)

    assert [c.kind for c in version.schema] == ["integer", "text", "number"]
    (note,) = version.read_options["notes"]
    assert "`income`" in note
    assert "1 of 30,002" in note
    assert "row 30,001, 'n/a'" in note
    assert version.rows == 30_002


def test_late_decimals_and_times_are_not_rounded_away(workspace: Workspace, tmp_path: Path) -> None:
    rows = "".join(f"{i},2024-01-01,true,{i}\n" for i in range(30_000))
    path = written(tmp_path, f"n,day,flag,big\n{rows}2.5,2024-01-02 10:30:00,yes,9007199254740993\n")

    version = imported(workspace, path)

    assert datasets.row(workspace, version, 30_001) == {
        "n": 2.5,
        "day": "2024-01-02 10:30:00",
        "flag": "yes",
        "big": 9_007_199_254_740_993,
    }
    assert datasets.row(workspace, version, 1)["big"] == 0


def test_codes_with_leading_zeros_and_long_digits_stay_text(workspace: Workspace, tmp_path: Path) -> None:
    rows = "".join(f"0{i:04},{10**21 + i}\n" for i in range(50))

    version = imported(workspace, written(tmp_path, "branch,account\n" + rows))

    assert datasets.row(workspace, version, 2) == {"branch": "00001", "account": str(10**21 + 1)}


def test_nan_is_missing_and_infinity_is_a_finding(workspace: Workspace, tmp_path: Path) -> None:
    rows = "".join(f"{i},{i / 7:.4f}\n" for i in range(100))

    version = imported(workspace, written(tmp_path, f"k,x\n{rows}100,nan\n101,inf\n102,-inf\n"))
    column = importing.profile(workspace, version).column("x")

    assert (column.missing, column.infinite, column.max) == (1, 2, round(99 / 7, 4))
    assert any("NaN" in note for note in version.read_options["notes"])


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["inf"] * 30, "number"),
        (["-Infinity"] * 30 + ["2.5"], "number"),
        (["2024-05-01"] * 30 + ["infinity"], "category"),
    ],
)
def test_infinity_is_never_a_day(workspace: Workspace, tmp_path: Path, cells: list[str], kind: str) -> None:
    rows = "".join(f"{i},{cell}\n" for i, cell in enumerate(cells))

    version = imported(workspace, written(tmp_path, f"k,x\n{rows}"))

    assert version.schema.column("x").kind == kind


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty (0 bytes)"),
        (b"\n\n\n", "only empty lines"),
        (b"a,b,c\n", "only a header with 3 columns"),
        (b'a,b\n1,x\n2,"y\n3,z\n', "line 3 of"),
        (b'a,b\n1,x\n2,"y" oops\n3,z\n', "line 3 of"),
        (b"a,b\n1,x\n2,y,9\n3,z\n", "line 3 of `loans.csv` has 3"),
        (b"a,b\n1,x\n2\n3,z\n", "line 3 of `loans.csv` has 1"),
        (("a,b\n1,é\n".encode() * 40) + b"2,\xff\n", "line"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"<!DOCTYPE html><html><body>a,b</body></html>\n", "a web page"),
        (b'{"a": 1}\n{"a": 2}\n', "JSON"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, ".xls"),
        (b"\x1f\x8b\x08\x00broken", "loans.csv"),
        (b"PAR1 this is not Parquet PAR1", "loans.csv"),
        (b"PK\x03\x04 this is not a zip", "loans.csv"),
        (bytes(range(256)) * 40, "binary"),
    ],
)
def test_bad_files_are_refused_and_leave_nothing(
    workspace: Workspace, tmp_path: Path, data: bytes, said: str
) -> None:
    before = state(workspace)

    with pytest.raises(DataError) as caught:
        imported(workspace, written(tmp_path, data))

    assert said in str(caught.value)
    assert state(workspace) == before
    assert imported(workspace, written(tmp_path, LOANS)).version == 1


def test_broken_quotes_deep_in_a_file_name_the_line(workspace: Workspace, tmp_path: Path) -> None:
    before = state(workspace)
    text = "a,b\n" + "1,x\n" * 60_000 + '2,"never closed\n' + "3,z\n" * 10

    with pytest.raises(DataError, match="line 60,002"):
        imported(workspace, written(tmp_path, text))

    assert state(workspace) == before


@pytest.mark.parametrize("row", [2, 30_000])
def test_a_line_of_several_megabytes_is_read(workspace: Workspace, tmp_path: Path, row: int) -> None:
    long = "x" * 5_000_000
    lines = (f"{i},{long if i == row else 'y'},2024-01-01\n" for i in range(1, 30_001))
    path = written(tmp_path, "n,text,day\n" + "".join(lines))

    version = imported(workspace, path)

    assert [version.schema.column(name).kind for name in ("n", "day")] == ["integer", "date"]
    assert datasets.row(workspace, version, row)["text"] == long
    assert version.rows == 30_000


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("after", "said"), [("3,z\n", "line 40,002 of"), ("", "the last line of"), ("\n", "the last line of")]
)
def test_a_line_over_the_limit_is_refused_and_never_dropped(
    workspace: Workspace, tmp_path: Path, packed: bool, after: str, said: str
) -> None:
    before = state(workspace)
    end = "\n" if after else ""
    data = ("n,text\n" + "1,y\n" * 40_000 + f"2,{'x' * 17_000_000}{end}{after}").encode()

    with pytest.raises(DataError, match=f"at most 16 MB; {'a line of' if packed else said}"):
        imported(workspace, written(tmp_path, gzip.compress(data, 1) if packed else data))

    assert state(workspace) == before


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("cell", ["x" * 9_000_000, '"' + "lines\n" * 1_500_000 + '"'], ids=["long", "lines"])
def test_a_long_last_line_is_kept(workspace: Workspace, tmp_path: Path, packed: bool, cell: str) -> None:
    data = ("n,text\n" + "1,y\n" * 40_000 + f"2,{cell}").encode()

    version = imported(workspace, written(tmp_path, gzip.compress(data, 1) if packed else data))

    assert version.rows == 40_001
    assert datasets.row(workspace, version, 40_001) == {"n": 2, "text": cell.strip('"')}


def test_too_many_columns_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    header = ",".join(f"c{i}" for i in range(10_000))
    path = written(tmp_path, f"{header}\n{','.join(['1'] * 10_000)}\n")

    with pytest.raises(DataError, match=r"at most 2,000 columns; `loans.csv` has 10,000"):
        imported(workspace, path)


def test_two_thousand_columns_are_imported_and_profiled(workspace: Workspace, tmp_path: Path) -> None:
    header = ",".join(f"c{i}" for i in range(2_000))
    rows = "".join(",".join(str(i * j % 97) for j in range(2_000)) + "\n" for i in range(60))

    version = imported(workspace, written(tmp_path, f"{header}\n{rows}"))

    assert len(importing.profile(workspace, version).columns) == 2_000


def test_compressed_files(workspace: Workspace, tmp_path: Path) -> None:
    packed = tmp_path / "one.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside/loans.csv", LOANS)

    from_gzip = imported(workspace, written(tmp_path, gzip.compress(LOANS.encode()), "x.bin"), "g")
    from_two = imported(
        workspace,
        written(tmp_path, gzip.compress(LOANS[:99].encode()) + gzip.compress(LOANS[99:].encode())),
        "m",
    )
    from_zip = imported(workspace, packed, "z")

    assert from_gzip.rows == from_two.rows == from_zip.rows == 60


def test_a_zip_of_several_files_is_refused_by_their_names(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", LOANS)
        archive.writestr("b.csv", LOANS)

    with pytest.raises(DataError, match=r"holds 2 files: a.csv, b.csv"):
        imported(workspace, path)


@pytest.mark.parametrize("kind", ["gzip", "zip", "xlsx"])
def test_a_bomb_is_refused_without_filling_the_disk(workspace: Workspace, tmp_path: Path, kind: str) -> None:
    bomb = b"a,b\n" + b"1,2\n" * 10_000_000
    path = tmp_path / f"bomb.{kind}"
    if kind == "gzip":
        path.write_bytes(gzip.compress(bomb, 1))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            if kind == "xlsx":
                archive.writestr("xl/workbook.xml", "<workbook/>")
            archive.writestr("xl/worksheets/sheet1.xml" if kind == "xlsx" else "a.csv", bomb)
    before = state(workspace)

    with pytest.raises(DataError, match="unpack to at most 10 MB"):
        imported(workspace, path, limits=Limits(max_unpacked_bytes=10_000_000))

    assert state(workspace) == before
    assert sum(f.stat().st_size for f in workspace.home.rglob("*") if f.is_file()) < 20_000_000


def test_a_file_over_the_limit_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="AIMASS_MAX_UPLOAD_MB"):
        imported(workspace, written(tmp_path, LOANS), limits=Limits(max_bytes=100))


def workbook(path: Path, mixed: bool = False) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Loans 'n' more"
    sheet.append(["id", "名", "signed", "at", "rate", "good"])
    for i in range(30):
        day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=i)
        rate = "n/a" if mixed and i == 20 else i / 8
        sheet.append(
            [i, f"é<b>{i % 3}", day.date(), (day + pd.Timedelta(hours=9)).to_pydatetime(), rate, i % 2 == 0]
        )
    book.create_sheet("Other").append(["q"])
    book.save(path)
    return path


@pytest.mark.parametrize("mixed", [False, True])
def test_excel_sheets_are_typed(workspace: Workspace, tmp_path: Path, mixed: bool) -> None:
    path = workbook(tmp_path / "book.xlsx", mixed)

    version = imported(workspace, path, options=ReadOptions(sheet="Loans 'n' more"))

    kinds = [c.kind for c in version.schema]
    assert kinds == ["integer", "category", "date", "timestamp", "text" if mixed else "number", "boolean"]
    row = datasets.row(workspace, version, 3)
    assert (row["id"], str(row["signed"]), str(row["at"])) == (2, "2024-01-03", "2024-01-03 09:00:00")


def test_excel_with_two_sheets_asks_which(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has 2: `Loans 'n' more`, `Other`"):
        imported(workspace, workbook(tmp_path / "book.csv"))


def test_parquet_types_are_brought_home(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    frame = pd.DataFrame(
        {
            "small": pd.Series([1, 2, None], dtype="Int8"),
            "single": pd.Series([0.1, 0.2, 0.3], dtype="float32"),
            "when": pd.to_datetime(["2024-01-01T12:00Z"] * 3),
            "list": [[1], [2, 3], []],
        }
    )
    frame.to_parquet(path)

    version = imported(workspace, path)

    assert [c.kind for c in version.schema][:3] == ["integer", "number", "timestamp"]
    row = datasets.row(workspace, version, 1)
    assert (row["single"], str(row["when"]), row["list"]) == (0.1, "2024-01-01 12:00:00", "[1]")


@pytest.mark.parametrize("name", ["", "  ", "a@1", "x" * 101, "two\nlines"])
def test_unusable_names_are_refused(workspace: Workspace, tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="name"):
        imported(workspace, written(tmp_path, LOANS), name)


def test_a_file_that_changes_during_its_import_is_refused(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, LOANS)
    before = state(workspace)
    guess = importing.roles.guess

    def meanwhile(*args: object) -> object:
        path.write_text(LOANS + "99,1,m,0\n")
        return guess(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(importing.roles, "guess", meanwhile)

    with pytest.raises(ConflictError, match="must not change"):
        imported(workspace, path)
    assert state(workspace) == before


_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from aimass_core.errors import UserError
from aimass_core.workflows import importing
from aimass_core.workspace.connection import open_workspace
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
ws = open_workspace(Path(sys.argv[1]), memory_limit_mb=500)
importing.import_file(ws, Path(sys.argv[2]), name="small", actor="ann")
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, resource.RLIM_INFINITY))
try:
    importing.import_file(ws, Path(sys.argv[3]), name="large", actor="ann")
except UserError as error:
    print("refused:", error)
"""


def test_a_full_disk_leaves_the_workspace_as_it_was(tmp_path: Path) -> None:
    small = written(tmp_path, LOANS)
    large = written(
        tmp_path,
        "a,b,c\n" + "".join(f"{hash((i, 1))},{hash((i, 2))},{hash((i, 3))}\n" for i in range(300_000)),
        "large.csv",
    )
    home = tmp_path / "home"

    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(home), str(small), str(large)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "refused:" in done.stdout, done.stderr[-2_000:]
    ws = open_workspace(home)
    try:
        assert [version.dataset for version in datasets.datasets(ws)] == ["small"]
        assert len(datasets.frame(ws, datasets.get(ws, "small"))) == 60
        assert imported(ws, large, "large").rows == 300_000
    finally:
        ws.close()


def test_a_killed_import_leaves_the_workspace_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path, LOANS)
    home = tmp_path / "home"
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom aimass_core.workflows import importing\n"
        "from aimass_core.workspace.connection import open_workspace\n"
        "importing.audit.record = lambda *a, **k: os.kill(os.getpid(), 9)\n"
        "importing.import_file(open_workspace(Path(sys.argv[1])), Path(sys.argv[2]), name='x', actor='ann')\n"
    )

    done = subprocess.run([sys.executable, "-c", program, str(home), str(path)], check=False)

    assert done.returncode == -9
    ws = open_workspace(home)
    try:
        assert datasets.datasets(ws) == []
        assert imported(ws, path).rows == 60
    finally:
        ws.close()


def test_profile_is_kept_until_roles_change(workspace: Workspace, tmp_path: Path) -> None:
    version = imported(workspace, written(tmp_path, LOANS))

    first = importing.profile(workspace, version)
    again = importing.profile(workspace, version)
    changed = importing.set_roles(workspace, version, {"default": "ignore"}, actor="ann")
    other = importing.profile(workspace, changed)

    assert first == again
    assert workspace.rows("SELECT count(*) AS n FROM profiles")[0]["n"] == 2
    assert {f.code for f in other.findings if f.severity == "not applicable"} >= {"target-leakage"}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "rows", "roles"),
    [
        (
            "credit/taiwan_default.csv",
            30_000,
            {
                "ID": "id",
                "default.payment.next.month": "target",
                "GENDER": "protected",
                "AGE": "protected",
                "MARRIAGE": "protected",
                "LIMIT_BAL": "feature",
            },
        ),
        ("credit/german.data", 1_000, {"column_21": "target", "column_1": "feature"}),
        (
            "credit/lending_club_2007_2011.csv.gz",
            42_535,
            {"loan_status": "target", "issue_d": "time", "desc": "ignore", "url": "ignore"},
        ),
        ("fraud/ulb_creditcard.parquet", 284_807, {"Class": "target", "Time": "time", "V1": "feature"}),
    ],
)
def test_public_data_sets(workspace: Workspace, file: str, rows: int, roles: dict[str, str]) -> None:
    version = imported(workspace, shared_path(file))

    assert version.rows == rows
    assert {name: version.schema.column(name).role for name in roles} == roles


@pytest.mark.shared
def test_bank_marketing(workspace: Workspace, tmp_path: Path) -> None:
    with zipfile.ZipFile(shared_path("customers/bank-additional.zip")) as archive:
        archive.extract("bank-additional/bank-additional-full.csv", tmp_path)

    version = imported(workspace, tmp_path / "bank-additional" / "bank-additional-full.csv")
    profile = importing.profile(workspace, version)

    assert (version.rows, version.schema.target.name if version.schema.target else None) == (41_188, "y")
    assert {c.name for c in version.schema.by_role("protected")} >= {"age", "marital"}
    assert profile.column("pdays").sentinels == ((999.0, 39_673),)
    assert ("unknown", 8_597) in profile.column("default").sentinels


@pytest.mark.shared
def test_lending_club_columns_from_after_the_outcome_are_found(workspace: Workspace) -> None:
    version = imported(workspace, shared_path("credit/lending_club_2007_2011.csv.gz"))

    leaks = {f.column for f in importing.profile(workspace, version).findings if f.code == "target-leakage"}

    assert leaks >= {
        "recoveries",
        "collection_recovery_fee",
        "total_pymnt",
        "total_rec_prncp",
        "last_pymnt_amnt",
    }
    assert not leaks & {"loan_amnt", "annual_inc", "int_rate", "grade", "term", "dti"}


def test_inbox_lists_finished_files(workspace: Workspace, tmp_path: Path) -> None:
    from aimass_core.settings import Settings

    inbox = workspace.home / "inbox"
    for name in ("b.csv", "a.csv", ".hidden", "c.csv.part"):
        (inbox / name).write_text(LOANS)

    files = importing.inbox_files(workspace, Settings(home=workspace.home))

    assert [file.name for file in files] == ["a.csv", "b.csv"]
    assert files[0].bytes == len(LOANS)
