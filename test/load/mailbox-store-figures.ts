/**
 * Measures the store of mailboxes: `npx tsx test/load/mailbox-store-figures.ts [messages] [directory]`. Fills it with
 * 1,000,000 messages of 200 bytes for 50,000 users, as sealed messages are, each with what a second try is known by for ten
 * minutes and a wish to tell its recipient, and prints how fast they come in and go out, what they take on disk and in
 * memory, and whether one user's questions take longer for the others' messages.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Deposit, MailboxStore } from '../../gateway/mailbox-ports.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';

const MESSAGES = Number(process.argv[2] ?? 1_000_000);
const USERS = 50_000;
const SINGLE = Math.min(2_000, MESSAGES / 10);
const DELIVERED = Math.min(50_000, MESSAGES / 4);
const AT_ONCE = 64;
const REPORT_EVERY = 100_000;
/** Of the simulated clock: 1,000 messages a second. */
const START = 1_700_000_000_000;
const REMEMBERED_MILLIS = 600_000;
const SEALED_ENVELOPE = 290;
const SEALED_CONTENT = 250;

const directory = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'sapgw-figures-'));
const opened = openLmdbStore(directory, 0, () => '');
if (opened.kind === 'failed') throw new Error(opened.problem);
const { store } = opened;
const { mailbox } = store;

function idOf(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}

const users = Array.from({ length: USERS }, (_, number) => idOf(`user ${number}`));
const PROBE = idOf('the user who is asked about');

function userOf(number: number): string {
  // A step that has no factor in common with the number of users spreads neighbours.
  return users[(number * 7_919) % USERS] ?? '';
}

function deposit(number: number, userKey = userOf(number)): Deposit {
  const storedAt = START + number;
  return {
    message: {
      id: idOf(`message ${number}`),
      kind: 'message',
      userKey,
      senderKey: userOf(number + 1),
      vasp: 'friendly-im',
      policy: 'away',
      storedAt,
      expiresAt: storedAt + 7 * 86_400_000,
      bytes: 200,
      envelope: Buffer.alloc(SEALED_ENVELOPE, number),
    },
    content: Buffer.alloc(SEALED_CONTENT, number),
    duplicate: {
      key: idOf(`try ${number}`),
      sentId: `sapgw.mail.${idOf(`sent ${number}`)}`,
      until: storedAt + REMEMBERED_MILLIS,
    },
    quota: { messages: 100, bytes: 102_400 },
    notification: {
      userKey,
      policy: 'away',
      vasp: 'friendly-im',
      bearer: 'sms',
      at: storedAt,
      windowMillis: 3_600_000,
      content: Buffer.alloc(90, number),
    },
  };
}

async function lanes(count: number, atOnce: number, work: (number: number) => Promise<void>): Promise<number> {
  const start = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return (count * 1000) / (performance.now() - start);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const whole = (number: number): string => Math.round(number).toLocaleString('en-US');

async function askAbout(label: string, box: MailboxStore): Promise<void> {
  for (const [name, ask] of [
    ['counts', () => box.counts(PROBE)],
    ['waiting', () => box.waiting(PROBE, 20)],
  ] as const) {
    const took: number[] = [];
    for (let time = 0; time < 5_000; time += 1) {
      const start = performance.now();
      await ask();
      took.push((performance.now() - start) * 1000);
    }
    took.sort((a, b) => a - b);
    say(`${label}: ${name} of one user, median ${took[2_500]?.toFixed(1)} µs, p99 ${took[4_950]?.toFixed(1)} µs`);
  }
}

async function put(number: number, userKey?: string): Promise<void> {
  const outcome = await mailbox.put(deposit(number, userKey), Number.MAX_SAFE_INTEGER);
  if (outcome.kind !== 'stored') throw new Error(`a message is ${outcome.kind}`);
}

async function fill(): Promise<void> {
  let last = performance.now();
  const rate = await lanes(MESSAGES - SINGLE, AT_ONCE, async (number) => {
    await put(SINGLE + number);
    if ((number + 1) % 10_000 === 0) await mailbox.sweep(START + number);
    if ((number + 1) % REPORT_EVERY !== 0) return;
    const now = performance.now();
    say(`  ${whole(number + 1)} stored, ${whole((REPORT_EVERY * 1000) / (now - last))}/s`);
    last = now;
  });
  say(`stored, ${AT_ONCE} at once: ${whole(rate)}/s`);
}

async function deliver(first: number, count: number, atOnce: number): Promise<void> {
  const rate = await lanes(count, atOnce, async (number) => {
    const [message] = await mailbox.waiting(userOf(first + number), 1);
    if (message === undefined) throw new Error('nothing waits');
    await mailbox.content(message.id);
    await mailbox.end([message.id], []);
  });
  say(`delivered (waiting, content, end), ${atOnce} at once: ${whole(rate)}/s`);
}

function sizes(count: number): void {
  const bytes = statSync(join(directory, 'data.mdb')).size;
  const { rss, heapUsed } = process.memoryUsage();
  say(`on disk: ${whole(bytes / 2 ** 20)} MB, ${whole(bytes / count)} bytes a message`);
  say(`memory: RSS ${whole(rss / 2 ** 20)} MB (the map's pages among it), heap ${whole(heapUsed / 2 ** 20)} MB`);
}

try {
  for (let number = 0; number < 20; number += 1) await put(-1 - number, PROBE);
  await askAbout('empty store', mailbox);
  say(`stored, one after the other: ${whole(await lanes(SINGLE, 1, (number) => put(number)))}/s`);
  const before = process.cpuUsage();
  await fill();
  const used = process.cpuUsage(before);
  say(`processor time: ${((used.user + used.system) / (MESSAGES - SINGLE)).toFixed(0)} µs a message stored`);
  sizes(MESSAGES);
  await askAbout('full store', mailbox);
  await deliver(0, SINGLE, 1);
  await deliver(SINGLE, DELIVERED, AT_ONCE);
  say(`left: ${JSON.stringify(await mailbox.totals())}`);
} finally {
  await store.close();
  rmSync(directory, { recursive: true });
}
