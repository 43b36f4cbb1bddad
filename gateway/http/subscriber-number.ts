/**
 * Headers in which an operator's proxy tells the number of the subscriber who sends [P8]. A VASP believes them, so they are
 * believed here only from the addresses of such proxies; from everybody else they are taken out before anything looks at the
 * request, inspected or passed through [reliability §1].
 */
import { BlockList, isIPv6 } from 'node:net';

export interface SubscriberNumberRule {
  /** Names, whatever their case. */
  readonly headers: readonly string[];
  /** Addresses and networks, such as `10.0.0.0/8`. */
  readonly from: readonly string[];
}

export class SubscriberNumbers {
  /** By the name in lower case, the name as configured: the label under which it is counted. */
  readonly #names: ReadonlyMap<string, string>;
  /** A bit for each length (modulo 32) of a name: hardly any other header has one of these. */
  readonly #lengths: number;
  readonly #trusted: BlockList;

  constructor({ headers, from }: SubscriberNumberRule) {
    this.#names = new Map(headers.map((name) => [name.toLowerCase(), name]));
    this.#lengths = headers.reduce((bits, name) => bits | (1 << name.length), 0);
    this.#trusted = new BlockList();
    for (const written of from) {
      const [address = '', bits] = written.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(bits), family);
    }
  }

  /** Whether what comes from that address is believed; an address that is not known is not. */
  trusts(address: string): boolean {
    return address !== '' && this.#trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  /** Whether one of the headers is there. */
  areIn(rawHeaders: readonly string[]): boolean {
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? '';
      if (((this.#lengths >>> name.length) & 1) === 1 && this.#names.has(name.toLowerCase())) return true;
    }
    return false;
  }

  /** The other headers; `removed` hears the configured name of each that is not among them. */
  without(rawHeaders: readonly string[], removed: (name: string) => void): string[] {
    const kept: string[] = [];
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? '';
      const configured = this.#names.get(name.toLowerCase());
      if (configured === undefined) kept.push(name, rawHeaders[index + 1] ?? '');
      else removed(configured);
    }
    return kept;
  }
}
