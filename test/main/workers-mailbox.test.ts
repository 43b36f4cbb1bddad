/**
 * Messages for users who are away with several processes: what senders say to any of them is kept once, recipients get it at
 * any, two sessions of one user never get the same at a time, and a process that ends loses and doubles nothing.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { childText, element } from '../../gateway/csp/element.ts';
import { status } from '../../gateway/csp/status.ts';
import { SmsCentre } from '../faults/mailbox-sms-centre.ts';
import { SPELLINGS } from '../gateway/messages.ts';
import { headOf, letter, MailPhone, type Said } from '../load/mailbox-phone.ts';
import { MailboxVasp } from '../load/mailbox-vasp.ts';
import { Lanes } from '../load/messages-lanes.ts';
import { call, metric, until } from './admin-calls.ts';
import { type Served, serve, serveInTwo } from './processes.ts';
import { LEVELS, policyFolder, temporaryFolder } from './running.ts';

const POLICY = `kind: off-line-user
id: kept
keep: { messages: 500, bytes: 1MiB, for: 7d }
storeOn: [533]
notify: { bearer: sms, text: { en: "{sender} sent you a message." }, atMostEvery: 1h }
`;
/** More than processes, so that each gets some. */
const CONNECTIONS = 12;
const EACH = 8;

let vasp: MailboxVasp;
let sms: SmsCentre;
let served: Served;
let config: string;
let lanes: Lanes;

beforeAll(async () => {
  vasp = await MailboxVasp.listen();
  sms = await SmsCentre.listen();
  const place = temporaryFolder();
  ({ served, config } = await serveInTwo(place, {
    policies: policyFolder({ 'levels.yaml': LEVELS, 'kept.yaml': POLICY }),
    vasps: { v: { url: vasp.url } },
    bearers: { sms: { kind: 'webhook', url: sms.url, keyFile: sms.keyFile(place) } },
  }));
  lanes = new Lanes(served.port, CONNECTIONS);
});
afterAll(async () => {
  lanes.close();
  await served.program.kill();
  await vasp.close();
  await sms.close();
});

async function logIn(name: string, index = 4): Promise<MailPhone> {
  const phone = new MailPhone(`wv:${name}@im.example`, SPELLINGS[index] ?? { version: '1.3', encoding: 'xml' }, lanes);
  expect(await phone.logIn()).toBe(200);
  return phone;
}

/** Each writes in turn, all at once; the texts in the order in which each wrote. */
async function write(senders: readonly MailPhone[], to: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const texts = await Promise.all(
    senders.map(async (phone) => {
      const written: string[] = [];
      for (let number = 1; number <= EACH; number++) {
        const text = `${number} of ${phone.user}`;
        expect((await phone.request(letter(phone.user, { to: [to], text, report: true }))).code).toBe(200);
        written.push(text);
      }
      return [phone.user, written] as const;
    }),
  );
  return new Map(texts);
}

interface Got {
  readonly text: string;
  readonly from: string;
  readonly messageId: string;
}

/** Polls until nothing comes any more, acknowledging everything. */
async function receive(phone: MailPhone): Promise<readonly Got[]> {
  const got: Got[] = [];
  for (let empty = 0; empty < 4; ) {
    let said: Said = await phone.poll();
    if (said.primitive === undefined) empty += 1;
    while (said.primitive?.name === 'NewMessage') {
      const head = headOf(said.primitive);
      got.push({ ...head, text: childText(said.primitive, 'ContentData') ?? '' });
      said = await phone.acknowledge(head.messageId, said.transactionId);
    }
  }
  return got;
}

async function reportsOf(phone: MailPhone): Promise<number> {
  let reports = 0;
  for (let empty = 0; empty < 4; ) {
    let said: Said = await phone.poll();
    if (said.primitive === undefined) empty += 1;
    while (said.primitive?.name === 'DeliveryReport-Request') {
      reports += 1;
      said = await phone.say('Response', said.transactionId, status(200));
    }
  }
  return reports;
}

const counted = (result: string): Promise<number> => metric(served.adminUrl, `sapgw_mailbox_total{result="${result}"}`);

async function workerPids(): Promise<readonly number[]> {
  const { json } = await call(served.adminUrl, 'GET', 'workers');
  return (json.workers as readonly { readonly pid: number }[]).map(({ pid }) => pid);
}

function expectInOrder(got: readonly Got[], written: ReadonlyMap<string, readonly string[]>): void {
  for (const [user, texts] of written) {
    expect(got.filter(({ from }) => from === user).map(({ text }) => text)).toEqual(texts);
  }
  expect(new Set(got.map(({ messageId }) => messageId)).size).toBe(got.length);
}

test('what several write to any process is kept once, told once, and delivered in order at any', async () => {
  const senders = await Promise.all(SPELLINGS.map((_, index) => logIn(`writer-${index}`, index)));
  const written = await write(senders, 'wv:juliet@im.example');
  const all = SPELLINGS.length * EACH;
  expect(await counted('stored')).toBe(all);
  await until(
    async () => sms.taken().size,
    (users) => users > 0,
  );
  expectInOrder(await receive(await logIn('juliet')), written);
  expect(await counted('delivered')).toBe(all);
  expect(await Promise.all(senders.map(reportsOf))).toEqual(SPELLINGS.map(() => EACH));
  expect(sms.calls).toHaveLength(1);
});

test('two sessions of one user, served by any process, share what waits and get nothing twice', async () => {
  const written = await write([await logIn('writer-a'), await logIn('writer-b')], 'wv:nurse@im.example');
  vasp.allowSeveral = true;
  const sessions = [await logIn('nurse'), await logIn('nurse', 1)];
  const got = (await Promise.all(sessions.map(receive))).flat();
  expect(got.map(({ text }) => text).toSorted()).toEqual([...written.values()].flat().toSorted());
  vasp.allowSeveral = false;
});

test('a process ends, and then all of them: what was acknowledged does not come again, all else does', async () => {
  const written = await write([await logIn('writer-c')], 'wv:tybalt@im.example');
  const tybalt = await logIn('tybalt');
  await tybalt.request(element('Service-Request', [element('Functions', [element('WVCSPFeat')])]));
  const first = await until(
    () => tybalt.poll(),
    ({ primitive }) => primitive?.name === 'NewMessage',
  );
  const [killed] = await workerPids();
  process.kill(killed ?? 0, 'SIGKILL');
  await until(workerPids, (pids) => !pids.includes(killed ?? 0) && pids.every((pid) => pid > 0));
  lanes.moveTo(served.port);
  // The acknowledgement goes to whichever process is there, and brings the next message.
  const second = await tybalt.acknowledge(headOf(first.primitive).messageId, first.transactionId);
  expect(childText(second.primitive, 'ContentData')).toBe(written.get('wv:writer-c@im.example')?.[1]);
  await served.program.kill();
  served = await serve('--config', config);
  lanes.moveTo(served.port);
  const again = await receive(await logIn('tybalt'));
  expect(again.map(({ text }) => text)).toEqual(written.get('wv:writer-c@im.example')?.slice(1));
  expect(again[0]?.messageId).toBe(headOf(second.primitive).messageId);
  expect((await call(served.adminUrl, 'GET', 'mailbox')).json).toMatchObject({ waiting: 0, dead: 0 });
});
