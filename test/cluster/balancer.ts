/**
 * The balancer of the deployment example before nodes on this machine: the very file, with the names of its containers, their
 * ports and its own put right. Where haproxy is not installed, the tests that need it say so in one line; in CI it must be there.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from '@jest/globals';
import type { GatewayNode } from './nodes.ts';
import { freePorts } from './ports.ts';

export const BALANCER_FILE = join(import.meta.dirname, '../../deploy/two-nodes/haproxy.cfg');
const NAMES = ['node-a', 'node-b'];

/** Debian puts it where only the administrator looks. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env.PATH}${delimiter}/usr/sbin` };

export const hasHaproxy = spawnSync('haproxy', ['-v'], { env: ENVIRONMENT }).status === 0;

/** Registers the tests where haproxy is installed; else one that says that it is not, and fails in CI. */
export function describeWithHaproxy(name: string, tests: () => void): void {
  if (hasHaproxy) tests();
  else
    test(`${name}: haproxy is not installed here, nothing of it was tested`, () => {
      if (process.env.CI !== undefined) throw new Error('haproxy must be installed in CI');
    });
}

/** What haproxy itself says of a file: its exit status and words. */
export function checkedByHaproxy(file: string): { readonly status: number | null; readonly words: string } {
  const { status, stdout, stderr } = spawnSync('haproxy', ['-c', '-f', file], { env: ENVIRONMENT, encoding: 'utf8' });
  return { status, words: `${stdout}${stderr}` };
}

export class Balancer {
  readonly port: number;
  readonly cirPort: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, cirPort: number) {
    this.#child = child;
    this.port = port;
    this.cirPort = cirPort;
  }

  /** Resolves when it listens; nodes count as ready until they were asked. */
  static async before(nodes: readonly GatewayNode[], directory: string): Promise<Balancer> {
    const [port = 0, cirPort = 0] = await freePorts(2);
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(file, configOf(readFileSync(BALANCER_FILE, 'utf8'), nodes, port, cirPort));
    const child = spawn('haproxy', ['-db', '-f', file], { env: ENVIRONMENT, stdio: 'ignore' });
    process.once('exit', () => child.kill('SIGKILL'));
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error(`haproxy ended: ${checkedByHaproxy(file).words}`);
      await sleep(20);
    }
    return new Balancer(child, port, cirPort);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** @throws when the file is not as it was: a name or a port that is not found anywhere */
function configOf(text: string, nodes: readonly GatewayNode[], port: number, cirPort: number): string {
  let config = text;
  const put = (what: string, by: string): void => {
    if (!config.includes(what)) throw new Error(`${what} is not in the balancer's file`);
    config = config.replaceAll(what, by);
  };
  for (const [index, name] of NAMES.entries()) {
    const node = nodes[index];
    if (node === undefined) continue;
    put(` ${name}:8080 check port 8081`, ` 127.0.0.1:${node.port} check port ${node.adminPort}`);
    put(` ${name}:8082 check port 8081`, ` 127.0.0.1:${node.cirPort} check port ${node.adminPort}`);
  }
  if (nodes.length === 1) config = config.replace(/^ +server node-b .*\n/gm, '');
  put('bind :8080', `bind 127.0.0.1:${port}`);
  put('bind :8082', `bind 127.0.0.1:${cirPort}`);
  return config;
}

function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}
