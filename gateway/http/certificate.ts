/**
 * The certificate and key of the clients' listener, read from PEM files and checked before anything uses them: what is
 * wrong with them is told by file and in words, not by the first phone that cannot connect. Nothing of a key is ever told.
 */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { errorCode } from '../error-code.ts';

/** Paths of PEM files; `cert` holds the chain, the listener's own certificate first. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Wall-clock milliseconds from which clients refuse it. */
  readonly notAfter: number;
  /** Changes when either file does. */
  readonly fingerprint: string;
}

export type CertificateResult =
  | { readonly kind: 'read'; readonly certificate: Certificate }
  /** Sentences, each with the key of the configuration and the file. */
  | { readonly kind: 'failed'; readonly problems: readonly string[]; readonly fingerprint: string };

export function readCertificate(files: CertificateFiles): CertificateResult {
  const cert = readPart('tls.cert', files.cert, certificateIn);
  const key = readPart('tls.key', files.key, keyIn);
  const fingerprint = createHash('sha256').update(cert.bytes).update('\0').update(key.bytes).digest('base64url');
  if (cert.value === undefined || key.value === undefined) {
    const problems = [cert.problem, key.problem].filter((problem) => problem !== undefined);
    return { kind: 'failed', problems, fingerprint };
  }
  const problem = problemTogether(files, cert.value, cert.bytes, key.value, key.bytes);
  if (problem !== undefined) return { kind: 'failed', problems: [problem], fingerprint };
  const notAfter = Date.parse(cert.value.validTo);
  return { kind: 'read', certificate: { cert: cert.bytes, key: key.bytes, notAfter, fingerprint } };
}

interface Part<Value> {
  readonly bytes: Buffer;
  readonly value?: Value;
  readonly problem?: string;
}

function readPart<Value>(place: string, file: string, read: (bytes: Buffer) => Value | string): Part<Value> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return { bytes: Buffer.from(errorCode(error)), problem: `${place}: ${file} cannot be read: ${errorCode(error)}` };
  }
  const value = read(bytes);
  return typeof value === 'string' ? { bytes, problem: `${place}: ${file} ${value}` } : { bytes, value };
}

function certificateIn(bytes: Buffer): X509Certificate | string {
  if (!bytes.includes('-----BEGIN CERTIFICATE-----')) {
    return 'holds no certificate in PEM; that begins with -----BEGIN CERTIFICATE-----';
  }
  try {
    return new X509Certificate(bytes);
  } catch {
    return 'holds a damaged certificate';
  }
}

function keyIn(bytes: Buffer): KeyObject | string {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(bytes.toString('latin1'))) {
    return 'holds no private key in PEM; that begins with -----BEGIN PRIVATE KEY-----';
  }
  try {
    return createPrivateKey(bytes);
  } catch (error) {
    return errorCode(error) === 'ERR_MISSING_PASSPHRASE' || bytes.includes('ENCRYPTED')
      ? 'holds a key that is protected by a passphrase; write it without, readable by the gateway alone'
      : 'holds a damaged key';
  }
}

function problemTogether(
  files: CertificateFiles,
  certificate: X509Certificate,
  cert: Buffer,
  keyObject: KeyObject,
  key: Buffer,
): string | undefined {
  if (!certificate.checkPrivateKey(keyObject)) {
    return `tls.key: ${files.key} is not the key of the certificate in ${files.cert}, whose own certificate stands first`;
  }
  try {
    createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    return `tls.cert: ${files.cert} cannot be used: ${errorCode(error)}`;
  }
}
