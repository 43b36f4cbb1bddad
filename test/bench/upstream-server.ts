/**
 * The VASP of the proxy benchmark, in its own process: answers every request with the same bytes, on raw sockets, so that
 * it costs next to nothing. Sends its port to the parent.
 */
import { createServer, type Socket } from 'node:net';
import { LOGIN_REPLY_ON_THE_WIRE, REPLY_ON_THE_WIRE } from './upstream-server-messages.ts';

const HEAD_END = '\r\n\r\n';

function serve(socket: Socket): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    let end = endOfRequest(pending);
    while (end !== -1) {
      const isLogin = pending.subarray(0, end).includes('<Login-Request>');
      socket.write(isLogin ? LOGIN_REPLY_ON_THE_WIRE : REPLY_ON_THE_WIRE);
      pending = pending.subarray(end);
      end = endOfRequest(pending);
    }
  });
}

/** Where the first request ends; -1 when it is not all there. */
function endOfRequest(bytes: Buffer): number {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return -1;
  const length = /\r\ncontent-length: *([0-9]+)/i.exec(bytes.toString('latin1', 0, headEnd));
  const end = headEnd + HEAD_END.length + Number(length?.[1] ?? 0);
  return end <= bytes.length ? end : -1;
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
process.on('disconnect', () => process.exit(0));
