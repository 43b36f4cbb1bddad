/** Proves that what is counted is scraped under the names of the operations contract, and that labels stay bounded. */
import { describe, expect, test } from '@jest/globals';
import { openMetrics } from '../../gateway/admin/metrics.ts';

async function lines(count: (metrics: ReturnType<typeof openMetrics>) => void): Promise<string[]> {
  const metrics = openMetrics();
  count(metrics);
  const { contentType, text } = await metrics.scrape();
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  return text.split('\n');
}

describe('metrics', () => {
  test('every name of the contract is there before anything was counted', async () => {
    const types = (await lines(() => {})).filter((line) => line.startsWith('# TYPE'));
    expect(types.map((line) => line.slice(7)).sort()).toEqual([
      'sapgw_cir_clients_total counter',
      'sapgw_cir_connections gauge',
      'sapgw_cir_rings_total counter',
      'sapgw_cir_vasps_total counter',
      'sapgw_connections gauge',
      'sapgw_evictions_total counter',
      'sapgw_logins_total counter',
      'sapgw_mailbox_dead gauge',
      'sapgw_mailbox_messages gauge',
      'sapgw_mailbox_total counter',
      'sapgw_negotiation_duration_seconds histogram',
      'sapgw_negotiations_total counter',
      'sapgw_node_frames_dropped_total counter',
      'sapgw_nodes gauge',
      'sapgw_notifications_total counter',
      'sapgw_pages_total counter',
      'sapgw_policy_reloads_total counter',
      'sapgw_rejects_total counter',
      'sapgw_request_duration_seconds histogram',
      'sapgw_requests_total counter',
      'sapgw_sessions gauge',
      'sapgw_shares_held gauge',
      'sapgw_store_duration_seconds histogram',
      'sapgw_system_message_effects_total counter',
      'sapgw_system_messages_open gauge',
      'sapgw_system_messages_total counter',
      'sapgw_untrusted_headers_total counter',
      'sapgw_upstream_duration_seconds histogram',
      'sapgw_upstream_errors_total counter',
      'sapgw_vasp_state gauge',
      'sapgw_vasp_up gauge',
      'sapgw_webhooks_total counter',
      'sapgw_worker_restarts_total counter',
      'sapgw_worker_silences_total counter',
      'sapgw_workers gauge',
    ]);
  });

  test('counters and gauges', async () => {
    const scraped = await lines((metrics) => {
      metrics.login('v', 'asked');
      metrics.login('v', 'asked');
      metrics.login('w', 'denied');
      metrics.negotiation('v', 'aoc', 'accepted');
      metrics.upstreamError('v', 'timeout');
      metrics.reject('edge', 'two-hosts');
      metrics.policyReload('failed');
      metrics.sessions('v', 7);
      metrics.sessions('v', 5);
      metrics.mailbox('stored');
      metrics.mailbox('purged', 20);
      metrics.mailboxHolds({ waiting: 3, dead: 1 });
    });
    expect(scraped).toEqual(
      expect.arrayContaining([
        'sapgw_logins_total{vasp="v",outcome="asked"} 2',
        'sapgw_logins_total{vasp="w",outcome="denied"} 1',
        'sapgw_negotiations_total{vasp="v",policy="aoc",outcome="accepted"} 1',
        'sapgw_upstream_errors_total{vasp="v",kind="timeout"} 1',
        'sapgw_rejects_total{layer="edge",reason="two-hosts"} 1',
        'sapgw_policy_reloads_total{result="loaded"} 0',
        'sapgw_policy_reloads_total{result="failed"} 1',
        'sapgw_sessions{vasp="v"} 5',
        'sapgw_mailbox_total{result="stored"} 1',
        'sapgw_mailbox_total{result="purged"} 20',
        'sapgw_mailbox_total{result="dead"} 0',
        'sapgw_mailbox_messages 3',
        'sapgw_mailbox_dead 1',
      ]),
    );
  });

  test('requests, and primitives that the protocol does not have', async () => {
    const scraped = await lines((metrics) => {
      metrics.request('v', 'Polling-Request', 'wbxml', 'forwarded', 0.003);
      metrics.request('v', 'Made-Up-1', 'xml', 'refused', 0.1);
      metrics.request('v', 'Made-Up-2', 'xml', 'refused', 60);
      metrics.request('v', '__proto__', 'none', 'refused', 0);
    });
    expect(scraped.filter((line) => line.startsWith('sapgw_requests_total'))).toEqual([
      'sapgw_requests_total{vasp="v",primitive="Polling-Request",encoding="wbxml",outcome="forwarded"} 1',
      'sapgw_requests_total{vasp="v",primitive="other",encoding="xml",outcome="refused"} 2',
      'sapgw_requests_total{vasp="v",primitive="other",encoding="none",outcome="refused"} 1',
    ]);
    expect(scraped).toEqual(
      expect.arrayContaining([
        'sapgw_request_duration_seconds_bucket{vasp="v",le="0.0005"} 1',
        'sapgw_request_duration_seconds_bucket{vasp="v",le="0.0025"} 1',
        'sapgw_request_duration_seconds_bucket{vasp="v",le="0.005"} 2',
        'sapgw_request_duration_seconds_bucket{vasp="v",le="0.1"} 3',
        'sapgw_request_duration_seconds_bucket{vasp="v",le="30"} 3',
        'sapgw_request_duration_seconds_bucket{vasp="v",le="+Inf"} 4',
        'sapgw_request_duration_seconds_sum{vasp="v"} 60.103',
        'sapgw_request_duration_seconds_count{vasp="v"} 4',
      ]),
    );
  });

  test('a histogram without labels', async () => {
    const scraped = await lines((metrics) => metrics.negotiationDuration(42));
    expect(scraped).toEqual(
      expect.arrayContaining([
        'sapgw_negotiation_duration_seconds_bucket{le="30"} 0',
        'sapgw_negotiation_duration_seconds_bucket{le="60"} 1',
        'sapgw_negotiation_duration_seconds_sum 42',
        'sapgw_negotiation_duration_seconds_count 1',
      ]),
    );
  });

  test('label combinations are bounded', async () => {
    const scraped = await lines((metrics) => {
      for (let index = 0; index < 6000; index++) metrics.reject('scan', `reason-${index}`);
    });
    const series = scraped.filter((line) => line.startsWith('sapgw_rejects_total{'));
    expect(series).toHaveLength(5001);
    expect(series.at(-1)).toBe('sapgw_rejects_total{layer="other",reason="other"} 1000');
  });

  test('everything of the process begins with sapgw_ too', async () => {
    const metrics = openMetrics({ processMetrics: true });
    const names = (await metrics.scrape()).text.split('\n').filter((line) => /^[a-z]/.test(line));
    expect(names.filter((name) => !name.startsWith('sapgw_'))).toEqual([]);
    expect(names.some((name) => name.startsWith('sapgw_process_resident_memory_bytes'))).toBe(true);
  });
});
