/**
 * Looks whether a VASP can be reached, by opening a connection to it, with TLS where its URL says so, and closing that
 * again. Nothing is sent: servers of this protocol do odd things with requests that they do not know.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Longer than this no probe waits. */
const LONGEST_PROBE_MILLIS = 5_000;

/** Whether a connection came about in time; never rejects. */
export function probe(url: string, timeoutMillis: number): Promise<boolean> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket: Socket =
      protocol === 'https:'
        ? connectTls({ host, port: Number(port || 443), ...(isIP(host) === 0 ? { servername: host } : {}) })
        : connectTcp({ host, port: Number(port || 80) });
    const end = (isReachable: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isReachable);
    };
    const timer = setTimeout(() => end(false), timeoutMillis);
    socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => end(true));
    socket.on('error', () => end(false));
    socket.unref();
    timer.unref();
  });
}

export interface ProbedVasp {
  readonly url: string;
  /** A probe waits no longer than the VASP's own time-out. */
  readonly timeoutMillis: number;
  readonly everyMillis: number;
}

/**
 * Probes at once, and again in the same time from the end of each probe.
 * @returns ends it.
 */
export function startProbing(vasp: ProbedVasp, told: (isReachable: boolean) => void): () => void {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const isReachable = await probe(vasp.url, Math.min(vasp.timeoutMillis, LONGEST_PROBE_MILLIS));
    if (isStopped) return;
    told(isReachable);
    timer = setTimeout(() => void look(), vasp.everyMillis);
    timer.unref();
  };
  void look();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
