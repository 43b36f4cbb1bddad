/**
 * The gateway as its operator runs it, `sapgw serve` with a configuration file, in a process of its own: from the sources in
 * tests, from the compiler's output in benchmarks.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Held } from './probe.ts';

const ROOT = join(import.meta.dirname, '../..');
const TOKEN = 'load-admin-token-0123456789-0123456789';

export interface GatewayPlan {
  /** A folder for configuration, policies and store: an empty one, or that of a gateway that is gone. */
  readonly directory: string;
  readonly vaspUrl: string;
  /** Where the store is; an embedded one in the folder when absent. */
  readonly store?: string;
  /** The secret file, where nodes have one in common. */
  readonly secretFile?: string;
  /** Further keys of the VASP's configuration, as in a YAML flow mapping. */
  readonly vasp?: string;
  /** Further VASPs, each a YAML flow mapping. */
  readonly vasps?: Readonly<Record<string, string>>;
  /** Further lines of the configuration. */
  readonly config?: string;
  /** Policy files by name. */
  readonly policies: Readonly<Record<string, string>>;
  /** Finds the program of a source file; absent: the sources themselves. */
  readonly programOf?: (source: string) => string;
  /** The configuration's `limits`, a YAML flow mapping. */
  readonly limits?: string;
  /** Whether {@link GatewayProcess.held} collects garbage first. */
  readonly exposesGc?: boolean;
  /** Further arguments for Node, such as `--cpu-prof`. */
  readonly execArgv?: readonly string[];
}

export class GatewayProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly port: number;
  readonly adminUrl: string;

  private constructor(child: ChildProcess, folder: string, port: number, adminUrl: string) {
    this.#child = child;
    this.#folder = folder;
    this.port = port;
    this.adminUrl = adminUrl;
  }

  /** Starts it on free ports with a store on disk, and waits until it listens. */
  static async start(plan: GatewayPlan): Promise<GatewayProcess> {
    const { directory, programOf } = plan;
    const folder = join(directory, 'policies');
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(plan.policies)) writeFileSync(join(folder, name), text);
    const config = join(directory, 'gateway.yaml');
    writeFileSync(join(directory, 'admin-token'), TOKEN);
    writeFileSync(config, configText(plan));
    const fromSources = programOf === undefined;
    const pathOf = programOf ?? ((source: string) => join(ROOT, source));
    const child = fork(pathOf('gateway/cli/sapgw.ts'), ['serve', '--config', config], {
      cwd: ROOT,
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SAPGW_|NODE_OPTIONS)/.test(name))),
      execArgv: [
        ...(plan.exposesGc === true ? ['--expose-gc'] : []),
        ...(plan.execArgv ?? []),
        ...(fromSources ? ['--import', 'tsx'] : []),
        '--import',
        pathOf('test/load/probe.ts'),
      ],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const said = await listening(child);
    const port = Number(/Clients +http:\/\/127\.0\.0\.1:(\d+)\//.exec(said)?.[1]);
    const adminPort = /Admin +http:\/\/127\.0\.0\.1:(\d+)\//.exec(said)?.[1];
    return new GatewayProcess(child, folder, port, `http://127.0.0.1:${adminPort}`);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get child(): ChildProcess {
    return this.#child;
  }

  /** What the process holds now. */
  async held(): Promise<Held> {
    const answer = once(this.#child, 'message') as Promise<[Held]>;
    this.#child.send('held');
    return (await answer)[0];
  }

  /** Replaces a policy file and has the folder read anew; resolves with what came of it. */
  async reload(name: string, text: string): Promise<string> {
    writeFileSync(join(this.#folder, name), text);
    const answer = (await this.call('POST', 'policies/reload')) as { result?: string };
    return String(answer.result);
  }

  /** How many records of decisions are kept. */
  async records(): Promise<number> {
    const answer = await fetch(`${this.adminUrl}/api/v1/audit?limit=100000`, { headers: AUTHORIZED });
    return (await answer.text()).split('\n').filter(Boolean).length;
  }

  /** The sum of all series of a metric whose labels hold this text. */
  async metric(name: string, label = ''): Promise<number> {
    const text = await (await fetch(`${this.adminUrl}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(name) && line.includes(label));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** Ends it as an operator does; resolves with its exit status. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const ended = once(this.#child, 'exit') as Promise<[number | null]>;
    this.#child.kill('SIGTERM');
    return (await ended)[0];
  }

  /** Ends it as a loss of power does, at once; resolved when the process is gone. */
  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Calls the API with the token; a body is sent as JSON. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.adminUrl}/api/v1/${path}`, {
      method,
      headers: { ...AUTHORIZED, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.json();
  }
}

const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

function configText({ vaspUrl, vasp, vasps = {}, limits, config, store, secretFile }: GatewayPlan): string {
  const more = Object.entries(vasps).map(([name, text]) => `\n  ${name}: ${text}`);
  return `listen: 127.0.0.1:0
admin: { listen: 127.0.0.1:0, tokenFile: ./admin-token }
policies: ./policies
store: ${store ?? 'lmdb:./data'}
secretFile: ${secretFile ?? './secret'}
vasps:
  im: { url: ${vaspUrl}${vasp === undefined ? '' : `, ${vasp}`} }${more.join('')}
limits: ${limits ?? '{}'}
log: { level: error }
${config ?? ''}`;
}

/** What it says once it listens; fails with what it said when it ends before. */
async function listening(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (/Admin +http.*\n/.test(said)) resolve(said);
    });
    child.once('exit', (status) => reject(new Error(`the gateway ended with ${status}: ${said}`)));
  });
}
