/** A VASP for load tests: logs everybody in, each into a session of its own, and answers everything else with Status 200. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class LoadVasp {
  /** How often each user's login arrived. */
  readonly logins = new Map<string, number>();
  /** Called with each user whose login arrived. */
  onLogin: ((user: string) => void) | undefined;
  readonly #server: Server;
  readonly #keepAliveSeconds: number;
  #sessions = 0;

  private constructor(keepAliveSeconds: number) {
    this.#keepAliveSeconds = keepAliveSeconds;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.setHeader('Content-Type', request.headers['content-type'] ?? '');
        response.end(this.#answer(Buffer.concat(chunks).toString()));
      });
    });
  }

  static async listen(keepAliveSeconds = 600): Promise<LoadVasp> {
    const vasp = new LoadVasp(keepAliveSeconds);
    vasp.#server.listen(0, '127.0.0.1');
    await once(vasp.#server, 'listening');
    return vasp;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/imps`;
  }

  /** Ends connections that no request is on. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(body: string): string {
    const id = /<TransactionID>([^<]*)</.exec(body)?.[1] ?? '';
    const session = /<SessionID>([^<]*)</.exec(body)?.[1];
    if (!body.includes('<Login-Request>')) return message(session, id, STATUS);
    const user = /<UserID>([^<]*)</.exec(body)?.[1] ?? '';
    this.logins.set(user, (this.logins.get(user) ?? 0) + 1);
    this.onLogin?.(user);
    this.#sessions += 1;
    return message(
      undefined,
      id,
      '<Login-Response><ClientID><URL>http://phone.example/load</URL></ClientID><Result><Code>200</Code></Result>' +
        `<SessionID>load-${this.#sessions}</SessionID><KeepAliveTime>${this.#keepAliveSeconds}</KeepAliveTime>` +
        '<CapabilityRequest>F</CapabilityRequest></Login-Response>',
    );
  }
}

const STATUS = '<Status><Result><Code>200</Code></Result></Status>';

function message(session: string | undefined, id: string, content: string): string {
  const descriptor =
    session === undefined
      ? '<SessionType>Outband</SessionType>'
      : `<SessionType>Inband</SessionType><SessionID>${session}</SessionID>`;
  return (
    '<WV-CSP-Message xmlns="http://www.openmobilealliance.org/DTD/IMPS-CSP1.3"><Session><SessionDescriptor>' +
    `${descriptor}</SessionDescriptor><Transaction><TransactionDescriptor><TransactionMode>Response</TransactionMode>` +
    `<TransactionID>${id}</TransactionID></TransactionDescriptor><TransactionContent ` +
    `xmlns="http://www.openmobilealliance.org/DTD/IMPS-TRC1.3">${content}</TransactionContent></Transaction></Session></WV-CSP-Message>`
  );
}
