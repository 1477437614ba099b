"""What has served its time goes, the trail stays; the trail as a file for a spreadsheet (S21)."""

import csv
import io
import uuid

from backend.auth.housekeeping import tidy
from backend.core.audit import record
from backend.core.db import unit_of_work


def test_only_what_is_over_is_deleted(team, app, rows, freeze):
    advance = freeze()
    key = str(uuid.uuid4())
    team.client.post("/api/tokens", json={"name": "t"}, headers={"Idempotency-Key": key})
    team.client.get("/auth/google/login")
    mine = {"t": team.tenant_id}

    def kept():
        return [
            rows(f"SELECT count(*) AS n FROM {table} WHERE tenant_id = :t", **mine)[0]["n"]
            for table in ("idempotency_keys", "oauth_states", "audit_events")
        ]

    with app.app_context():
        tidy()
        before = kept()
        assert before[:2] == [1, 1]
        advance(25 * 3600)
        gone = tidy()
    assert gone["idempotency_keys"] >= 1
    assert kept() == [0, 0, before[2]]


def test_the_trail_as_a_file_holds_no_formula(team, app):
    evil = '=HYPERLINK("http://evil.example","x")'
    with app.app_context(), unit_of_work() as work:
        for subject in (evil, "+1", "@x", "-1", "\t=1", 'a,"b"\nc'):
            record(work.session, None, "test.row", subject, reason=evil, tenant_id=team.tenant_id)
    answer = team.client.get("/api/audit/export?action=test.row")
    assert answer.content_type.startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    read = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(read) == 6
    cells = [cell for row in read for cell in row.values()]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert [row["subject"] for row in read][-1] == "'" + evil
    assert team.member("PUBLISHER").get("/api/audit/export").status_code == 403
