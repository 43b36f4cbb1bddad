/**
 * On-line System Messages: desks with what they stand on, the operators' messages, and the calls that answers lead to. One desk
 * a machine where the machine is alone, held by the one process or by the primary of several; else one for each share of the
 * users that the node holds.
 */
import { openWebhooks, type Webhooks } from '../bearers/webhook.ts';
import { readWebhookKey } from '../bearers/webhook-key.ts';
import { selfCareUrl } from '../chain/self-care-token.ts';
import type { BroadcastDesk } from '../desk/broadcast-model.ts';
import { Broadcasts } from '../desk/broadcasts.ts';
import { Desk } from '../desk/desk.ts';
import type { DeskEvents, DeskParts } from '../desk/parts.ts';
import { errorCode } from '../error-code.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { SystemMessageStore } from '../system-message-ports.ts';
import type { Base } from './base.ts';
import { type Reporting, reportedOnce } from './troubles.ts';

export interface DeskSurroundings {
  readonly policies: PolicySets;
  /** How other processes hear with whom the desk is concerned; undefined when there are none. */
  readonly concern: DeskEvents['concern'] | undefined;
  /** Calls the clients of a user. */
  readonly ring: (userKey: string) => void;
  /** Open sessions, as they were counted last. */
  readonly sessionCount: () => number;
  /** Where users reach the pages; undefined where nobody said it. */
  readonly publicUrl: () => string | undefined;
}

/** What a desk says for: all users, or those of one share. */
export interface DeskScope {
  readonly store: SystemMessageStore;
  /** Which part of all users these are; all when absent. */
  readonly portion?: number;
  /** Messages that are not at their end, of all these users together. */
  readonly open: number;
  readonly webhooksNote?: string;
  /** Tells of what goes wrong with what is done again and again; absent: for this desk alone. */
  readonly reporting?: Reporting;
  readonly changed: DeskEvents['changed'];
  readonly count: (open: number) => void;
}

/** A desk that is looked after; stopping it resolves when what it had begun has ended. */
export interface RunningDesk {
  readonly desk: Desk;
  stop(): Promise<void>;
}

export interface OpenDesk {
  readonly desk: Desk;
  readonly broadcasts: Broadcasts;
  /** Nothing is begun any more, and what was begun has ended when this resolves. */
  close(): Promise<void>;
}

export type DeskResult =
  | { readonly kind: 'open'; readonly desk: OpenDesk }
  /** Sentences, each with its place; nothing is left open. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

const SWEEP_MILLIS = 1_000;

/** The one desk of a machine that is alone, with the operators' messages. */
export async function openDesk(base: Base, around: DeskSurroundings): Promise<DeskResult> {
  const opened = await openConfiguredWebhooks(base);
  if (opened.kind === 'failed') return opened;
  const { webhooks } = opened;
  const { store, config, metrics } = base;
  let broadcasts: Broadcasts | undefined;
  let running: RunningDesk | undefined;
  try {
    running = await startDesk(base, around, webhooks, {
      store: store.systemMessages,
      open: config.limits.systemMessages,
      changed: (record, before) => broadcasts?.changed(record, before),
      count: (open) => metrics.systemMessagesOpen(open),
    });
    const { desk, stop } = running;
    const sendings = await openBroadcasts(base, around, desk);
    broadcasts = sendings;
    const close = async (): Promise<void> => {
      await sendings.close();
      await webhooks?.close();
      await stop();
    };
    return { kind: 'open', desk: { desk, broadcasts, close } };
  } catch (error) {
    await running?.stop();
    await webhooks?.close();
    return { kind: 'failed', problems: [messagesCannotBeRead(error)] };
  }
}

export function messagesCannotBeRead(error: unknown): string {
  return `the messages to users cannot be read from the store: ${errorCode(error)}`;
}

/** Rejects when the store cannot be read. */
export async function startDesk(
  base: Base,
  around: DeskSurroundings,
  webhooks: Webhooks | undefined,
  scope: DeskScope,
): Promise<RunningDesk> {
  const desk = await Desk.open({
    ...partsOf(base, around, webhooks, scope),
    events: { concern: around.concern ?? (async () => {}), ring: around.ring, changed: scope.changed },
  });
  const trouble = scope.reporting ?? reportedOnce(base.log);
  // A sweep that waits for a webhook does not hold up the next one.
  const sweeps = new Set<Promise<void>>();
  const sweep = (): void => {
    const one = trouble('messages to users cannot be looked after', () => desk.sweep()).finally(() =>
      sweeps.delete(one),
    );
    sweeps.add(one);
  };
  const timer = setInterval(sweep, SWEEP_MILLIS);
  return {
    desk,
    async stop() {
      clearInterval(timer);
      await Promise.all(sweeps);
    },
  };
}

/** Rejects when the store cannot be read. */
export function openBroadcasts(
  base: Base,
  { policies, sessionCount }: Pick<DeskSurroundings, 'policies' | 'sessionCount'>,
  desk: BroadcastDesk,
): Promise<Broadcasts> {
  const { store, vaspNames } = base;
  return Broadcasts.open({
    ...base,
    desk,
    sessions: store.sessions,
    messages: store.systemMessages,
    notes: store.notes,
    policies,
    vasps: vaspNames,
    sessionCount,
  });
}

function partsOf(
  { config, store, secrets, clock, metrics, log, userKey }: Base,
  { policies, publicUrl }: DeskSurroundings,
  webhooks: Webhooks | undefined,
  { store: messages, portion, open, webhooksNote, count }: DeskScope,
): Omit<DeskParts, 'events'> {
  return {
    store: messages,
    notes: store.notes,
    webhooksNote,
    acceptances: store.acceptances,
    policies,
    secrets,
    clock,
    metrics: {
      systemMessage: (policy, result) => metrics.systemMessage(policy, result),
      systemMessageEffect: (effect, result) => metrics.systemMessageEffect(effect, result),
      systemMessagesOpen: count,
    },
    log,
    portion,
    limits: { open, openPerUser: config.limits.systemMessagesPerUser },
    serviceContact: config.serviceContact,
    selfCareUrl(user) {
      const url = publicUrl();
      return url === undefined ? undefined : selfCareUrl(secrets, url, user, clock.wall());
    },
    userKey,
    webhook: webhooks === undefined ? undefined : (call) => webhooks.call(call),
  };
}

export type WebhooksResult =
  | { readonly kind: 'open'; readonly webhooks: Webhooks | undefined }
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

/** A key that cannot be read is found at the start, not with the first answer. */
export async function openConfiguredWebhooks({ config, metrics, log }: Base): Promise<WebhooksResult> {
  const { allow, keyFile } = config.webhooks;
  if (allow.length === 0 || keyFile === undefined) return { kind: 'open', webhooks: undefined };
  const key = await readWebhookKey(keyFile);
  if (key.kind === 'unusable') return { kind: 'failed', problems: [key.problem] };
  return { kind: 'open', webhooks: openWebhooks({ allow, keyFile, metrics, log }) };
}
