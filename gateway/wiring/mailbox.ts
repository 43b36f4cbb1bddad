/**
 * Messages for users who are away: mailboxes with what they stand on, and telling the users by bearers. One mailbox a machine
 * where the machine is alone, held by the one process or by the primary of several; else one for each share of the users that
 * the node holds.
 */
import { randomInt } from 'node:crypto';
import { openBearers } from '../bearers/open.ts';
import { errorCode } from '../error-code.ts';
import { Notifying } from '../mailbox/notifying.ts';
import type { MailboxEvents } from '../mailbox/parts.ts';
import { PostOffice } from '../mailbox/post-office.ts';
import type { Bearer, MailboxStore } from '../mailbox-ports.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { Base } from './base.ts';
import { type Reporting, reportedOnce } from './troubles.ts';

export interface MailboxSurroundings {
  readonly policies: PolicySets;
  /** How other processes hear for whom something waits; undefined when there are none. */
  readonly mailWaits: MailboxEvents['concern'] | undefined;
  /** Calls the clients of a user. */
  readonly ring: (userKey: string) => void;
  readonly languageOf: (vasp: string) => string | undefined;
  /** Notifications to one bearer at the same time. */
  readonly atOnce?: number;
  /** Which part of all users these are; all when absent. */
  readonly portion?: number;
  /** Tells of what goes wrong with what is done again and again; absent: for this mailbox alone. */
  readonly reporting?: Reporting;
}

/** A mailbox that is looked after. */
export interface RunningMailbox {
  readonly postOffice: PostOffice;
  /** Nothing is begun any more, and what was begun has ended when this resolves. */
  stop(): Promise<void>;
}

export interface OpenMailbox {
  readonly postOffice: PostOffice;
  close(): Promise<void>;
}

export type MailboxResult =
  | { readonly kind: 'open'; readonly mailbox: OpenMailbox }
  /** Sentences, each with its place; nothing is left open. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

const SWEEP_MILLIS = 1_000;

/** The one mailbox of a machine that is alone. */
export async function openMailbox(base: Base, around: MailboxSurroundings): Promise<MailboxResult> {
  const opened = await openBearers(base);
  if (opened.kind === 'failed') return opened;
  try {
    const { postOffice, stop } = await startMailbox(base, around, base.store.mailbox, opened.bearers);
    warnOfUnknownDomains(base, around.policies);
    const close = async (): Promise<void> => {
      await stop();
      await opened.close();
    };
    return { kind: 'open', mailbox: { postOffice, close } };
  } catch (error) {
    await opened.close();
    return { kind: 'failed', problems: [mailCannotBeRead(error)] };
  }
}

export function mailCannotBeRead(error: unknown): string {
  return `kept messages cannot be read from the store: ${errorCode(error)}`;
}

/** Rejects when the store cannot be read. @param store of all users, or of a share's */
export async function startMailbox(
  base: Base,
  around: MailboxSurroundings,
  store: MailboxStore,
  bearers: ReadonlyMap<string, Bearer>,
): Promise<RunningMailbox> {
  const { config, secrets, clock, metrics, log } = base;
  const postOffice = await PostOffice.open({
    store,
    policies: around.policies,
    secrets,
    clock,
    metrics,
    log,
    portion: around.portion,
    mostMessages: config.limits.mailboxMessages,
    sendsTextMessages: (bearer) => config.bearers.get(bearer)?.kind !== 'webhook',
    knownUsers: config.limits.cachedSessions,
    firstTransactionNumber: randomInt(36 ** 6),
    events: { concern: around.mailWaits ?? (async () => {}), ring: around.ring },
  });
  const notifying = new Notifying({ ...base, ...around, store, bearers });
  const trouble = around.reporting ?? reportedOnce(log);
  const looks = [
    everySecond(() => trouble('kept messages cannot be looked after', () => postOffice.sweep())),
    everySecond(() => trouble('notifications cannot be looked after', () => notifying.sweep())),
  ];
  return {
    postOffice,
    async stop() {
      const ended = looks.map((stop) => stop());
      await notifying.close();
      await Promise.all(ended);
    },
  };
}

/** Without it a message to `wv:bob@im.example` never reaches a Bob who logs in as `wv:bob`: only the VASP knows that he is one. */
export function warnOfUnknownDomains({ config, log }: Base, policies: PolicySets): void {
  if (config.useSandbox || policies.current().offLineUser.length === 0) return;
  for (const { name, domain } of config.vasps) {
    if (domain === undefined)
      log.warn('a VASP has no domain, some kept messages may not find their users', { vasp: name });
  }
}

/** One look at a time; what comes back ends it, and resolves when the last one has ended. */
function everySecond(look: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= look().finally(() => {
      running = undefined;
    });
  }, SWEEP_MILLIS);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
