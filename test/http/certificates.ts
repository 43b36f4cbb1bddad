/** Certificates made for a test by openssl: self-signed, for localhost, good for a day unless told. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Writes NAME.crt and NAME.key into a folder. */
export function makeCertificate(folder: string, name: string): MadeCertificate {
  const made = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
      ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-keyout', made.key, '-out', made.cert],
    ],
    { stdio: 'ignore' },
  );
  return made;
}

export const bytesOf = ({ cert, key }: MadeCertificate) => ({ cert: readFileSync(cert), key: readFileSync(key) });
