/** What a rig counts and logs, kept to be looked at. */
import type { DeskMetrics } from '../../gateway/desk/parts.ts';
import type { Log, Metrics } from '../../gateway/ports.ts';

/** One call of a metric: its name and its arguments. */
export type Counted = readonly [name: keyof Metrics | keyof DeskMetrics, ...labels: readonly unknown[]];

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function recordingMetrics(counted: Counted[]): Metrics & DeskMetrics {
  const count =
    (name: Counted[0]) =>
    (...labels: readonly unknown[]): void => {
      counted.push([name, ...labels]);
    };
  return {
    login: count('login'),
    negotiation: count('negotiation'),
    negotiationDuration: count('negotiationDuration'),
    request: count('request'),
    upstream: count('upstream'),
    upstreamError: count('upstreamError'),
    reject: count('reject'),
    evicted: count('evicted'),
    untrustedHeader: count('untrustedHeader'),
    connections: count('connections'),
    sessions: count('sessions'),
    policyReload: count('policyReload'),
    page: count('page'),
    mailbox: count('mailbox'),
    systemMessage: count('systemMessage'),
    systemMessagesOpen: () => {},
    systemMessageEffect: count('systemMessageEffect'),
  };
}

export function recordingLog(lines: LogLine[]): Log {
  const line =
    (level: LogLine['level']) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, event, fields });
    };
  return { info: line('info'), warn: line('warn'), error: line('error') };
}
