/**
 * The pages in a real Chromium, on a running gateway, with scripts switched off as the pages need none: a phone of CSP 1.1
 * in WBXML is refused, its user answers on the page, and its next login goes through [X21]. axe-core, which is a script,
 * judges each kind of page in a window of its own.
 */
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { auditSeal } from '../../gateway/audit/seal.ts';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import type { RunningGateway } from '../../gateway/main.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { policyFolder, start, temporaryFolder, testConfig, vaspConfig } from '../main/running.ts';
import { TestVasp } from '../main/vasp.ts';
import { secretsOf, TEST_KEY } from '../transcripts/rig.ts';
import { giveAxe, violations, WCAG_RULES } from './axe.ts';
import { CHROMIUM, openBrowser, type TestBrowser } from './browser.ts';
import { type Login, logIn } from './phone.ts';
import { filesOf, NOTICE, PRICE, TERMS, VERIFIED, WORD } from './policies.ts';

const SMALL = { width: 320, height: 240 };
/** A phone of today: its size, density and touch. */
const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 640 },
  deviceScaleFactor: 3,
  isMobile: true,
  hasTouch: true,
};

let browser: TestBrowser;
let vasp: TestVasp;
let gateway: RunningGateway;
let users = 0;
const storeFolder = temporaryFolder();

const isMissing = CHROMIUM === undefined && process.env.CI !== 'true';
if (isMissing) {
  test('Chromium is not installed: the pages were not tried in it', () => {
    expect(CHROMIUM).toBeUndefined();
  });
}
const describeWithBrowser = isMissing ? undefined : describe;

/** Each kind of user is asked something else, by the beginning of the name. */
const forUsers = (kind: string, ...policies: readonly string[]): readonly string[] =>
  policies.map((policy, index) =>
    policy
      .replace(/^id: .*$/m, `id: ${kind}-${index}\norder: ${index}\napplies: { users: ["wv:${kind}*"] }`)
      .replace(/^order: [12]0\n/m, ''),
  );

async function sent(kind: string, languages?: string): Promise<Login & { readonly user: string }> {
  const user = `wv:${kind}${++users}@im.example`;
  return { user, ...(await logIn(gateway.listen.port, user, languages)) };
}

/** A page of a visitor without scripts. */
async function visit(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.visitor({ javaScriptEnabled: false, viewport: SMALL, ...options });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const heading = (page: Page): Promise<string | null> => page.locator('h1').textContent();

describeWithBrowser?.('Chromium', () => {
  beforeAll(async () => {
    [browser, vasp] = await Promise.all([openBrowser(), TestVasp.listen()]);
    const listen = { host: '127.0.0.1', port: await freePort() };
    gateway = await start(
      testConfig({
        listen,
        publicUrl: `http://127.0.0.1:${listen.port}`,
        vasps: [vaspConfig('im', vasp.url)],
        useSandbox: false,
        store: { kind: 'lmdb', directory: storeFolder },
        policies: policyFolder(
          filesOf(
            ...forUsers('price', PRICE),
            ...forUsers('both', PRICE, TERMS),
            ...forUsers('verified', VERIFIED),
            ...forUsers('word', WORD),
            ...forUsers('notice', NOTICE),
          ),
        ),
      }),
    );
  });

  afterAll(async () => {
    await browser.close();
    await vasp.close();
  });

  test.each([
    {
      languages: 'sv-SE,sv;q=0.9,en;q=0.5',
      accept: 'Acceptera',
      first: 'Innan du loggar in',
      last: 'Ditt svar är mottaget',
    },
    { languages: 'de', accept: 'Annehmen', first: 'Bevor Sie sich anmelden', last: 'Ihre Antwort ist angekommen' },
  ])('a login of a phone that cannot be asked, in $languages', async ({ languages, accept, first, last }) => {
    const before = vasp.seen.length;
    const { user, code, url } = await sent('price');
    expect(code).toBe('403');
    const locale = languages.slice(0, 2);
    const page = await visit(url, { locale, extraHTTPHeaders: { 'Accept-Language': languages } });
    expect(await heading(page)).toBe(first);
    expect(await page.locator('html').getAttribute('lang')).toBe(locale);
    await page.getByRole('button', { name: accept }).click();
    expect(await heading(page)).toBe(last);
    expect(await page.context().cookies()).toEqual([]);
    expect(vasp.seen).toHaveLength(before);
    expect((await logIn(gateway.listen.port, user)).code).toBe('200');
    expect(vasp.seen).toHaveLength(before + 1);
    await page.context().close();
  });

  test('a language chosen on the page, several questions, one thing forgotten, on a phone of today', async () => {
    const { user, url } = await sent('both');
    const page = await visit(url, PHONE);
    await page.getByRole('link', { name: 'svenska' }).click();
    expect(page.url()).toBe(`${url}?lang=sv`);
    expect(await page.getByRole('group').count()).toBe(2);
    await page.getByLabel('Bara status').check();
    await page.getByRole('button').click();
    expect(await heading(page)).toBe('Ett svar saknas');
    expect(await page.getByLabel('Bara status').isChecked()).toBe(true);
    await page.getByLabel('Jag godkänner').check();
    await page.getByRole('button').click();
    expect(await heading(page)).toBe('Ditt svar är mottaget');
    expect((await logIn(gateway.listen.port, user)).code).toBe('200');
    await page.context().close();
  });

  test('the word that the page shows, typed there; Enter alone accepts nothing', async () => {
    const { user, url } = await sent('word', 'de');
    const page = await visit(url);
    const word = await page.locator('.w').textContent();
    await page.getByRole('textbox').fill(word ?? '');
    await page.getByRole('textbox').press('Enter');
    expect(await heading(page)).toBe('Eine Antwort fehlt');
    await page.getByLabel('Annehmen').check();
    await page.getByRole('textbox').press('Enter');
    expect(await heading(page)).toBe('Ihre Antwort ist angekommen');
    expect((await logIn(gateway.listen.port, user, 'de')).code).toBe('200');
    await page.context().close();
  });

  test('nothing is wider than a window of 320 pixels, nor of 160, and touch targets are large', async () => {
    const { url } = await sent('both');
    for (const width of [320, 160]) {
      // What 200 % of zoom leaves of 320 pixels are 160.
      const page = await visit(url, { javaScriptEnabled: true, bypassCSP: true, viewport: { width, height: 240 } });
      const scrolls = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(scrolls).toBeLessThanOrEqual(0);
      for (const target of await page.locator('label.c, .b').all()) {
        expect((await target.boundingBox())?.height).toBeGreaterThanOrEqual(44);
      }
      await page.context().close();
    }
  });

  test('the style sheet is let in by its hash, and nothing of the page is reported', async () => {
    const { url } = await sent('both');
    const context = await browser.visitor({ viewport: SMALL, colorScheme: 'dark' });
    const page = await context.newPage();
    const told: string[] = [];
    page.on('console', (message) => told.push(message.text()));
    page.on('request', (request) => told.push(request.url()));
    await page.goto(url);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(18, 18, 18)');
    // Whatever else a browser may look for, it does so by itself.
    expect(told.filter((one) => !one.includes('favicon'))).toEqual([url]);
    await context.close();
  });

  test('axe finds nothing wrong with any kind of page, light or dark', async () => {
    const [single, both, verified, word, notice] = await Promise.all(
      ['price', 'both', 'verified', 'word', 'notice'].map((kind) => sent(kind)),
    );
    const unknown = `http://127.0.0.1:${gateway.listen.port}/consent/${'A'.repeat(48)}`;
    const kinds: readonly (readonly [url: string | undefined, act: ((page: Page) => Promise<void>) | undefined])[] = [
      [single?.url, undefined],
      [single?.url, (page) => page.getByRole('button', { name: 'Accept' }).click()],
      [both?.url, undefined],
      [both?.url, (page) => page.getByRole('button').click()],
      [
        both?.url,
        async (page) => {
          await page.getByLabel('Decline').check();
          await page.getByRole('button').click();
        },
      ],
      [verified?.url, undefined],
      [
        verified?.url,
        async (page) => {
          await page.getByLabel('Accept').check();
          await page.getByRole('textbox').fill('RED');
          await page.getByRole('button').click();
        },
      ],
      [word?.url, undefined],
      [word?.url.replace('/consent/', '/word/'), undefined],
      [notice?.url, undefined],
      [`${notice?.url}?lang=ar`, undefined],
      [unknown, undefined],
    ];
    const context = await browser.visitor({ bypassCSP: true, viewport: SMALL });
    const page = await context.newPage();
    for (const [url = '', act] of kinds) {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(url);
      if (act !== undefined) await act(page);
      await giveAxe(page);
      expect(await violations(page, WCAG_RULES)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await violations(page, ['color-contrast'])).toEqual([]);
    }
    // It would find something.
    await page.locator('h1').evaluate((element) => element.setAttribute('style', 'color:#444'));
    expect(await violations(page, ['color-contrast'])).toEqual([expect.stringContaining('color-contrast')]);
    await context.close();
  });

  test('afterwards the store holds who accepted, on the page, in the language that was seen', async () => {
    const secrets = secretsOf(TEST_KEY);
    await gateway.stop();
    const opened = openLmdbStore(storeFolder, Date.now(), auditSeal(secrets));
    if (opened.kind === 'failed') throw new Error(opened.problem);
    const entries = await opened.store.audit.read(1, 100);
    const records = entries.flatMap((entry) => (entry.kind === 'record' ? [entry.record] : []));
    const seen = records.map(({ policy, option, way, language }) => `${policy} ${option} ${way} ${language}`);
    expect(seen).toEqual([
      'price-0 accept page sv',
      'price-0 accept page de',
      'both-0 presence page sv',
      'both-1 agree page sv',
      'word-0 accept page de',
    ]);
    expect(records[0]?.user).toBe(userKeyOf(secrets, { name: 'im' }, 'wv:price1@im.example'));
    expect(await opened.store.texts.get(records[0]?.text ?? '')).toContain('Varje meddelande kostar');
    await opened.store.close();
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
