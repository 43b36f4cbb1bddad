/**
 * Proves without an engine that the image would build and run: always that the Dockerfile's parts fit together, and in CI
 * (CI=true, because it installs everything anew) that its own steps, carried out in an empty directory by an ordinary user,
 * make a gateway that starts, is healthy and stops.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { inStage, last, listOf, ordinaryUser, parseDockerfile, runStage, sentToBuilder } from './dockerfile-steps.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const STAGES = parseDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));
const FINAL = STAGES.at(-1) ?? { name: '', image: '', steps: [] };
const COMMAND = [...listOf(last(FINAL, 'ENTRYPOINT')), ...listOf(last(FINAL, 'CMD'))];

describe('the Dockerfile', () => {
  test('stands on the Node version that gets security fixes', () => {
    expect(STAGES.map(({ image }) => image)).toEqual(['node:24-bookworm-slim', 'node:24-bookworm-slim']);
  });

  test('runs as an ordinary user, set before anything runs', () => {
    expect(last(FINAL, 'USER')).toBe('node');
    const after = FINAL.steps.slice(FINAL.steps.findIndex(({ instruction }) => instruction === 'USER'));
    expect(after.map(({ instruction }) => instruction)).not.toContain('RUN');
  });

  test('copies only what is there and is sent to the builder', () => {
    const copied = STAGES.flatMap(({ steps }) => steps)
      .filter(({ instruction, rest }) => instruction === 'COPY' && !rest.includes('--from='))
      .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1));
    expect(copied.length).toBeGreaterThan(4);
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect([...copied].sort()).toEqual(sentToBuilder(ROOT).sort());
  });

  test('starts the program of the package, on all addresses, storing under its volume', () => {
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(COMMAND.slice(0, 3)).toEqual(['node', bin.sapgw, 'serve']);
    expect(COMMAND.join(' ')).toContain('--listen 0.0.0.0:8080');
    expect(COMMAND.filter((word) => word.includes('/data'))).toHaveLength(2);
    expect(last(FINAL, 'VOLUME')).toBe('/data');
    expect(last(FINAL, 'EXPOSE')).toBe('8080 8081');
  });
});

const describeInCi = process.env.CI === 'true' ? describe : undefined;

describeInCi?.('the image', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sapgw-image-'));
  let gateway: ChildProcess | undefined;
  afterAll(() => {
    gateway?.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });

  test('builds, starts, is healthy and stops', async () => {
    chmodSync(directory, 0o755);
    const user = ordinaryUser(join(directory, 'home'));
    const roots = new Map(STAGES.map(({ name }) => [name, join(directory, name)]));
    for (const stage of STAGES) runStage(stage, ROOT, roots, user);
    const root = roots.get(FINAL.name) ?? '';
    const [clients, admin] = [await freePort(), await freePort()];
    const here = (words: readonly string[]): string[] =>
      words.map((word) =>
        inStage(word, root).replace('0.0.0.0:8080', `0.0.0.0:${clients}`).replace(':8081', `:${admin}`),
      );
    const started = {
      cwd: join(root, last(FINAL, 'WORKDIR') ?? ''),
      env: { ...user.environment, NODE_ENV: 'production' },
    };

    expect(existsSync(join(started.cwd, 'node_modules', 'typescript'))).toBe(false);
    const [program = '', ...args] = [...user.prefix, ...here(COMMAND)];
    gateway = spawn(program, args, { ...started, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = outputOf(gateway);
    const isLive = await answers(`http://127.0.0.1:${admin}/livez`, gateway);
    if (!isLive) throw new Error(`the gateway did not start:\n${output()}`);

    const [healthProgram = '', ...healthArgs] = [...user.prefix, ...here(listOf(last(FINAL, 'HEALTHCHECK')))];
    const health = spawnSync(healthProgram, healthArgs, started);
    expect(health.status).toBe(0);
    expect((await fetch(`http://127.0.0.1:${admin}/readyz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${clients}/`, { method: 'POST', body: 'x' })).status).toBe(400);
    expect(existsSync(join(root, 'data', 'store', 'data.mdb'))).toBe(true);

    const ended = new Promise((resolve) => gateway?.once('exit', resolve));
    gateway.kill('SIGTERM');
    expect(await ended).toBe(0);
    const dead = spawnSync(healthProgram, healthArgs, started);
    expect(dead.status).toBe(1);
  }, 170_000);
});

function outputOf(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

/** Whether the URL answers 200 before the process ends. */
async function answers(url: string, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return true;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  return false;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()));
    });
  });
}
