"""What a tenant may send in a day."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from media_pipeline_tests.gateway.house import OTHER, house
from media_pipeline_tests.gateway.test_media import code


@pytest.mark.parametrize("quota", [{"quota_uploads_a_day": 2}, {"quota_bytes_a_day": 2500}], ids=["uploads", "bytes"])
def test_a_tenant_announces_so_much_a_day_and_no_more(tmp_path: Path, empty: bytes, quota: Any) -> None:
    home = house(tmp_path / "home", empty, **quota)
    client, wanted = TestClient(home.app), {"filename": "clip.mp4", "size": 1000}
    answers = [client.post("/v1/uploads", json=wanted, headers=home.key()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert code(answers[2]) == (429, "quota-exceeded")
    assert client.post("/v1/uploads", json=wanted, headers=home.key(OTHER)).status_code == 201
    url = f"/v1/uploads/{answers[0].json()['id']}"
    assert client.delete(url, headers=home.key()).status_code == 204
    assert client.post("/v1/uploads", json=wanted, headers=home.key()).status_code == 201
