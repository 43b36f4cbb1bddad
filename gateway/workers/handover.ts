/**
 * Connections on their way to a worker that ends. The primary hands a connection over and keeps its own end until the
 * worker says that it has it; `node:cluster` forgets those that a dead worker never spoke of, and their clients would wait
 * for ever. Here such a connection counts as refused by the worker, so that cluster gives it to another one, or is closed
 * when there is none. This rests on the messages that cluster sends itself; were they others, nothing would happen here.
 */
import type { ChildProcess } from 'node:child_process';

interface ClusterMessage {
  readonly cmd?: unknown;
  readonly act?: unknown;
  readonly seq?: unknown;
  readonly ack?: unknown;
}

interface Connection {
  close?(): void;
}

const CLUSTER = 'NODE_CLUSTER';

/**
 * To be called once for each worker, right after it was forked: cluster has to be the first to hear that it is gone.
 * @param hasOthers whether another worker takes connections
 */
export function giveBackConnections(worker: ChildProcess, hasOthers: () => boolean): void {
  const underWay = new Map<number, Connection>();
  const send = worker.send.bind(worker);
  const watched: typeof send = (...args: unknown[]) => {
    const { cmd, act, seq } = (args[0] ?? {}) as ClusterMessage;
    if (cmd === CLUSTER && act === 'newconn' && typeof seq === 'number')
      underWay.set(seq, (args[1] ?? {}) as Connection);
    return Reflect.apply(send, undefined, args);
  };
  worker.send = watched;
  worker.on('internalMessage', ({ ack }: ClusterMessage) => {
    if (typeof ack === 'number') underWay.delete(ack);
  });
  let isOver = false;
  // Node does not tell of the end of a pipe while a connection handed over is unconfirmed, and a dead worker confirms
  // nothing: cluster would go on giving it connections.
  worker.once('close', () => isOver || worker.emit('disconnect'));
  // All that the worker wrote has been read by now.
  worker.once('disconnect', () => {
    isOver = true;
    for (const [ack, connection] of [...underWay]) {
      if (hasOthers()) worker.emit('internalMessage', { cmd: CLUSTER, ack, accepted: false });
      else connection.close?.();
    }
  });
}
