/**
 * The clients of the proxy benchmark, in their own process: kept-alive connections on raw sockets, one request at a time
 * on each, as fast as the proxy answers. On `{ port, connections, requests }` it sends that many and reports how it went.
 * The connections to a port stay open from one order to the next: what opening them costs is not measured.
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

const connectionsTo = new Map<number, Socket[]>();

async function connectionsOf({ port, connections }: LoadOrder): Promise<Socket[]> {
  const known = connectionsTo.get(port);
  // A proxy may have closed what was idle.
  if (known?.every(({ readyState }) => readyState === 'open') === true) return known;
  const opened = await Promise.all(
    Array.from({ length: connections }, () => {
      return new Promise<Socket>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket));
        socket.setNoDelay(true);
      });
    }),
  );
  connectionsTo.set(port, opened);
  return opened;
}

async function run(order: LoadOrder): Promise<LoadReport> {
  const sockets = await connectionsOf(order);
  const wire = requestOnTheWire(`127.0.0.1:${order.port}`);
  let left = order.requests;
  let answered = 0;
  let wrong = 0;
  const startedAt = performance.now();
  const drive = (socket: Socket, finished: () => void): void => {
    let pending: Buffer = Buffer.alloc(0);
    const stop = (): void => {
      socket.removeAllListeners();
      finished();
    };
    const broken = (): void => {
      wrong += 1;
      stop();
    };
    const next = (): void => {
      if (left <= 0) {
        stop();
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
    socket.on('error', broken);
    socket.on('close', broken);
    next();
  };
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => drive(socket, resolve))));
  return { answered, wrong, seconds: (performance.now() - startedAt) / 1000 };
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (report) => process.send?.(report),
    () => process.exit(1),
  );
});
process.on('disconnect', () => process.exit(0));
