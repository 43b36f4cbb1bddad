/** What commands about keys ask of a gateway that runs: which keys each of its processes has, and how long answers can come. */
import { hostname } from 'node:os';
import { authority, type Config } from '../config.ts';
import { answerableMillis, type Situation } from '../keys/rotation.ts';
import type { KeysOfProcess } from '../keys/standing.ts';
import { callAdmin } from './admin-client.ts';
import { readSet } from './policy-command.ts';

export type AskedGateway =
  | ({
      readonly kind: 'runs';
      /** What is wrong with the secret file as the gateway reads it. */
      readonly problem: string | undefined;
    } & Pick<Situation, 'processes' | 'waitMillis'>)
  /** No gateway runs here. */
  | ({ readonly kind: 'none'; readonly url: string } & Pick<Situation, 'processes' | 'waitMillis'>)
  /** Nobody knows. Sentences. */
  | { readonly kind: 'unknown'; readonly messages: readonly string[] };

/** What the admin API answers. */
interface Told {
  readonly problem: string | null;
  readonly answerableSeconds: number;
  readonly processes: readonly {
    readonly node: string;
    readonly process: number;
    readonly signs: string | null;
    readonly accepted: readonly string[];
    readonly since: string | null;
  }[];
}

/** Kinds of stores that no other node can be running on. */
const STORES_OF_ONE: readonly string[] = ['memory', 'lmdb'];
const PATH = '/api/v1/keys';
const LOOK_MILLIS = 100;
/** A gateway whose watch hears nothing looks at the file every 5 s. */
const PATIENCE_MILLIS = 10_000;

export async function askGateway(config: Config): Promise<AskedGateway> {
  const admin = authority(config.admin);
  // With both named the configuration is not looked for again.
  const flags = { admin, tokenFile: '' };
  const answer = await callAdmin(flags, {}, { method: 'GET', path: PATH, needsToken: false });
  switch (answer.kind) {
    case 'done': {
      const { problem, answerableSeconds, processes } = answer.json as Told;
      const waitMillis = answerableSeconds * 1_000;
      return { kind: 'runs', problem: problem ?? undefined, waitMillis, processes: processes.map(ofProcess) };
    }
    case 'refused':
      return {
        kind: 'unknown',
        messages: [`the gateway at http://${admin} does not tell its keys: ${answer.message}`],
      };
    case 'not-asked': {
      if (answer.isNobodyThere !== true) return { kind: 'unknown', messages: answer.messages };
      if (!STORES_OF_ONE.includes(config.store.kind)) {
        const hint = 'other nodes on this store may run; start this one, or name one that runs with --admin';
        return { kind: 'unknown', messages: [`no gateway answers at http://${admin}; ${hint}`] };
      }
      return { kind: 'none', url: `http://${admin}`, processes: [], waitMillis: await waitOf(config) };
    }
  }
}

function ofProcess({ node, process, signs, accepted, since }: Told['processes'][number]): KeysOfProcess {
  const keys = signs === null ? [] : [signs, ...accepted];
  return { node, process, keys, since: since === null ? 0 : Date.parse(since) };
}

/** As the policy folder says; undefined when it has problems. */
async function waitOf({ policies }: Config): Promise<number | undefined> {
  const read = await readSet(policies, { printError: () => {} });
  return read?.parsed.kind === 'valid' ? answerableMillis([read.parsed.set]) : undefined;
}

/**
 * Waits until every process of this machine has these keys, or has had its time.
 * @param expected fingerprints, the first signs
 * @returns the processes everywhere, as they were asked last; undefined when nobody answers any more
 */
export async function untilHeld(
  config: Config,
  expected: readonly string[],
): Promise<readonly KeysOfProcess[] | undefined> {
  const here = hostname();
  const end = Date.now() + PATIENCE_MILLIS;
  for (;;) {
    const asked = await askGateway(config);
    if (asked.kind !== 'runs') return undefined;
    const own = asked.processes.filter(({ node }) => node === here);
    if (own.every(({ keys }) => keys.join() === expected.join()) || Date.now() > end) return asked.processes;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLIS));
  }
}
