/** The admin listener of a running gateway: its checks, its status report, and the API's routes with what they act on. */
import { createApi } from '../admin/api.ts';
import { auditRoutes } from '../admin/api-audit.ts';
import { keyRoutes } from '../admin/api-keys.ts';
import { mailboxRoutes } from '../admin/api-mailbox.ts';
import { type MessageActions, messageRoutes } from '../admin/api-messages.ts';
import { type NodeActions, nodeRoutes } from '../admin/api-nodes.ts';
import { policyRoutes } from '../admin/api-policies.ts';
import { stateRoutes } from '../admin/api-state.ts';
import { userRoutes } from '../admin/api-users.ts';
import { type VaspReport, vaspRoutes } from '../admin/api-vasps.ts';
import { workerRoutes } from '../admin/api-workers.ts';
import type { OpenMetrics } from '../admin/metrics.ts';
import { type AdminServer, type Check, createAdminServer } from '../admin/server.ts';
import type { StatusReport, StatusRow } from '../admin/status-text.ts';
import { openAdminToken } from '../admin/token.ts';
import type { NegotiationCounts } from '../chain/negotiation-memory.ts';
import type { Config, VaspConfig } from '../config.ts';
import { answerableMillis } from '../keys/rotation.ts';
import { createMailboxOffice } from '../mailbox/office.ts';
import { policyCount } from '../policy/model.ts';
import type { Clock, Log, Store } from '../ports.ts';
import { ALL_SHARES } from '../shares.ts';
import type { WriteTrouble } from '../stores/write-trouble.ts';
import type { WorkerRow } from '../workers/pool.ts';
import { auditReading, userActions } from './admin-data.ts';
import type { Kept, KeptAmongNodes } from './kept.ts';
import type { OpenKeys } from './keys.ts';
import type { OpenPolicies } from './policies.ts';
import type { Serving } from './serving.ts';
import type { SessionSweep } from './session-sweep.ts';
import { type VaspTelling, vaspActions } from './vasps.ts';

export interface AdminParts {
  readonly config: Pick<Config, 'adminTokenFile' | 'audit'>;
  readonly vasps: readonly VaspConfig[];
  readonly store: Store;
  readonly writeTrouble: WriteTrouble;
  readonly userKey: (vasp: string, userId: string) => string;
  readonly policyControl: OpenPolicies;
  readonly negotiations: NegotiationCounts;
  readonly sessions: SessionSweep;
  readonly broadcasts: MessageActions;
  readonly vaspStates: VaspTelling['vaspStates'];
  readonly systemMessages: Pick<Kept['systemMessages'], 'forget'>;
  readonly mailbox: Pick<Kept['mailbox'], 'changed'>;
  readonly serving: Serving;
  readonly keys: OpenKeys;
  readonly metrics: OpenMetrics;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined where this machine is alone. */
  readonly nodes: Pick<KeptAmongNodes, 'nodes' | 'shares'> | undefined;
  readonly isStopping: () => boolean;
}

export function createAdmin(parts: AdminParts): AdminServer {
  const { config, vasps, store, policyControl, negotiations, sessions, metrics, clock, log, serving, isStopping } =
    parts;
  const vaspStates: VaspTelling['vaspStates'] = {
    entries: () => parts.vaspStates.entries(),
    async change(vasp, state) {
      const change = await parts.vaspStates.change(vasp, state);
      await serving.settled();
      return change;
    },
  };
  const vaspNames = vasps.map(({ name }) => name);
  const vaspsTold = vaspActions({ ...parts, vaspStates, health: () => serving.vaspHealth() });
  return createAdminServer({
    ready: new Map<string, Check>([
      ['running', () => (isStopping() ? 'the gateway is stopping' : undefined)],
      ['clients', () => serving.trouble()],
      ['store', () => parts.writeTrouble.told(store)],
    ]),
    metrics: {
      async scrape() {
        await tellOfMailbox(parts);
        return metrics.scrape(await serving.figures());
      },
    },
    status: async () => statusOf(parts, await vaspsTold.list()),
    api: createApi({
      refused: (code) => metrics.reject('admin', code),
      token: openAdminToken(config.adminTokenFile, clock),
      log,
      routes: [
        ...policyRoutes({ ...policyControl, wishes: () => store.askAgain.list() }),
        ...stateRoutes({ negotiations: () => negotiations.openQuestions(), sessions: () => sessions.counted() }),
        ...vaspRoutes(vaspsTold),
        ...workerRoutes(serving.workers),
        ...nodeRoutes(parts.nodes === undefined ? undefined : nodeActions(parts.nodes)),
        ...keyRoutes({ ...parts.keys, answerableMillis: () => answerableMillis(policyControl.control.sets.live()) }),
        ...auditRoutes(auditReading(store.audit)),
        ...messageRoutes(parts.broadcasts),
        ...mailboxRoutes(
          createMailboxOffice({
            ...parts,
            store: store.mailbox,
            vasps: vaspNames,
            changed: (userKeys) => parts.mailbox.changed(userKeys),
          }),
        ),
        ...userRoutes(userActions({ ...parts, vasps: vaspNames, keepMillis: config.audit.keepMillis })),
      ],
    }),
  });
}

/** A store that cannot be read says nothing new, and must not keep the other figures back. */
async function tellOfMailbox({ store, metrics }: AdminParts): Promise<void> {
  const totals = await store.mailbox.totals().catch(() => undefined);
  if (totals !== undefined) metrics.mailboxHolds(totals);
}

function vaspRow(name: string, url: string, told: readonly VaspReport[]): StatusRow {
  const report = told.find(({ vasp }) => vasp === name);
  if (report === undefined) return { name, url };
  const { state, isUp, reason, sessions } = report;
  return { name, url, state, up: isUp ? 'yes' : `no${reason === undefined ? '' : `: ${reason}`}`, sessions };
}

function statusOf(
  { policyControl, vasps, serving, nodes, isStopping }: AdminParts,
  told: readonly VaspReport[],
): StatusReport {
  const { set, since, source, live, folder } = policyControl.control.state();
  return {
    ready: !isStopping(),
    policies: policyCount(set),
    'policy set': set.hash.slice(0, 12),
    'in force since': new Date(since).toISOString(),
    'policy source': source === 'folder' ? 'the folder' : 'rolled back',
    'policy folder': folder === undefined ? 'in force' : `not in force: ${folder.problems.join('; ')}`,
    'live policy sets': live.length,
    vasps: vasps.map(({ name, url }) => vaspRow(name, url, told)),
    ...(serving.workers === undefined ? {} : { workers: serving.workers.rows().map(workerRow) }),
    ...(nodes === undefined ? {} : nodesTold(nodeActions(nodes))),
  };
}

function nodeActions({ nodes, shares }: NonNullable<AdminParts['nodes']>): NodeActions {
  return {
    self: nodes.id,
    rows: () =>
      nodes.rows().map((row) => ({
        ...row,
        shares: ALL_SHARES.filter((share) => shares.holder(share) === row.id).length,
      })),
    isInTouch: () => nodes.isInTouch(),
  };
}

function nodesTold(nodes: NodeActions): StatusReport {
  return {
    'in touch with the nodes': nodes.isInTouch() ? 'yes' : 'no: what is said of them may be old',
    nodes: nodes.rows().map(({ id, since, lastBeatMillis, shares }) => ({
      node: id === nodes.self ? `${id} (this one)` : id,
      ...(since === undefined ? {} : { 'up since': new Date(since).toISOString() }),
      shares,
      'heard of, ms ago': lastBeatMillis,
    })),
  };
}

function workerRow({ worker, pid, since, restarts, isListening }: WorkerRow): StatusRow {
  return isListening
    ? { worker, pid, 'up since': new Date(since).toISOString(), restarts }
    : { worker, pid: 'not running', restarts };
}
