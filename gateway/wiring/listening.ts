/** Why an address cannot be listened on, as a sentence that says what to do. */

export function cannotListen(error: unknown): string {
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const place = address === undefined ? 'the address' : `${address}:${port ?? ''}`;
  return code === 'EADDRINUSE'
    ? `${place} is taken by another program; stop that, or choose another with --listen or --admin`
    : `${place} cannot be listened on: ${code ?? 'unknown error'}`;
}
