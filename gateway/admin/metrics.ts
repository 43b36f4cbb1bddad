/**
 * What the gateway counts, by the names of the operations contract. `request` and `upstream` run for every message. Label
 * values come from the configuration, the policies and the protocol's own words; a primitive that the protocol does
 * not have is `other`, so that a client cannot make new series. No label holds a user.
 */
import {
  AggregatorRegistry,
  collectDefaultMetrics,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import type { CirMetrics } from '../cir-ports.ts';
import { PRIMITIVES } from '../csp/primitives.ts';
import type { DeskMetrics } from '../desk/parts.ts';
import type { MailboxResult, MailboxTotals } from '../mailbox-ports.ts';
import type { NodeMetrics } from '../node-ports.ts';
import type { Metrics, VaspState } from '../ports.ts';
import { FastCounter, FastGauge, FastHistogram } from './series.ts';

/** Also what the stores take; see `stores/timed.ts`. */
export interface OpenMetrics extends Metrics, CirMetrics, DeskMetrics, NodeMetrics {
  storeDuration(operation: string, seconds: number): void;
  /** A call was tried; `failed`: it is tried again. */
  webhook(result: 'delivered' | 'refused' | 'failed'): void;
  /** A user who is away was to be told by a bearer; `failed`: it is tried again, or was for a day. */
  notification(bearer: string, result: 'sent' | 'failed' | 'refused' | 'dropped'): void;
  /** What the mailbox holds now. */
  mailboxHolds(totals: Pick<MailboxTotals, 'waiting' | 'dead'>): void;
  vaspUp(vasp: string, isUp: boolean): void;
  vaspState(vasp: string, state: VaspState): void;
  /** Why a worker process was replaced. */
  workerRestart(reason: 'asked' | 'crash' | 'start-failed'): void;
  /** Worker processes that take connections now. */
  workers(count: number): void;
  /** A worker did not tell its figures in time: counted with the last that it told. */
  workerSilent(): void;
  /** Everything as plain data, to be summed with what other processes counted. */
  snapshot(): Promise<MetricSnapshot>;
  /** Everything in Prometheus' text format, with what other processes counted. */
  scrape(others?: readonly MetricSnapshot[]): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What one process counted; plain data, by prom-client's own names. */
export type MetricSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Several processes' figures as those of one: each metric by its own rule, which for most is the sum. */
export function summed(snapshots: readonly MetricSnapshot[]): Registry {
  return AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot]));
}

const MESSAGE_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const NEGOTIATION_SECONDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800];
const STORE_SECONDS = [0.00001, 0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

const VASP_STATES: readonly VaspState[] = ['serving', 'draining', 'suspended'];

const MAILBOX_RESULTS: readonly MailboxResult[] = [
  'stored',
  'duplicate',
  'full',
  'failed',
  'handed-over',
  'delivered',
  'rejected',
  'forwarded',
  'blocked',
  'expired',
  'dead',
  'replayed',
  'purged',
  'forgotten',
  'reported',
];

/** Not primitives, but what the chain may name in their place. */
const OTHER_PRIMITIVES: ReadonlySet<string> = new Set([
  'none',
  'several',
  'pass-through',
  'WV-CSP-VersionDiscovery-Request',
]);

/** `processMetrics` adds memory, event loop and garbage collection of this process, under `sapgw_` too. */
export function openMetrics(options: { readonly processMetrics?: boolean } = {}): OpenMetrics {
  const registry = new Registry();
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry, prefix: 'sapgw_' });
  const counter = (name: string, help: string, ...labels: readonly string[]) =>
    new FastCounter({ name, help, labels, registry });
  const histogram = (name: string, help: string, buckets: readonly number[], ...labels: readonly string[]) =>
    new FastHistogram({ name, help, labels, registry, buckets });
  const logins = counter('sapgw_logins_total', 'Login-Requests decided', 'vasp', 'outcome');
  const negotiations = counter('sapgw_negotiations_total', 'Negotiations ended', 'vasp', 'policy', 'outcome');
  const negotiationSeconds = histogram(
    'sapgw_negotiation_duration_seconds',
    'From the first question to the outcome',
    NEGOTIATION_SECONDS,
  );
  const requests = counter(
    'sapgw_requests_total',
    'Requests of clients answered',
    'vasp',
    'primitive',
    'encoding',
    'outcome',
  );
  const requestSeconds = histogram(
    'sapgw_request_duration_seconds',
    "From a request's body read to its answer",
    MESSAGE_SECONDS,
    'vasp',
  );
  const upstreamSeconds = histogram(
    'sapgw_upstream_duration_seconds',
    'From sending to a VASP to its whole answer',
    MESSAGE_SECONDS,
    'vasp',
  );
  const upstreamErrors = counter('sapgw_upstream_errors_total', 'Answers that a VASP did not give', 'vasp', 'kind');
  const sessions = new FastGauge({ name: 'sapgw_sessions', help: 'Sessions open', labels: ['vasp'], registry });
  const up = new FastGauge({
    name: 'sapgw_vasp_up',
    help: 'Whether a VASP is there: its breaker is closed, and it can be reached where it is probed',
    labels: ['vasp'],
    registry,
    aggregator: 'min',
  });
  const states = new FastGauge({
    name: 'sapgw_vasp_state',
    help: 'What the operator has said of a VASP: 1 for the state that holds',
    labels: ['vasp', 'state'],
    registry,
    aggregator: 'max',
  });
  const reloads = counter('sapgw_policy_reloads_total', 'Policy sets looked at', 'result');
  const pages = counter('sapgw_pages_total', "Requests for the gateway's web pages", 'page', 'outcome');
  const rejects = counter('sapgw_rejects_total', 'Requests refused by the gateway itself', 'layer', 'reason');
  const evictions = counter('sapgw_evictions_total', 'Entries that a bounded memory gave up to make room', 'memory');
  const untrusted = counter('sapgw_untrusted_headers_total', "Subscribers' numbers removed from requests", 'header');
  const connections = new FastGauge({
    name: 'sapgw_connections',
    help: 'Connections of clients open',
    labels: ['listener'],
    registry,
  });
  const cirConnections = new FastGauge({
    name: 'sapgw_cir_connections',
    help: 'CIR connections open',
    labels: ['kind'],
    registry,
  });
  const cirRings = counter('sapgw_cir_rings_total', 'Calls of clients by CIR', 'kind');
  const cirClients = counter('sapgw_cir_clients_total', "Clients' CIR connections", 'outcome');
  const cirVasps = counter('sapgw_cir_vasps_total', 'What happened on the CIR channels to VASPs', 'vasp', 'outcome');
  const messages = counter('sapgw_system_messages_total', 'On-line System Messages', 'policy', 'result');
  const messagesOpen = new FastGauge({
    name: 'sapgw_system_messages_open',
    help: 'On-line System Messages that wait for delivery or an answer',
    labels: [],
    registry,
  });
  const effects = counter('sapgw_system_message_effects_total', 'What answers led to', 'effect', 'result');
  const webhooks = counter('sapgw_webhooks_total', 'Calls that answers led to', 'result');
  const notifications = counter('sapgw_notifications_total', 'Users who are away told by bearers', 'bearer', 'result');
  const mailbox = counter('sapgw_mailbox_total', 'Messages for users who are away', 'result');
  const mailboxWaiting = new FastGauge({
    name: 'sapgw_mailbox_messages',
    help: 'Messages that wait for users who are away',
    labels: [],
    registry,
  });
  const mailboxDead = new FastGauge({
    name: 'sapgw_mailbox_dead',
    help: 'Messages that are not handed over any more, and were not acknowledged',
    labels: [],
    registry,
  });
  const storeSeconds = histogram('sapgw_store_duration_seconds', 'Store operations', STORE_SECONDS, 'op');
  const restarts = counter('sapgw_worker_restarts_total', 'Worker processes replaced', 'reason');
  const silences = counter('sapgw_worker_silences_total', 'Figures that a worker did not tell in time');
  const workers = new FastGauge({ name: 'sapgw_workers', help: 'Worker processes that listen', labels: [], registry });
  const nodes = new FastGauge({
    name: 'sapgw_nodes',
    help: 'Nodes of this gateway that are alive, as this one knows',
    labels: [],
    registry,
    aggregator: 'max',
  });
  const sharesHeld = new FastGauge({
    name: 'sapgw_shares_held',
    help: 'Shares of the users that this node holds',
    labels: [],
    registry,
  });
  const nodeFrames = counter('sapgw_node_frames_dropped_total', 'Words of other nodes that were not taken', 'reason');
  for (const result of ['loaded', 'unchanged', 'failed']) reloads.prepare(result);
  for (const result of MAILBOX_RESULTS) mailbox.prepare(result);

  return {
    login: (vasp, outcome) => logins.add(vasp, outcome),
    negotiation: (vasp, policy, outcome) => negotiations.add(vasp, policy, outcome),
    negotiationDuration: (seconds) => negotiationSeconds.observe(seconds),
    request(vasp, primitive, encoding, outcome, seconds) {
      const known = PRIMITIVES.has(primitive) || OTHER_PRIMITIVES.has(primitive);
      requests.add(vasp, known ? primitive : 'other', encoding, outcome);
      requestSeconds.observe(seconds, vasp);
    },
    upstream: (vasp, seconds) => upstreamSeconds.observe(seconds, vasp),
    upstreamError: (vasp, kind) => upstreamErrors.add(vasp, kind),
    reject: (layer, reason) => rejects.add(layer, reason),
    evicted: (memory) => evictions.add(memory),
    untrustedHeader: (header) => untrusted.add(header),
    connections: (listener, count) => connections.set(count, listener),
    sessions: (vasp, count) => sessions.set(count, vasp),
    vaspUp: (vasp, isUp) => up.set(isUp ? 1 : 0, vasp),
    vaspState(vasp, state) {
      for (const one of VASP_STATES) states.set(one === state ? 1 : 0, vasp, one);
    },
    policyReload: (result) => reloads.add(result),
    cirConnections: (kind, count) => cirConnections.set(count, kind),
    cirRing: (kind) => cirRings.add(kind),
    cirClient: (outcome) => cirClients.add(outcome),
    cirVasp: (vasp, outcome) => cirVasps.add(vasp, outcome),
    page: (page, outcome) => pages.add(page, outcome),
    systemMessage: (policy, result) => messages.add(policy, result),
    systemMessagesOpen: (count) => messagesOpen.set(count),
    systemMessageEffect: (effect, result) => effects.add(effect, result),
    webhook: (result) => webhooks.add(result),
    notification: (bearer, result) => notifications.add(bearer, result),
    mailbox: (result, count = 1) => mailbox.increase(count, result),
    mailboxHolds({ waiting, dead }) {
      mailboxWaiting.set(waiting);
      mailboxDead.set(dead);
    },
    storeDuration: (operation, seconds) => storeSeconds.observe(seconds, operation),
    workerRestart: (reason) => restarts.add(reason),
    workers: (count) => workers.set(count),
    workerSilent: () => silences.add(),
    nodes: (count) => nodes.set(count),
    sharesHeld: (count) => sharesHeld.set(count),
    nodeFrameDropped: (reason) => nodeFrames.add(reason),
    snapshot: () => registry.getMetricsAsJSON(),
    async scrape(others = []) {
      const all = others.length === 0 ? registry : summed([await registry.getMetricsAsJSON(), ...others]);
      return { contentType: registry.contentType, text: await all.metrics() };
    },
  };
}
