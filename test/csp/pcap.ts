/**
 * A capture file of HTTP answers, written byte by byte, so that Wireshark's dissectors can be asked about messages that
 * never went over a network: raw IPv4, one TCP segment an answer, each a connection of its own.
 */

const LINKTYPE_RAW = 101;
const TCP = 6;
const HTTP_PORT = 80;
const FIRST_CLIENT_PORT = 20_000;
/** An IPv4 packet has at most 65,535 bytes, its headers and those of HTTP included. */
export const MOST_BODY_BYTES = 60_000;

export interface CapturedAnswer {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** The capture of the answers, packet n + 1 being answer n. */
export function captureOf(answers: readonly CapturedAnswer[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(0xffff, 16);
  header.writeUInt32LE(LINKTYPE_RAW, 20);
  return Buffer.concat([header, ...answers.map(recordOf)]);
}

function recordOf(answer: CapturedAnswer, index: number): Buffer {
  const packet = packetOf(answer, FIRST_CLIENT_PORT + index);
  const record = Buffer.alloc(16);
  record.writeUInt32LE(index, 0);
  record.writeUInt32LE(packet.length, 8);
  record.writeUInt32LE(packet.length, 12);
  return Buffer.concat([record, packet]);
}

function packetOf({ contentType, body }: CapturedAnswer, clientPort: number): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const ip = Buffer.alloc(20);
  const tcp = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(40 + head.length + body.length, 2);
  ip[8] = 64;
  ip[9] = TCP;
  ip.set([10, 0, 0, 1, 10, 0, 0, 2], 12);
  tcp.writeUInt16BE(HTTP_PORT, 0);
  tcp.writeUInt16BE(clientPort, 2);
  tcp.writeUInt32BE(1, 4);
  tcp.writeUInt32BE(1, 8);
  tcp[12] = 0x50;
  tcp[13] = 0x18;
  tcp.writeUInt16BE(0xffff, 14);
  return Buffer.concat([ip, tcp, Buffer.from(head), body]);
}
