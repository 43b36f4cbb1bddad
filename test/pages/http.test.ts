/**
 * The pages over HTTP as browsers send it, old and new, on a running gateway [X21]: byte by byte, forms filled in from the
 * page that came.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningGateway } from '../../gateway/main.ts';
import { FORM_TYPE } from '../../gateway/pages/form.ts';
import { type RawAnswer, RawClient } from '../http/raw-client.ts';
import { policyFolder, start, testConfig, vaspConfig } from '../main/running.ts';
import { TestVasp } from '../main/vasp.ts';
import { type Filling, filledForm, type OldPage, readPage } from './old-browser.ts';
import { type Login, logIn } from './phone.ts';
import { filesOf, PRICE, VERIFIED, WORD } from './policies.ts';

const PUBLIC_URL = 'http://im.example/im';
let vasp: TestVasp;
let gateway: RunningGateway;
let users = 0;

beforeAll(async () => {
  vasp = await TestVasp.listen();
  const forUsers = (policy: string, id: string): string =>
    policy.replace('id: price', `id: ${id}\napplies: { users: ["wv:${id}*"] }`);
  const policies = filesOf(forUsers(PRICE, 'plain'), forUsers(VERIFIED, 'latin'), forUsers(WORD, 'word'));
  const folder = policyFolder(policies);
  gateway = await start(
    testConfig({
      policies: folder,
      publicUrl: PUBLIC_URL,
      vasps: [vaspConfig('im', vasp.url, { passThrough: ['/consent/opaque*'] })],
      useSandbox: false,
    }),
  );
});

afterAll(async () => {
  await gateway.stop();
  await vasp.close();
});

async function sent(kind = 'plain'): Promise<Login & { readonly user: string }> {
  const user = `wv:${kind}${++users}@im.example`;
  return { user, ...(await logIn(gateway.listen.port, user)) };
}

async function exchange(raw: string, count = 1, toHead = false): Promise<readonly RawAnswer[]> {
  const client = await RawClient.connect(gateway.listen.port);
  client.send(raw);
  const answers = await client.answers(count, toHead);
  client.destroy();
  return answers;
}

async function one(raw: string, toHead = false): Promise<RawAnswer> {
  const [answer] = await exchange(raw, 1, toHead);
  if (answer === undefined) throw new Error('no answer came');
  return answer;
}

const get10 = (path: string): string => `GET ${path} HTTP/1.0\r\nUser-Agent: Nokia6230/2.0\r\nAccept: */*\r\n\r\n`;
const get11 = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: im.example\r\n${more}\r\n`;
const post = (path: string, body: string, version = '1.1', type = FORM_TYPE): string =>
  `POST ${path} HTTP/${version}\r\n${version === '1.1' ? 'Host: im.example\r\n' : ''}Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const pageOf = ({ body }: RawAnswer): OldPage => readPage(Buffer.from(body, 'latin1').toString());
const headerOf = ({ head }: RawAnswer, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim();

async function pressed(path: string, filling: Filling, version = '1.1'): Promise<OldPage> {
  const page = pageOf(await one(get10(path)));
  return pageOf(await one(post(path, filledForm(page, filling), version)));
}

test.each(['/im', ''])(
  'HTTP/1.0, no script, no cookie, path before the page "%s": the login goes through',
  async (at) => {
    const before = vasp.seen.length;
    const { user, code, words, url, token } = await sent();
    expect(code).toBe('403');
    expect(words).toBe(`Accept first: ${PUBLIC_URL}/consent/${token}`);
    expect(url).toBe(`${PUBLIC_URL}/consent/${token}`);
    const path = `${at}/consent/${token}`;
    const shown = await one(get10(path));
    expect(shown.statusCode).toBe(200);
    expect(Number(headerOf(shown, 'Content-Length'))).toBe(shown.body.length);
    const page = pageOf(shown);
    expect(page.action).toBe(token);
    expect(page.heading).toBe('Before you log in');
    const answered = pageOf(await one(post(path, filledForm(page, { press: 'Accept' }), '1.0')));
    expect(answered.heading).toBe('Your answer has been taken');
    expect(answered.text).toMatch(/You chose: Accept Now log in again on your phone. You have [0-9]+ /);
    expect(vasp.seen).toHaveLength(before);
    expect((await logIn(gateway.listen.port, user)).code).toBe('200');
    expect(vasp.seen).toHaveLength(before + 1);
    expect(pageOf(await one(get10(path))).heading).toBe('These questions have been answered');
  },
);

test('one connection of HTTP/1.1 serves GET, HEAD and POST; HEAD has the lengths of GET', async () => {
  const { token } = await sent();
  const path = `/im/consent/${token}`;
  const body = filledForm(pageOf(await one(get11(path))), { press: 'Decline' });
  const [shown, answered] = await exchange(`${get11(path)}${post(path, body)}`, 2);
  const head = await one(get11(`/im/consent/${token}`).replace('GET', 'HEAD'), true);
  expect(shown?.statusCode).toBe(200);
  expect(answered === undefined ? '' : pageOf(answered).heading).toBe('You declined');
  expect(head.statusCode).toBe(200);
  const again = await one(get11(path));
  expect(headerOf(head, 'Content-Length')).toBe(headerOf(again, 'Content-Length'));
  expect(pageOf(again).text).toContain('You chose: Decline You declined the charge.');
});

test('every page is kept from being kept, framed, indexed, run, and told to others', async () => {
  const { token } = await sent();
  for (const path of [`/consent/${token}`, `/consent/${'A'.repeat(48)}`, `/word/${token}`]) {
    const answer = await one(get11(path));
    const policy = headerOf(answer, 'Content-Security-Policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; form-action 'self'; /);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headerOf(answer, 'Referrer-Policy')).toBe('no-referrer');
    expect(headerOf(answer, 'Cache-Control')).toBe('no-store');
    expect(headerOf(answer, 'X-Content-Type-Options')).toBe('nosniff');
    expect(headerOf(answer, 'X-Frame-Options')).toBe('DENY');
    expect(headerOf(answer, 'X-Robots-Tag')).toBe('noindex');
    expect(headerOf(answer, 'Content-Type')).toBe('text/html; charset=utf-8');
    expect(headerOf(answer, 'Set-Cookie')).toBeUndefined();
    expect(answer.body).not.toMatch(/<script|javascript:|\son[a-z]+=/i);
  }
});

describe('addresses', () => {
  test('the full stop or bracket that followed it in a sentence does no harm', async () => {
    const { token } = await sent();
    for (const end of ['.', ').', '"', ',']) {
      const page = pageOf(await one(get11(`/im/consent/${token}${end}`)));
      expect(page.heading).toBe('Before you log in');
      expect(page.action).toBe(token);
    }
  });

  test('what is not ours, or not copied whole, is told from everything else and says what to do', async () => {
    const { token } = await sent();
    const swapped = `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`;
    for (const wrong of [swapped, 'A'.repeat(48), token.slice(0, 40), `${token}x`]) {
      const answer = await one(get11(`/consent/${wrong}`));
      expect(answer.statusCode).toBe(404);
      expect(pageOf(answer).heading).toBe('There is nothing at this address');
      expect(pageOf(answer).text).toContain('Log in again on your phone.');
    }
    const swedish = await one(get11('/word/none', 'Accept-Language: sv\r\n'));
    expect(pageOf(swedish)).toMatchObject({ language: 'sv', heading: 'Det finns inget på denna adress' });
  });

  test('everything else on the listener is as it was', async () => {
    const { token } = await sent();
    expect((await one(get11(`/other/consent/${token}`))).statusCode).toBe(405);
    expect((await one(get11('/consent/'))).statusCode).toBe(405);
    expect((await one(get11('/consent/opaque/file'))).body).toContain('GET /consent/opaque/file');
    const short = await one(post('/consent/short', 'a=b'));
    expect(short.statusCode).toBe(400);
    expect(short.body).toContain('Content-Type');
  });
});

describe('what is sent to a page', () => {
  test('another type than a form gets 415 and a page', async () => {
    const { token } = await sent();
    const answer = await one(post(`/consent/${token}`, '{"q1":"1"}', '1.1', 'application/json'));
    expect(answer.statusCode).toBe(415);
    expect(pageOf(answer).text).toContain('Open the address again');
  });

  test('a form that is too long gets 413 and a page, announced or not', async () => {
    const { token } = await sent();
    const long = 'a'.repeat(17 * 1024);
    const announced = await one(post(`/consent/${token}`, long));
    expect(announced.statusCode).toBe(413);
    expect(headerOf(announced, 'Connection')).toBe('close');
    expect(pageOf(announced).heading).toBe('The answer was too long');
    const chunked = `POST /consent/${token} HTTP/1.1\r\nHost: im.example\r\nContent-Type: ${FORM_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`;
    expect((await one(chunked)).statusCode).toBe(413);
  });

  test('the page of a word takes nothing: 405', async () => {
    const { token } = await sent('word');
    const answer = await one(post(`/word/${token}`, 'a=b'));
    expect(answer.statusCode).toBe(405);
    expect(headerOf(answer, 'Allow')).toBe('GET, HEAD');
    expect(pageOf(await one(get11(`/word/${token}`))).text).toMatch(/The word is: [A-Z]{6} /);
  });

  test('a form without a choice, with one that is not there, or with two, is asked again', async () => {
    const { token } = await sent();
    const path = `/consent/${token}`;
    const body = filledForm(pageOf(await one(get11(path))), { press: 'Accept' });
    const bare = body.replace(/(^|&)b1=[^&]*/, '');
    for (const wrong of ['', 'b1=Accept', bare, `${bare}&b9=Accept`, `${bare}&b0=Accept`, `${body}&b3=Decline`]) {
      const page = pageOf(await one(post(path, wrong)));
      expect(page.heading).toBe('An answer is missing');
      expect(page.byId.get('e1')).toBe('Please choose one of these.');
    }
  });

  test('a word that an old phone spells in ISO 8859-1 is read', async () => {
    const { token, user } = await sent('latin');
    const path = `/consent/${token}`;
    const form = filledForm(pageOf(await one(get10(path))), {
      press: 'Send answers',
      choose: ['Accept'],
      type: ['GRÖN'],
    });
    expect(form).toContain('GR%C3%96N');
    const page = pageOf(await one(post(path, form.replace('%C3%96', '%D6'), '1.0')));
    expect(page.heading).toBe('Your answer has been taken');
    expect((await logIn(gateway.listen.port, user)).code).toBe('200');
  });
});

test('languages: the browser, and the links on the page', async () => {
  const { token } = await sent();
  const page = pageOf(await one(get11(`/im/consent/${token}`, 'Accept-Language: fr, de;q=0.4, sv;q=0.8\r\n')));
  expect(page).toMatchObject({ language: 'sv', direction: 'ltr', heading: 'Innan du loggar in' });
  expect(page.links).toEqual([
    { href: `${token}?lang=en`, text: 'English' },
    { href: `${token}?lang=de`, text: 'Deutsch' },
  ]);
  const german = pageOf(await one(get11(`/im/consent/${token}?lang=de`, 'Accept-Language: sv\r\n')));
  expect(german).toMatchObject({ language: 'de', heading: 'Bevor Sie sich anmelden', action: `${token}?lang=de` });
  const answered = await pressed(`/im/consent/${token}?lang=de`, { press: 'Ablehnen' });
  expect(answered.text).toContain('Sie haben gewählt: Ablehnen Sie haben abgelehnt.');
});

test('when too many answer at once, one more is told to come back, and the others lose nothing', async () => {
  const { token } = await sent();
  const start = `POST /consent/${token} HTTP/1.1\r\nHost: im.example\r\nContent-Type: ${FORM_TYPE}\r\nContent-Length: 3\r\n\r\n`;
  const slow = await Promise.all(Array.from({ length: 256 }, () => RawClient.connect(gateway.listen.port)));
  for (const client of slow) client.send(start);
  let busy = await one(get11(`/consent/${token}`));
  while (busy.statusCode === 200) busy = await one(get11(`/consent/${token}`));
  expect(busy.statusCode).toBe(503);
  expect(headerOf(busy, 'Retry-After')).toBe('60');
  expect(pageOf(busy).heading).toBe('Too many people are answering just now');
  for (const client of slow) client.send('a=b');
  const answers = await Promise.all(slow.map((client) => client.answers(1)));
  expect(answers.map(([answer]) => answer?.statusCode)).toEqual(slow.map(() => 200));
  for (const client of slow) client.destroy();
  expect((await one(get11(`/consent/${token}`))).statusCode).toBe(200);
});

test('the metrics tell what became of the pages, and name no address', async () => {
  const { token } = await sent();
  await one(get11(`/consent/${token}`));
  const { host, port } = gateway.admin;
  const metrics = await (await fetch(`http://${host}:${port}/metrics`)).text();
  expect(metrics).toMatch(/sapgw_pages_total\{page="consent",outcome="shown"\} [1-9]/);
  expect(metrics).toMatch(/sapgw_pages_total\{page="word",outcome="unknown"\} [1-9]/);
  expect(metrics).not.toContain(token);
});
