"""The demo's company: its routing passes the checks, and it has what its callers use."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from callcenter.demo.seed import seed
from callcenter.demo.world import BUSINESS, CALL_BACK_KEY, MESSAGE_KEY
from callcenter.features.accounts.models import Business
from callcenter.features.dialer import queries as dialer
from callcenter.features.dialplan.usecases import staging
from callcenter.features.ivr import api as ivr
from callcenter.features.queues import api as queues
from callcenter.plugin import Services
from tests.support.house import NOW


async def test_the_demo_s_routing_has_no_fault_and_all_its_callers_need(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.settings = msgspec.structs.replace(services.settings, asterisk_dir=tmp_path / "asterisk")
    assert await seed(services.db, now=NOW, password="demo-Password-7", carrier_port=5090, days=1)
    async with services.db.system() as session:
        business = await session.scalar(select(Business.id).where(Business.name == BUSINESS))
    assert business is not None
    found = await staging.draft(services, business)
    assert [one.text for one in found.errors] == []
    async with services.db.business(business) as session:
        (menu,) = await ivr.all_menus(session)
        every = {one.name: one for one in await queues.all_queues(session)}
        (dial_list,), _ = await dialer.page(session, dialer.Wanted(), 1)
        assert (dial_list.status, dial_list.counts) == ("paused", await dialer.counts(session, dial_list.id))
    assert {one.key: one.action for one in menu.keys}[MESSAGE_KEY] == "voicemail"
    assert every["Поддержка"].callback_key == CALL_BACK_KEY
    assert [one.name for one in every.values() if one.survey] == ["Постоянные клиенты"]
