"""The tables of the workspace, as numbered steps that are only ever added to.

Every table is append-only: the newest row of a subject is its present state. No step depends on keys,
sequences or triggers of the database, so that the same SQL runs on a DuckLake catalogue.
"""

from __future__ import annotations

_FIRST = (
    "CREATE SCHEMA IF NOT EXISTS data",
    """CREATE TABLE dataset_versions (
        version_id VARCHAR, dataset VARCHAR, version INTEGER, parent_id VARCHAR,
        table_name VARCHAR, row_count BIGINT, column_count INTEGER, columns JSON, repairs JSON,
        source_name VARCHAR, source_sha256 VARCHAR, source_bytes BIGINT, read_options JSON,
        created_at TIMESTAMP, created_by VARCHAR, note VARCHAR)""",
    "CREATE TABLE dataset_roles (version_id VARCHAR, columns JSON, set_at TIMESTAMP, set_by VARCHAR)",
    "CREATE TABLE dataset_recipes (version_id VARCHAR, recipe JSON, set_at TIMESTAMP, set_by VARCHAR)",
    "CREATE TABLE profiles (version_id VARCHAR, roles_hash VARCHAR, profile JSON, made_at TIMESTAMP)",
    """CREATE TABLE jobs (
        job_id VARCHAR, kind VARCHAR, title VARCHAR, spec JSON, created_at TIMESTAMP, created_by VARCHAR)""",
    "CREATE TABLE job_events (job_id VARCHAR, state VARCHAR, detail JSON, happened_at TIMESTAMP)",
    """CREATE TABLE runs (
        run_id VARCHAR, job_id VARCHAR, version_id VARCHAR, name VARCHAR, family VARCHAR,
        spec JSON, metrics JSON, report JSON, bundle VARCHAR, seconds DOUBLE,
        created_at TIMESTAMP, created_by VARCHAR)""",
    """CREATE TABLE models (
        model_id VARCHAR, name VARCHAR, version INTEGER, run_id VARCHAR, note VARCHAR,
        registered_at TIMESTAMP, registered_by VARCHAR)""",
    """CREATE TABLE policies (
        policy_id VARCHAR, model VARCHAR, version INTEGER, policy JSON, set_at TIMESTAMP, set_by VARCHAR)""",
    """CREATE TABLE decisions (
        decision_id VARCHAR, batch_id VARCHAR, model_id VARCHAR, policy_id VARCHAR, source VARCHAR,
        subject VARCHAR, input JSON, input_sha256 VARCHAR, probability DOUBLE, log_odds DOUBLE,
        outcome VARCHAR, reasons JSON, reference VARCHAR, decided_at TIMESTAMP, decided_by VARCHAR)""",
    """CREATE TABLE audit (
        event_id VARCHAR, action VARCHAR, subject VARCHAR, detail JSON,
        happened_at TIMESTAMP, actor VARCHAR)""",
)

_SECOND = ("ALTER TABLE decisions ADD COLUMN bundle_sha256 VARCHAR",)

_THIRD = (
    """CREATE TABLE validations (
        validation_id VARCHAR, job_id VARCHAR, run_id VARCHAR, method VARCHAR, spec JSON, result JSON,
        seconds DOUBLE, created_at TIMESTAMP, created_by VARCHAR)""",
    "CREATE TABLE payoffs (run_id VARCHAR, payoff JSON, set_at TIMESTAMP, set_by VARCHAR)",
)

_FOURTH = (
    """CREATE TABLE explanations (
        explanation_id VARCHAR, job_id VARCHAR, run_id VARCHAR, part VARCHAR, row_count BIGINT,
        base DOUBLE, reference VARCHAR, facts JSON, seconds DOUBLE,
        created_at TIMESTAMP, created_by VARCHAR)""",
    """CREATE TABLE explained_rows (
        explanation_id VARCHAR, _row BIGINT, log_odds DOUBLE, probability DOUBLE)""",
    """CREATE TABLE contributions (
        explanation_id VARCHAR, _row BIGINT, feature VARCHAR, contribution DOUBLE, error DOUBLE)""",
)

_FIFTH = (
    """CREATE TABLE reason_texts (
        text_id VARCHAR, dataset VARCHAR, feature VARCHAR, direction VARCHAR,
        customer VARCHAR, reviewer VARCHAR, owner VARCHAR, set_at TIMESTAMP, set_by VARCHAR)""",
    "CREATE TABLE change_rules (dataset VARCHAR, rules JSON, set_at TIMESTAMP, set_by VARCHAR)",
    """CREATE TABLE stabilities (
        stability_id VARCHAR, job_id VARCHAR, run_id VARCHAR, spec JSON, result JSON, folder VARCHAR,
        seconds DOUBLE, created_at TIMESTAMP, created_by VARCHAR)""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH)
