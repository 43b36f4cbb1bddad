/**
 * A gateway that is killed again and again while messages for users who are away are stored, handed over, acknowledged,
 * rejected and reported on; phones and VASP go on. Afterwards everybody fetches what is left, and what the gateway counts is
 * compared with its store.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditSeal } from '../../gateway/audit/seal.ts';
import type { MailboxTotals, StoredNotification } from '../../gateway/mailbox-ports.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { SPELLINGS } from '../gateway/messages.ts';
import { GatewayProcess } from '../load/gateway-process.ts';
import { MailPhone } from '../load/mailbox-phone.ts';
import { MailboxVasp } from '../load/mailbox-vasp.ts';
import { Lanes } from '../load/messages-lanes.ts';
import { randomFractions } from '../random.ts';
import { MailRecipient } from './mailbox-recipients.ts';
import { MailSender, reportKey, type Sent } from './mailbox-senders.ts';
import { SmsCentre } from './mailbox-sms-centre.ts';

export interface KilledPlan {
  /** An empty folder. */
  readonly directory: string;
  readonly kills: number;
  readonly senders: number;
  readonly recipients: number;
  readonly seed: number;
  readonly progress?: (what: string) => void;
}

/** What a gateway holds, told by its metrics and its API, and counted in its store. */
export interface Holdings {
  readonly metrics: Pick<MailboxTotals, 'waiting' | 'dead'>;
  readonly api: Pick<MailboxTotals, 'waiting' | 'dead'>;
  readonly store: Pick<MailboxTotals, 'waiting' | 'dead'>;
  readonly totals: MailboxTotals;
  /** By the API. */
  readonly notifications: readonly { readonly state: StoredNotification['state']; readonly sentAt: string | null }[];
}

export interface KilledResult {
  readonly senders: readonly MailSender[];
  readonly recipients: ReadonlyMap<string, MailRecipient>;
  readonly vasp: MailboxVasp;
  readonly sms: SmsCentre;
  /** While many messages wait, and in the end. */
  readonly midway: Holdings;
  readonly finally: Holdings;
  /** What was under way at each kill. */
  readonly moments: readonly string[];
  readonly wrong: readonly string[];
}

/** The recipient who does not let the first sender write. */
export const isRefused = (from: string, to: string): boolean => from === senderAt(0) && to === recipientAt(0);
const senderAt = (index: number): string => `wv:from-${index}@im.example`;
const recipientAt = (index: number): string => `wv:to-${index}@im.example`;

const CONNECTIONS = 24;
const PAUSE_MILLIS = 20;
/** What has not come about by then never will. */
const PATIENCE_MILLIS = 90_000;
/** Messages told or acknowledged in the life of a gateway, at most. */
const MOST_DONE = 40;
const SECOND_RECIPIENT_SHARE = 0.15;
const SHOWN = 5;

const LEVELS = 'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n';
const POLICY = `kind: off-line-user
id: messages-waiting
applies: { users: ["wv:to-*"] }
keep: { messages: 5000, bytes: 10MiB, for: 7d }
storeOn: [533]
notify:
  bearer: sms
  text: { en: "{sender} sent you a message ({count} waiting)." }
  atMostEvery: 1h
atLogin:
  message: { en: "{count} messages are waiting for you." }
  options:
    - { id: login, text: { en: "Log in" }, proceed: true }
    - { id: ignore, text: { en: "Ignore" }, deny: { en: "You chose not to log in." } }
`;

export async function runKilled(plan: KilledPlan): Promise<KilledResult> {
  const vasp = await MailboxVasp.listen();
  const sms = await SmsCentre.listen();
  const start = (): Promise<GatewayProcess> =>
    GatewayProcess.start({
      directory: plan.directory,
      vaspUrl: vasp.url,
      config: sms.config('sms', plan.directory),
      policies: { 'levels.yaml': LEVELS, 'waiting.yaml': POLICY },
    });
  let gateway = await start();
  const lanes = new Lanes(gateway.port, CONNECTIONS);
  try {
    vasp.listsOf(recipientAt(0)).blocked.add(senderAt(0));
    const { senders, recipients } = people(plan, lanes, vasp);
    for (const { phone } of senders) await phone.logIn();
    for (const one of [...senders, ...recipients.values()]) one.begin();
    const random = randomFractions(plan.seed);
    const moments: string[] = [];
    const restart = async (): Promise<void> => {
      gateway = await start();
      lanes.moveTo(gateway.port);
    };
    for (let kill = 0; kill < plan.kills; kill++) {
      const enough = done(senders, recipients) + 1 + random() * MOST_DONE;
      await until(
        'anything is done',
        async () => done(senders, recipients) >= enough,
        async () => [],
      );
      await sleep(random() * PAUSE_MILLIS);
      moments.push(momentOf(senders, recipients));
      await gateway.kill();
      plan.progress?.(`kill ${kill + 1}: ${moments.at(-1)}`);
      await restart();
    }
    await Promise.all([...recipients.values()].map((one) => one.stop()));
    // Something is left for everybody, and then nothing moves any more.
    const enough = done(senders, recipients) + 3 * MOST_DONE;
    await until(
      'everybody writes',
      async () => done(senders, recipients) >= enough,
      async () => [],
    );
    await Promise.all(senders.map((one) => one.stop()));
    await until(
      'short-lived messages expire',
      async () => (await shortLived(gateway)) === 0,
      async () => [],
    );
    const midway = await holdings(gateway, plan.directory);
    await restart();
    await everythingFetched(gateway, senders, recipients, vasp);
    const last = await holdings(gateway, plan.directory);
    const wrong = [...senders, ...recipients.values()].flatMap((one) => one.wrong);
    return { senders, recipients, vasp, sms, midway, finally: last, moments, wrong };
  } finally {
    lanes.close();
    await gateway.stop();
    await vasp.close();
    await sms.close();
  }
}

function people(plan: KilledPlan, lanes: Lanes, vasp: MailboxVasp) {
  const spellingOf = (index: number) => SPELLINGS[index % SPELLINGS.length] ?? { version: '1.3', encoding: 'xml' };
  const names = Array.from({ length: plan.recipients }, (_, index) => recipientAt(index));
  const senders = Array.from({ length: plan.senders }, (_, index) => {
    const random = randomFractions(plan.seed + 1000 + index);
    const one = (): string => names[Math.floor(random() * names.length)] ?? '';
    const recipients = (): readonly string[] =>
      random() < SECOND_RECIPIENT_SHARE ? [...new Set([one(), one()])] : [one()];
    const phone = new MailPhone(senderAt(index), spellingOf(index), lanes);
    return new MailSender(phone, { random, recipients, pauseMillis: 30 });
  });
  const recipients = new Map(
    names.map((name, index) => {
      const random = randomFractions(plan.seed + 2000 + index);
      const mind = { random, isAnnounced: index % 4 === 3, awayMillis: 1_500 };
      return [name, new MailRecipient(new MailPhone(name, spellingOf(index), lanes), mind, vasp)] as const;
    }),
  );
  return { senders, recipients };
}

/** How much senders and recipients have heard. */
function done(senders: readonly MailSender[], recipients: ReadonlyMap<string, MailRecipient>): number {
  const told = senders.reduce((sum, { sent }) => sum + sent.length, 0);
  const acknowledged = [...recipients.values()].reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  return told + acknowledged;
}

/** What stands still in the middle of a kill. */
function momentOf(senders: readonly MailSender[], recipients: ReadonlyMap<string, MailRecipient>): string {
  const sending = senders.filter(({ isSending }) => isSending).length;
  const acknowledging = [...recipients.values()].filter(({ isAcknowledging }) => isAcknowledging).length;
  return `${done(senders, recipients)} done, ${sending} sending, ${acknowledging} acknowledging`;
}

/** Whether the gateway kept a message of which its sender was told that it is taken. */
export function isKept({ from, to, text, code }: Sent, vasp: MailboxVasp): boolean {
  return code === 200 && !vasp.taken.some((one) => one.from === from && one.to === to && one.text === text);
}

/** Everybody comes, again and again, until nothing is left and every report is in. */
async function everythingFetched(
  gateway: GatewayProcess,
  senders: readonly MailSender[],
  recipients: ReadonlyMap<string, MailRecipient>,
  vasp: MailboxVasp,
): Promise<void> {
  const left = async () => (await gateway.call('GET', 'mailbox')) as { waiting: number; reports: number };
  await until(
    'everything is fetched, and every report that is wanted comes',
    async () => {
      await Promise.all([...recipients.values()].map((one) => one.fetchAll()));
      await Promise.all(senders.map((one) => one.fetchReports()));
      const { waiting, reports } = await left();
      // A report whose acknowledgement was lost comes again after its pause.
      return waiting + reports === 0 && unreported(senders, recipients, vasp).length === 0;
    },
    async () => {
      const { waiting, reports } = await left();
      return [`${waiting} messages and ${reports} reports wait`, ...unreported(senders, recipients, vasp)];
    },
  );
}

/** Messages that a recipient has acknowledged or refused, and of which the sender who wanted a report has heard nothing. */
export function unreported(
  senders: readonly MailSender[],
  recipients: ReadonlyMap<string, MailRecipient>,
  vasp: MailboxVasp,
): readonly string[] {
  return senders.flatMap(({ sent, reports }) =>
    sent.flatMap((one) => {
      const { to, text, wantsReport, messageId = '' } = one;
      const got = recipients.get(to)?.got.get(text);
      if (!wantsReport || !isKept(one, vasp) || got === undefined || !(got.isAcknowledged || got.isRejected)) return [];
      const codes = reports.get(reportKey(messageId, to)) ?? [];
      const wanted = got.isRejected ? 538 : 200;
      return codes.includes(wanted) ? [] : [`${text}: ${to} ${wanted}, reported ${codes.join(', ')}`];
    }),
  );
}

async function shortLived(gateway: GatewayProcess): Promise<number> {
  const before = await gateway.metric('sapgw_mailbox_total', 'result="expired"');
  await sleep(2_500);
  return (await gateway.metric('sapgw_mailbox_total', 'result="expired"')) - before;
}

/** Stops the gateway. */
async function holdings(gateway: GatewayProcess, directory: string): Promise<Holdings> {
  const metrics = {
    waiting: await gateway.metric('sapgw_mailbox_messages'),
    dead: await gateway.metric('sapgw_mailbox_dead'),
  };
  const { waiting, dead } = (await gateway.call('GET', 'mailbox')) as Holdings['api'];
  const { notifications } = (await gateway.call('GET', 'mailbox/notifications')) as Pick<Holdings, 'notifications'>;
  await gateway.stop();
  const secrets = openSecrets({ kind: 'file', path: join(directory, 'secret') });
  if (secrets.kind === 'failed') throw new Error(secrets.problem);
  const opened = openLmdbStore(join(directory, 'data'), 0, auditSeal(secrets.secrets));
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const { mailbox } = opened.store;
  const records = await mailbox.slice(undefined, 1_000_000);
  const totals = await mailbox.totals();
  await opened.store.close();
  const messages = records.filter(({ kind }) => kind === 'message');
  const store = {
    waiting: messages.filter(({ state }) => state === 'waiting').length,
    dead: records.filter(({ state }) => state === 'dead').length,
  };
  return { metrics, api: { waiting, dead }, store, totals, notifications };
}

async function until(
  what: string,
  isSo: () => Promise<boolean>,
  missing: () => Promise<readonly string[]>,
): Promise<void> {
  const fuse = performance.now() + PATIENCE_MILLIS;
  while (!(await isSo())) {
    if (performance.now() > fuse) {
      throw new Error(`it never came about that ${what}: ${(await missing()).slice(0, SHOWN).join('; ')}`);
    }
    await sleep(PAUSE_MILLIS);
  }
}
