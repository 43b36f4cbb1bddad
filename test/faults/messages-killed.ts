/**
 * A gateway that is killed again and again while operator messages go out, are acknowledged and answered, users are told of
 * additions and webhooks called; phones and VASP go on. Afterwards everything is read from the API and from the store, so
 * that it can be compared with what phones, VASP and receiver saw.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditSeal } from '../../gateway/audit/seal.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import type { MessageRecord } from '../../gateway/system-message-ports.ts';
import { GatewayProcess } from '../load/gateway-process.ts';
import { Crowd } from '../load/messages-crowd.ts';
import { MessagesVasp } from '../load/messages-vasp.ts';
import { randomFractions } from '../random.ts';
import { ABSENT, Adders } from './messages-adders.ts';
import { WEBHOOK_KEY, WebhookReceiver } from './messages-webhooks.ts';

export interface KilledPlan {
  /** An empty folder. */
  readonly directory: string;
  readonly kills: number;
  readonly phones: number;
  readonly perSecond: number;
  readonly seed: number;
}

/** One operator message, as the API tells of it in the end. */
export interface Sent {
  readonly id: string;
  readonly policy: string;
  readonly state: string;
  readonly queued: number;
  readonly open: number;
  readonly sent: number;
  readonly delivered: number;
  readonly answered: number;
  readonly expired: number;
  readonly withdrawn: number;
  readonly full: number;
  readonly options: Readonly<Record<string, number>>;
}

export interface KilledResult {
  readonly sent: readonly Sent[];
  /** By id. */
  readonly records: ReadonlyMap<string, MessageRecord>;
  readonly crowd: Crowd;
  readonly adders: Adders;
  /** Users who were added and have come. */
  readonly absent: Crowd;
  readonly vasp: MessagesVasp;
  readonly receiver: WebhookReceiver;
  /** How many decisions are on record. */
  readonly acceptances: number;
  /** What was under way at each kill. */
  readonly moments: readonly string[];
}

/** The user whom an answer adds. */
export const NEWS = 'wv:news@im.example';
/** Id and text of a question's options. */
export const OPTIONS = [
  ['yes', 'Yes please'],
  ['later', 'Ask me later'],
  ['no', 'No thanks'],
] as const;
const ADDED_OPTIONS = ['Add them', 'No thank you'];
const POLICIES = ['question', 'notice'] as const;
const PAUSE_MILLIS = 20;
/** What has not come about by then never will. */
const PATIENCE_MILLIS = 180_000;
const LONGEST_LIFE_MILLIS = 900;

const LEVELS = 'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n';
const NOTICE = `kind: on-line-service
id: notice
version: 1
category: notification
trigger: { on: operator }
message: { en: "The service rests on Sunday night." }
`;
const ADDED = `kind: on-line-service
id: added
version: 1
category: notification
trigger: { on: added-to-contact-list }
applies: { users: ["wv:${ABSENT}-*"] }
message: { en: "{otherUser} added you to a contact list. Add them too?" }
options:
  - { id: add, text: { en: "${ADDED_OPTIONS[0]}" }, do: [ { addToContactList: "{otherUser}" } ] }
  - { id: ignore, text: { en: "${ADDED_OPTIONS[1]}" } }
`;
const question = (webhook: string): string => `kind: on-line-service
id: question
version: 1
category: notification
trigger: { on: operator }
message: { en: "Do you want news?" }
options:
  - { id: yes, text: { en: "${OPTIONS[0][1]}" }, do: [ { addToContactList: "${NEWS}" }, { accept: true }, { webhook: "${webhook}" } ] }
  - { id: later, text: { en: "${OPTIONS[1][1]}" } }
  - { id: no, text: { en: "${OPTIONS[2][1]}" } }
requiresResponse: true
`;

export async function runKilled(plan: KilledPlan): Promise<KilledResult> {
  const vasp = await MessagesVasp.listen();
  const receiver = await WebhookReceiver.listen();
  writeFileSync(join(plan.directory, 'webhook-key'), WEBHOOK_KEY);
  const start = (): Promise<GatewayProcess> =>
    GatewayProcess.start({
      directory: plan.directory,
      vaspUrl: vasp.url,
      limits: '{ systemMessagesPerUser: 100 }',
      config: `webhooks: { allow: ["${receiver.url}"], keyFile: ./webhook-key }\n`,
      policies: {
        'levels.yaml': LEVELS,
        'notice.yaml': NOTICE,
        'added.yaml': ADDED,
        'question.yaml': question(receiver.url),
      },
    });
  let gateway = await start();
  try {
    const crowd = await Crowd.gather(
      crowdPlan(
        plan,
        gateway.port,
        'crowd',
        OPTIONS.map(([, text]) => text),
      ),
    );
    const adders = await Adders.begin(gateway.port);
    crowd.turnWheel();
    const random = randomFractions(plan.seed);
    const moments: string[] = [];
    for (let kill = 0; kill < plan.kills; kill++) {
      // What was not at its end goes on by itself.
      if (await isAllSent(gateway)) for (const policy of POLICIES) await send(gateway, policy, plan.perSecond);
      await sleep(random() * LONGEST_LIFE_MILLIS);
      moments.push(momentOf(await reports(gateway)));
      // What the reports say is a little older than the kill.
      await sleep(random() * PAUSE_MILLIS);
      await gateway.kill();
      gateway = await start();
      crowd.moveTo(gateway.port);
      adders.moveTo(gateway.port);
    }
    await adders.stop();
    const absent = await Crowd.gather(
      crowdPlan({ ...plan, phones: Math.max(...adders.added.keys()) }, gateway.port, ABSENT, ADDED_OPTIONS),
    );
    absent.turnWheel();
    await until('every message is at its end', async () => {
      return (await gateway.metric('sapgw_system_messages_open')) === 0 && (await isAllSent(gateway));
    });
    await until('every phone is at rest', async () => {
      return [...crowd.people, ...absent.people].every((person) => person.isAtRest);
    });
    const sent = await reports(gateway);
    const calls = sent.reduce((sum, { options }) => sum + (options.yes ?? 0), 0);
    await until('every webhook is called', async () => receiver.calls.size >= calls);
    await crowd.stop();
    await absent.stop();
    const acceptances = await gateway.records();
    await gateway.stop();
    const records = await recordsOf(plan.directory);
    return { sent, records, crowd, adders, absent, vasp, receiver, acceptances, moments };
  } finally {
    await gateway.stop();
    await vasp.close();
    await receiver.close();
  }
}

function crowdPlan({ phones, seed }: KilledPlan, port: number, name: string, options: readonly string[]) {
  return {
    port,
    phones,
    name,
    seed,
    options,
    silent: 0,
    thinkingMillis: 300,
    onWheel: 1,
    reactionMillis: 0,
    wheelMillis: 400,
    connections: 16,
  };
}

async function send(gateway: GatewayProcess, policy: string, perSecond: number): Promise<void> {
  const order = { policy, users: 'wv:crowd-*', perSecond };
  const { id } = (await gateway.call('POST', 'messages', order)) as { id?: string };
  if (id === undefined) throw new Error('an operator message was refused');
}

async function reports(gateway: GatewayProcess): Promise<readonly Sent[]> {
  return ((await gateway.call('GET', 'messages')) as { messages: readonly Sent[] }).messages;
}

const isRunning = ({ state, open }: Sent): boolean => state === 'running' || open > 0;

async function isAllSent(gateway: GatewayProcess): Promise<boolean> {
  return !(await reports(gateway)).some(isRunning);
}

function momentOf(sent: readonly Sent[]): string {
  const moments = sent.filter(isRunning).map(({ policy, queued, delivered, answered }) => {
    return `${policy} ${queued}/${delivered}/${answered}`;
  });
  return moments.join(' + ');
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const fuse = performance.now() + PATIENCE_MILLIS;
  while (!(await isSo())) {
    if (performance.now() > fuse) throw new Error(`it never came about that ${what}`);
    await sleep(PAUSE_MILLIS);
  }
}

/** Of a gateway that has stopped. */
async function recordsOf(directory: string): Promise<ReadonlyMap<string, MessageRecord>> {
  const secrets = openSecrets({ kind: 'file', path: join(directory, 'secret') });
  if (secrets.kind === 'failed') throw new Error(secrets.problem);
  const opened = openLmdbStore(join(directory, 'data'), 0, auditSeal(secrets.secrets));
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const records = await opened.store.systemMessages.slice(undefined, 1_000_000);
  await opened.store.close();
  return new Map(records.map((record) => [record.id, record]));
}
