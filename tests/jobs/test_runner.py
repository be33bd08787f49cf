from __future__ import annotations

import _thread
import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from aimass_core.errors import ConflictError, DataError, NotFoundError, SettingsError
from aimass_core.jobs.folder import JobFolder
from aimass_core.jobs.job import Job
from aimass_core.jobs.progress import Progress
from aimass_core.jobs.runner import Runner, run_now, seconds_left
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.joblog import JobLog, jobs
from tests.jobs.handlers import HANDLERS, handler

NewRunner = Callable[..., "Runner[Workspace]"]


def until(true: Callable[[], Any], *, seconds: float = 60) -> Any:
    """Poll until something is so."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if found := true():
            return found
        pause.wait(0.02)
    raise TimeoutError


def held(runner: Runner[Workspace], job: Job) -> int:
    """Wait until the worker of a holding job works; return its process id."""
    until(lambda: runner.status(job.job_id).progress)
    claim = JobFolder(runner._store.folder(job.job_id)).claimed_by()
    assert claim is not None
    return claim[0]


def numbers(ws: Workspace) -> list[int]:
    return [row["number"] for row in ws.rows("SELECT number FROM numbers")]


def events(ws: Workspace, job: Job) -> list[str]:
    rows = ws.rows("SELECT state FROM job_events WHERE job_id = ? ORDER BY happened_at", [job.job_id])
    return [row["state"] for row in rows]


def go(ws: Workspace) -> None:
    (ws.home / "go").touch()


def test_a_job_goes_from_spec_to_record(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()

    job = runner.submit("double", "Double 21", {"number": 21}, actor="ann")
    done = runner.wait(job.job_id, timeout=60)

    assert job.state == "queued"
    assert (done.state, done.result, done.error) == ("done", {"number": 42}, None)
    assert (done.created_by, done.title, done.spec) == ("ann", "Double 21", {"number": 21})
    assert numbers(ws) == [42]
    assert events(ws, job) == ["queued", "running", "done"]


def test_progress_is_read_back(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()
    job = runner.submit("double", "", {"number": 1}, actor="ann")
    runner.wait(job.job_id, timeout=60)

    status = runner.status(job.job_id)

    assert [message.message for message in status.history] == ["step 1", "step 2"]
    assert status.progress == status.history[-1]
    assert status.progress.seconds > 0
    assert status.seconds_left is None


def test_an_ended_job_keeps_no_input(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()
    job = runner.submit("double", "", {"number": 1}, actor="ann")
    runner.wait(job.job_id, timeout=60)
    runner.stop()

    assert not (ws.jobs / job.job_id / "input").exists()
    assert (ws.jobs / job.job_id / "progress.jsonl").exists()


def test_one_worker_runs_one_job_at_a_time_in_order(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner(workers=1)
    first = runner.submit("hold", "", {"number": 1}, actor="ann")
    second = runner.submit("double", "", {"number": 2}, actor="ann")
    held(runner, first)

    waiting = runner.status(second.job_id).job.state
    go(ws)
    runner.wait(second.job_id, timeout=60)

    assert waiting == "queued"
    assert numbers(ws) == [2, 4]


def test_two_workers_run_two_jobs_at_once(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner(workers=2)
    first = runner.submit("hold", "", {"number": 1}, actor="ann")
    second = runner.submit("hold", "", {"number": 2}, actor="bob")

    assert held(runner, first) != held(runner, second)


def test_a_worker_leads_its_own_session_and_gives_way(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()
    pid = held(runner, runner.submit("hold", "", {"number": 1}, actor="ann"))

    assert os.getsid(pid) == pid
    assert psutil.Process(pid).nice() > psutil.Process().nice()


def test_a_worker_does_not_get_the_key_of_the_api(
    ws: Workspace, new_runner: NewRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIMASS_API_KEY", "secret")
    runner = new_runner()
    pid = held(runner, runner.submit("hold", "", {"number": 1}, actor="ann"))

    assert "AIMASS_API_KEY" not in psutil.Process(pid).environ()


def test_cancel_ends_the_worker_and_records_nothing(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()
    job = runner.submit("hold", "", {"number": 1}, actor="ann")
    pid = held(runner, job)

    runner.cancel(job.job_id, actor="bob")
    ended = runner.wait(job.job_id, timeout=30)

    assert (ended.state, ended.detail) == ("cancelled", {"by": "bob"})
    assert not psutil.pid_exists(pid)
    assert numbers(ws) == []


def test_cancel_ends_a_worker_that_ignores_sigterm_and_its_children(
    ws: Workspace, new_runner: NewRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aimass_core.jobs.process.GRACE_SECONDS", 0.2)
    runner = new_runner()
    job = runner.submit("stubborn", "", {"number": 1}, actor="ann")
    pid = held(runner, job)
    child = int((ws.home / "child").read_text())

    runner.cancel(job.job_id, actor="ann")
    ended = runner.wait(job.job_id, timeout=30)

    assert ended.state == "cancelled"
    assert not psutil.pid_exists(pid)
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize("how", ["cancel", "kill"])
def test_what_a_worker_started_ends_with_it(ws: Workspace, new_runner: NewRunner, how: str) -> None:
    runner = new_runner()
    job = runner.submit("parent", "", {"number": 1}, actor="ann")
    pid = held(runner, job)
    child = int((ws.home / "child").read_text())

    if how == "cancel":
        runner.cancel(job.job_id, actor="ann")
    else:
        os.kill(pid, signal.SIGKILL)
    runner.wait(job.job_id, timeout=30)

    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_a_queued_job_is_cancelled_at_once(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()
    first = runner.submit("hold", "", {"number": 1}, actor="ann")
    second = runner.submit("double", "", {"number": 2}, actor="ann")

    runner.cancel(second.job_id, actor="ann")
    state = runner.status(second.job_id).job.state
    go(ws)
    runner.wait(first.job_id, timeout=60)

    assert state == "cancelled"
    assert numbers(ws) == [2]


def test_an_ended_job_cannot_be_cancelled(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()
    job = runner.submit("double", "", {"number": 1}, actor="ann")
    runner.wait(job.job_id, timeout=60)

    with pytest.raises(ConflictError, match="done"):
        runner.cancel(job.job_id, actor="ann")


def test_a_killed_worker_is_told_apart(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()
    job = runner.submit("hold", "", {"number": 1}, actor="ann")

    os.kill(held(runner, job), signal.SIGKILL)
    ended = runner.wait(job.job_id, timeout=30)

    assert ended.state == "killed"
    assert ended.error is not None
    assert "memory runs out" in ended.error["came"]
    assert numbers(ws) == []


def test_the_next_job_runs_after_a_killed_one(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()
    job = runner.submit("hold", "", {"number": 1}, actor="ann")
    following = runner.submit("double", "", {"number": 4}, actor="ann")

    os.kill(held(runner, job), signal.SIGKILL)

    assert runner.wait(following.job_id, timeout=60).state == "done"


def test_a_users_error_in_the_worker_is_the_jobs_error(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()

    job = runner.wait(runner.submit("refuse", "", {"number": 1}, actor="ann").job_id, timeout=60)

    assert job.state == "failed"
    assert job.error == {
        "type": "DataError",
        "expected": "`income` must be numeric",
        "came": "row 37 is 'n/a'",
        "todo": "Map it to missing",
    }
    runner.stop()
    assert not (ws.jobs / job.job_id / "output").exists()


@pytest.mark.parametrize(
    ("kind", "error", "came"),
    [
        ("crash", "JobError", "ZeroDivisionError: a bug"),
        ("vanish", "JobError", "it ended with code 3 (last words: native library gave up)"),
        ("fill_disk", "DataError", "it is full"),
        ("exhaust_memory", "DataError", "no message"),
    ],
)
def test_a_failing_worker_fails_the_job(
    ws: Workspace, new_runner: NewRunner, kind: str, error: str, came: str
) -> None:
    runner = new_runner()

    job = runner.wait(runner.submit(kind, "", {"number": 1}, actor="ann").job_id, timeout=60)

    assert job.state == "failed"
    assert job.error is not None
    assert (job.error["type"], job.error["came"]) == (error, came)
    assert numbers(ws) == []


def test_the_story_of_a_crash_is_in_the_log(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()
    job = runner.wait(runner.submit("crash", "", {"number": 1}, actor="ann").job_id, timeout=60)

    assert "Traceback" in (ws.jobs / job.job_id / "log.txt").read_text()


def test_a_failing_preparation_fails_the_job(ws: Workspace, new_runner: NewRunner) -> None:
    def refuse(ws: Workspace, spec: dict[str, Any], folder: Path) -> None:
        raise DataError("the data set must exist")

    runner = new_runner(handlers={"double": handler("double", prepare=refuse)})

    job = runner.wait(runner.submit("double", "", {"number": 1}, actor="ann").job_id, timeout=60)

    assert job.state == "failed"
    assert job.error is not None
    assert job.error["expected"] == "the data set must exist"


def test_a_failing_record_leaves_the_workspace_as_it_was(ws: Workspace, new_runner: NewRunner) -> None:
    def half(ws: Workspace, job: Job, folder: Path) -> None:
        with ws.writing() as cursor:
            cursor.execute("INSERT INTO numbers VALUES ('x', 1)")
        raise RuntimeError("half-way")

    runner = new_runner(handlers={"double": handler("double", record=half)})

    job = runner.wait(runner.submit("double", "", {"number": 1}, actor="ann").job_id, timeout=60)

    assert job.state == "failed"
    assert job.error is not None
    assert job.error["came"] == "RuntimeError: half-way"
    assert numbers(ws) == []


def test_a_new_runner_watches_on(ws: Workspace, new_runner: NewRunner) -> None:
    first = new_runner()
    job = first.submit("hold", "", {"number": 5}, actor="ann")
    pid = held(first, job)
    first.stop()

    second = new_runner()
    state = second.status(job.job_id).job.state
    go(ws)
    done = second.wait(job.job_id, timeout=60)

    assert state == "running"
    assert psutil.pid_exists(pid) is False
    assert (done.state, numbers(ws)) == ("done", [10])
    assert events(ws, job) == ["queued", "running", "done"]


def test_a_new_runner_in_a_new_process_cancels_what_it_found(
    ws: Workspace, new_runner: NewRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = new_runner()
    job = first.submit("hold", "", {"number": 5}, actor="ann")
    pid = held(first, job)
    first.stop()
    children = dict(_forget_children(monkeypatch))  # as a new process would, it does not know them

    second = new_runner()
    second.cancel(job.job_id, actor="bob")
    ended = second.wait(job.job_id, timeout=30)

    assert ended.state == "cancelled"
    assert children[pid].wait(timeout=10) == -signal.SIGTERM


def test_a_worker_that_ended_while_nobody_watched_is_recorded_once(
    ws: Workspace, new_runner: NewRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = new_runner()
    job = first.submit("hold", "", {"number": 5}, actor="ann")
    pid = held(first, job)
    first.stop()
    go(ws)
    children = _forget_children(monkeypatch)
    children[pid].wait(timeout=60)

    new_runner().wait(job.job_id, timeout=30)
    third = new_runner()

    assert third.status(job.job_id).job.state == "done"
    assert numbers(ws) == [10]


def test_a_worker_killed_while_nobody_watched_is_killed(
    ws: Workspace, new_runner: NewRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = new_runner()
    job = first.submit("hold", "", {"number": 5}, actor="ann")
    pid = held(first, job)
    first.stop()
    os.kill(pid, signal.SIGKILL)
    _forget_children(monkeypatch)[pid].wait(timeout=30)

    ended = new_runner().wait(job.job_id, timeout=30)

    assert ended.state == "killed"
    assert ended.error is not None
    assert "no server watched it" in ended.error["came"]


def test_another_process_with_the_same_number_is_left_alone(ws: Workspace, new_runner: NewRunner) -> None:
    store = JobLog(ws)
    job = store.add(kind="double", title="", spec={"number": 1}, actor="ann")
    store.change(job.job_id, "running", {})
    folder = JobFolder(store.folder(job.job_id))
    folder.make({})
    folder.claim(pid=os.getpid(), started=psutil.Process().create_time())  # this very process: not a worker

    ended = new_runner().wait(job.job_id, timeout=30)

    assert ended.state == "killed"


def test_a_job_whose_server_died_before_the_worker_began_is_begun_anew(
    ws: Workspace, new_runner: NewRunner
) -> None:
    store = JobLog(ws)
    job = store.add(kind="double", title="", spec={"number": 3}, actor="ann")
    store.change(job.job_id, "running", {})

    done = new_runner().wait(job.job_id, timeout=60)

    assert (done.state, numbers(ws)) == ("done", [6])


def test_queued_jobs_survive_a_restart_in_order(ws: Workspace, new_runner: NewRunner) -> None:
    store = JobLog(ws)
    made = [store.add(kind="double", title="", spec={"number": n}, actor="ann") for n in (1, 2)]

    runner = new_runner()
    runner.wait(made[1].job_id, timeout=60)

    assert numbers(ws) == [2, 4]


def test_a_kind_nobody_handles_is_refused(ws: Workspace, new_runner: NewRunner) -> None:
    with pytest.raises(SettingsError, match="came 'paint'"):
        new_runner().submit("paint", "", {}, actor="ann")
    assert jobs(ws) == []


def test_a_left_job_of_a_kind_that_is_gone_fails(ws: Workspace, new_runner: NewRunner) -> None:
    job = JobLog(ws).add(kind="paint", title="", spec={}, actor="ann")

    ended = new_runner().wait(job.job_id, timeout=30)

    assert ended.state == "failed"


def test_an_unknown_job_is_not_found(ws: Workspace, new_runner: NewRunner) -> None:
    with pytest.raises(NotFoundError):
        new_runner().status("nothing")


def test_run_now_returns_the_job_and_passes_messages_on(ws: Workspace) -> None:
    said: list[Progress] = []

    job = run_now(
        ws,
        HANDLERS["double"],
        kind="double",
        title="",
        spec={"number": 8},
        store=JobLog(ws),
        actor="ann",
        on_progress=said.append,
    )

    assert (job.state, job.result) == ("done", {"number": 16})
    assert [message.step for message in said] == [1, 2]


def test_run_now_raises_the_error_of_the_worker(ws: Workspace) -> None:
    with pytest.raises(DataError, match="row 37"):
        run_now(
            ws, HANDLERS["refuse"], kind="refuse", title="", spec={"number": 1}, store=JobLog(ws), actor="a"
        )


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_cancels_run_now(ws: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_now(
            ws,
            HANDLERS["hold"],
            kind="hold",
            title="",
            spec={"number": 1},
            store=JobLog(ws),
            actor="ann",
            on_progress=lambda _: _thread.interrupt_main(),
        )

    (job,) = jobs(ws)
    assert job.state == "cancelled"
    assert numbers(ws) == []


def test_a_listener_that_fails_ends_the_worker(ws: Workspace) -> None:
    def fail(message: Progress) -> None:
        raise DataError("the terminal is gone")

    with pytest.raises(DataError, match="terminal"):
        run_now(
            ws,
            HANDLERS["hold"],
            kind="hold",
            title="",
            spec={"number": 1},
            store=JobLog(ws),
            actor="ann",
            on_progress=fail,
        )

    claim = JobFolder(ws.jobs / jobs(ws)[0].job_id).claimed_by()
    assert claim is not None
    assert not psutil.pid_exists(claim[0])


@pytest.mark.parametrize(
    ("history", "left"),
    [
        ([], None),
        ([(0, 10, 1.0)], None),
        ([(2, 10, 4.0)], 16.0),
        ([(1, 10, 5.0), (3, 10, 6.0)], 3.5),
        ([(10, 10, 20.0)], 0.0),
    ],
)
def test_time_left_follows_the_latest_pace(history: list[tuple[int, int, float]], left: float | None) -> None:
    messages = [Progress(step=step, steps=steps, seconds=seconds) for step, steps, seconds in history]

    assert seconds_left(messages) == left


def test_job_lists_are_filtered(ws: Workspace, new_runner: NewRunner) -> None:
    runner = new_runner()
    done = runner.wait(runner.submit("double", "", {"number": 1}, actor="ann").job_id, timeout=60)
    held_job = runner.submit("hold", "", {"number": 1}, actor="ann")
    held(runner, held_job)

    assert [job.job_id for job in jobs(ws)] == [held_job.job_id, done.job_id]
    assert [job.job_id for job in jobs(ws, active=True)] == [held_job.job_id]
    assert [job.job_id for job in jobs(ws, active=False)] == [done.job_id]
    assert [job.job_id for job in jobs(ws, kind="double")] == [done.job_id]
    assert json.dumps(done.spec) == '{"number": 1}'


def _forget_children(monkeypatch: pytest.MonkeyPatch) -> dict[int, Any]:
    from aimass_core.jobs import process

    known = process._children
    monkeypatch.setattr(process, "_children", {})
    return known
