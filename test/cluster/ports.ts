/**
 * Ports that are free and stay so for a while: below those that the system gives to outgoing connections, so that a program
 * which is stopped and started again finds its own.
 */
import { createServer } from 'node:net';

const LOWEST = 20_000;
const COUNT = 12_000;
const MOST_TRIES = 1_000;
const given = new Set<number>();

export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > MOST_TRIES) throw new Error('there are no free ports');
    const port = LOWEST + Math.floor(Math.random() * COUNT);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
