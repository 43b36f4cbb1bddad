/**
 * Builds a running gateway from its configuration: the base that every process stands on, what one machine shares, what
 * serves clients, and the admin listener. Whoever wants to know what the program consists of reads this file and
 * `wiring/`; whoever wants to know what it does with a message, `gateway.ts`.
 */
import type { Address, Config } from './config.ts';
import { createAdmin } from './wiring/admin.ts';
import { closeBase, openBase } from './wiring/base.ts';
import { createClientSide } from './wiring/client-side.ts';
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
  /** Reads certificate and policy folder anew and puts them in force if they are valid; the log says what came of it. */
  reload(by: 'signal'): Promise<void>;
}

export type StartResult =
  | { readonly kind: 'running'; readonly gateway: RunningGateway }
  /** Sentences, each with its place; nothing is left running. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

/** How long the listener goes on after readiness failed, so that a balancer has seen it. */
const LINGER_MILLIS = 200;

export async function startGateway(config: Config): Promise<StartResult> {
  const opened = await openBase(config);
  if (opened.kind === 'failed') return opened;
  const { base } = opened;
  const held = await holdShared(base);
  if (held.kind === 'failed') {
    await closeBase(base);
    return held;
  }
  const { shared } = held;
  const { log } = base;
  const clients = createClientSide(base, shared);
  const scheme = config.tls === undefined ? 'http' : 'https';
  let isStopping = false;
  const admin = createAdmin({
    ...base,
    ...shared,
    vaspHealth: async () => [clients.vaspHealth()],
    isStopping: () => isStopping,
  });
  const close = async (): Promise<void> => {
    await clients.close();
    await admin.close();
    await shared.close();
    await closeBase(base);
  };
  try {
    const listen = await clients.listen(config.listen);
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
          clients.reloadCertificate();
          try {
            await shared.policyControl.control.reload(by);
          } catch {
            log.error('the policy folder cannot be looked at');
          }
        },
        stop: async () => {
          isStopping = true;
          log.info('stopping');
          await new Promise((resolve) => setTimeout(resolve, LINGER_MILLIS));
          await clients.drain(config.limits.drainMillis);
          await close();
        },
      },
    };
  } catch (error) {
    await close();
    return { kind: 'failed', problems: [cannotListen(error)] };
  }
}

function cannotListen(error: unknown): string {
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const place = address === undefined ? 'the address' : `${address}:${port ?? ''}`;
  return code === 'EADDRINUSE'
    ? `${place} is taken by another program; stop that, or choose another with --listen or --admin`
    : `${place} cannot be listened on: ${code ?? 'unknown error'}`;
}
