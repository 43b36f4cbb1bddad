/** What the gateway uses of the library `smpp`, which brings no types. */
declare module 'smpp' {
  import type { EventEmitter } from 'node:events';
  import type { Server as NetServer, Socket } from 'node:net';

  type Fields = Readonly<Record<string, string | number | Buffer>>;

  class PDU {
    constructor(command: string, fields?: Fields);
    /** `unknown` for a command that SMPP does not have. */
    readonly command: string;
    readonly command_id: number;
    readonly command_status: number;
    /** Given when it is sent. */
    readonly sequence_number: number;
    /** Of binds. */
    readonly system_id?: string;
    readonly password?: string;
    isResponse(): boolean;
    /** Throws for a command that has no response. */
    response(fields?: Fields): PDU;
  }

  /** Emits `pdu`, `close` and `error`; an `error` that nobody hears stops the process. */
  class Session extends EventEmitter {
    constructor(options: { readonly socket: Socket });
    readonly socket: Socket;
    /** False when the socket takes nothing any more. */
    send(pdu: PDU): boolean;
    on(event: 'pdu', listener: (pdu: PDU) => void): this;
    on(event: 'close', listener: () => void): this;
    on(event: 'error', listener: (error: unknown) => void): this;
  }

  const library: {
    readonly PDU: typeof PDU;
    readonly Session: typeof Session;
    createServer(listener: (session: Session) => void): NetServer;
    createServer(
      options: { readonly key: string; readonly cert: string },
      listener: (session: Session) => void,
    ): NetServer;
  };
  export default library;
  export type { PDU, Session };
}
