/** Proves what the control of policies does when the store fails, how much it keeps, and that changes wait for each other. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type OpenResult, PolicyControl } from '../../gateway/policies/control.ts';
import { KEPT_SETS } from '../../gateway/policies/history.ts';
import { parsePolicySet } from '../../gateway/policy/parse.ts';
import { contentHash } from '../../gateway/policy-folder.ts';
import { policyFolder } from '../main/running.ts';

const notice = (version: number): string =>
  `kind: off-line-service\nid: notice\nversion: ${version}\npurpose: notice\nmessage: { en: Hello }\n`;

interface Rig {
  readonly folder: string;
  readonly control: PolicyControl;
  readonly notes: Map<string, string>;
  readonly log: string[];
  /** Whether the store fails from now on. */
  failing: boolean;
  reopened(): Promise<OpenResult>;
  write(version: number): void;
}

async function rig(): Promise<Rig> {
  const folder = policyFolder({ 'notice.yaml': notice(1) });
  const notes = new Map<string, string>();
  const log: string[] = [];
  let now = 0;
  const store = {
    get: async (name: string) => (made.failing ? Promise.reject(new Error('store')) : notes.get(name)),
    put: async (name: string, text: string) => {
      if (made.failing) throw new Error('store');
      notes.set(name, text);
    },
  };
  const tell = (event: string): void => void log.push(event);
  const open = (): Promise<OpenResult> =>
    PolicyControl.open({
      directory: folder,
      parse: (files) => parsePolicySet(files, { hash: contentHash }),
      notes: store,
      clock: { wall: () => ++now },
      metrics: { policyReload: () => {} },
      log: { info: tell, warn: tell, error: tell },
    });
  const made = { failing: false };
  const opened = await open();
  if (opened.kind === 'failed') throw new Error(opened.problems.join('\n'));
  return Object.assign(made, {
    folder,
    control: opened.control,
    notes,
    log,
    reopened: open,
    write: (version: number) => writeFileSync(join(folder, 'notice.yaml'), notice(version)),
  });
}

const versionOf = (control: PolicyControl): number | undefined => control.state().set.policies[0]?.version;

describe('a store that fails', () => {
  test('does not keep new policies from coming in force, and is told of', async () => {
    const made = await rig();
    made.failing = true;
    made.write(2);
    expect(await made.control.reload('signal')).toMatchObject({ kind: 'loaded' });
    expect(versionOf(made.control)).toBe(2);
    expect(made.log).toContain('policies cannot be kept for a rollback');
    made.failing = false;
    await made.control.follow();
    expect(versionOf(made.control)).toBe(2);
  });

  test('a rollback needs the earlier files', async () => {
    const made = await rig();
    made.write(2);
    await made.control.reload('signal');
    made.failing = true;
    expect(await made.control.rollback('admin api')).toMatchObject({ kind: 'failed' });
    expect(versionOf(made.control)).toBe(2);
    made.failing = false;
    expect(await made.control.rollback('admin api')).toMatchObject({ kind: 'rolled-back', isKept: true });
    expect(versionOf(made.control)).toBe(1);
  });

  test('contents that were changed there are not put in force', async () => {
    const made = await rig();
    made.write(2);
    await made.control.reload('signal');
    for (const [name, text] of made.notes) {
      if (name !== 'policy-history') made.notes.set(name, text.replace('Hello', 'Hullo'));
    }
    expect(await made.control.rollback('admin api')).toMatchObject({
      kind: 'failed',
      problems: [expect.stringContaining('no longer in the store')],
    });
    made.notes.set('policy-history', '{"format":1');
    expect((await made.reopened()).kind).toBe('open');
  });

  test('a start on what was rolled back says what to do when the set in its place is lost', async () => {
    const made = await rig();
    made.write(2);
    await made.control.reload('signal');
    await made.control.rollback('admin api');
    for (const name of made.notes.keys()) if (name !== 'policy-history') made.notes.delete(name);
    expect(await made.reopened()).toMatchObject({
      kind: 'failed',
      problems: [expect.stringContaining('change a file to use the folder again'), expect.any(String)],
    });
    made.write(3);
    expect((await made.reopened()).kind).toBe('open');
  });
});

test('the last sets are kept, and each can be gone back to', async () => {
  const made = await rig();
  for (let version = 2; version <= KEPT_SETS + 5; version++) {
    made.write(version);
    await made.control.reload('signal');
  }
  expect(made.control.history()).toHaveLength(KEPT_SETS);
  expect(made.notes.size).toBe(KEPT_SETS + 1);
  for (let version = KEPT_SETS + 4; version > 5; version--) {
    await made.control.rollback('admin api');
    expect(versionOf(made.control)).toBe(version);
  }
  expect(await made.control.rollback('admin api')).toEqual({ kind: 'nothing-earlier' });
});

test('changes wait for each other, and the last one sees what the folder holds at its turn', async () => {
  const made = await rig();
  made.write(2);
  const reloads = [made.control.reload('signal'), made.control.reload('signal')];
  const back = made.control.rollback('admin api');
  const again = made.control.look();
  expect((await Promise.all(reloads)).map(({ kind }) => kind)).toEqual(['loaded', 'unchanged']);
  expect(await back).toMatchObject({ kind: 'rolled-back' });
  expect(await again).toMatchObject({ kind: 'unchanged' });
  expect(versionOf(made.control)).toBe(1);
  made.write(3);
  await made.control.poll();
  expect(versionOf(made.control)).toBe(3);
});
