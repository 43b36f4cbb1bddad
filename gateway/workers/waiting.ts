/**
 * The sessions that the gateway itself holds, kept in the primary, used by the workers. A change of one is work that a
 * worker does between taking the session and giving it back; until then nobody else has its turn. A worker that goes, or
 * takes too long, leaves the session as it was.
 */
import type { Changed, WaitingSession, WaitingSessions } from '../chain/conversation/waiting-sessions.ts';
import { ChannelError } from './channel.ts';

/** What the primary answers to one worker. */
export interface WaitingService extends Pick<WaitingSessions, 'open' | 'end'> {
  /** Resolves when it is the caller's turn. */
  begin(sessionId: string): Promise<{ readonly turn: number; readonly session: WaitingSession | undefined }>;
  /** Ends the turn; false when it was over already, and nothing was changed. */
  finish(turn: number, session: WaitingSession | undefined): Promise<boolean>;
  /** Ends the turn and leaves the session as it was. */
  cancel(turn: number): Promise<void>;
}

/** Longer than any work on one message may take, and shorter than a phone waits. */
const TURN_MILLIS = 10_000;

type End = (changed: Changed<void> | 'as-before') => void;

/** Serves the sessions to one worker; `left` is to be called when it is gone. */
export function waitingService(
  sessions: WaitingSessions,
  turnMillis = TURN_MILLIS,
): { readonly service: WaitingService; left(): void } {
  const turns = new Map<number, End>();
  let next = 1;
  let isGone = false;
  const ended = (turn: number, changed: Changed<void> | 'as-before'): boolean => {
    const end = turns.get(turn);
    turns.delete(turn);
    end?.(changed);
    return end !== undefined;
  };
  const service: WaitingService = {
    open: (session) => sessions.open(session),
    end: (windowKey) => sessions.end(windowKey),
    begin: (sessionId) =>
      new Promise((resolve, reject) => {
        const held = (session: WaitingSession | undefined): Promise<Changed<void>> =>
          new Promise((give) => {
            if (isGone) {
              give({ session, result: undefined });
              return;
            }
            const turn = next++;
            const timer = setTimeout(() => ended(turn, 'as-before'), turnMillis);
            turns.set(turn, (changed) => {
              clearTimeout(timer);
              give(changed === 'as-before' ? { session, result: undefined } : changed);
            });
            resolve({ turn, session });
          });
        sessions.inTurn(sessionId, held).catch(reject);
      }),
    finish: async (turn, session) => ended(turn, { session, result: undefined }),
    cancel: async (turn) => void ended(turn, 'as-before'),
  };
  return {
    service,
    left() {
      isGone = true;
      for (const turn of [...turns.keys()]) ended(turn, 'as-before');
    },
  };
}

/** The sessions as a worker sees them. */
export function remoteWaiting(service: WaitingService): WaitingSessions {
  return {
    open: (session) => service.open(session),
    end: (windowKey) => service.end(windowKey),
    async inTurn<T>(
      sessionId: string,
      change: (session: WaitingSession | undefined) => Promise<Changed<T>>,
    ): Promise<T> {
      const { turn, session } = await service.begin(sessionId);
      let changed: Changed<T>;
      try {
        changed = await change(session);
      } catch (error) {
        await service.cancel(turn);
        throw error;
      }
      if (!(await service.finish(turn, changed.session))) throw new ChannelError('timeout', 'waiting.finish');
      return changed.result;
    },
  };
}
