/**
 * Builds a running gateway from its configuration: the base that every process stands on, what one machine shares, what
 * serves clients, and the admin listener. Whoever wants to know what the program consists of reads this file and
 * `wiring/`; whoever wants to know what it does with a message, `gateway.ts`.
 */
import { type Address, authority, type Config } from './config.ts';
import { createAdmin } from './wiring/admin.ts';
import { closeBase, openBase } from './wiring/base.ts';
import { openKeys } from './wiring/keys.ts';
import { cannotListen } from './wiring/listening.ts';
import { createWorkers } from './wiring/primary.ts';
import { serveHere } from './wiring/serving.ts';
import { holdShared } from './wiring/shared.ts';

export interface RunningGateway {
  /** Where clients reach it; the port that was asked for, or the one that was free. */
  readonly listen: Address;
  /** What it speaks there. */
  readonly scheme: 'http' | 'https';
  readonly admin: Address;
  /** The sandbox VASP's URL, when that is the upstream. */
  readonly sandboxUrl: string | undefined;
  /** Fails readiness, lets running requests finish within the configured time, and closes everything [operations §6]. */
  stop(): Promise<void>;
  /** Reads keys, certificate and policy folder anew and puts them in force if they are valid; the log says what came of it. */
  reload(by: 'signal'): Promise<void>;
  /** Begins to replace every worker process, one after the other; the log says what came of it. */
  restartWorkers(): void;
}

export type StartResult =
  | { readonly kind: 'running'; readonly gateway: RunningGateway }
  /** Sentences, each with its place; nothing is left running. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

export async function startGateway(config: Config): Promise<StartResult> {
  // The store is made before there are workers: two processes that make one at the same moment can lose what is written.
  const opened = await openBase(config, { isFirst: true });
  if (opened.kind === 'failed') return opened;
  const { base } = opened;
  const workers = config.workers > 1 ? createWorkers(base) : undefined;
  const held = await holdShared(base, workers?.spread);
  if (held.kind === 'failed') {
    await closeBase(base);
    return held;
  }
  const { shared } = held;
  const { log } = base;
  const serving = workers === undefined ? serveHere(base, shared) : workers.serve(shared);
  const keys = openKeys(base, serving, shared.nodes?.nodes);
  const scheme = config.tls === undefined ? 'http' : 'https';
  let isStopping = false;
  const admin = createAdmin({
    ...base,
    ...shared,
    serving,
    keys,
    isStopping: () => isStopping,
  });
  const close = async (): Promise<void> => {
    keys.close();
    await serving.close();
    await admin.close();
    await shared.close();
    await closeBase(base);
  };
  try {
    const listening = await serving.listen();
    if (listening.kind === 'failed') {
      await close();
      return listening;
    }
    const listen = listening.address;
    shared.listensAt(`${scheme}://${authority(listen)}`);
    const adminListen = await admin.listen(config.admin);
    await shared.sessions.sweep();
    log.info('listening', {
      clients: `${listen.host}:${listen.port}`,
      scheme,
      admin: `${adminListen.host}:${adminListen.port}`,
    });
    return {
      kind: 'running',
      gateway: {
        listen,
        scheme,
        admin: adminListen,
        sandboxUrl: shared.sandboxUrl,
        reload: async (by) => {
          await keys.reload();
          await serving.reloadCertificate();
          try {
            await shared.policyControl.control.reload(by);
          } catch {
            log.error('the policy folder cannot be looked at');
          }
        },
        stop: async () => {
          isStopping = true;
          log.info('stopping');
          await serving.announceEnd();
          await new Promise((resolve) => setTimeout(resolve, config.limits.lingerMillis));
          await serving.drain();
          await close();
        },
        restartWorkers() {
          if (serving.workers === undefined) log.warn('there are no workers to restart');
          else serving.workers.beginRestart();
        },
      },
    };
  } catch (error) {
    await close();
    return { kind: 'failed', problems: [cannotListen(error)] };
  }
}
