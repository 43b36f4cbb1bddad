/** What must hold of CIR: clients have to be told an address that they can reach. */
import type { Finding } from '../yaml/shape.ts';
import type { WrittenConfig } from './schema.ts';

export function checkCir({ cir }: WrittenConfig): Finding[] {
  const everywhere = cir.tcp !== undefined && ['0.0.0.0', '::'].includes(cir.tcp.host);
  if (!everywhere || cir.advertise !== undefined) return [];
  const message = 'listens on every address and does not say which one clients are told; put advertise: HOST beside it';
  return [{ path: ['cir', 'tcp'], at: 'value', message }];
}
