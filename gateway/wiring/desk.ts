/**
 * On-line System Messages of one machine: the desk with what it stands on, the operators' messages, and the calls that
 * answers lead to. Held by the one process or by the primary of several.
 */
import { openWebhooks, type Webhooks } from '../bearers/webhook.ts';
import { readWebhookKey } from '../bearers/webhook-key.ts';
import { selfCareUrl } from '../chain/self-care-token.ts';
import { Broadcasts } from '../desk/broadcasts.ts';
import { Desk } from '../desk/desk.ts';
import type { DeskEvents, DeskParts } from '../desk/parts.ts';
import { errorCode } from '../error-code.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { Base } from './base.ts';
import { reportedOnce } from './policies.ts';

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

export async function openDesk(base: Base, around: DeskSurroundings): Promise<DeskResult> {
  const opened = await openConfiguredWebhooks(base);
  if (opened.kind === 'failed') return opened;
  const { webhooks } = opened;
  const { store, vaspNames } = base;
  let broadcasts: Broadcasts | undefined;
  try {
    const desk = await Desk.open({
      ...partsOf(base, around, webhooks),
      events: {
        concern: around.concern ?? (async () => {}),
        ring: around.ring,
        changed: (record, before) => broadcasts?.changed(record, before),
      },
    });
    broadcasts = await Broadcasts.open({
      ...base,
      desk,
      sessions: store.sessions,
      messages: store.systemMessages,
      notes: store.notes,
      policies: around.policies,
      vasps: vaspNames,
      sessionCount: around.sessionCount,
    });
    return { kind: 'open', desk: running(base, desk, broadcasts, webhooks) };
  } catch (error) {
    await webhooks?.close();
    return { kind: 'failed', problems: [`the messages to users cannot be read from the store: ${errorCode(error)}`] };
  }
}

function partsOf(
  { config, store, secrets, clock, metrics, log, userKey }: Base,
  { policies, publicUrl }: DeskSurroundings,
  webhooks: Webhooks | undefined,
): Omit<DeskParts, 'events'> {
  return {
    store: store.systemMessages,
    notes: store.notes,
    acceptances: store.acceptances,
    policies,
    secrets,
    clock,
    metrics,
    log,
    limits: { open: config.limits.systemMessages, openPerUser: config.limits.systemMessagesPerUser },
    serviceContact: config.serviceContact,
    selfCareUrl(user) {
      const url = publicUrl();
      return url === undefined ? undefined : selfCareUrl(secrets, url, user, clock.wall());
    },
    userKey,
    webhook: webhooks === undefined ? undefined : (call) => webhooks.call(call),
  };
}

function running({ log }: Base, desk: Desk, broadcasts: Broadcasts, webhooks: Webhooks | undefined): OpenDesk {
  const trouble = reportedOnce(log);
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
    broadcasts,
    async close() {
      clearInterval(timer);
      await broadcasts.close();
      await webhooks?.close();
      await Promise.all(sweeps);
    },
  };
}

type WebhooksResult =
  | { readonly kind: 'open'; readonly webhooks: Webhooks | undefined }
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

/** A key that cannot be read is found at the start, not with the first answer. */
async function openConfiguredWebhooks({ config, metrics, log }: Base): Promise<WebhooksResult> {
  const { allow, keyFile } = config.webhooks;
  if (allow.length === 0 || keyFile === undefined) return { kind: 'open', webhooks: undefined };
  const key = await readWebhookKey(keyFile);
  if (key.kind === 'unusable') return { kind: 'failed', problems: [key.problem] };
  return { kind: 'open', webhooks: openWebhooks({ allow, keyFile, metrics, log }) };
}
