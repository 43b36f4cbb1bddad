/**
 * Capability and service negotiation in a conversation: polling alone, and nothing but messaging [X21, P4.3]. Both are
 * answered in the shape of the version, and no client is told an error here: some would stop their login half-way [P3.1].
 */
import { child, childInteger, children, childTexts, type Element, element } from '../../csp/element.ts';
import { ServiceSet } from '../../csp/service-tree.ts';
import type { CspVersion } from '../../csp/versions.ts';
import { narrowAnswer, narrowRequest, serviceResponse } from '../../service-level/negotiate.ts';

/** What there is before the user has answered: writing, receiving, and the block list that clients fetch with it. */
export const MESSAGING = ServiceSet.ofCodes(['MM', 'SETD', 'GETLM', 'GETM', 'REJCM', 'NEWM', 'GLBLU', 'BLENT']);

/** A question should come soon; a client that wants to poll less often may. */
const POLL_SECONDS = 5;

export function serviceAnswer(request: Element, version: CspVersion): Element {
  return serviceResponse(request, toldServices(request, version), version);
}

/** The Functions of a Login-Response to a login that carries Functions [P4.2]. */
export function loginFunctions(request: Element, version: CspVersion): Element | undefined {
  return child(request, 'Functions') === undefined ? undefined : toldServices(request, version).functions;
}

function toldServices(
  request: Element,
  version: CspVersion,
): { readonly functions: Element | undefined; readonly allFunctions: Element | undefined } {
  const narrowed = narrowRequest(request, MESSAGING, version);
  return narrowAnswer(narrowed, undefined, MESSAGING, version) ?? { functions: undefined, allFunctions: undefined };
}

/** 1.1 repeats the client's list, later versions tell what is agreed. */
export function capabilityAnswer(request: Element, version: CspVersion): Element {
  const list = child(request, 'CapabilityList') ?? element('CapabilityList', []);
  return element(
    'ClientCapability-Response',
    version === '1.1' ? [child(request, 'ClientID'), repeatedCapabilities(list)] : [agreedCapabilities(list, version)],
  );
}

const NOT_REPEATED: ReadonlySet<string> = new Set([
  'SupportedCIRMethod',
  'UDPPort',
  'TCPAddress',
  'TCPPort',
  'ServerPollMin',
  'DefaultLanguage',
]);

function repeatedCapabilities(list: Element): Element {
  return element('CapabilityList', [
    ...list.children.filter(({ name }) => !NOT_REPEATED.has(name)),
    element('ServerPollMin', pollSeconds(list)),
    child(list, 'DefaultLanguage'),
  ]);
}

export function agreedCapabilities(list: Element, version: CspVersion): Element {
  const pollMin = element('ServerPollMin', pollSeconds(list));
  const bearer = childTexts(list, 'SupportedBearer').includes('HTTP') ? element('SupportedBearer', 'HTTP') : undefined;
  return element(
    'AgreedCapabilityList',
    version === '1.3'
      ? [
          ...children(list, 'AcceptedContentType'),
          child(list, 'AnyContent'),
          child(list, 'MultiTrans'),
          child(list, 'MultiTransPerMessage'),
          pollMin,
          bearer,
        ]
      : [bearer, pollMin],
  );
}

function pollSeconds(list: Element): number {
  return Math.max(POLL_SECONDS, childInteger(list, 'ServerPollMin') ?? 0);
}
