/** The program as its operator and a phone's owner run it: child processes of the command line, from the sources. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOKEN } from './admin-calls.ts';

const ROOT = join(import.meta.dirname, '../..');
const FROM_SOURCES = ['--import', 'tsx', 'gateway/cli/sapgw.ts'];

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Program {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly finished: Promise<Finished>;

  /**
   * @param program arguments of Node; the sources unless told
   * @param surroundings variables of the environment, beside those of the test
   */
  constructor(
    args: readonly string[],
    program: readonly string[] = FROM_SOURCES,
    surroundings: Readonly<Record<string, string>> = {},
  ) {
    // Nothing of the surroundings configures the program under test.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(SAPGW_|NODE_OPTIONS)/.test(name)),
    );
    this.child = spawn(process.execPath, [...program, ...args], {
      cwd: ROOT,
      env: { ...env, ...surroundings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
      this.child.emit('told');
    });
    this.finished = once(this.child, 'close').then(([status]: (number | null)[]) => {
      this.child.emit('told');
      return { status: status ?? null, stdout: this.stdout, stderr: this.stderr };
    });
  }

  /** Waits for a text on standard error; fails when the program ends without it. */
  async told(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stderr);
      if (found !== null) return found;
      if (this.child.exitCode !== null)
        throw new Error(`the program ended, status ${this.child.exitCode}: ${this.stderr}`);
      await once(this.child, 'told');
    }
  }

  /** Ends it, if it still runs. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.finished;
  }
}

export interface Served {
  readonly program: Program;
  readonly port: number;
  readonly url: string;
  readonly adminUrl: string;
}

/** Starts `sapgw serve` on free ports and waits until it listens. */
export async function serve(...args: readonly string[]): Promise<Served> {
  const program = new Program(['serve', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...args]);
  const [, port = ''] = await program.told(/Clients +http:\/\/127\.0\.0\.1:(\d+)\//);
  const [, admin = ''] = await program.told(/Admin +http:\/\/127\.0\.0\.1:(\d+)\//);
  return { program, port: Number(port), url: `http://127.0.0.1:${port}/`, adminUrl: `http://127.0.0.1:${admin}` };
}

/** The same in two worker processes, with a store on disk in `place`, and an admin token: {@link TOKEN}. */
export async function serveInTwo(
  place: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<{ readonly served: Served; readonly config: string }> {
  const tokenFile = join(place, 'token');
  writeFileSync(tokenFile, TOKEN);
  const config = join(place, 'gateway.yaml');
  const own = {
    admin: { listen: '127.0.0.1:8081', tokenFile },
    store: `lmdb:${join(place, 'data')}`,
    secretFile: join(place, 'secret'),
    workers: 2,
    limits: { drain: '2s' },
  };
  writeFileSync(config, JSON.stringify({ ...own, ...settings }));
  return { served: await serve('--config', config), config };
}

/** Runs `sapgw handset` to its end. */
export function handset(url: string, ...args: readonly string[]): Promise<Finished> {
  const all = ['handset', '--url', url, '--user', 'wv:alice@sandbox', '--password', 'secret', ...args];
  return new Program(all).finished;
}
