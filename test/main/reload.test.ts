/**
 * Reload of a running gateway: however an operator puts new files in place they come in force, files that are wrong change
 * nothing and are told, and a rollback holds until the folder changes [policy-files §6].
 */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Config } from '../../gateway/config.ts';
import type { RunningGateway } from '../../gateway/main.ts';
import { call, logIn, metric, TOKEN, tokenFile, until } from './admin-calls.ts';
import { chargePolicy, LEVELS, policyFolder, start, temporaryFolder, testConfig, vaspConfig } from './running.ts';
import { TestVasp } from './vasp.ts';

const FAILED = 'sapgw_policy_reloads_total{result="failed"}';

let vasp: TestVasp;
let gateway: RunningGateway | undefined;
let admin: string;
let url: string;

beforeEach(async () => {
  vasp = await TestVasp.listen();
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  await vasp.close();
});

const policy = (version: number, ask = 'on-change'): string =>
  chargePolicy('{ grant: full }', ask)
    .replace('version: 1', `version: ${version}`)
    .replace('Each message', `Version ${version}: each message`);

async function run(policies: string, more: Partial<Config> = {}): Promise<void> {
  gateway = await start(
    testConfig({
      policies,
      useSandbox: false,
      vasps: [vaspConfig('v', vasp.url)],
      adminTokenFile: tokenFile(),
      ...more,
    }),
  );
  admin = `http://127.0.0.1:${gateway.admin.port}`;
  url = `http://127.0.0.1:${gateway.listen.port}/`;
}

const folderOf = (version: number): string => policyFolder({ 'levels.yaml': LEVELS, 'aoc.yaml': policy(version) });

async function versionInForce(): Promise<unknown> {
  const { json } = await call(admin, 'GET', 'policies');
  return (json.policies as readonly { readonly version: number }[])[0]?.version;
}

const inForce = (version: number): Promise<unknown> => until(versionInForce, (found) => found === version);

describe('a change of the folder comes in force', () => {
  test('a file written over', async () => {
    const folder = folderOf(1);
    await run(folder);
    expect(await logIn(url, 'wv:a@im.example')).toEqual([expect.stringContaining('Version 1')]);
    writeFileSync(join(folder, 'aoc.yaml'), policy(2));
    await inForce(2);
    expect(await logIn(url, 'wv:a@im.example')).toEqual([expect.stringContaining('Version 2')]);
  });

  test('a file renamed into its place, as editors do', async () => {
    const folder = folderOf(1);
    await run(folder);
    writeFileSync(join(folder, '.aoc.yaml.swp'), policy(2));
    renameSync(join(folder, '.aoc.yaml.swp'), join(folder, 'aoc.yaml'));
    await inForce(2);
  });

  test('a link inside the folder swapped, as mounted volumes do', async () => {
    const folder = temporaryFolder();
    for (const version of [1, 2]) {
      mkdirSync(join(folder, `..${version}`));
      writeFileSync(join(folder, `..${version}`, 'aoc.yaml'), policy(version));
    }
    writeFileSync(join(folder, 'levels.yaml'), LEVELS);
    symlinkSync('..1', join(folder, '..data'));
    symlinkSync('..data/aoc.yaml', join(folder, 'aoc.yaml'));
    await run(folder);
    symlinkSync('..2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await inForce(2);
  });

  test('the folder itself is a link that is swapped, again and again', async () => {
    const place = temporaryFolder();
    const link = join(place, 'policies');
    symlinkSync(folderOf(1), link);
    await run(link);
    for (const version of [2, 3]) {
      symlinkSync(folderOf(version), join(place, 'next'));
      renameSync(join(place, 'next'), link);
      await inForce(version);
    }
  });

  test('the folder replaced as a whole; gone for a moment it is no empty set', async () => {
    const place = temporaryFolder();
    const folder = join(place, 'policies');
    renameSync(folderOf(1), folder);
    await run(folder);
    renameSync(folder, join(place, 'old'));
    await until(
      () => metric(admin, FAILED),
      (count) => count === 1,
    );
    expect(await versionInForce()).toBe(1);
    renameSync(folderOf(2), folder);
    await inForce(2);
    writeFileSync(join(folder, 'aoc.yaml'), policy(3));
    await inForce(3);
  });
});

describe('what is not taken', () => {
  test('a wrong file changes nothing, is counted and told, and is over when it is right again', async () => {
    const folder = folderOf(1);
    await run(folder);
    writeFileSync(join(folder, 'aoc.yaml'), policy(2).replace('purpose: advice-of-charge', 'purpose: advice'));
    const { json } = await until(
      () => call(admin, 'GET', 'policies'),
      (answer) => (answer.json.folder as { inForce: boolean }).inForce === false,
    );
    expect(json.folder).toMatchObject({ problems: [expect.stringMatching(/aoc\.yaml:\d+:\d+: purpose: /)] });
    expect(await versionInForce()).toBe(1);
    expect(await metric(admin, FAILED)).toBe(1);
    expect(await (await fetch(`${admin}/status`)).text()).toMatch(/policy folder +not in force: .*purpose/);
    const byHand = await call(admin, 'POST', 'policies/reload');
    expect([byHand.status, byHand.json.error]).toMatchObject([422, { code: 'policies-invalid' }]);
    writeFileSync(join(folder, 'aoc.yaml'), policy(3));
    await inForce(3);
    expect((await call(admin, 'GET', 'policies')).json.folder).toMatchObject({ inForce: true });
  });

  test('a folder that lost all its files is taken by hand alone', async () => {
    const folder = folderOf(1);
    await run(folder);
    rmSync(join(folder, 'aoc.yaml'));
    rmSync(join(folder, 'levels.yaml'));
    await until(
      () => metric(admin, FAILED),
      (count) => count === 1,
    );
    expect(await versionInForce()).toBe(1);
    expect((await call(admin, 'POST', 'policies/reload')).json).toMatchObject({ result: 'loaded' });
    expect(await logIn(url, 'wv:a@im.example')).toEqual([]);
  });

  test('the same content is unchanged', async () => {
    await run(folderOf(1));
    expect((await call(admin, 'POST', 'policies/reload')).json).toMatchObject({ result: 'unchanged' });
    expect(await metric(admin, 'sapgw_policy_reloads_total{result="unchanged"}')).toBe(1);
  });
});

describe('rollback', () => {
  test('goes back set by set, survives a restart, and ends when the folder changes', async () => {
    const folder = folderOf(1);
    const store = { kind: 'lmdb', directory: join(temporaryFolder(), 'data') } as const;
    await run(folder, { store });
    for (const version of [2, 3]) {
      writeFileSync(join(folder, 'aoc.yaml'), policy(version));
      await inForce(version);
    }
    expect((await call(admin, 'POST', 'policies/rollback')).json).toMatchObject({ result: 'rolled-back', kept: true });
    expect(await versionInForce()).toBe(2);
    expect((await call(admin, 'POST', 'policies/rollback')).status).toBe(200);
    expect(await versionInForce()).toBe(1);
    const refused = await call(admin, 'POST', 'policies/rollback');
    expect([refused.status, refused.json.error]).toMatchObject([409, { code: 'nothing-earlier' }]);
    expect(await logIn(url, 'wv:a@im.example')).toEqual([expect.stringContaining('Version 1')]);
    const { json: before } = await call(admin, 'GET', 'policies');
    expect(before).toMatchObject({ source: 'rollback', folder: { inForce: false } });

    await gateway?.stop();
    await run(folder, { store });
    const { json: after } = await call(admin, 'GET', 'policies');
    expect(after).toMatchObject({ set: before.set, since: before.since, source: 'rollback' });
    expect((await call(admin, 'GET', 'policies/history')).json.sets).toMatchObject([
      { inForce: false, rolledBackAt: expect.any(String) },
      { inForce: false, rolledBackAt: expect.any(String) },
      { inForce: true },
    ]);

    writeFileSync(join(folder, 'aoc.yaml'), policy(4));
    await inForce(4);
    expect((await call(admin, 'GET', 'policies')).json).toMatchObject({ source: 'folder', folder: { inForce: true } });
    // Back to what was in force before version 4 came, over those that were rolled back.
    await call(admin, 'POST', 'policies/rollback');
    expect(await versionInForce()).toBe(1);
    expect((await call(admin, 'POST', 'policies/reload')).json).toMatchObject({ result: 'loaded' });
    expect(await versionInForce()).toBe(4);
  });

  test('wrong files that were rolled back do not stop a start; other wrong files do', async () => {
    const folder = folderOf(1);
    const store = { kind: 'lmdb', directory: join(temporaryFolder(), 'data') } as const;
    await run(folder, { store });
    writeFileSync(join(folder, 'aoc.yaml'), policy(2));
    await inForce(2);
    writeFileSync(join(folder, 'aoc.yaml'), 'kind: nothing\n');
    await until(
      () => metric(admin, FAILED),
      (count) => count === 1,
    );
    await call(admin, 'POST', 'policies/rollback');
    await gateway?.stop();
    await run(folder, { store });
    expect(await versionInForce()).toBe(1);
    await gateway?.stop();
    gateway = undefined;
    writeFileSync(join(folder, 'aoc.yaml'), 'kind: nothing else\n');
    await expect(run(folder, { store })).rejects.toThrow(/aoc\.yaml:1:\d+: kind: /);
  });

  test('holds in every gateway on the same store', async () => {
    const folder = folderOf(1);
    const store = { kind: 'lmdb', directory: join(temporaryFolder(), 'data') } as const;
    await run(folder, { store });
    const other = await start(
      testConfig({ policies: folder, store, useSandbox: false, vasps: [vaspConfig('v', vasp.url)] }),
    );
    writeFileSync(join(folder, 'aoc.yaml'), policy(2));
    await inForce(2);
    await call(admin, 'POST', 'policies/rollback');
    admin = `http://127.0.0.1:${other.admin.port}`;
    await until(
      async () => (await call(admin, 'GET', 'policies')).json,
      (json) => json.source === 'rollback',
    );
    expect(await versionInForce()).toBe(1);
    await other.stop();
  });
});

describe('asking again', () => {
  const alice = 'wv:alice@im.example';
  const bob = 'wv:bob@other.example';

  async function bothAccepted(): Promise<void> {
    await run(folderOf(1));
    for (const user of [alice, bob]) {
      expect(await logIn(url, user)).toHaveLength(1);
      expect(await logIn(url, user)).toEqual([]);
    }
  }

  test('one user, however the id is written', async () => {
    await bothAccepted();
    const order = { policy: 'aoc', user: 'ALICE@im.example' };
    expect((await call(admin, 'POST', 'policies/ask-again', order)).json).toEqual({
      result: 'removed',
      acceptances: 1,
    });
    expect(await logIn(url, alice)).toHaveLength(1);
    expect(await logIn(url, alice)).toEqual([]);
    expect(await logIn(url, bob)).toEqual([]);
    expect((await call(admin, 'GET', 'policies/ask-again')).json).toEqual({ wishes: [] });
  });

  test('a glob, and everybody', async () => {
    await bothAccepted();
    const glob = await call(admin, 'POST', 'policies/ask-again', { users: 'wv:*@im.example' });
    expect(glob.json).toMatchObject({ result: 'kept', acceptances: null, wish: { users: 'wv:*@im.example' } });
    expect(await logIn(url, alice)).toHaveLength(1);
    expect(await logIn(url, bob)).toEqual([]);
    expect(await logIn(url, alice)).toEqual([]);
    await call(admin, 'POST', 'policies/ask-again', { everybody: true, policy: 'aoc', vasp: 'v' });
    for (const user of [alice, bob]) expect(await logIn(url, user)).toHaveLength(1);
    for (const user of [alice, bob]) expect(await logIn(url, user)).toEqual([]);
    expect((await call(admin, 'GET', 'policies/ask-again')).json.wishes).toHaveLength(2);
  });

  test('an order that is not clear is refused in words', async () => {
    await run(folderOf(1));
    const orders: readonly (readonly [object, RegExp])[] = [
      [{}, /in one way/],
      [{ user: alice, everybody: true }, /in one way/],
      [{ user: 'wv:*@x' }, /as "users"/],
      [{ everybody: true, policy: 'aoc-' }, /there are aoc/],
      [{ everybody: true, vasp: 'w' }, /there are v\./],
      [{ everyone: true }, /known are policy, vasp, user, users, everybody/],
      [{ users: 7 }, /users must be a text/],
    ];
    for (const [order, words] of orders) {
      const { status, json } = await call(admin, 'POST', 'policies/ask-again', order);
      expect([status, json.error]).toMatchObject([400, { code: 'bad-request', message: expect.stringMatching(words) }]);
    }
  });
});

test('what users are about is found by the API: counts, audit, export and forgetting', async () => {
  await run(folderOf(1));
  await logIn(url, 'wv:alice@im.example');
  const open = await fetch(`${admin}/api/v1/negotiations`);
  expect(await open.json()).toEqual({ negotiations: [] });
  expect((await call(admin, 'GET', 'sessions')).json).toMatchObject({ sessions: [{ vasp: 'v', open: 0 }] });
  expect((await call(admin, 'GET', 'audit/head')).json).toMatchObject({ first: 1, next: 2 });
  const audit = await fetch(`${admin}/api/v1/audit?from=1&limit=10`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const lines = (await audit.text()).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ sequence: 1, policy: 'aoc', option: 'accept' }]);
  const user = { user: 'wv:alice@im.example' };
  const exported = (await call(admin, 'POST', 'users/export', user)).json;
  expect(exported).toMatchObject({
    vasps: [{ vasp: 'v', acceptances: [{ policy: 'aoc' }], records: [{ sequence: 1 }] }],
  });
  expect(JSON.stringify(exported)).not.toContain('alice');
  expect((await call(admin, 'POST', 'users/forget', user)).json).toMatchObject({ vasps: [{ acceptances: 1 }] });
  expect(await logIn(url, 'wv:alice@im.example')).toHaveLength(1);
});
