/**
 * The self-care page in a real Chromium, through the clients' listener, with scripts switched off: help messages are
 * turned off and a kept one is removed; axe-core judges every state of the page, light and dark.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPageServer } from '../../gateway/pages/server.ts';
import { type Rig, startRig } from '../http/doubles.ts';
import { giveAxe, violations, WCAG_RULES } from './axe.ts';
import { CHROMIUM, openBrowser, type TestBrowser } from './browser.ts';
import { entry, SelfCareVisit } from './self-care-visit.ts';

const SMALL = { width: 320, height: 240 };

let browser: TestBrowser;
let listener: Rig;
const visit = new SelfCareVisit();
const user = visit.userOf('alice');

/** The address of a page on which two messages are kept. */
function address(): string {
  visit.selfCare.help.clear();
  visit.selfCare.inboxes.set(user.userKey, [
    entry(1, { en: 'Set a status. '.repeat(20), sv: 'Ange en status.' }, { en: 'Good', sv: 'Bra' }, { en: 'No more' }),
    entry(2, { ar: 'مرحبا' }),
  ]);
  return `http://127.0.0.1:${listener.port}${visit.pathOf(user)}`;
}

const isMissing = CHROMIUM === undefined && process.env.CI !== 'true';
if (isMissing) {
  test('Chromium is not installed: the page was not tried in it', () => {
    expect(CHROMIUM).toBeUndefined();
  });
}

(isMissing ? undefined : describe)?.('Chromium', () => {
  beforeAll(async () => {
    const pages = createPageServer(visit.pages);
    [browser, listener] = await Promise.all([
      openBrowser(),
      startRig({ passThrough: (request, response) => pages.handle(request, response) }),
    ]);
  });

  afterAll(async () => {
    await browser.close();
    await listener.server.close();
  });

  test('turns help messages off and removes one, in a chosen language; reloading repeats nothing', async () => {
    const context = await browser.visitor({ javaScriptEnabled: false, viewport: SMALL });
    const page = await context.newPage();
    const url = address();
    await page.goto(url);
    await page.getByRole('link', { name: 'svenska' }).click();
    await page.getByRole('button', { name: 'Stäng av hjälpmeddelanden' }).click();
    expect(page.url()).toBe(`${url}?lang=sv&done=off`);
    expect(await page.getByRole('status').textContent()).toBe('Hjälpmeddelanden är nu av.');
    await page.getByRole('button', { name: 'Ta bort meddelande 1' }).click();
    expect(await page.getByRole('group').count()).toBe(1);
    await visit.selfCare.setHelp(user.userKey, 'on');
    await page.reload();
    expect(visit.selfCare.help.get(user.userKey)).toBe('on');
    expect(await page.context().cookies()).toEqual([]);
    await context.close();
  });

  test('nothing is wider than a window of 320 pixels, nor of 160, and touch targets are large', async () => {
    const url = address();
    for (const width of [320, 160]) {
      const context = await browser.visitor({ bypassCSP: true, viewport: { width, height: 240 } });
      const page = await context.newPage();
      await page.goto(url);
      const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect(wider).toBeLessThanOrEqual(0);
      const buttons = await page.locator('.b').all();
      expect(buttons).toHaveLength(3);
      for (const button of buttons) expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44);
      await context.close();
    }
  });

  test('axe finds nothing wrong with any state of the page, light or dark', async () => {
    const url = address();
    const context = await browser.visitor({ bypassCSP: true, viewport: SMALL });
    const page = await context.newPage();
    const states: readonly (() => Promise<unknown>)[] = [
      () => page.goto(url),
      () => page.goto(`${url}?lang=de`),
      () => page.getByRole('button', { name: 'ausschalten' }).click(),
      () => page.getByRole('button', { name: 'Nachricht 2 entfernen' }).click(),
      () => page.getByRole('button', { name: 'Nachricht 1 entfernen' }).click(),
      () => page.goto(`${url.slice(0, -4)}AAAA`),
    ];
    for (const act of states) {
      await page.emulateMedia({ colorScheme: 'light' });
      await act();
      await giveAxe(page);
      expect(await violations(page, WCAG_RULES)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await violations(page, ['color-contrast'])).toEqual([]);
    }
    expect(visit.counted.slice(-1)).toEqual(['self-care unknown']);
    await context.close();
  });
});
