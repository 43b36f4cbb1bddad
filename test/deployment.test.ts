/**
 * Proves without an engine that the example of two nodes would run: every flag, address, port, path and time in its files is
 * held to the program and to the other files, haproxy reads its own, and Redis runs with the very arguments. The balancer's file
 * is carried out before real nodes by `cluster/rolling.test.ts`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { parse } from 'yaml';
import { loadConfig } from '../gateway/config/load.ts';
import type { Config } from '../gateway/config.ts';
import { parseDuration } from '../gateway/yaml/durations.ts';
import { checkedByHaproxy, describeWithHaproxy } from './cluster/balancer.ts';
import { last, parseDockerfile } from './dockerfile-steps.ts';
import { Program } from './main/processes.ts';
import { describeWithRedis, startRedis } from './redis-server.ts';

const ROOT = join(import.meta.dirname, '..');
const PLACE = join(ROOT, 'deploy/two-nodes');

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string };
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const COMPOSE = parse(readFileSync(join(PLACE, 'compose.yaml'), 'utf8'), { merge: true }) as Compose;
const BALANCER = readFileSync(join(PLACE, 'haproxy.cfg'), 'utf8');
const SERVICES = Object.entries(COMPOSE.services);
const NODES = SERVICES.filter(([, { command }]) => command?.[0] === 'serve');
const FINAL = parseDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).at(-1) ?? {
  name: '',
  image: '',
  steps: [],
};

const service = (name: string): Service => COMPOSE.services[name] ?? { image: '' };

function configured(): Config {
  const loaded = loadConfig({ file: join(PLACE, 'gateway.yaml'), env: {}, flags: {} });
  if (loaded.kind === 'invalid') throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

/** A time of the balancer's file, such as `timeout server`. */
function balancerMillis(name: string): number {
  const written = new RegExp(`^ *${name} ([0-9]+m?s?h?)$`, 'm').exec(BALANCER)?.[1] ?? '';
  const millis = parseDuration(written);
  if (millis === undefined) throw new Error(`the balancer's file has no ${name}`);
  return millis;
}

describe('the example of two nodes', () => {
  test('consists of two equal nodes, and of everything that they need', () => {
    expect(NODES.map(([name]) => name)).toEqual(['node-a', 'node-b']);
    const [a, b] = NODES.map(([, { ports, ...rest }]) => rest);
    expect(a).toEqual(b);
    const wanted = SERVICES.flatMap(([, { depends_on = {} }]) => Object.entries(depends_on));
    for (const [name, { condition }] of wanted) {
      if (condition === 'service_healthy') expect([name, service(name).healthcheck]).not.toContain(undefined);
      else expect([name, condition]).toEqual(['keys', 'service_completed_successfully']);
    }
  });

  test('builds the image of the Dockerfile, and mounts what is there', () => {
    for (const [, { build, volumes = [] }] of SERVICES) {
      if (build !== undefined) expect(existsSync(join(PLACE, build.context, 'Dockerfile'))).toBe(true);
      for (const [from = ''] of volumes.map((volume) => volume.split(':'))) {
        const isThere = from.startsWith('.') ? existsSync(join(PLACE, from)) : from in COMPOSE.volumes;
        expect([from, isThere]).toEqual([from, true]);
      }
    }
  });

  test('gives the program flags that it knows', async () => {
    const ours = SERVICES.filter(([, { build, entrypoint }]) => build !== undefined && entrypoint === undefined);
    expect(ours.map(([name]) => name)).toEqual(['node-a', 'node-b', 'sandbox']);
    const commands = new Map(ours.map(([, { command = [] }]) => [command[0] ?? '', command]));
    for (const [name, command] of commands) {
      const { stdout, status } = await new Program([name, '--help']).finished;
      expect(status).toBe(0);
      for (const flag of command.filter((word) => word.startsWith('--'))) expect(stdout).toContain(`${flag} `);
    }
  });

  test('configures nodes as the program reads it, with what they share below the volume of the image', () => {
    const config = configured();
    const [, node = service('')] = NODES[0] ?? [];
    const mounts = new Map(
      (node.volumes ?? []).map((volume) => volume.split(':').slice(0, 2).reverse() as [string, string]),
    );
    const file = node.command?.[(node.command?.indexOf('--config') ?? 0) + 1] ?? '';
    expect(resolve(PLACE, mounts.get(file) ?? '')).toBe(join(PLACE, 'gateway.yaml'));
    expect(resolve(PLACE, mounts.get(config.policies) ?? '')).toBe(join(ROOT, 'policies'));
    expect(mounts.get(last(FINAL, 'VOLUME') ?? '')).toBe('shared');
    expect(config.secret).toEqual({ kind: 'file', path: '/data/secret' });
    expect(config.adminTokenFile).toBe('/data/admin-token');
  });

  test('names hosts and ports that the others listen on', () => {
    const { listen, admin, cir, vasps, publicUrl } = configured();
    const [vasp] = vasps;
    expect(readFileSync(join(PLACE, 'gateway.yaml'), 'utf8')).toMatch(/^store: redis:\/\/redis:6379\/0$/m);
    expect(vasp?.url).toBe(`http://${service('sandbox').command?.[2]}`);
    const servers = [...BALANCER.matchAll(/^ +server (\S+) (\S+):(\d+) check port (\d+)$/gm)].map((found) =>
      found.slice(1),
    );
    const wanted = [listen.port, listen.port, cir.tcp?.port].flatMap((port) =>
      NODES.map(([name]) => [name, name, String(port), String(admin.port)]),
    );
    expect(servers).toEqual(wanted);
    const bound = [...BALANCER.matchAll(/^ +bind :(\d+)$/gm)].map(([, port]) => `${port}:${port}`);
    expect(service('balancer').ports).toEqual(bound);
    // Phones are told the port at which nodes listen for calls: the balancer's is the same.
    expect(bound).toContain(`${cir.tcp?.port}:${cir.tcp?.port}`);
    expect(bound).toContain(`${new URL(publicUrl ?? '').port}:${listen.port}`);
    for (const [, { ports = [], healthcheck }] of NODES) {
      expect(ports.map((port) => port.split(':').slice(0, 3))).toEqual([
        ['127.0.0.1', expect.any(String), String(admin.port)],
      ]);
      expect(healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${admin.port}/readyz`);
    }
  });

  test('gives everybody the time that others need', () => {
    const { limits, vasps } = configured();
    const [, { stop_grace_period = '' } = service('')] = NODES[0] ?? [];
    expect(parseDuration(stop_grace_period)).toBeGreaterThan(limits.lingerMillis + limits.drainMillis);
    const [, every = '', times = ''] = /default-server inter (\S+) fall (\d+)/.exec(BALANCER) ?? [];
    expect(limits.lingerMillis).toBeGreaterThanOrEqual(
      ((parseDuration(every) ?? 0) + balancerMillis('timeout check')) * Number(times),
    );
    expect(balancerMillis('timeout http-keep-alive')).toBeLessThan(limits.keepAliveTimeoutMillis);
    expect(balancerMillis('timeout server')).toBeGreaterThan((vasps[0]?.timeoutMillis ?? 0) + 1_000);
  });

  test('makes an admin token once, for its owner alone', () => {
    const place = mkdtempSync(join(tmpdir(), 'sapgw-deploy-'));
    const { entrypoint = [], command = [] } = service('keys');
    const [program = '', ...args] = [...entrypoint, ...command].map((word) => word.replaceAll('/data/', `${place}/`));
    const token = (): string => {
      execFileSync(program, args);
      return readFileSync(join(place, 'admin-token'), 'utf8');
    };
    const first = token();
    expect(first.trim().length).toBeGreaterThanOrEqual(32);
    expect(token()).toBe(first);
    expect(statSync(join(place, 'admin-token')).mode & 0o077).toBe(0);
    rmSync(place, { recursive: true });
  });
});

describeWithHaproxy('the balancer', () => {
  test('haproxy reads its file without an alert', () => {
    const { status, words } = checkedByHaproxy(join(PLACE, 'haproxy.cfg'));
    // Names of containers lead nowhere outside the engine's network.
    const others = words
      .split('\n')
      .filter((line) => /WARNING|ALERT/.test(line) && !line.includes('could not resolve address'));
    expect([status, others]).toEqual([0, []]);
  });
});

describeWithRedis('the store', () => {
  test('Redis takes its arguments: every write on disk, and nothing thrown away', async () => {
    const { command = [] } = service('redis');
    const server = await startRedis(command.slice(1));
    const client = new Redis(server.port, '127.0.0.1');
    const settings = await Promise.all(
      ['appendonly', 'appendfsync', 'maxmemory-policy'].map(
        async (name) => ((await client.config('GET', name)) as string[])[1],
      ),
    );
    client.disconnect();
    await server.stop();
    expect(settings).toEqual(['yes', 'always', 'noeviction']);
  });
});
