/**
 * The field of the proxy benchmarks: a VASP, the load's clients, and the contenders beside each other, each proven to do what
 * is said of it before anything is measured: what inspects refuses a session that is not known and a primitive that the
 * level lacks, and what does not passes both on.
 */
import type { ChildProcess } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import type { Contender, RunningContender } from './contender.ts';
import { NATIVE } from './contenders-native.ts';
import { GATEWAY, HTTP_PROXY } from './contenders-node.ts';
import type { LoadOrder, LoadReport } from './load.ts';
import { answerOf, end, forkCompiled } from './programs.ts';
import { CONTENT_TYPE, REPLY_BODY, REQUEST_BODY, SESSION_ID } from './upstream-server-messages.ts';

export const BASELINE = HTTP_PROXY.name;
export const OURS = GATEWAY.name;
const ALL: readonly Contender[] = [HTTP_PROXY, GATEWAY, ...NATIVE];

/** Those that are installed; a line for each that is not. */
export function installed(): readonly Contender[] {
  return ALL.filter((contender) => {
    const missing = contender.missing();
    if (missing !== undefined) console.error(`${contender.name} is left out: ${missing}`);
    return missing === undefined;
  });
}

export interface Entrant extends RunningContender {
  readonly contender: Contender;
}

/** A VASP and the clients, for as long as the benchmark runs. */
export class Field {
  readonly vaspPort: number;
  readonly #vasp: ChildProcess;
  readonly #load: ChildProcess;

  private constructor(vasp: ChildProcess, load: ChildProcess, vaspPort: number) {
    this.#vasp = vasp;
    this.#load = load;
    this.vaspPort = vaspPort;
  }

  static async open(): Promise<Field> {
    const vasp = forkCompiled('test/bench/upstream-server.ts');
    const { port } = await answerOf<{ readonly port: number }>(vasp);
    return new Field(vasp, forkCompiled('test/bench/load.ts'), port);
  }

  /**
   * Has the load and the VASP run before everything else of the machine, where the user may ask for that: how late they
   * are themselves is no proxy's doing.
   */
  prefer(): void {
    for (const { pid } of [this.#load, this.#vasp]) {
      try {
        setPriority(pid ?? 0, constants.priority.PRIORITY_ABOVE_NORMAL);
      } catch {
        return;
      }
    }
  }

  /** Fresh processes of these contenders, checked. */
  async start(contenders: readonly Contender[]): Promise<Entrant[]> {
    const entrants: Entrant[] = [];
    for (const contender of contenders) {
      const running = await contender.start(this.vaspPort);
      await check(contender, running.port);
      entrants.push({ ...running, contender });
    }
    return entrants;
  }

  /** Loads one port; every answer must be the VASP's. */
  async load<Report extends LoadReport>(name: string, order: LoadOrder): Promise<Report> {
    this.#load.send(order);
    const report = await answerOf<Report>(this.#load);
    if (report.wrong > 0) {
      throw new Error(`${name} answered ${report.wrong} of ${report.answered} requests wrongly`);
    }
    return report;
  }

  async close(): Promise<void> {
    await end(this.#load);
    await end(this.#vasp);
  }
}

async function check({ name, inspects }: Contender, port: number): Promise<void> {
  const request = REQUEST_BODY.toString();
  const cases = [
    { what: 'a message of the session', body: request, passes: true },
    { what: 'an unknown session', body: request.replace(SESSION_ID, 'other1@im'), passes: !inspects },
    { what: 'a primitive not granted', body: PRESENCE, passes: !inspects },
  ];
  for (const { what, body, passes } of cases) {
    const answer = await fetch(`http://127.0.0.1:${port}/imps`, {
      method: 'POST',
      headers: { 'Content-Type': CONTENT_TYPE },
      body,
    });
    const passed = (await answer.text()) === REPLY_BODY.toString();
    if (passed !== passes) throw new Error(`${name} ${passed ? 'passes on' : 'refuses'} ${what}`);
  }
}

const PRESENCE = REQUEST_BODY.toString().replace(
  /<SendMessage-Request>.*<\/SendMessage-Request>/,
  '<GetPresence-Request><User><UserID>wv:bob</UserID></User></GetPresence-Request>',
);
