/**
 * What kept-alive connections cost: opens many to a running gateway, sends one request on each, and prints the memory of the
 * gateway's process before, with all of them open and idle, and per connection. Run it by hand, the gateway with
 * `limits.keepAliveTimeout: 10m`: `npx tsx test/load/connections.ts [connections] [port] [pid of the gateway]`. Needs twice
 * as many open files on one machine: `ulimit -n`.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

const [wanted = '10000', port = '8080', pid = ''] = process.argv.slice(2);
const REQUEST = 'POST /imps HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n';

/** Resident memory of the gateway in bytes. */
function resident(): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port) }, () => socket.write(REQUEST));
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
  });
}

async function openMany(count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(200, count - sockets.length) }, open))));
  }
  return sockets;
}

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// The first ones warm the code up, so that what they cost is not counted for the others.
for (const socket of await openMany(500)) socket.destroy();
await pause(3);
const before = resident();
const sockets = await openMany(Number(wanted));
await pause(10);
const after = resident();
const alive = sockets.filter(({ destroyed }) => !destroyed).length;
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
console.log(`connections open          ${alive}`);
console.log(`resident before           ${mebibytes(before)}`);
console.log(`resident with all open    ${mebibytes(after)}`);
console.log(`per connection            ${((after - before) / alive / 1024).toFixed(1)} KiB`);
for (const socket of sockets) socket.destroy();
