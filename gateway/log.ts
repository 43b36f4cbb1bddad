/**
 * The log: JSON lines on standard output, by pino. Only the fields of the port get through, each a short text, a number
 * or a switch, so that no error object, header or message body can slip into a line. Users and sessions come here as
 * keyed hashes already.
 */
import { type DestinationStream, destination, pino } from 'pino';
import type { LogLevel } from './config.ts';
import type { Log } from './ports.ts';

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface OpenLog extends Log {
  /** For what helps to follow one request; off by default. */
  debug(event: string, fields?: LogFields): void;
  /** Writes out what still waits; for the end of the program. */
  flush(): void;
}

/** Several processes write to one pipe: so much goes into it at once or not at all [POSIX PIPE_BUF]. */
const WHOLE_WRITE_BYTES = 4096;

/** Longer texts are cut: a field names something, it does not carry it. */
const MAX_TEXT = 200;

/** Opens the log on standard output, or on `stream`. Lines are written soon, not at once: {@link OpenLog.flush} before exiting. */
export function openLog(options: { readonly level: LogLevel; readonly stream?: DestinationStream }): OpenLog {
  const standard =
    options.stream === undefined ? destination({ fd: 1, sync: false, maxWrite: WHOLE_WRITE_BYTES }) : undefined;
  const logger = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.stream ?? standard ?? destination(1),
  );
  // Whoever read the log is gone, such as the terminal of an operator who went home: the gateway goes on without it.
  standard?.on('error', () => {
    logger.level = 'silent';
    standard.destroy();
  });
  return {
    debug: (event, fields) => logger.debug(declared(fields), event),
    info: (event, fields) => logger.info(declared(fields), event),
    warn: (event, fields) => logger.warn(declared(fields), event),
    error: (event, fields) => logger.error(declared(fields), event),
    flush: () => flush(standard),
  };
}

/** At run time too: a value of another type is not written, whatever the compiler was told. */
function declared(fields: LogFields | undefined): Record<string, string | number | boolean> {
  const safe: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (typeof value === 'string') safe[name] = value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
    else if (typeof value === 'number' || typeof value === 'boolean') safe[name] = value;
  }
  return safe;
}

function flush(standard: { flushSync(): void } | undefined): void {
  try {
    standard?.flushSync();
  } catch {
    // The stream is not open yet, or its reader is gone: nobody is left to be told.
  }
}
