/**
 * From a phone to the self-care page and back, on a running gateway [X46]: the service contact tells the address, the page
 * shows what is kept, and what is turned there holds in the session.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RunningGateway } from '../../gateway/main.ts';
import type { HandsetEvent } from '../../gateway/sandbox/handset/events.ts';
import { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { LEVELS, policyFolder, start, testConfig } from '../main/running.ts';
import { filledForm, type OldPage, readPage } from './old-browser.ts';

const TIP = `kind: on-line-service
id: tip
version: 1
category: help
trigger: { on: presence-exposed }
message:
  en: "{user}, others see where you are."
  sv: "{user}, andra ser var du är."
options: [ { id: good, text: { en: Good, sv: Bra } } ]
`;
const CONTACT = 'wv:service@sandbox';

let gateway: RunningGateway;
let phone: Handset;

beforeAll(async () => {
  gateway = await start(testConfig({ policies: policyFolder({ 'levels.yaml': LEVELS, 'tip.yaml': TIP }) }));
  const url = `http://127.0.0.1:${gateway.listen.port}/`;
  phone = new Handset({ url, userId: 'wv:alice@sandbox', password: 'secret', version: '1.2', encoding: 'wbxml' });
  expect(await phone.login()).toMatchObject({ kind: 'logged-in' });
});

afterAll(async () => {
  await phone.close();
  await gateway.stop();
});

const textsOf = (events: readonly HandsetEvent[]): readonly string[] =>
  events.map((event) => (event.kind === 'message' ? event.text : event.kind));

/** What the service contact answers to a text. */
async function written(text: string): Promise<readonly string[]> {
  expect(await phone.send(CONTACT, text)).toMatchObject({ ok: true });
  return textsOf(await phone.receive());
}

interface Opened {
  readonly page: OldPage;
  readonly at: string;
}

async function open(url: string, form?: string): Promise<Opened> {
  const post = { method: 'POST', body: form ?? '', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
  const response = await fetch(url, form === undefined ? {} : post);
  expect(response.status).toBe(200);
  return { page: readPage(await response.text()), at: response.url };
}

const press = ({ page, at }: Opened, button: string): Promise<Opened> =>
  open(new URL(page.action ?? '', at).href, filledForm(page, { press: button }));

test('the address that the service contact tells leads to the preference and the inbox of its user', async () => {
  const [help = ''] = await written('Help');
  const url = /https?:\/\/\S+$/.exec(help)?.[0] ?? '';
  expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${gateway.listen.port}/self-care/[A-Za-z0-9_-]{48}$`));

  const on = await open(url);
  expect(on.page.text).toContain('Help messages are on');
  const off = await press(on, 'Turn help messages off');
  expect(off.page.text).toContain('Help messages are off');
  expect(await written('help status')).toEqual([expect.stringContaining('Help messages are off')]);

  await phone.publish({ FreeTextLocation: 'Stockholm' });
  expect(await phone.receive()).toEqual([]);
  const kept = await open(`${url}?lang=sv`);
  expect(kept.page.text).toContain('…, andra ser var du är. Möjliga svar: Bra');
  expect(kept.page.text).not.toContain('alice');
  const removed = await press(kept, 'Ta bort meddelande 1');
  expect(removed.page.text).toContain('Det finns inga sparade meddelanden.');
  expect(await written('inbox')).toEqual(['Your inbox is empty.']);

  await press(removed, 'Sätt på hjälpmeddelanden');
  await phone.publish({ FreeTextLocation: 'Uppsala' });
  expect(textsOf(await phone.receive())).toEqual([expect.stringContaining('others see where you are.')]);
});
