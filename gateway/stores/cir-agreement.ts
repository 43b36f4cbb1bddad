/**
 * What a session agreed on about CIR, as it stands at the end of the session's record. Sessions without CIR have nothing
 * of it. A kind of channel that is not in use costs no byte beside the flags.
 */
import type { CirAddress, CirAgreement } from '../cir-ports.ts';
import { FieldReader, FieldWriter } from './field-bytes.ts';

const STCP = 0x01;
const SHTTP = 0x02;
const UDP = 0x04;
const VASP_TCP = 0x08;
const VASP_URL = 0x10;

export function writeAgreement({ stcp, shttp, udp, vaspTcp, vaspUrl }: CirAgreement): Buffer {
  const fields = new FieldWriter();
  let flags = (stcp ? STCP : 0) | (shttp ? SHTTP : 0);
  if (udp !== undefined) flags |= UDP;
  if (vaspTcp !== undefined) flags |= VASP_TCP;
  if (vaspUrl !== undefined) flags |= VASP_URL;
  fields.number(flags, 1);
  for (const address of [udp, vaspTcp]) {
    if (address === undefined) continue;
    fields.text(address.host);
    fields.number(address.port, 2);
  }
  if (vaspUrl !== undefined) fields.text(vaspUrl);
  return fields.bytes();
}

/** The agreement that stands at `at`, up to the end of the bytes. */
export function readAgreement(bytes: Buffer, at: number): CirAgreement {
  const fields = new FieldReader(bytes, at);
  const flags = fields.number(1);
  const address = (flag: number): CirAddress | undefined =>
    (flags & flag) === 0 ? undefined : { host: fields.text(), port: fields.number(2) };
  const udp = address(UDP);
  const vaspTcp = address(VASP_TCP);
  const vaspUrl = (flags & VASP_URL) === 0 ? undefined : fields.text();
  fields.end();
  return { stcp: (flags & STCP) !== 0, shttp: (flags & SHTTP) !== 0, udp, vaspTcp, vaspUrl };
}
