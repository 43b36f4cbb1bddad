/**
 * Two nodes behind the balancer while their Redis is killed, stands still, or is slow: whoever asks is answered soon, in the
 * protocol; nothing acknowledged is lost, nothing comes twice, nobody reaches the VASP without having accepted; the readiness
 * of the nodes is true; and everything goes on without a restart [reliability §5, §7 D3].
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MailboxVasp } from '../load/mailbox-vasp.ts';
import { temporaryFolder } from '../main/running.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.ts';
import { isNightly, scaled } from '../scale.ts';
import { Balancer, describeWithHaproxy } from './balancer.ts';
import { FaultProxy } from './fault-proxy.ts';
import { type GatewayNode, startNodes, stopNodes } from './nodes.ts';
import { Traffic, trafficPolicies } from './traffic.ts';

const SEED = Number(process.env.CLUSTER_SEED ?? 20_040_701);
const TIMES = scaled(1, 5);
const PER_SECOND = scaled(80, 200);
const REQUESTS_BETWEEN = scaled(80, 1_000);
const PAUSE_MILLIS = scaled(2_000, 5_000);
const SLOW_MILLIS = scaled(1_500, 10_000);
const DELAY_MILLIS = 300;
/** For the store a second, and for a machine on which much else runs another. */
const LONGEST_WAIT_MILLIS = 2_000;
/** In which what was asked before is answered. */
const UNDER_WAY_MILLIS = 1_500;
/** Within which readiness tells the truth, on such a machine. */
const TRUTH_MILLIS = scaled(8_000, 4_000);

interface Fault {
  readonly name: string;
  /** Whether nodes have to say that they are not ready. */
  readonly isAway: boolean;
  begin(): Promise<void>;
  lasts: number;
  end(): Promise<void>;
}

describeWithHaproxy('a store that fails', () => {
  describeWithRedis('a store that fails', () => {
    let redis: RedisServer;
    let network: FaultProxy;
    beforeAll(async () => {
      redis = await startRedis();
      network = await FaultProxy.to(redis.port);
    });
    afterAll(async () => {
      await network.close();
      await redis.stop();
    });

    const faults: readonly Fault[] = [
      { name: 'is killed', isAway: true, begin: () => redis.kill(), lasts: PAUSE_MILLIS, end: () => redis.restart() },
      {
        name: 'stands still',
        isAway: true,
        begin: async () => redis.pause(),
        lasts: PAUSE_MILLIS,
        end: async () => redis.resume(),
      },
      {
        name: `is ${DELAY_MILLIS} ms away`,
        isAway: false,
        begin: async () => {
          network.delayMillis = DELAY_MILLIS / 2;
        },
        lasts: SLOW_MILLIS,
        end: async () => {
          network.delayMillis = 0;
        },
      },
    ];

    describe.each(['ask', 'deny'] as const)('onStoreLoss: %s', (onStoreLoss) => {
      let vasp: MailboxVasp;
      let nodes: readonly GatewayNode[];
      let balancer: Balancer;
      beforeAll(async () => {
        vasp = await MailboxVasp.listen();
        const directory = temporaryFolder();
        nodes = await startNodes({
          directory,
          count: 2,
          policies: trafficPolicies('every-login'),
          vasps: { im: { url: vasp.url, domain: 'im.example' } },
          store: redis.url().replace(String(redis.port), String(network.port)),
          settings: { onStoreLoss },
        });
        balancer = await Balancer.before(nodes, directory);
      });
      afterAll(async () => {
        await balancer?.stop();
        await stopNodes(nodes ?? []);
        await vasp.close();
      });

      const allAre = async (isReady: boolean): Promise<number> => {
        const began = performance.now();
        for (;;) {
          const told = await Promise.all(nodes.map((node) => node.isReady()));
          const millis = performance.now() - began;
          if (told.every((one) => one === isReady) || millis > TRUTH_MILLIS) return millis;
          await sleep(25);
        }
      };

      test(`the store fails ${TIMES} times in each way (seed ${SEED})`, async () => {
        const traffic = new Traffic({
          port: balancer.port,
          vasp,
          perSecond: PER_SECOND,
          people: { visitors: scaled(20, 60), writers: scaled(12, 30), fetchers: scaled(12, 30) },
          seed: SEED,
          isTolerant: true,
          asksAlways: true,
        });
        await traffic.begin();
        const late: string[] = [];
        for (const fault of onStoreLoss === 'ask' || isNightly ? faults : faults.slice(0, 1)) {
          for (let time = 1; time <= TIMES; time++) {
            await traffic.goOn(REQUESTS_BETWEEN);
            traffic.longestWait();
            traffic.storeFails = true;
            await fault.begin();
            const noticed = fault.isAway ? await allAre(false) : 0;
            await sleep(fault.lasts);
            await fault.end();
            const recovered = await allAre(true);
            await sleep(UNDER_WAY_MILLIS);
            traffic.storeFails = false;
            await traffic.goOn(REQUESTS_BETWEEN);
            const waited = traffic.longestWait();
            const figures = `${fault.name}: longest wait ${waited.millis.toFixed(0)} ms for a ${waited.primitive}, noticed ${noticed.toFixed(0)}, recovered ${recovered.toFixed(0)}`;
            if (isNightly || process.env.CLUSTER_FIGURES !== undefined) console.info(`${onStoreLoss}: ${figures}`);
            if (waited.millis > LONGEST_WAIT_MILLIS || noticed > TRUTH_MILLIS || recovered > TRUTH_MILLIS)
              late.push(figures);
          }
        }
        const { wrong, sent, kept } = await traffic.end();
        if (isNightly || process.env.CLUSTER_FIGURES !== undefined) {
          console.info(
            `${traffic.requests} requests, ${sent} messages, ${kept} kept`,
            Object.fromEntries(traffic.excused),
          );
        }
        expect(wrong).toEqual([]);
        expect(late).toEqual([]);
        expect(kept).toBeGreaterThan(TIMES);
        expect(traffic.excused.size).toBeGreaterThan(0);
      });
    });
  });
});
