/** A phone of CSP 1.3 in XML as load tests need many of: its messages, and what it understands of the answers. */
import type { Agent } from 'undici';

export interface PhoneAnswer {
  /** The code of the Login-Response or of the Status. */
  readonly code: string;
  readonly sessionId: string | undefined;
  readonly messages: readonly string[];
}

const CONTENT_TYPE = 'application/vnd.wv.csp.xml';

function message(session: string | undefined, content: string): string {
  const descriptor =
    session === undefined
      ? '<SessionType>Outband</SessionType>'
      : `<SessionType>Inband</SessionType><SessionID>${session}</SessionID>`;
  return (
    '<WV-CSP-Message xmlns="http://www.openmobilealliance.org/DTD/IMPS-CSP1.3"><Session><SessionDescriptor>' +
    `${descriptor}</SessionDescriptor><Transaction><TransactionDescriptor><TransactionMode>Request</TransactionMode>` +
    '<TransactionID>t1</TransactionID></TransactionDescriptor><TransactionContent ' +
    `xmlns="http://www.openmobilealliance.org/DTD/IMPS-TRC1.3">${content}</TransactionContent></Transaction></Session></WV-CSP-Message>`
  );
}

/** A login; with the option chosen of every message when it answers. */
export function loginOf(
  user: string,
  answers?: { readonly messages: readonly string[]; readonly option: number },
): string {
  const list = (answers?.messages ?? []).map(
    (id) =>
      `<SystemMessageResponse><SystemMessageID>${id}</SystemMessageID><ChosenOptionID>${answers?.option}</ChosenOptionID></SystemMessageResponse>`,
  );
  return message(
    undefined,
    `<Login-Request><UserID>${user}</UserID><ClientID><URL>http://phone.example/load</URL></ClientID>` +
      '<Password>secret</Password><TimeToLive>600</TimeToLive><SessionCookie>c</SessionCookie>' +
      (list.length === 0 ? '' : `<SystemMessageResponseList>${list.join('')}</SystemMessageResponseList>`) +
      '</Login-Request>',
  );
}

export const logoutOf = (session: string): string => message(session, '<Logout-Request></Logout-Request>');

export const pollingOf = (session: string): string => message(session, '<Polling-Request></Polling-Request>');

export const textOf = (session: string, to: string, text: string): string =>
  message(
    session,
    '<SendMessage-Request><DeliveryReport>F</DeliveryReport><MessageInfo><ContentType>text/plain</ContentType>' +
      `<ContentSize>${text.length}</ContentSize><Recipient><User><UserID>${to}</UserID></User></Recipient></MessageInfo>` +
      `<ContentData>${text}</ContentData></SendMessage-Request>`,
  );

/** Sends a message over the agent's connections; fails as `undici` does when there is no answer. */
export async function send(agent: Agent, origin: string, body: string, signal?: AbortSignal): Promise<PhoneAnswer> {
  const response = await agent.request({
    origin,
    path: '/imps',
    method: 'POST',
    headers: { 'content-type': CONTENT_TYPE },
    body,
    ...(signal === undefined ? {} : { signal }),
  });
  return understood(await response.body.text());
}

function understood(text: string): PhoneAnswer {
  return {
    code: /<Code>(\d+)<\/Code>/.exec(text)?.[1] ?? 'none',
    sessionId: /<SessionID>([^<]*)<\/SessionID>/.exec(text)?.[1],
    messages: [...text.matchAll(/<SystemMessageID>([^<]*)<\/SystemMessageID>/g)].map(([, id = '']) => id),
  };
}
