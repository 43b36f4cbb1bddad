/**
 * The steady load of the data path beside messages to users, in a process of its own: text messages that pass through, at an
 * even pace whatever the gateway does. A request that finds no free connection waits, and its time runs.
 */
import {
  CONTENT_TYPE,
  LOGIN_BODY,
  LOGIN_REPLY_ON_THE_WIRE,
  REPLY_BODY,
  REQUEST_BODY,
} from '../bench/upstream-server-messages.ts';
import { Lanes } from './messages-lanes.ts';

export type DataLoadOrder =
  | { readonly kind: 'begin'; readonly port: number; readonly perSecond: number; readonly connections: number }
  /** Answers with what came in since the last slice. */
  | { readonly kind: 'slice' };

export interface DataSlice {
  readonly micros: readonly number[];
  /** Answers that were not the VASP's. */
  readonly wrong: readonly string[];
  /** How late the requests were sent, at most: the load's own fault, and no part of the times. */
  readonly mostLateMicros: number;
}

const PATH = '/imps';
const TURN_MILLIS = 1;

let micros: number[] = [];
let wrong: string[] = [];
let mostLateMicros = 0;

async function begin({ port, perSecond, connections }: DataLoadOrder & { kind: 'begin' }): Promise<void> {
  const lanes = new Lanes(port, connections);
  const opened = await lanes.send(PATH, CONTENT_TYPE, LOGIN_BODY);
  if (!LOGIN_REPLY_ON_THE_WIRE.includes(opened)) throw new Error('the load cannot log in');
  const gap = 1000 / perSecond;
  const startedAt = performance.now();
  let sent = 0;
  const send = async (): Promise<void> => {
    const since = performance.now();
    // A connection that broke is no answer of the VASP's either.
    const answer = await lanes.send(PATH, CONTENT_TYPE, REQUEST_BODY).catch(() => undefined);
    micros.push((performance.now() - since) * 1000);
    if (answer?.equals(REPLY_BODY) !== true) wrong.push(answer?.toString('latin1') ?? 'none');
  };
  setInterval(() => {
    for (let due = startedAt + sent * gap; due <= performance.now(); due = startedAt + sent * gap) {
      sent += 1;
      mostLateMicros = Math.max(mostLateMicros, (performance.now() - due) * 1000);
      void send();
    }
  }, TURN_MILLIS);
}

function slice(): DataSlice {
  const taken = { micros, wrong, mostLateMicros };
  micros = [];
  wrong = [];
  mostLateMicros = 0;
  return taken;
}

process.on('message', (order: DataLoadOrder) => {
  if (order.kind === 'slice') process.send?.(slice());
  else
    begin(order).then(
      () => process.send?.('begun'),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
});
process.on('disconnect', () => process.exit(0));
