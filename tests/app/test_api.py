"""The API over a real small model: decisions, problems, keys, and its description of itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from aimass_core.settings import Settings
from aimass_core.workflows import reviewing, scoring
from aimass_core.workspace import cases
from app.api import create_api
from app.api_problems import MEDIA_TYPE
from tests.trained import FAMILIES, Trained

SCORE = "/api/v1/models/boosting/score"
KEY = "s3cret-kéy"


def client_of(
    trained: Trained, *, key: str | None = None, client: str = "127.0.0.1", host: str = "localhost:8501"
) -> TestClient:
    config = Settings(api_key=SecretStr(key) if key else None)
    app = Starlette(routes=[Mount("/api", create_api(lambda: trained.ws, config=config))])
    return TestClient(app, base_url=f"http://{host}", client=(client, 50_000), raise_server_exceptions=False)


@pytest.fixture
def api(trained: Trained) -> TestClient:
    return client_of(trained)


def problem(response: Any, status: int, kind: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == MEDIA_TYPE
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"] == f"urn:aimass:problem:{kind}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"]
    return body


@pytest.mark.parametrize("model", list(FAMILIES))
def test_rows_are_decided_as_the_pages_decide_them(trained: Trained, api: TestClient, model: str) -> None:
    rows = trained.rows(5)
    expected = scoring.decide(trained.ws, model, rows, source="form", actor="ana", store=False)

    answer = api.post(f"/api/v1/models/{model}/score", json={"rows": rows})

    assert answer.status_code == 200
    body = answer.json()
    assert (body["model"], body["stored"]) == (f"{model}@1", True)
    for got, one in zip(body["rows"], expected, strict=True):
        assert got["probability"] == pytest.approx(one.probability, abs=1e-12)
        assert (got["outcome"], got["subject"]) == (one.outcome, one.subject)
        assert [r["feature"] for r in got["reasons"]] == [r["feature"] for r in one.reasons["principal"]]
        assert got["further_reasons"] == len(one.reasons["tail"])
        stored = cases.get(trained.ws, got["decision_id"])
        assert (stored.source, stored.decided_by, stored.batch_id) == ("api", "api", body["batch_id"])
    assert cases.get(trained.ws, body["rows"][2]["decision_id"]).input == rows[2]


def test_a_decision_can_be_opened_listed_and_replayed(trained: Trained, api: TestClient) -> None:
    scored = api.post(SCORE, json={"rows": trained.rows(2)}).json()
    decision_id = scored["rows"][1]["decision_id"]

    opened = api.get(f"/api/v1/decisions/{decision_id}").json()
    listed = api.get("/api/v1/decisions", params={"batch_id": scored["batch_id"], "limit": 1}).json()
    replayed = api.post(f"/api/v1/decisions/{decision_id}/replay").json()

    stored = reviewing.decision(trained.ws, decision_id)
    assert opened["input"] == trained.rows(2)[1]
    assert opened["principal"] == stored.reasons["principal"]
    assert opened["decided_at"].endswith("Z")
    assert listed["total"] == 2
    assert len(listed["decisions"]) == 1
    assert replayed["agrees"] is True
    assert replayed["outcome"] == opened["outcome"]


def test_what_would_turn_a_decision(trained: Trained, api: TestClient) -> None:
    rows = trained.rows(40)
    scored = api.post(SCORE, json={"rows": rows, "reasons": False}).json()["rows"]
    decided = max(scored, key=lambda row: float(row["probability"]))
    path = f"/api/v1/decisions/{decided['decision_id']}/counterfactuals"
    below = decided["probability"] - 0.01

    plain = api.post(path).json()
    found = api.post(path, json={"answers": 2, "below": below}).json()

    assert plain["goal"] == scoring.policy(trained.ws, "boosting").policy["low"]  # type: ignore[union-attr]
    assert plain["status"] in ("turned", "impossible")
    assert (found["status"], found["decision_id"]) == ("turned", decided["decision_id"])
    assert 1 <= len(found["answers"]) <= 2
    stored = api.get(f"/api/v1/decisions/{decided['decision_id']}").json()["input"]
    for answer in found["answers"]:
        changed = {**stored, **{change["feature"]: change["after"] for change in answer["changes"]}}
        body = {"rows": [changed], "reasons": False, "store": False}
        again = api.post(SCORE, json=body).json()["rows"][0]["probability"]
        assert again == pytest.approx(answer["probability"], abs=1e-9)
        assert again < below
    problem(api.post(path, json={"answers": 0}), 422, "validation")
    problem(api.post(path, json={"below": 2}), 422, "validation")
    problem(api.post("/api/v1/decisions/nothing/counterfactuals"), 404, "not-found")


def test_nothing_is_stored_or_explained_unless_asked(trained: Trained, api: TestClient) -> None:
    before = cases.find(trained.ws)[1]

    body = api.post(SCORE, json={"rows": trained.rows(1), "store": False, "reasons": False}).json()

    assert (body["rows"][0]["decision_id"], body["rows"][0]["reasons"]) == (None, None)
    assert cases.find(trained.ws)[1] == before


def test_models_are_listed_with_what_a_row_needs(api: TestClient) -> None:
    models = {m["name"]: m for m in api.get("/api/v1/models").json()["models"]}
    detail = api.get("/api/v1/models/scorecard@1").json()

    assert set(FAMILIES) <= set(models)
    assert models["boosting"]["dataset"] == "loans@2"
    assert models["boosting"]["metrics"]["test.auc"] > 0.5
    assert [c["name"] for c in detail["columns"]] == ["income", "age", "job", "since", "owner"]
    assert "nurse" in next(c for c in detail["columns"] if c["name"] == "job")["values"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/models/nope", "not-found"),
        ("/api/v1/decisions/nope", "not-found"),
    ],
)
def test_what_is_not_there_is_a_404(api: TestClient, path: str, kind: str) -> None:
    body = problem(api.get(path), 404, kind)

    assert body["instance"] == path
    assert body["expected"]
    assert body["came"]


def test_an_unknown_path_and_a_wrong_method_are_problems(api: TestClient) -> None:
    for answer, status in ((api.get("/api/v1/nope"), 404), (api.delete("/api/v1/models"), 405)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.json()["status"] == status


def test_a_bad_value_is_a_422_that_names_row_and_column(trained: Trained, api: TestClient) -> None:
    before = cases.find(trained.ws)[1]
    rows = trained.rows(2)
    rows[1]["income"] = "a lot"

    body = problem(api.post(SCORE, json={"rows": rows}), 422, "data")

    assert "`income`" in body["expected"]
    assert "row 2, 'a lot'" in body["came"]
    assert body["todo"]
    assert cases.find(trained.ws)[1] == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b'{"rows": []}', "body.rows"),
        (b'{"rows": [{"a": [1]}]}', "body.rows.0.a"),
        (b'{"rows": [{}], "surprise": 1}', "body.surprise"),
        (b'{"rows": [{}], "reference": "nobody"}', "body.reference"),
        (json.dumps({"rows": [{}] * 10_001}).encode(), "body.rows"),
    ],
)
def test_a_request_that_does_not_fit_names_the_field(api: TestClient, body: bytes, field: str) -> None:
    found = problem(api.post(SCORE, content=body), 422, "validation")

    assert found["errors"][0]["field"].startswith(field)


def test_a_query_that_does_not_fit_is_a_problem_too(api: TestClient) -> None:
    found = problem(api.get("/api/v1/decisions?limit=0"), 422, "validation")

    assert found["errors"][0]["field"] == "query.limit"


def test_a_bug_is_a_500_with_an_id_and_nothing_of_the_inside(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret path /home/bank")

    monkeypatch.setattr(scoring, "decide", broken)

    answer = client_of(trained).post(SCORE, json={"rows": trained.rows(1)})

    body = problem(answer, 500, "fault")
    assert "secret" not in answer.text
    assert body["instance"].removeprefix("urn:uuid:") in caplog.text
    assert "secret path" in caplog.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-API-Key": "wrong"}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Basic {KEY}".encode()}, 401),
        ({"X-API-Key": KEY.encode()}, 200),
        ({"Authorization": f"Bearer {KEY}".encode()}, 200),
        ({"Authorization": f"bearer {KEY}".encode()}, 200),
    ],
)
def test_a_configured_key_is_demanded_of_everyone(trained: Trained, headers: Any, status: int) -> None:
    for caller in ("127.0.0.1", "10.0.0.7"):
        answer = client_of(trained, key=KEY, client=caller, host="scores.bank").get(
            "/api/v1/models", headers=headers
        )
        assert answer.status_code == status
        if status == 401:
            problem(answer, 401, "key")
            assert answer.headers["www-authenticate"] == "Bearer"


def test_only_the_health_check_needs_no_key(trained: Trained) -> None:
    guarded = client_of(trained, key=KEY)

    assert guarded.get("/api/health").json()["status"] == "ok"
    for path in ("/api/v1/models/health", "/api/openapi.json", "/api/v1/health"):
        problem(guarded.get(path), 401, "key")


@pytest.mark.parametrize(
    ("client", "host"),
    [("10.0.0.7", "localhost"), ("127.0.0.1", "evil.example"), ("testclient", "localhost")],
)
def test_without_a_key_only_this_machine_is_answered(trained: Trained, client: str, host: str) -> None:
    answer = client_of(trained, client=client, host=host).get("/api/v1/models")

    assert "AIMASS_API_KEY" in problem(answer, 403, "local-only")["todo"]


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_every_loopback_address_is_this_machine(trained: Trained, client: str) -> None:
    assert client_of(trained, client=client, host="127.0.0.1:8501").get("/api/health").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:8501"}, 200),
        ({}, 200),
    ],
)
def test_pages_of_other_sites_cannot_post(
    trained: Trained, api: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = api.post(SCORE, json={"rows": trained.rows(1), "store": False}, headers=headers)

    assert answer.status_code == status
    if status == 403:
        problem(answer, 403, "origin")


def test_a_body_that_is_too_large_is_a_413_announced_or_not(trained: Trained, api: TestClient) -> None:
    def drops() -> Any:
        yield from (b" " * 1_000_000 for _ in range(51))

    problem(api.post(SCORE, content=b" " * 50_000_001), 413, "too-large")
    problem(api.post(SCORE, content=drops()), 413, "too-large")


def test_the_description_is_complete_and_true(trained: Trained, api: TestClient) -> None:
    document = api.get("/api/openapi.json").json()

    assert document["servers"] == [{"url": "/api"}]
    assert {"/health", "/v1/models", "/v1/models/{name}/score", "/v1/decisions/{decision_id}"} <= set(
        document["paths"]
    )
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation.get("description") or operation.get("summary"), path
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")) and not path.startswith("/v1/uploads"):
                    assert response["content"][MEDIA_TYPE]["example"]["status"] == int(status)
    body = document["paths"]["/v1/models/{name}/score"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["properties"]["rows"]["maxItems"] == 10_000
    assert "422" in body["schema"]["properties"]["reasons"]["description"]
    assert body["examples"]["rows"]["value"]["rows"]
    assert "security" not in document
    keyed = client_of(trained, key="k").get("/api/openapi.json", headers={"X-API-Key": "k"}).json()
    assert set(keyed["components"]["securitySchemes"]) == {"bearer", "header"}
    assert json.dumps(document).count("HTTPValidationError") == 0
