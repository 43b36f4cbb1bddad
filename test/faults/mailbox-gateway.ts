/**
 * A gateway in a process of its own whose disk can be filled and freed while it runs: its files may not grow, which a store
 * meets as it meets a full disk. What it logs is kept.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOKEN } from '../main/admin-calls.ts';
import { type Served, serve } from '../main/processes.ts';
import { policyFolder } from '../main/running.ts';

const PRLIMIT = '/usr/bin/prlimit';

export interface StoredGatewayPlan {
  /** An empty folder. */
  readonly place: string;
  readonly vaspUrl: string;
  readonly policies: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export class StoredGateway {
  readonly served: Served;
  readonly place: string;

  private constructor(served: Served, place: string) {
    this.served = served;
    this.place = place;
  }

  static async start({ place, vaspUrl, policies, settings = {} }: StoredGatewayPlan): Promise<StoredGateway> {
    const tokenFile = join(place, 'token');
    writeFileSync(tokenFile, TOKEN);
    const config = join(place, 'gateway.yaml');
    const own = {
      admin: { listen: '127.0.0.1:8081', tokenFile },
      policies: policyFolder(policies),
      store: `lmdb:${join(place, 'data')}`,
      secretFile: join(place, 'secret'),
      vasps: { im: { url: vaspUrl } },
    };
    writeFileSync(config, JSON.stringify({ ...own, ...settings }));
    return new StoredGateway(await serve('--config', config), place);
  }

  /** The events of its log, at a level such as `error`. */
  events(level: string): readonly string[] {
    const lines = this.served.program.stdout.split('\n').filter((line) => line.startsWith('{'));
    return lines
      .map((line) => JSON.parse(line) as { readonly level: string; readonly event: string })
      .filter((line) => line.level === level)
      .map(({ event }) => event);
  }

  /** From now on nothing more may be written to any file. */
  fillDisk(): void {
    this.#limitFiles('0');
  }

  freeDisk(): void {
    this.#limitFiles('unlimited');
  }

  #limitFiles(bytes: string): void {
    const { pid } = this.served.program.child;
    execFileSync(PRLIMIT, ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  }

  async stop(): Promise<void> {
    const { program } = this.served;
    program.child.kill('SIGTERM');
    await program.finished;
  }
}
