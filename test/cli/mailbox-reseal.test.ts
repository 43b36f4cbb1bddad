/** `sapgw mailbox reseal`: after it, what is kept can be read with the new key alone; before it, an older key that is missing is told of. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { registerMailbox } from '../../gateway/cli/mailbox.ts';
import type { Secrets } from '../../gateway/ports.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { Kept } from './kept.ts';

const OLD = 'old-key-'.repeat(6);
const NEW = 'new-key-'.repeat(6);
const HASH = `hash:${'hash-key'.repeat(6)}`;
const MESSAGE = 'mmmmmmmmmmmmmmmmmmmmmA';
const USER = 'AAAAAAAAAAAAAAAAAAAAAA';

let kept: Kept;
beforeEach(() => {
  kept = new Kept();
});
afterEach(() => kept.remove());

function keys(...lines: readonly string[]): Secrets {
  const path = join(kept.folder, 'secret');
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  const opened = openSecrets({ kind: 'file', path });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  return opened.secrets;
}

/** A message with content and a notification, sealed. */
async function keep(secrets: Secrets): Promise<void> {
  const of = { userKey: USER, vasp: 'one', policy: 'away' };
  const times = { storedAt: 1_700_000_000_000, expiresAt: 1_800_000_000_000 };
  const envelope = secrets.seal('envelope', 'from whom');
  const message = { id: MESSAGE, kind: 'message' as const, ...of, senderKey: USER, ...times, bytes: 4, envelope };
  const content = secrets.seal('notification', 'to whom');
  const notification = { ...of, bearer: 'sms', at: 1_700_000_000_000, windowMillis: 1000, content };
  const deposit = { message, content: secrets.seal('content', 'what'), duplicate: undefined, quota: undefined };
  await kept.store((store) => store.mailbox.put({ ...deposit, notification }, 10));
}

async function reseal(...more: readonly string[]) {
  let out = '';
  const errors: string[] = [];
  const shown: string[] = [];
  const output = {
    write: async (text: string) => {
      out += text;
    },
    printError: (line: string) => void errors.push(line),
    progress: (line: string) => void shown.push(line),
  };
  const program = new Command('sapgw').exitOverride();
  registerMailbox(program, {}, output);
  process.exitCode = 0;
  await program.parseAsync(['mailbox', 'reseal', '--config', kept.config, ...more], { from: 'user' });
  const status = process.exitCode;
  process.exitCode = 0;
  return { out, errors, shown, status };
}

test('after it the older key is needed no longer', async () => {
  await keep(keys(OLD, HASH));
  keys(NEW, OLD, HASH);
  const first = await reseal();
  expect(first).toMatchObject({
    out: 'messages and notifications: 2 sealed anew, 0 were so already, 0 cannot be read\n',
    errors: [],
    status: 0,
  });
  expect(first.shown.length).toBeGreaterThan(1);
  const alone = keys(NEW, HASH);
  const again = await reseal('--json');
  expect([JSON.parse(again.out), again.status]).toEqual([{ resealed: 0, current: 2, unreadable: 0 }, 0]);
  await kept.store(async ({ mailbox }) => {
    const message = await mailbox.get(MESSAGE);
    const [notification] = await mailbox.notifications.slice(undefined, 1);
    expect(message && alone.unseal('envelope', message.envelope)).toBe('from whom');
    expect(alone.unseal('content', (await mailbox.content(MESSAGE)) ?? new Uint8Array())).toBe('what');
    expect(notification && alone.unseal('notification', notification.content)).toBe('to whom');
  });
});

test('an older key that was taken out too early is told of', async () => {
  await keep(keys(OLD, HASH));
  keys(NEW, HASH);
  expect(await reseal()).toMatchObject({
    out: 'messages and notifications: 0 sealed anew, 0 were so already, 2 cannot be read\n',
    errors: ['what could not be read needs a key that is not in the secret file, or is damaged'],
    status: 1,
  });
  keys(NEW, OLD, HASH);
  expect(await reseal()).toMatchObject({ status: 0 });
});

test('a memory store is inside the gateway', async () => {
  const { errors, status } = await reseal('--store', 'memory:');
  expect([errors.join(), status]).toEqual([expect.stringContaining('lives inside the running gateway only'), 2]);
});
