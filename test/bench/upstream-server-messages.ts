/**
 * The two messages of the proxy benchmark: a text message sent in an open session, and its answer, CSP 1.2 in XML, of
 * the sizes for which the goals were set.
 */

export const REQUEST_BYTES = 663;
export const REPLY_BYTES = 529;
export const SESSION_ID = '5f2c71@im';

const NAMESPACE = 'xmlns="http://www.openmobilealliance.org/DTD/WV-CSP1.2"';
const CONTENT = ' xmlns="http://www.openmobilealliance.org/DTD/WV-TRC1.2"';

function envelope(mode: string, contentAttributes: string, content: string): string {
  return (
    `<WV-CSP-Message ${NAMESPACE}><Session><SessionDescriptor>` +
    `<SessionType>Inband</SessionType><SessionID>${SESSION_ID}</SessionID></SessionDescriptor><Transaction>` +
    `<TransactionDescriptor><TransactionMode>${mode}</TransactionMode><TransactionID>c1047</TransactionID>` +
    `</TransactionDescriptor><TransactionContent${contentAttributes}>${content}</TransactionContent></Transaction>` +
    '</Session></WV-CSP-Message>'
  );
}

function sendMessage(text: string): string {
  return envelope(
    'Request',
    CONTENT,
    '<SendMessage-Request><DeliveryReport>F</DeliveryReport><MessageInfo><Recipient><User><UserID>wv:bob</UserID></User>' +
      `</Recipient></MessageInfo><ContentData>${text}</ContentData></SendMessage-Request>`,
  );
}

/** Short as some services write it: no namespace on the content, no Description. */
function sendMessageResponse(messageId: string): string {
  return envelope(
    'Response',
    '',
    '<SendMessage-Response><Result><Code>200</Code></Result>' +
      `<MessageID>${messageId}</MessageID></SendMessage-Response>`,
  );
}

/** Fills the one free text up so that the message has exactly that many bytes. */
function filled(build: (text: string) => string, filling: string, bytes: number): Buffer {
  const missing = bytes - build('').length;
  if (missing < 0) throw new RangeError(`the message has at least ${bytes - missing} bytes`);
  return Buffer.from(build(filling.repeat(missing).slice(0, missing)));
}

export const REQUEST_BODY = filled(sendMessage, 'See you at eight. ', REQUEST_BYTES);
export const REPLY_BODY = filled(sendMessageResponse, '0x4f1', REPLY_BYTES);
export const CONTENT_TYPE = 'application/vnd.wv.csp.xml';

function loginMessage(mode: string, content: string): string {
  return (
    `<WV-CSP-Message ${NAMESPACE}><Session><SessionDescriptor><SessionType>Outband</SessionType></SessionDescriptor>` +
    `<Transaction><TransactionDescriptor><TransactionMode>${mode}</TransactionMode><TransactionID>l1</TransactionID>` +
    `</TransactionDescriptor><TransactionContent${CONTENT}>${content}</TransactionContent></Transaction></Session>` +
    '</WV-CSP-Message>'
  );
}

/** Opens the session in which everything else is sent. */
export const LOGIN_BODY = Buffer.from(
  loginMessage(
    'Request',
    '<Login-Request><UserID>wv:alice</UserID><ClientID><URL>http://bench.example/phone</URL></ClientID>' +
      '<Password>none</Password><TimeToLive>86400</TimeToLive><SessionCookie>c</SessionCookie></Login-Request>',
  ),
);

const LOGIN_REPLY_BODY = Buffer.from(
  loginMessage(
    'Response',
    '<Login-Response><ClientID><URL>http://bench.example/phone</URL></ClientID><Result><Code>200</Code></Result>' +
      `<SessionID>${SESSION_ID}</SessionID><KeepAliveTime>86400</KeepAliveTime>` +
      '<CapabilityRequest>F</CapabilityRequest></Login-Response>',
  ),
);

/** The request as a phone sends it. */
export function requestOnTheWire(host: string): Buffer {
  const head =
    `POST /imps HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: BenchPhone/1.0\r\nAccept: ${CONTENT_TYPE}\r\n` +
    `Content-Type: ${CONTENT_TYPE}\r\nContent-Length: ${REQUEST_BYTES}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), REQUEST_BODY]);
}

function answerOnTheWire(body: Buffer): Buffer {
  const head =
    `HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2005 12:00:00 GMT\r\nServer: BenchVasp/1.0\r\nContent-Type: ${CONTENT_TYPE}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** The answers as a VASP sends them. */
export const REPLY_ON_THE_WIRE: Buffer = answerOnTheWire(REPLY_BODY);
export const LOGIN_REPLY_ON_THE_WIRE: Buffer = answerOnTheWire(LOGIN_REPLY_BODY);
