/** The one message that needs neither session nor login: the discovery of versions, answered here [P1.4]. */

import { encodeDocument } from '../csp/codec.ts';
import { element, inNamespace } from '../csp/element.ts';
import { CSP_VERSIONS, NAMESPACES } from '../csp/versions.ts';
import type { Exchange, Link, Reply } from './exchange.ts';

/** Answers a version discovery with the namespaces that the gateway speaks [P1.4]. */
export const versionDiscovery: Link = (exchange, next) =>
  exchange.envelope.kind === 'version-discovery' ? answerDiscovery(exchange) : next(exchange);

async function answerDiscovery({ envelope, request }: Exchange): Promise<Reply> {
  const namespaces = CSP_VERSIONS.map((version) => NAMESPACES[version]);
  const versions = element('VersionList', [
    ...namespaces.map(({ csp }) => element('SessionNSName', csp)),
    ...namespaces.map(({ trc }) => element('TransactionNSName', trc)),
    ...namespaces.map(({ pa }) => element('PresenceAttributeNSName', pa)),
  ]);
  const { csp } = NAMESPACES[envelope.version];
  const response = inNamespace(element('WV-CSP-VersionDiscovery-Response', [versions]), csp);
  return {
    statusCode: 200,
    headers: ['Content-Type', request.contentType],
    body: encodeDocument(response, envelope.encoding, envelope.version),
    origin: 'gateway',
    envelope: undefined,
    outcome: 'answered',
  };
}
