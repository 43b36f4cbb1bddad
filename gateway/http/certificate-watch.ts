/**
 * Takes a new certificate into use when its files change, or when somebody asks: running connections keep the old one. Files
 * that are wrong change nothing and are told of once; they are looked at by content, because links and volumes change
 * without a word from the file system.
 */
import type { Clock, Log } from '../ports.ts';
import { type Certificate, type CertificateFiles, readCertificate } from './certificate.ts';

export interface CertificateWatchOptions {
  readonly files: CertificateFiles;
  /** What is in use now. */
  readonly current: Certificate;
  readonly use: (certificate: Certificate) => void;
  readonly log: Log;
  readonly clock: Pick<Clock, 'wall'>;
  /** How often the files are looked at; 5 s unless told. */
  readonly everyMillis?: number;
}

export interface CertificateWatch {
  /** Looks at the files now; problems are told at once. */
  reload(): void;
  /** Looks as the timer does: problems are told when they are there twice in a row, since two files do not change at once. */
  look(): void;
  close(): void;
}

const EVERY_MILLIS = 5_000;

export function watchCertificate(options: CertificateWatchOptions): CertificateWatch {
  const { files, log, clock } = options;
  let used = options.current.fingerprint;
  let wrong: string | undefined;
  let told: string | undefined;
  warnIfExpired(options.current, log, clock);

  const look = (isAsked: boolean): void => {
    const read = readCertificate(files);
    if (read.kind === 'read') {
      wrong = undefined;
      told = undefined;
      if (read.certificate.fingerprint === used) return;
      used = read.certificate.fingerprint;
      options.use(read.certificate);
      log.info('certificate loaded', { notAfter: new Date(read.certificate.notAfter).toISOString() });
      warnIfExpired(read.certificate, log, clock);
      return;
    }
    const isSettled = isAsked || wrong === read.fingerprint;
    wrong = read.fingerprint;
    if (!isSettled || told === read.fingerprint) return;
    told = read.fingerprint;
    for (const problem of read.problems) log.error('certificate not loaded, the one in use stays', { problem });
  };
  const timer = setInterval(() => look(false), options.everyMillis ?? EVERY_MILLIS);
  timer.unref();
  return { reload: () => look(true), look: () => look(false), close: () => clearInterval(timer) };
}

function warnIfExpired({ notAfter }: Certificate, log: Log, clock: Pick<Clock, 'wall'>): void {
  if (notAfter <= clock.wall()) log.warn('the certificate has expired', { notAfter: new Date(notAfter).toISOString() });
}
