/** What a store fails with when it cannot be written, or does not answer. */

/**
 * Nothing was stored, or, where the code is `ETIMEDOUT` or a connection's, nobody knows: `code` is that of the system
 * (`ENOSPC`, `EFBIG`, `EROFS`, `EIO`, `ECONNREFUSED`), LMDB's number, or Redis's word (`OOM`, `READONLY`).
 */
export class StoreWriteError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`the store cannot be written: ${code}`);
    this.code = code;
  }
}
