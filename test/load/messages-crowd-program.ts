/** A crowd in a process of its own, so that what is measured beside it is not delayed by it. Ordered by messages. */
import { Crowd, type CrowdPlan, type CrowdTotals } from './messages-crowd.ts';

export type CrowdOrder = { readonly kind: 'gather'; readonly plan: CrowdPlan } | { readonly kind: 'totals' | 'stop' };

let crowd: Crowd | undefined;

async function obey(order: CrowdOrder): Promise<CrowdTotals | 'gathered' | undefined> {
  if (order.kind === 'gather') {
    crowd = await Crowd.gather(order.plan);
    crowd.turnWheel();
    return 'gathered';
  }
  if (order.kind === 'stop') await crowd?.stop();
  return crowd?.totals();
}

process.on('message', (order: CrowdOrder) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
