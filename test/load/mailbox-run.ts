/**
 * A mailbox of many messages, measured through the running gateway: how fast messages are kept and handed over, what a login
 * takes of somebody for whom nothing or something waits, with an empty store and with all others' messages in it; and what
 * the store takes on disk and the gateway in memory.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { element } from '../../gateway/csp/element.ts';
import { residentBytesOf } from '../bench/process-usage.ts';
import { quantile } from '../bench/statistics.ts';
import { GatewayProcess } from './gateway-process.ts';
import { fillMailboxes } from './mailbox-fill.ts';
import { headOf, letter, MailPhone, type Said } from './mailbox-phone.ts';
import { MailboxVasp } from './mailbox-vasp.ts';
import { Lanes } from './messages-lanes.ts';

export interface MailboxPlan {
  /** An empty folder. */
  readonly directory: string;
  /** In the store while it is full. */
  readonly messages: number;
  readonly perUser: number;
  /** Users of each kind that log in, one after the other. */
  readonly logins: number;
  /** Messages that are sent to measure how fast they are kept. */
  readonly sends: number;
  /** Users who fetch what waits for them. */
  readonly fetchers: number;
  readonly programOf?: (source: string) => string;
  readonly progress?: (what: string) => void;
}

export interface LoginTimes {
  readonly medianMillis: number;
  readonly p99Millis: number;
}

/** With a store that is empty but for what is measured, or full. */
export interface Stage {
  readonly waiting: number;
  readonly startSeconds: number;
  readonly storedPerSecond: number;
  /** Of users for whom nothing waits, and for whom three messages do. */
  readonly logins: { readonly empty: LoginTimes; readonly three: LoginTimes };
  readonly residentBytes: number;
  readonly diskBytes: number;
}

export interface MailboxFigures {
  readonly before: Stage;
  readonly full: Stage;
  readonly fillSeconds: number;
  /** Until logins took no less from one hundred to the next: LMDB goes through the pages that the filling left free. */
  readonly settleSeconds: number;
  readonly delivered: number;
  readonly deliveredPerSecond: number;
  /** What the fetchers did not get, and what nothing explains. */
  readonly wrong: readonly string[];
  /** In the end, by the API. */
  readonly waiting: number;
}

const TEXT = 'It was the nightingale, and not the lark, that pierced the fearful hollow of thine ear.';
const AT_ONCE = 32;
const LONGEST_SETTLING_SECONDS = 120;
/** No login of a gateway at rest takes so long. */
const SETTLED_MILLIS = 8;
const SPELLING = { version: '1.2', encoding: 'xml' } as const;
const LEVELS = 'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n';
const POLICY = `kind: off-line-user
id: messages-waiting
keep: { messages: 1000, bytes: 1MiB, for: 7d }
storeOn: [533]
atLogin:
  message: { en: "{count} messages are waiting for you." }
  options: [{ id: login, text: { en: "Log in" }, proceed: true }]
`;
const crowdUser = (number: number): string => `wv:crowd-${number}@im.example`;

export async function runMailbox(plan: MailboxPlan): Promise<MailboxFigures> {
  const { directory, programOf, progress = () => {} } = plan;
  const vasp = await MailboxVasp.listen();
  const start = (): Promise<GatewayProcess> =>
    GatewayProcess.start({
      directory,
      vaspUrl: vasp.url,
      limits: `{ mailboxMessages: ${10 * plan.messages} }`,
      policies: { 'levels.yaml': LEVELS, 'waiting.yaml': POLICY },
      ...(programOf === undefined ? {} : { programOf }),
    });
  let gateway: GatewayProcess | undefined;
  try {
    const started = async (name: string): Promise<readonly [GatewayProcess, number]> => {
      progress(`${name}: start`);
      const startedAt = performance.now();
      gateway = await start();
      return [gateway, (performance.now() - startedAt) / 1000];
    };
    const [empty, emptyStart] = await started('empty');
    const before = { startSeconds: emptyStart, ...(await measure(empty, plan, 'empty', progress)) };
    const used = before.waiting;
    await empty.stop();
    const fillSeconds = await fillMailboxes({
      directory,
      vasp: 'im',
      messages: plan.messages - used,
      perUser: plan.perUser,
      userOf: crowdUser,
      text: TEXT,
      progress: (done) => progress(`${done} messages filled in`),
    });
    const [filled, startSeconds] = await started('full');
    progress('full: settles');
    const settleSeconds = await settle(filled, plan.logins);
    const full = { startSeconds, ...(await measure(filled, plan, 'full', progress)) };
    progress('messages are fetched');
    const fetched = await fetchAll(filled, plan);
    const { waiting } = (await filled.call('GET', 'mailbox')) as { waiting: number };
    return { before, full, fillSeconds, settleSeconds, ...fetched, waiting };
  } finally {
    await gateway?.stop();
    await vasp.close();
  }
}

async function settle(gateway: GatewayProcess, logins: number): Promise<number> {
  const lanes = new Lanes(gateway.port, 1);
  const startedAt = performance.now();
  const passed = (): number => (performance.now() - startedAt) / 1000;
  let isFalling = true;
  for (let last = Number.POSITIVE_INFINITY; isFalling && passed() < LONGEST_SETTLING_SECONDS; ) {
    const times: number[] = [];
    for (let number = 0; number < Math.min(logins, 100); number++) {
      const at = performance.now();
      await phoneOf(`wv:settling-${number}@im.example`, lanes);
      times.push(performance.now() - at);
    }
    const median = quantile(times, 0.5);
    isFalling = median < last * 0.8 || median > SETTLED_MILLIS;
    last = median;
  }
  lanes.close();
  return passed();
}

async function measure(
  gateway: GatewayProcess,
  { directory, logins, sends }: MailboxPlan,
  name: string,
  progress: (what: string) => void,
): Promise<Omit<Stage, 'startSeconds'>> {
  const lanes = new Lanes(gateway.port, AT_ONCE);
  const sender = await phoneOf(`wv:sender-${name}@im.example`, lanes);
  const send = async (to: string): Promise<void> => {
    const { code } = await sender.request(letter(sender.user, { to: [to], text: TEXT }));
    if (code !== 200) throw new Error(`a message got ${code}`);
  };
  const user = (kind: string, number: number): string => `wv:${kind}-${name}-${number}@im.example`;
  await atOnce(logins * 3, (number) => send(user('three', Math.floor(number / 3))));
  progress(`${name}: messages are sent`);
  const sentAt = performance.now();
  await atOnce(sends, (number) => send(user('some', number % Math.max(1, Math.floor(sends / 10)))));
  const storedPerSecond = sends / ((performance.now() - sentAt) / 1000);
  progress(`${name}: logins`);
  const times = { empty: [] as number[], three: [] as number[] };
  for (let number = 0; number < logins; number++) {
    for (const kind of ['empty', 'three'] as const) {
      const phone = new MailPhone(user(kind, number), SPELLING, lanes);
      const at = performance.now();
      const code = await phone.logIn();
      times[kind].push(performance.now() - at);
      if (code !== 200) throw new Error(`a login got ${code}`);
    }
  }
  const { waiting } = (await gateway.call('GET', 'mailbox')) as { waiting: number };
  lanes.close();
  return {
    waiting,
    storedPerSecond,
    logins: { empty: timesOf(times.empty), three: timesOf(times.three) },
    residentBytes: residentBytesOf(gateway.pid),
    diskBytes: statSync(join(directory, 'data', 'data.mdb')).blocks * 512,
  };
}

function timesOf(millis: readonly number[]): LoginTimes {
  return { medianMillis: quantile(millis, 0.5), p99Millis: quantile(millis, 0.99) };
}

async function fetchAll(
  gateway: GatewayProcess,
  { fetchers }: MailboxPlan,
): Promise<Pick<MailboxFigures, 'delivered' | 'deliveredPerSecond' | 'wrong'>> {
  const lanes = new Lanes(gateway.port, AT_ONCE);
  const wrong: string[] = [];
  let delivered = 0;
  const startedAt = performance.now();
  await atOnce(fetchers, async (number) => {
    const phone = await phoneOf(crowdUser(number), lanes);
    await phone.request(
      element('Service-Request', [element('Functions', [element('WVCSPFeat')]), element('AllFunctionsRequest', false)]),
    );
    for (let empty = 0; empty < 2; ) {
      let said: Said = await phone.poll();
      if (said.primitive === undefined) empty += 1;
      while (said.primitive?.name === 'NewMessage') {
        delivered += 1;
        said = await phone.acknowledge(headOf(said.primitive).messageId, said.transactionId);
      }
      if (said.primitive !== undefined) {
        wrong.push(`${phone.user} got a ${said.primitive.name}`);
        break;
      }
    }
  });
  const seconds = (performance.now() - startedAt) / 1000;
  lanes.close();
  return { delivered, deliveredPerSecond: delivered / seconds, wrong };
}

async function phoneOf(user: string, lanes: Lanes): Promise<MailPhone> {
  const phone = new MailPhone(user, SPELLING, lanes);
  const code = await phone.logIn();
  if (code !== 200) throw new Error(`a login of ${user} got ${code}`);
  return phone;
}

async function atOnce(count: number, each: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) {
        next += 1;
        await each(next - 1);
      }
    }),
  );
}
