/**
 * Several gateway nodes as their operator runs them, each `sapgw serve` in a process of its own, on one store, with the keys
 * and the policies in common. Each keeps its ports over restarts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, call, metric, TOKEN } from '../main/admin-calls.ts';
import { Program } from '../main/processes.ts';
import { freePorts } from './ports.ts';

export interface NodesPlan {
  /** An empty folder. */
  readonly directory: string;
  readonly count: number;
  readonly policies: Readonly<Record<string, string>>;
  /** By name. */
  readonly vasps: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly store: string;
  readonly workers?: number;
  /** The compiled program; absent: the sources. */
  readonly program?: string;
  /** Further keys of the configuration. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

const READY_WITHIN_MILLIS = 40_000;
const LOOK_AGAIN_MILLIS = 25;

export class GatewayNode {
  readonly port: number;
  readonly adminPort: number;
  readonly cirPort: number;
  readonly config: string;
  readonly #compiled: string | undefined;
  #program: Program | undefined;

  constructor(config: string, [port = 0, adminPort = 0, cirPort = 0]: readonly number[], compiled?: string) {
    this.config = config;
    this.#compiled = compiled;
    this.port = port;
    this.adminPort = adminPort;
    this.cirPort = cirPort;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.adminPort}`;
  }

  /** Its log, and what it said besides. */
  get said(): string {
    return `${this.#program?.stdout ?? ''}${this.#program?.stderr ?? ''}`;
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const program = new Program(
      ['serve', '--config', this.config],
      this.#compiled === undefined ? undefined : [this.#compiled],
    );
    this.#program = program;
    process.once('exit', () => program.child.kill('SIGKILL'));
    await program.told(/Admin +http/);
    const until = performance.now() + READY_WITHIN_MILLIS;
    while (!(await this.isReady())) {
      if (performance.now() > until) throw new Error(`a node is not ready: ${this.said}`);
      await sleep(LOOK_AGAIN_MILLIS);
    }
  }

  /** What `/readyz` says; false when nobody answers. */
  async isReady(): Promise<boolean> {
    return fetch(`${this.adminUrl}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
  }

  call(method: string, path: string, body?: unknown): Promise<Answer> {
    return call(this.adminUrl, method, path, body);
  }

  metric(series: string): Promise<number> {
    return metric(this.adminUrl, series);
  }

  /** As an operator does; resolves with the exit status. */
  async stop(): Promise<number | null | undefined> {
    this.#program?.child.kill('SIGTERM');
    return (await this.#program?.finished)?.status;
  }

  /** As a loss of power does. */
  async kill(): Promise<void> {
    await this.#program?.kill();
  }
}

/** Starts them one after the other: the first makes the keys. */
export async function startNodes(plan: NodesPlan): Promise<readonly GatewayNode[]> {
  const nodes: GatewayNode[] = [];
  try {
    for (let index = 0; index < plan.count; index++) {
      const node = await nodeOf(plan, index);
      nodes.push(node);
      await node.start();
    }
  } catch (error) {
    await stopNodes(nodes);
    throw error;
  }
  return nodes;
}

export async function stopNodes(nodes: readonly GatewayNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.kill()));
}

async function nodeOf(plan: NodesPlan, index: number): Promise<GatewayNode> {
  const { directory, policies, vasps, store, workers = 1, settings } = plan;
  const ports = await freePorts(3);
  const folder = join(directory, 'policies');
  const tokenFile = join(directory, 'admin-token');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(policies)) writeFileSync(join(folder, name), text);
  writeFileSync(tokenFile, TOKEN);
  const config = join(directory, `node-${index}.yaml`);
  const [port, adminPort, cirPort] = ports;
  const own = {
    listen: `127.0.0.1:${port}`,
    admin: { listen: `127.0.0.1:${adminPort}`, tokenFile },
    policies: folder,
    store,
    secretFile: join(directory, 'secret'),
    vasps,
    workers,
    cir: { tcp: `127.0.0.1:${cirPort}`, blindInterval: '1h' },
    log: { level: 'warn' },
  };
  writeFileSync(config, JSON.stringify({ ...own, ...settings }));
  return new GatewayNode(config, ports, plan.program);
}
