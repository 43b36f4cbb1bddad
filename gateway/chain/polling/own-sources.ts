/**
 * Several sources of the gateway's own messages as one: each comes to its turn when those before it have nothing. One that
 * fails has nothing for the moment, and holds nobody up: what VASPs send goes on.
 */
import type { Log, OwnMessages } from '../../ports.ts';
import type { Session } from '../sessions.ts';

export function ownSources(sources: readonly OwnMessages[], log: Log): OwnMessages {
  /** One source's answer, or what stands for it when the source cannot answer. */
  async function ask<T>(session: Session, question: Promise<T>, otherwise: T): Promise<T> {
    try {
      return await question;
    } catch {
      log.error('messages to users cannot be had', { vasp: session.record.vasp, session: session.key });
      return otherwise;
    }
  }

  return {
    concerns(session) {
      for (const source of sources) if (source.concerns(session)) return true;
      return false;
    },
    async waits(session) {
      let waits: Awaited<ReturnType<OwnMessages['waits']>> = 'nothing';
      for (const source of sources) {
        if (!source.concerns(session)) continue;
        const of = await ask(session, source.waits(session), 'nothing');
        if (of === 'first') return of;
        if (of === 'something') waits = of;
      }
      return waits;
    },
    async take(session) {
      for (const source of sources) {
        const message = source.concerns(session) ? await ask(session, source.take(session), undefined) : undefined;
        if (message !== undefined) return message;
      }
      return undefined;
    },
    async ended(session) {
      for (const source of sources) await ask(session, source.ended(session), undefined);
    },
  };
}
