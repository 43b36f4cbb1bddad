/** Fills the mailboxes of a gateway that does not run, by the code that it keeps messages with: many users, some messages each. */
import { join } from 'node:path';
import { auditSeal } from '../../gateway/audit/seal.ts';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { type Element, element } from '../../gateway/csp/element.ts';
import { PostOffice } from '../../gateway/mailbox/post-office.ts';
import type { DepositOrder, KeepRules } from '../../gateway/mailbox-ports.ts';
import { LivePolicySets } from '../../gateway/policy/live-sets.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { policySetOf } from '../transcripts/rig.ts';

export interface FillPlan {
  /** Of the gateway. */
  readonly directory: string;
  readonly vasp: string;
  readonly messages: number;
  readonly perUser: number;
  /** User ids are made of their numbers. */
  readonly userOf: (number: number) => string;
  readonly text: string;
  readonly progress: (done: number) => void;
}

const KEEP: KeepRules = {
  policy: 'messages-waiting',
  messages: 1_000,
  bytes: 2 ** 20,
  keepMillis: 7 * 86_400_000,
  notify: undefined,
};
const AT_ONCE = 2_000;
const SENDER = 'wv:sender@im.example';

/** Seconds that it took. */
export async function fillMailboxes(plan: FillPlan): Promise<number> {
  const read = openSecrets({ kind: 'file', path: join(plan.directory, 'secret') });
  if (read.kind === 'failed') throw new Error(read.problem);
  const { secrets } = read;
  const opened = openLmdbStore(join(plan.directory, 'data'), 0, auditSeal(secrets));
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const silent = (): void => {};
  const office = await PostOffice.open({
    store: opened.store.mailbox,
    policies: new LivePolicySets(policySetOf()),
    secrets,
    clock: { wall: () => Date.now() },
    metrics: { mailbox: silent },
    log: { info: silent, warn: silent, error: silent },
    mostMessages: Number.MAX_SAFE_INTEGER,
    knownUsers: 1,
    firstTransactionNumber: 0,
    sendsTextMessages: () => false,
    events: { concern: async () => {}, ring: silent },
  });
  const startedAt = performance.now();
  for (let done = 0; done < plan.messages; ) {
    const count = Math.min(AT_ONCE, plan.messages - done);
    const orders = Array.from({ length: count }, (_, index) => {
      // Users in turn, so that theirs lie as far apart as in life.
      const user = plan.userOf((done + index) % Math.ceil(plan.messages / plan.perUser));
      const recipient = { userId: user, userKey: userKeyOf(secrets, { name: plan.vasp }, user), keep: KEEP };
      return orderOf(plan, `f${done + index}`, userKeyOf(secrets, { name: plan.vasp }, SENDER), recipient);
    });
    const results = await Promise.all(orders.map((order) => office.deposit(order)));
    if (results.some(({ recipients }) => recipients[0] !== 'stored')) throw new Error('a message was not kept');
    done += count;
    plan.progress(done);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await opened.store.close();
  return seconds;
}

function orderOf(
  { vasp, text }: FillPlan,
  transactionId: string,
  senderKey: string,
  recipient: DepositOrder['recipients'][number],
): DepositOrder {
  const userOf = (id: string): Element => element('User', [element('UserID', id)]);
  return {
    vasp,
    sessionKey: 'fill',
    senderKey,
    sender: SENDER,
    transactionId,
    info: element('MessageInfo', [
      element('ContentType', 'text/plain'),
      element('ContentEncoding', 'None'),
      element('ContentSize', text.length),
      element('Sender', [userOf(SENDER)]),
    ]),
    content: element('ContentData', text),
    wantsReport: false,
    validitySeconds: undefined,
    vaspMessageId: undefined,
    recipients: [recipient],
  };
}
