/**
 * Messages for users who are away, of one machine: the mailbox with what it stands on, and telling the users by bearers. Held
 * by the one process or by the primary of several.
 */
import { randomInt } from 'node:crypto';
import { openBearers } from '../bearers/open.ts';
import { errorCode } from '../error-code.ts';
import { Notifying } from '../mailbox/notifying.ts';
import type { MailboxEvents } from '../mailbox/parts.ts';
import { PostOffice } from '../mailbox/post-office.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { Base } from './base.ts';
import { reportedOnce } from './policies.ts';

export interface MailboxSurroundings {
  readonly policies: PolicySets;
  /** How other processes hear for whom something waits; undefined when there are none. */
  readonly mailWaits: MailboxEvents['concern'] | undefined;
  /** Calls the clients of a user. */
  readonly ring: (userKey: string) => void;
  readonly languageOf: (vasp: string) => string | undefined;
}

export interface OpenMailbox {
  readonly postOffice: PostOffice;
  readonly notifying: Notifying;
  /** Nothing is begun any more, and what was begun has ended when this resolves. */
  close(): Promise<void>;
}

export type MailboxResult =
  | { readonly kind: 'open'; readonly mailbox: OpenMailbox }
  /** Sentences, each with its place; nothing is left open. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

const SWEEP_MILLIS = 1_000;

export async function openMailbox(base: Base, around: MailboxSurroundings): Promise<MailboxResult> {
  const { config, store, secrets, clock, metrics, log } = base;
  const opened = await openBearers(base);
  if (opened.kind === 'failed') return opened;
  const { bearers } = opened;
  try {
    const postOffice = await PostOffice.open({
      store: store.mailbox,
      policies: around.policies,
      secrets,
      clock,
      metrics,
      log,
      mostMessages: config.limits.mailboxMessages,
      sendsTextMessages: (bearer) => config.bearers.get(bearer)?.kind !== 'webhook',
      knownUsers: config.limits.cachedSessions,
      firstTransactionNumber: randomInt(36 ** 6),
      events: { concern: around.mailWaits ?? (async () => {}), ring: around.ring },
    });
    warnOfUnknownDomains(base, around.policies);
    const notifying = new Notifying({ ...base, ...around, store: store.mailbox, bearers });
    return { kind: 'open', mailbox: running(base, postOffice, notifying, opened.close) };
  } catch (error) {
    await opened.close();
    return { kind: 'failed', problems: [`kept messages cannot be read from the store: ${errorCode(error)}`] };
  }
}

/** Without it a message to `wv:bob@im.example` never reaches a Bob who logs in as `wv:bob`: only the VASP knows that he is one. */
function warnOfUnknownDomains({ config, log }: Base, policies: PolicySets): void {
  if (config.useSandbox || policies.current().offLineUser.length === 0) return;
  for (const { name, domain } of config.vasps) {
    if (domain === undefined)
      log.warn('a VASP has no domain, some kept messages may not find their users', { vasp: name });
  }
}

function running(
  { log }: Base,
  postOffice: PostOffice,
  notifying: Notifying,
  closeBearers: () => Promise<void>,
): OpenMailbox {
  const trouble = reportedOnce(log);
  const looks = [
    everySecond(() => trouble('kept messages cannot be looked after', () => postOffice.sweep())),
    everySecond(() => trouble('notifications cannot be looked after', () => notifying.sweep())),
  ];
  return {
    postOffice,
    notifying,
    async close() {
      const ended = looks.map((stop) => stop());
      await notifying.close();
      await closeBearers();
      await Promise.all(ended);
    },
  };
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
