/**
 * The clients of the proxy benchmarks, in their own process. A closed order sends so many requests as fast as they are
 * answered. An open order sends by a fixed schedule, whatever the proxy does, and counts each answer's time from when its
 * request was due: an answer that comes late makes no later request look fast. Connections to a port stay open from one
 * order to the next: what opening them costs is not measured.
 */
import { LoadClient } from './load-client.ts';
import { quantile } from './statistics.ts';
import { requestOnTheWire } from './upstream-server-messages.ts';

export type LoadOrder =
  | { readonly kind: 'closed'; readonly port: number; readonly connections: number; readonly requests: number }
  | {
      readonly kind: 'open';
      readonly port: number;
      readonly connections: number;
      /** Requests a second. */
      readonly rate: number;
      readonly seconds: number;
    };

export interface LoadReport {
  readonly answered: number;
  /** Answers that were not the VASP's. */
  readonly wrong: number;
  readonly seconds: number;
}

export interface OpenLoadReport extends LoadReport {
  /** From when a request was due to its whole answer. */
  readonly medianMicros: number;
  readonly p99Micros: number;
  /** How late requests were handed to the loop that sends them: the load's own fault. */
  readonly medianLateMicros: number;
  readonly p99LateMicros: number;
}

/** Below this a timer would be too coarse: the loop turns without sleeping. */
const SPIN_MILLIS = 2;

const clientsOf = new Map<number, LoadClient[]>();

async function clientsTo(port: number, connections: number): Promise<LoadClient[]> {
  const known = clientsOf.get(port) ?? [];
  if (known.length >= connections && known.every(({ isOpen }) => isOpen)) return known.slice(0, connections);
  for (const client of known) client.close();
  const opened = await Promise.all(Array.from({ length: connections }, () => LoadClient.open(port)));
  clientsOf.set(port, opened);
  return opened;
}

async function runClosed(order: LoadOrder & { kind: 'closed' }): Promise<LoadReport> {
  const clients = await clientsTo(order.port, order.connections);
  const wire = requestOnTheWire(`127.0.0.1:${order.port}`);
  let [left, answered, wrong] = [order.requests, 0, 0];
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    const next = (client: LoadClient): void => {
      if (left <= 0 || !client.isOpen) {
        if (answered === order.requests || clients.every(({ isOpen }) => !isOpen)) resolve();
        return;
      }
      left -= 1;
      client.send(wire, (isRight) => {
        answered += 1;
        if (!isRight) wrong += 1;
        next(client);
      });
    };
    for (const client of clients) next(client);
  });
  return { answered, wrong, seconds: (performance.now() - startedAt) / 1000 };
}

async function runOpen(order: LoadOrder & { kind: 'open' }): Promise<OpenLoadReport> {
  const idle = [...(await clientsTo(order.port, order.connections))];
  const wire = requestOnTheWire(`127.0.0.1:${order.port}`);
  const total = Math.round(order.rate * order.seconds);
  const gap = 1000 / order.rate;
  const [latencies, lateness] = [new Float64Array(total), new Float64Array(total)];
  let [due, sent, answered, wrong] = [0, 0, 0, 0];
  const startedAt = performance.now() + 1;
  await new Promise<void>((resolve) => {
    const send = (client: LoadClient): void => {
      const request = sent;
      sent += 1;
      client.send(wire, (isRight) => {
        latencies[request] = (performance.now() - (startedAt + request * gap)) * 1000;
        answered += 1;
        if (!isRight) wrong += 1;
        if (answered === total) resolve();
        else if (sent < due) send(client);
        else idle.push(client);
      });
    };
    const turn = (): void => {
      const now = performance.now();
      while (due < total && startedAt + due * gap <= now) {
        lateness[due] = (now - (startedAt + due * gap)) * 1000;
        due += 1;
        const client = idle.pop();
        // With every connection busy the request waits, and its time runs.
        if (client !== undefined) send(client);
      }
      if (due === total) return;
      const wait = startedAt + due * gap - now;
      if (wait > SPIN_MILLIS) setTimeout(turn, wait - SPIN_MILLIS);
      else setImmediate(turn);
    };
    turn();
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const report = { answered, wrong, seconds };
  const [medianMicros, p99Micros] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  const [medianLateMicros, p99LateMicros] = [quantile(lateness, 0.5), quantile(lateness, 0.99)];
  return { ...report, medianMicros, p99Micros, medianLateMicros, p99LateMicros };
}

process.on('message', (order: LoadOrder) => {
  (order.kind === 'closed' ? runClosed(order) : runOpen(order)).then(
    (report) => process.send?.(report),
    () => process.exit(1),
  );
});
process.on('disconnect', () => process.exit(0));
