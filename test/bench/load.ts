/**
 * The clients of the proxy benchmark, in their own process: kept-alive connections on raw sockets, one request at a time
 * on each, as fast as the proxy answers. On `{ port, connections, requests }` it sends that many and reports how it went.
 */
import { connect, type Socket } from 'node:net';
import { REPLY_BODY, requestOnTheWire } from './upstream-server-messages.ts';

export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  readonly requests: number;
}

export interface LoadReport {
  readonly answered: number;
  /** Answers that were not the VASP's. */
  readonly wrong: number;
  readonly seconds: number;
}

const HEAD_END = '\r\n\r\n';

async function run(order: LoadOrder): Promise<LoadReport> {
  const wire = requestOnTheWire(`127.0.0.1:${order.port}`);
  let left = order.requests;
  let answered = 0;
  let wrong = 0;
  const startedAt = performance.now();
  const drive = (socket: Socket, finished: () => void): void => {
    let pending: Buffer = Buffer.alloc(0);
    const next = (): void => {
      if (left <= 0) {
        socket.end();
        finished();
        return;
      }
      left -= 1;
      socket.write(wire);
    };
    socket.on('data', (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const headEnd = pending.indexOf(HEAD_END);
      if (headEnd === -1 || pending.length < headEnd + HEAD_END.length + REPLY_BODY.length) return;
      const body = pending.subarray(headEnd + HEAD_END.length);
      if (pending.toString('latin1', 9, 12) !== '200' || !body.equals(REPLY_BODY)) wrong += 1;
      answered += 1;
      pending = Buffer.alloc(0);
      next();
    });
    socket.on('error', () => {
      wrong += 1;
      finished();
    });
    next();
  };
  await Promise.all(
    Array.from({ length: order.connections }, () => {
      return new Promise<void>((resolve) => {
        const socket = connect(order.port, '127.0.0.1', () => drive(socket, resolve));
        socket.setNoDelay(true);
      });
    }),
  );
  return { answered, wrong, seconds: (performance.now() - startedAt) / 1000 };
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (report) => process.send?.(report),
    () => process.exit(1),
  );
});
process.on('disconnect', () => process.exit(0));
