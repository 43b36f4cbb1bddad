/** What is kept for users and said to them by a machine that is alone: in its own memory, on a store of its own. */
import { MemorySetAside } from '../chain/polling/set-aside.ts';
import type { Base } from './base.ts';
import { openCir } from './cir.ts';
import { openDesk } from './desk.ts';
import type { KeptResult, KeptSurroundings } from './kept.ts';
import { openMailbox } from './mailbox.ts';
import { underWayInMemory } from './under-way.ts';

export async function openAlone(base: Base, around: KeptSurroundings): Promise<KeptResult> {
  const { vasps, workers } = around;
  /** What is open, to be closed the other way round. */
  const open: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const one of open.toReversed()) await one();
  };
  const failed = async (problems: readonly string[]): Promise<KeptResult> => {
    await close();
    return { kind: 'failed', problems };
  };
  const openedCir = await openCir(base, vasps);
  if (openedCir.kind === 'failed') return openedCir;
  const { cir } = openedCir;
  open.push(() => cir.close());
  const ring = (userKey: string): void => void cir.hub.ringUser(userKey);
  const concern = workers === undefined ? undefined : workers.concern;
  const openedDesk = await openDesk(base, { ...around, concern, ring });
  if (openedDesk.kind === 'failed') return failed(openedDesk.problems);
  const { desk } = openedDesk;
  open.push(() => desk.close());
  const openedMailbox = await openMailbox(base, {
    ...around,
    mailWaits: workers?.mailWaits,
    ring,
    languageOf: (vasp) => vasps.find(({ name }) => name === vasp)?.language,
  });
  if (openedMailbox.kind === 'failed') return failed(openedMailbox.problems);
  const { mailbox } = openedMailbox;
  open.push(() => mailbox.close());
  const { negotiations, waiting, sweep } = underWayInMemory(base);
  open.push(sweep());
  const setAside = new MemorySetAside({
    waiting: (key) => void cir.hub.ring(key),
    dropped: () => base.metrics.reject('session', 'set-aside'),
  });
  return {
    kind: 'open',
    kept: {
      negotiations,
      waiting,
      setAside,
      systemMessages: desk.desk,
      selfCare: desk.desk.selfCare,
      broadcasts: desk.broadcasts,
      mailbox: mailbox.postOffice,
      cirHub: cir.hub,
      cirListeners: cir.offer,
      nodes: undefined,
      isFirst: () => true,
      close,
    },
  };
}
