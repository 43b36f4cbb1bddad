/**
 * Fills a store on disk with messages to users, measures it, and tells its parent: store.ts starts it with their number. Two
 * thirds of the users have one message and a third has two; every second message is about another user.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { writeMessage } from '../../gateway/stores/message-records.ts';
import type { MessageRecord } from '../../gateway/system-message-ports.ts';

export interface MessageFigures {
  readonly recordBytes: number;
  readonly diskBytes: number;
  readonly putsPerSecond: number;
  readonly updatesPerSecond: number;
  readonly putMillis: number;
  readonly ofMicros: number;
  readonly sliceMicros: number;
}

/** What one write of a sending to many users holds. */
const BATCH = 500;
const SINGLE_PUTS = 200;
const READS = 20_000;
const SLICE = 1000;
/** As long as the seal of a user id of 24 characters. */
const ABOUT = new Uint8Array(54).fill(0xa5);

async function measure(count: number): Promise<MessageFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'sapgw-bench-messages-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const opened = openLmdbStore(directory, Date.now(), (text) => text);
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const { systemMessages } = opened.store;
  const putAll = (tries: number): Promise<number> =>
    seconds(async () => {
      for (let first = 0; first < count; first += BATCH) {
        const length = Math.min(BATCH, count - first);
        await systemMessages.put(Array.from({ length }, (_, index) => message(first + index, tries)));
      }
    });
  const put = await putAll(0);
  const diskBytes = statSync(join(directory, 'data.mdb')).size;
  const updated = await putAll(1);
  const one = await seconds(async () => {
    for (let index = 0; index < SINGLE_PUTS; index += 1) await systemMessages.put([message(index, 2)]);
  });
  const users = Array.from({ length: READS }, (_, index) => message((index * 7919) % count, 0).userKey);
  const of = await seconds(async () => {
    for (const user of users) {
      if ((await systemMessages.of(user)).length === 0) throw new Error('a message is gone');
    }
  });
  const slices = await seconds(async () => {
    for (let after: string | undefined; ; ) {
      const slice = await systemMessages.slice(after, SLICE);
      if (slice.length < SLICE) return;
      after = slice.at(-1)?.id;
    }
  });
  await opened.store.close();
  return {
    recordBytes: (writeMessage(message(0, 0)).length + writeMessage(message(1, 0)).length) / 2,
    diskBytes: diskBytes / count,
    putsPerSecond: count / put,
    updatesPerSecond: count / updated,
    putMillis: (one / SINGLE_PUTS) * 1e3,
    ofMicros: (of / READS) * 1e6,
    sliceMicros: (slices / count) * 1e6,
  };
}

/** @param tries how often it went out; a record with a try has a time of it too */
function message(index: number, tries: number): MessageRecord {
  const isAbout = index % 2 === 1;
  return {
    id: hash('message', index),
    userKey: hash('user', index % 4 === 3 ? index - 3 : index),
    vasp: 'friendly-im',
    policy: 'presence-notice',
    version: 3,
    definition: hash('definition', 0),
    sequence: index,
    aboutKey: isAbout ? hash('user', index + 1) : undefined,
    about: isAbout ? ABOUT : undefined,
    broadcast: undefined,
    state: 'open',
    createdAt: 1_700_000_000_000 + index,
    expiresAt: 1_700_086_400_000 + index,
    sentAt: tries === 0 ? undefined : 1_700_000_000_000,
    tries,
    deliveredAt: undefined,
    answeredAt: undefined,
    option: undefined,
    way: undefined,
    endedAt: undefined,
  };
}

/** As keyed hashes are: 16 bytes without order. */
function hash(purpose: string, index: number): string {
  return createHash('sha256').update(`${purpose} ${index}`).digest().subarray(0, 16).toString('base64url');
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

process.on('disconnect', () => process.exit(0));
process.send?.(await measure(Number(process.argv[2])), () => process.exit(0));
