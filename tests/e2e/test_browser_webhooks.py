"""The page of webhooks in a real browser, on a phone: subscribe, read the log, be told again, pause, rotate, delete."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from playwright.sync_api import Dialog, Page

from api.hooks import Hooks
from api.outside import Outside
from api.posting import Poster
from api.webhooks import WebhookEvents
from carbonledger import webhook
from tests.e2e.browser_kit import chromium, served
from tests.integration.api_kit import NOW, LedgerApi, write_records
from tests.integration.webhook_kit import Receiver, code, receiver

__all__ = ["receiver"]  # a fixture

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
HOOKS = Hooks(b"\x07" * 32, LOOPBACK)


def post_all(api: LedgerApi) -> None:
    poster = Poster(api.engine, WebhookEvents(api.engine, HOOKS, Outside(LOOPBACK), lambda: NOW), lambda: NOW)
    while poster.step():
        pass


def test_a_bank_subscribes_and_follows_its_deliveries_on_a_phone(tmp_path: Path, receiver: Receiver) -> None:
    settings = {"hooks": HOOKS, "wall": lambda: NOW}
    with chromium() as browser, served(tmp_path, settings=settings) as (url, api):
        context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "warning" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{url}/webhooks")
        page.fill("#key", api.keys["bank"])
        subscribe(page, "https://10.0.0.1/hook")
        page.locator("#said.note").wait_for()
        assert "private" in page.inner_text("#said")
        assert page.locator("#webhooks li").count() == 0
        subscribe(page, receiver.url)
        page.locator("#webhooks .badge.good", has_text="推送中").wait_for()
        secret = page.inner_text("#said code >> nth=0")
        write_records(api.engine, [code(3)], 500)
        post_all(api)
        ((headers, body),) = receiver.posts
        webhook.verify([webhook.parse_key(secret)], headers, body, NOW)

        page.click("#webhooks button:has-text('推送记录')")
        page.locator("#webhooks .badge.good", has_text="已送达").wait_for()
        page.click("#webhooks button:has-text('重新推送')")
        page.locator("#webhooks .badge.going", has_text="等待重试").wait_for()
        post_all(api)
        assert len(receiver.posts) == 2 and receiver.ids[0] == receiver.ids[1]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.click("#webhooks button:has-text('暂停')")
        page.locator("#webhooks .badge.bad", has_text="已停用").wait_for()
        assert "由贵方暂停" in page.inner_text("#webhooks")
        write_records(api.engine, [code(4)], 501)
        post_all(api)
        assert len(receiver.posts) == 2
        page.click("#webhooks button:has-text('恢复')")
        page.locator("#webhooks .badge.good", has_text="推送中").wait_for()
        post_all(api)
        assert len(receiver.posts) == 3  # what came meanwhile
        page.on("dialog", Dialog.accept)
        page.click("#webhooks button:has-text('更换密钥')")
        page.locator("#said code >> nth=0").wait_for()
        assert page.inner_text("#said code >> nth=0") != secret
        page.click("#webhooks button:has-text('删除')")
        page.locator("#webhooks", has_text="尚无订阅").wait_for()
        assert said == []
        context.close()


def subscribe(page: Page, address: str) -> None:
    page.fill("#url", address)
    page.check("input[value='code.changed']")
    page.check("input[value='loan.changed']")
    page.click("#making button")
