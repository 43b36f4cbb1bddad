/**
 * The signing keys of a running gateway: follows the secret file, and brings what it says to every process of this machine.
 * A process is told of a new key before any other signs with it, and forgets an old one after all have stopped signing with
 * it. A file that is wrong changes nothing and is told of; the key of the hashes is never replaced.
 */
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { type KeySet, keySetOf } from '../keys/key-file.ts';
import type { KeyRing } from '../keys/ring.ts';
import { readSecretFile } from '../keys/secret-file.ts';
import type { KeyStandings, KeysOfProcess } from '../keys/standing.ts';
import type { Nodes } from '../node-ports.ts';
import { watchFolder } from '../policies/watch.ts';
import type { Log } from '../ports.ts';
import type { Base } from './base.ts';
import type { Serving } from './serving.ts';

export type KeyReload =
  | { readonly kind: 'loaded' | 'unchanged' }
  /** The keys in use stay. A sentence with the file, without a key. */
  | { readonly kind: 'failed'; readonly problem: string }
  /** The keys come from the environment, which does not change while a program runs. */
  | { readonly kind: 'fixed' };

export interface OpenKeys extends KeyStandings {
  /** Looks at the file now; the log says what came of it. */
  reload(): Promise<KeyReload>;
  /** What is wrong with the file as it stood when it was looked at last; undefined when it is in use. */
  problem(): string | undefined;
  readonly isFile: boolean;
  close(): void;
}

type Parts = Pick<Base, 'config' | 'keyRing' | 'clock'> & { readonly log: Log };
type Processes = Pick<Serving, 'useKeys' | 'keysOfWorkers'>;

/** Begins to follow the file. */
export function openKeys(base: Parts, processes: Processes, nodes?: Nodes): OpenKeys {
  const { config, keyRing } = base;
  const standings = keyStandings(keyRing, processes, nodes);
  if (config.secret.kind === 'keys') {
    const reload = async (): Promise<KeyReload> => ({ kind: 'fixed' });
    return { ...standings, reload, problem: () => undefined, isFile: false, close: () => {} };
  }
  const { path } = config.secret;
  const follower = new KeyFollower(path, base, processes);
  const look = () => follower.look(false);
  // A link to a file elsewhere is followed by the looks in between.
  const watch = watchFolder(dirname(path), { changed: look, poll: look });
  return {
    ...standings,
    reload: () => follower.look(true),
    problem: () => follower.problem,
    isFile: true,
    close: () => watch.close(),
  };
}

/** What every node tells the others. */
interface KeyService {
  here(): Promise<readonly KeysOfProcess[]>;
}

const SERVICE = 'keys';

/** @param nodes the other machines; undefined where this one is alone */
function keyStandings(keyRing: KeyRing, processes: Processes, nodes: Nodes | undefined): KeyStandings {
  const node = hostname();
  const own: KeyService = {
    async here() {
      const workers = await processes.keysOfWorkers();
      // Workers sign with what this process tells them, from when it does.
      return [{ pid: process.pid, keys: keyRing.fingerprints() }, ...workers].map((one) => ({
        node,
        process: one.pid,
        keys: one.keys,
        since: keyRing.since(),
      }));
    },
  };
  nodes?.onPeer(({ channel }) => channel.serve(SERVICE, own));
  return {
    async everywhere() {
      const peers = nodes?.peers() ?? [];
      const others = peers.map(({ id, channel }) =>
        channel
          .remote<KeyService>(SERVICE)
          .here()
          .catch(() => [{ node: id, process: 0, keys: [], since: 0 }]),
      );
      return (await Promise.all([own.here(), ...others])).flat();
    },
  };
}

class KeyFollower {
  readonly #path: string;
  readonly #parts: Parts;
  readonly #processes: Processes;
  /** Looks wait for each other. */
  #last: Promise<unknown> = Promise.resolve();
  #told: string | undefined;
  problem: string | undefined;

  constructor(path: string, parts: Parts, processes: Processes) {
    this.#path = path;
    this.#parts = parts;
    this.#processes = processes;
  }

  /** @param isAsked whether somebody waits to hear: what is wrong is told again then */
  look(isAsked: boolean): Promise<KeyReload> {
    const look = this.#last.then(() => this.#look(isAsked));
    this.#last = look;
    return look;
  }

  async #look(isAsked: boolean): Promise<KeyReload> {
    const { keyRing, clock, log } = this.#parts;
    const read = readSecretFile(this.#path);
    if (read.kind === 'failed') return this.#failed(read.problem, isAsked);
    const next = keySetOf(read.file);
    const before = keyRing.keys();
    if (next.hash !== before.hash) return this.#failed(otherHashKey(this.#path, read.file.hasHashLine), isAsked);
    this.problem = undefined;
    this.#told = undefined;
    let isNew = false;
    for (const stage of stagesBetween(before, next)) {
      if (keyRing.adopt(stage, clock.wall()) === 'unchanged') continue;
      isNew = true;
      await this.#processes.useKeys(stage);
    }
    if (!isNew) return { kind: 'unchanged' };
    for (const warning of read.warnings) log.warn(warning);
    const [signs, ...accepted] = keyRing.fingerprints();
    log.info('keys loaded', { signs, accepted: accepted.join(' ') });
    return { kind: 'loaded' };
  }

  #failed(problem: string, isAsked: boolean): KeyReload {
    this.problem = problem;
    if (isAsked || this.#told !== problem) this.#parts.log.error('keys not loaded, those in use stay', { problem });
    this.#told = problem;
    return { kind: 'failed', problem };
  }
}

/** All accept what is new; all sign with it, and accept what goes; it goes. */
function stagesBetween(before: KeySet, { signing, hash }: KeySet): readonly KeySet[] {
  const added = signing.filter((key) => !before.signing.includes(key));
  const gone = before.signing.filter((key) => !signing.includes(key));
  return [
    { signing: [...before.signing, ...added], hash },
    { signing: [...signing, ...gone], hash },
    { signing, hash },
  ];
}

function otherHashKey(path: string, hasHashLine: boolean): string {
  const remedy = hasHashLine
    ? 'put the hash: line of before back'
    : 'without a hash: line it is the last key; add the last key of before as the line hash:KEY';
  return `${path}: has another hash key, under which every user would be a stranger; ${remedy}`;
}
