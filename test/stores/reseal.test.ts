/** After a key was rotated and everything sealed anew, the old key can go and all still reads. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SEALED_AS } from '../../gateway/mailbox-ports.ts';
import type { Secrets, Store } from '../../gateway/ports.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { type Resealed, resealMailbox } from '../../gateway/stores/reseal.ts';
import { deposit, idOf, report, seal, wish } from './records-of-tests.ts';

const OLD = 'o'.repeat(40);
const NEW = 'n'.repeat(40);

function secretsOf(...keys: readonly string[]): Secrets {
  const result = openSecrets({ kind: 'keys', text: [...keys, `hash:${'h'.repeat(40)}`].join('\n') });
  if (result.kind === 'failed') throw new Error(result.problem);
  return result.secrets;
}

const [old, both, current] = [secretsOf(OLD), secretsOf(NEW, OLD), secretsOf(NEW)];

async function fill({ mailbox }: Store, secrets: Secrets, from: number, count: number): Promise<void> {
  for (let number = from; number < from + count; number += 1) {
    const user = idOf(`user ${number % 7}`);
    const envelope = secrets.seal(SEALED_AS.envelope, `envelope ${number}`);
    const content = secrets.seal(SEALED_AS.content, `content ${number}`);
    const notification = wish({ userKey: user, content: secrets.seal(SEALED_AS.notification, `to ${number % 7}`) });
    const one =
      number % 5 === 0
        ? report(number, { envelope, userKey: user })
        : deposit(number, { envelope, userKey: user }, { content, notification });
    await mailbox.put(one, 1_000);
    if (number % 11 === 0) await mailbox.bury(one.message.id, 'refused', 1);
  }
}

async function textsOf({ mailbox }: Store, secrets: Secrets): Promise<(string | undefined)[]> {
  const texts: (string | undefined)[] = [];
  for (const { id, envelope } of await mailbox.slice(undefined, 1_000)) {
    texts.push(secrets.unseal(SEALED_AS.envelope, envelope));
    const content = await mailbox.content(id);
    if (content !== undefined) texts.push(secrets.unseal(SEALED_AS.content, content));
  }
  for (const { content } of await mailbox.notifications.slice(undefined, 100)) {
    texts.push(secrets.unseal(SEALED_AS.notification, content));
  }
  return texts;
}

describe.each(['memory', 'lmdb'])('in the %s store', (kind) => {
  let directory = '';
  let store: Store;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sapgw-reseal-'));
    const result = openLmdbStore(directory, 0, seal);
    if (result.kind === 'failed') throw new Error(result.problem);
    store = kind === 'lmdb' ? result.store : openMemoryStore();
    if (kind === 'memory') void result.store.close();
  });
  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  test('everything is sealed by the new key, once, and reads without the old one', async () => {
    await fill(store, old, 0, 230);
    await fill(store, both, 230, 20);
    const before = await textsOf(store, both);
    const totals = await store.mailbox.totals();
    expect(before).not.toContain(undefined);
    const heard: Resealed[] = [];
    const done = await resealMailbox(store, both, (soFar) => heard.push(soFar));
    // The seven notifications have the words of the last message, which the new key has sealed.
    expect(done).toEqual({ resealed: 230, current: 20 + 7, unreadable: 0 });
    expect(heard.slice(0, 2).map(({ resealed, current: known }) => resealed + known)).toEqual([100, 200]);
    expect(heard.at(-1)).toEqual(done);
    expect(await textsOf(store, current)).toEqual(before);
    expect(await store.mailbox.totals()).toEqual(totals);
    expect(await resealMailbox(store, both)).toEqual({ resealed: 0, current: 257, unreadable: 0 });
  });

  test('what no live key opens is counted and left alone, and keeps nothing else from being sealed anew', async () => {
    await fill(store, old, 0, 10);
    const lost = secretsOf('x'.repeat(40));
    await fill(store, lost, 10, 3);
    const done = await resealMailbox(store, both);
    // Two of the three are messages, whose notifications took the place of older ones.
    expect(done).toEqual({ resealed: 10 + 5, current: 0, unreadable: 3 + 2 });
    expect((await textsOf(store, current)).filter((text) => text !== undefined)).toHaveLength(10 + 8 + 5);
    expect(await textsOf(store, lost)).toContain('envelope 11');
  });
});
