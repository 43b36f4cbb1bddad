/**
 * Failures that the gateway can name. `fault` says whose they are, the code says which, and one table says what a client
 * is told: nobody decides by the text of a message. Broken messages of clients have an error of their own, the codec's.
 */
import { STATUS } from './csp/status.ts';

const ROWS = {
  /** A client's message that the scan let pass cannot be read to its last element, though a rule has to read it. */
  MESSAGE_UNREADABLE: { status: STATUS.BAD_REQUEST, fault: 'client' },
  /** A VASP's answer cannot be read though a rule has to read it. */
  VASP_ANSWER_UNREADABLE: { status: STATUS.SERVICE_UNAVAILABLE, fault: 'vasp' },
  /** A store did not answer, or failed. */
  STORE_FAILED: { status: STATUS.SERVICE_UNAVAILABLE, fault: 'gateway' },
  /** A share of the users is asked of a node that does not hold it, or not any more. */
  NOT_HELD: { status: STATUS.SERVICE_UNAVAILABLE, fault: 'gateway' },
  /** Another process of this gateway did not do what it was asked, or is gone. */
  OTHER_PROCESS_FAILED: { status: STATUS.SERVICE_UNAVAILABLE, fault: 'gateway' },
} as const satisfies Readonly<Record<string, { status: number; fault: 'client' | 'vasp' | 'gateway' }>>;

export type GatewayErrorCode = keyof typeof ROWS;

export class GatewayError extends Error {
  readonly code: GatewayErrorCode;

  constructor(code: GatewayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GatewayError';
    this.code = code;
  }

  /** The status that a client is told. */
  get status(): number {
    return ROWS[this.code].status;
  }

  get fault(): 'client' | 'vasp' | 'gateway' {
    return ROWS[this.code].fault;
  }
}

/**
 * What a store fails with when it cannot be written, or does not answer. Nothing was stored, or, where the code is `ETIMEDOUT`
 * or a connection's, nobody knows: `code` is that of the system (`ENOSPC`, `EFBIG`, `EROFS`, `EIO`, `ECONNREFUSED`), LMDB's
 * number, or Redis's word (`OOM`, `READONLY`).
 */
export class StoreWriteError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`the store cannot be written: ${code}`);
    this.code = code;
  }
}

/** The code of a StoreWriteError with which the store refuses a node that holds a share no longer. */
export const FENCED = 'FENCED';

/** The code of a StoreWriteError where nobody was asked, because the store is known to be away. */
export const AWAY = 'EAWAY';

const STORE_LOSSES: ReadonlySet<GatewayErrorCode> = new Set(['STORE_FAILED', 'NOT_HELD', 'OTHER_PROCESS_FAILED']);

/** Whether what failed is the store, or the process that holds it: whoever asked may go on without it. */
export function isStoreLoss(error: unknown): boolean {
  if (error instanceof StoreWriteError) return true;
  return error instanceof GatewayError && STORE_LOSSES.has(error.code);
}
