/** The steps about what was kept, counted and sent beside the wire: store, audit chain, metrics, messages of operators. */
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { recordsOf } from './page-steps.ts';
import { fail, row, type StepRow } from './step.ts';
import type { Client, World } from './world.ts';

export const KEPT_STEPS: readonly StepRow[] = [
  row(/^the audit chain holds of (?<who>\w+): (?<what>.+)$/, async (world, { who = '', what = '' }) => {
    const got = (await recordsOf(world, world.client(who))).join(', ') || 'nothing';
    if (got !== what) fail('the audit chain holds other records', what, got);
  }),
  row(/^the store holds nothing about (?<who>\w+)$/, async (world, { who = '' }) => {
    const client = world.client(who);
    const got = [
      ...(await held(world, client)),
      ...(await sessionsOf(world, client)),
      ...(await messagesTo(world, client)),
    ];
    if (got.length > 0) fail('the store holds something', 'nothing', got.join(', '));
  }),
  row(/^the store holds a session of (?<who>\w+) with (?<codes>.+)$/, async (world, { who = '', codes = '' }) => {
    const got = await sessionsOf(world, world.client(who));
    if (!got.includes(codes)) fail('the store holds other sessions', codes, got.join('; ') || 'none');
  }),
  row(/^the store holds no session of (?<who>\w+)$/, async (world, { who = '' }) => {
    const got = await sessionsOf(world, world.client(who));
    if (got.length > 0) fail('the store holds sessions', 'none', got.join('; '));
  }),
  row(/^the store holds of (?<who>\w+): (?<what>.+)$/, async (world, { who = '', what = '' }) => {
    const got = (await held(world, world.client(who))).toSorted().join(', ') || 'nothing';
    if (got !== what.split(', ').toSorted().join(', ')) fail('the store holds other acceptances', what, got);
  }),
  row(/^the operator sends (?<policy>\S+) to (?<who>\w+)$/, (world, { policy = '', who = '' }) =>
    operatorSends(world, policy, world.client(who)),
  ),
  row(/^the messages to (?<who>\w+): (?<what>.+)$/, async (world, { who = '', what = '' }) => {
    const got = (await messagesTo(world, world.client(who))).join(', ') || 'none';
    if (got !== what) fail('the store holds other messages', what, got);
  }),
  row(/^the mailbox of (?<who>\w+) holds (?<what>.+)$/, async (world, { who = '', what = '' }) => {
    const got = await mailOf(world, world.client(who));
    if (got !== what) fail('the mailbox holds something else', what, got);
  }),
  row(/^the notification to (?<who>\w+): (?<what>.+)$/, async (world, { who = '', what = '' }) => {
    const [policy] = world.rig.policies().offLineUser;
    const found = await world.store.mailbox.notifications.get(keyOf(world, world.client(who)), policy?.id ?? '');
    const got = found === undefined ? 'none' : `${found.state} by ${found.bearer}`;
    if (got !== what) fail('another notification', what, got);
  }),
  row(/^the mailbox counted: (?<what>.+)$/, (world, { what = '' }) => {
    const calls = world.rig.metrics.slice(world.countedMail).filter(([name]) => name === 'mailbox');
    world.countedMail = world.rig.metrics.length;
    const got = calls.map(([, result]) => result).join(', ') || 'nothing';
    if (got !== what) fail('the mailbox counted other things', what, got);
  }),
  row(/^counted: (?<what>.+)$/, (world, { what = '' }) => {
    const kinds = new Set(['login', 'negotiation', 'reject', 'upstreamError', 'systemMessage', 'systemMessageEffect']);
    const calls = world.rig.metrics.slice(world.counted).filter(([name]) => kinds.has(name));
    world.counted = world.rig.metrics.length;
    const got = calls.map((call) => call.join(' ')).join(', ');
    if (got !== what) fail('other things were counted', what, got || 'nothing');
  }),
];

/** `nothing`, or how many messages, reports and dead ones. */
async function mailOf(world: World, client: Client): Promise<string> {
  const key = keyOf(world, client);
  const all = (await world.store.mailbox.slice(undefined, 1000)).filter(({ userKey }) => userKey === key);
  const waiting = all.filter(({ state }) => state === 'waiting');
  const counts = [
    [waiting.filter(({ kind }) => kind === 'message').length, 'message'],
    [waiting.filter(({ kind }) => kind === 'report').length, 'report'],
    [all.length - waiting.length, 'dead one'],
  ] as const;
  const parts = counts.filter(([count]) => count > 0).map(([count, name]) => `${count} ${name}${count > 1 ? 's' : ''}`);
  return parts.join(', ') || 'nothing';
}

export function keyOf(world: World, client: Client): string {
  return userKeyOf(world.rig.secrets, { name: client.vasp.toLowerCase() }, client.user);
}

async function held(world: World, client: Client): Promise<readonly string[]> {
  const acceptances = await world.store.acceptances.of(keyOf(world, client));
  return acceptances.map(({ policy, version, option }) => `${policy} ${version} ${option ?? 'acknowledged'}`);
}

async function sessionsOf(world: World, client: Client): Promise<readonly string[]> {
  const sessions = await world.store.sessions.ofUser(keyOf(world, client));
  return [...sessions.values()].map(({ granted }) => (granted.isAll ? 'everything' : granted.codes().join(' ')));
}

/** One message of an operator's policy to one user. */
async function operatorSends(world: World, policyId: string, client: Client): Promise<void> {
  const policy = world.rig.policies().onLine.find(({ id }) => id === policyId);
  if (policy === undefined) throw new Error(`no on-line policy is called ${policyId}`);
  const vasp = client.vasp.toLowerCase();
  const desk = await world.rig.desk();
  await desk.enqueue([{ policy, userKey: userKeyOf(world.rig.secrets, { name: vasp }, client.user), vasp }]);
}

/** Policy and state, and of answers the option and the way. */
async function messagesTo(world: World, client: Client): Promise<readonly string[]> {
  return (await world.store.systemMessages.of(keyOf(world, client))).map(
    ({ policy, state, sentAt, deliveredAt, option, way }) => {
      const proof =
        state === 'open' ? (deliveredAt !== undefined ? 'had' : sentAt !== undefined ? 'sent' : 'new') : state;
      return [policy, proof, option, way].filter((part) => part !== undefined).join(' ');
    },
  );
}
