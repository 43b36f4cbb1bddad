/**
 * A store that cannot be written while messages for users who are away come in [reliability §5, D2]: the sender is told 503 and
 * never 200, the operator sees it, nothing that was acknowledged is lost and nothing that was refused turns up; when the cause
 * is gone everything goes on, without a restart.
 */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { childText, element } from '../../gateway/csp/element.ts';
import { headOf, letter, MailPhone } from '../load/mailbox-phone.ts';
import { MailboxVasp } from '../load/mailbox-vasp.ts';
import { Lanes } from '../load/messages-lanes.ts';
import { call, metric, until } from '../main/admin-calls.ts';
import { LEVELS, temporaryFolder } from '../main/running.ts';
import { StoredGateway } from './mailbox-gateway.ts';

const POLICY = `kind: off-line-user
id: kept
keep: { messages: 100, bytes: 1MiB, for: 7d }
storeOn: [533]
`;
const SPELLING = { version: '1.2', encoding: 'wbxml' } as const;
const ROMEO = 'wv:romeo@im.example';
const JULIET = 'wv:juliet@im.example';

let vasp: MailboxVasp;
beforeAll(async () => {
  vasp = await MailboxVasp.listen();
  vasp.away.add(JULIET);
});
afterAll(() => vasp.close());

let gateway: StoredGateway;
let lanes: Lanes;
afterEach(async () => {
  lanes.close();
  await gateway.stop();
});

async function start(settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const policies = { 'levels.yaml': LEVELS, 'kept.yaml': POLICY };
  gateway = await StoredGateway.start({ place: temporaryFolder(), vaspUrl: vasp.url, policies, settings });
  lanes = new Lanes(gateway.served.port, 8);
}

async function phoneOf(user: string): Promise<MailPhone> {
  const phone = new MailPhone(user, SPELLING, lanes);
  expect(await phone.logIn()).toBe(200);
  return phone;
}

/** The codes that a sender of these texts is told, all at once. */
async function send(phone: MailPhone, ...texts: readonly string[]): Promise<readonly (number | undefined)[]> {
  const said = await Promise.all(texts.map((text) => phone.request(letter(phone.user, { to: [JULIET], text }))));
  return said.map(({ code }) => code);
}

/** Texts of what is pushed, each acknowledged. */
async function fetchAll(phone: MailPhone): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let empty = 0; empty < 3; ) {
    const { primitive, transactionId } = await phone.poll();
    empty += primitive === undefined ? 1 : 0;
    if (primitive?.name !== 'NewMessage') continue;
    texts.push(childText(primitive, 'ContentData') ?? '');
    for (
      let said = await phone.acknowledge(headOf(primitive).messageId, transactionId);
      said.primitive !== undefined;
    ) {
      texts.push(childText(said.primitive, 'ContentData') ?? said.primitive.name);
      said = await phone.acknowledge(headOf(said.primitive).messageId, said.transactionId);
    }
  }
  return texts;
}

const counted = (result: string): Promise<number> =>
  metric(gateway.served.adminUrl, `sapgw_mailbox_total{result="${result}"}`);
const named = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);

test('while the disk is full senders are told 503, nothing is lost, and then everything goes on', async () => {
  await start();
  const romeo = await phoneOf(ROMEO);
  const early = await phoneOf(JULIET);
  expect(await send(romeo, ...named('before', 5))).toEqual([200, 200, 200, 200, 200]);
  // One message is in the hands of a phone that cannot acknowledge it now.
  const handed = await until(
    () => early.poll(),
    ({ primitive }) => primitive?.name === 'NewMessage',
  );
  gateway.fillDisk();
  expect(new Set(await send(romeo, ...named('during', 12)))).toEqual(new Set([503]));
  await early.acknowledge(headOf(handed.primitive).messageId, handed.transactionId);
  expect(await counted('failed')).toBe(12);
  expect(await counted('delivered')).toBe(0);
  expect(gateway.events('error')).toContain('a message cannot be kept');
  expect((await call(gateway.served.adminUrl, 'GET', 'mailbox')).json).toMatchObject({ waiting: 5 });
  gateway.freeDisk();
  expect(await send(romeo, 'after')).toEqual([200]);
  // What is in the hands of a session that ends is free for the next.
  expect((await early.request(element('Logout-Request'))).code).toBe(200);
  const juliet = await phoneOf(JULIET);
  const got = await until(
    () => fetchAll(juliet),
    (texts) => texts.length > 0,
  );
  expect(got).toContain(childText(handed.primitive, 'ContentData'));
  expect(got.toSorted()).toEqual([...named('before', 5), 'after'].toSorted());
  expect(got.at(-1)).toBe('after');
  expect(await counted('delivered')).toBe(6);
  expect(await metric(gateway.served.adminUrl, 'sapgw_mailbox_messages')).toBe(0);
});

test('a mailbox that is full as a whole is told to senders as 507, and has room again', async () => {
  await start({ limits: { mailboxMessages: 3 } });
  const romeo = await phoneOf(ROMEO);
  expect(await send(romeo, ...named('text', 3))).toEqual([200, 200, 200]);
  expect(await send(romeo, 'one too many')).toEqual([507]);
  expect(await counted('full')).toBe(1);
  expect((await fetchAll(await phoneOf(JULIET))).toSorted()).toEqual(named('text', 3));
  expect(await send(romeo, 'another')).toEqual([200]);
});
