/** SIGHUP on the running program: it reloads, tells each problem in a line of its own, and never ends. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { call, metric, TOKEN, until } from './admin-calls.ts';
import { Program, type Served, serve } from './processes.ts';
import { chargePolicy, LEVELS, policyFolder, temporaryFolder } from './running.ts';

let served: Served | undefined;
afterAll(() => served?.program.kill());

const reloads = (result: string): Promise<number> =>
  metric(served?.adminUrl ?? '', `sapgw_policy_reloads_total{result="${result}"}`);

test('SIGHUP takes the folder as it stands, and the commands act on the running gateway', async () => {
  const place = temporaryFolder();
  const policies = policyFolder({ 'levels.yaml': LEVELS, 'aoc.yaml': chargePolicy('{ grant: full }') });
  const config = join(place, 'gateway.yaml');
  const token = join(place, 'token');
  writeFileSync(token, TOKEN);
  const settings = {
    admin: { listen: '127.0.0.1:8081', tokenFile: token },
    policies,
    store: `lmdb:${join(place, 'data')}`,
    secretFile: join(place, 'secret'),
  };
  writeFileSync(config, JSON.stringify(settings));
  served = await serve('--config', config);
  const { program, adminUrl } = served;

  program.child.kill('SIGHUP');
  await until(
    () => reloads('unchanged'),
    (count) => count === 1,
  );

  writeFileSync(join(policies, 'aoc.yaml'), 'kind: off-line-service\nid: aoc\nversion: one\nmessage: {}\n');
  program.child.kill('SIGHUP');
  await until(
    () => reloads('failed'),
    (count) => count >= 1,
  );
  const { json } = await call(adminUrl, 'GET', 'policies');
  const { problems } = json.folder as { readonly problems: readonly string[] };
  expect(problems.length).toBeGreaterThan(2);

  writeFileSync(join(policies, 'aoc.yaml'), chargePolicy('{ grant: full }').replace('version: 1', 'version: 2'));
  program.child.kill('SIGHUP');
  await until(
    () => reloads('loaded'),
    (count) => count === 2,
  );

  const command = (...args: readonly string[]) => new Program(['policy', ...args, '--admin', adminUrl]).finished;
  const [status, untokened, rolledBack] = await Promise.all([
    command('status', '--config', config),
    command('reload', '--token-file', join(place, 'nothing')),
    command('rollback', '--token-file', token, '--json'),
  ]);
  expect([status.status, status.stdout]).toEqual([
    0,
    expect.stringMatching(/aoc version [12], advice-of-charge, enforce/),
  ]);
  expect([untokened.status, untokened.stderr]).toEqual([
    2,
    expect.stringMatching(/cannot be read: ENOENT; --token-file/),
  ]);
  expect([rolledBack.status, JSON.parse(rolledBack.stdout)]).toMatchObject([0, { result: 'rolled-back', kept: true }]);

  program.child.kill('SIGTERM');
  const ended = await program.finished;
  expect(ended.status).toBe(0);
  const lines = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const told = lines.filter(({ event }) => event === 'policy problem').map(({ problem }) => String(problem));
  for (const problem of problems) expect(told).toContain(problem.replace(`${policies}/`, ''));
  expect(lines).toContainEqual(
    expect.objectContaining({ event: 'policies loaded', policies: 1, live: 2, before: expect.any(String) }),
  );
  expect(lines).toContainEqual(expect.objectContaining({ event: 'policies rolled back', by: 'admin api' }));
});
