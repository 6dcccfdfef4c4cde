"""Calls in two legs through a telephone of one's own (TEL-39, TEL-40)."""

from __future__ import annotations

import asyncio

import pytest
from playwright.sync_api import expect

from tests.browser.test_reload import Watch
from tests.support.browser import Person
from tests.support.stack import Stack

OWN, CLIENT = "+79165550111", "+79165550122"


@pytest.mark.rule("TEL-39", "TEL-40")
def test_my_own_phone_rings_first_and_then_the_client(stack: Stack, operator: Person) -> None:
    page = operator.page
    operator.open("/")
    watch = Watch(stack)
    page.locator('[data-menu="sound-menu"]').click()
    form = page.locator("#calling-form")
    expect(form.locator('option[value="web"]')).to_contain_text("рекомендуем")
    form.locator('[name="mode"]').select_option("phone")
    expect(form).to_contain_text("Оплачиваются оба звонка")
    form.locator('[name="number"]').fill("12")
    form.locator("button").click()
    expect(page.locator(".toast").last).to_contain_text("Напишите номер своего телефона")
    form.locator('[name="number"]').fill("8 916 555-01-11")
    form.locator("button").click()
    expect(page.locator(".toast").last).to_contain_text("Теперь звонки идут через ваш телефон")
    operator.picture("own-phone")
    page.keyboard.press("Escape")
    try:
        carrier = stack.carrier(tone=600.0)
        # The page's phone is off: nothing here is needed for such a call.
        page.locator("#dock .dial input").fill(CLIENT)
        page.locator("#dock .dial button[type=submit]").click()
        first = stack.outside.do(carrier.incoming())
        assert f"sip:{OWN}@" in first.invite.headers["to"]
        stack.outside.now(first.ring)
        stack.outside.do(asyncio.sleep(1.0))
        assert carrier.ringing.empty()
        stack.outside.now(first.answer)
        second = stack.outside.do(carrier.incoming())
        assert f"sip:{CLIENT}@" in second.invite.headers["to"]
        stack.outside.now(second.ring)
        stack.outside.now(second.answer)
        page.wait_for_function("() => callcenter.store.state.agents[callcenter.me.agent_id].state === 'talking'")
        expect(page.locator("#dock")).to_have_class("dock live")
        stack.outside.do(asyncio.sleep(1.0))
        stack.outside.now(second.bye)
        call = watch.one_call()
        agents = call["agents"]
        assert isinstance(agents, list)
        assert (call["direction"], call["client_number"], len(agents)) == ("out", CLIENT, 1)
        assert agents[0]["id"] == page.evaluate("callcenter.me.agent_id")
        assert call["hangup_by"] == "client"
    finally:
        page.evaluate("callcenter.api('PUT', '/api/v1/me/calling', { mode: 'web', number: '' })")
