/** How every TCP listener of the gateway begins to listen, plain or with TLS. */
import type { Server } from 'node:net';
import type { Address } from './config.ts';

/** Resolves with the address in use; port 0 takes a free one. Rejects with the system's error when it cannot be had. */
export function listenAt(server: Server, { host, port }: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no TCP address'));
      else resolve({ host: address.address, port: address.port });
    });
  });
}
