/**
 * Service and capability negotiation. What the sandbox implements is what it offers: groups and invitations
 * are missing from its tree, and `Functions` in an answer says what was wanted and is not available [P3.1].
 */
import { child, childInteger, children, childText, childTexts, type Element, element } from '../csp/element.ts';
import { codesOfTree, collapsedTree, ServiceSet, spelledOutTree } from '../csp/service-tree.ts';
import { STATUS, status } from '../csp/status.ts';
import type { CspVersion } from '../csp/versions.ts';
import type { Call } from './call.ts';
import { cirElements } from './cir.ts';
import type { SandboxSession, SandboxState } from './state.ts';

/** What the sandbox can do. */
export const AVAILABLE = ServiceSet.ofCodes(
  `MF GETSPI SRCH STSRC VRID
   MP GCLI CCLI DCLI MCLS GETWL REACT CAAUT GETPR UPDPR CALI DALI GALS
   MM MDELIV FWMSG SETD GETLM GETM REJCM NOTIF NEWM GLBLU BLENT`.split(/\s+/),
);

/** The Functions of an answer: undefined when everything that was wanted is available. */
export function unavailableFunctions(functions: Element, version: CspVersion): Element | undefined {
  const tree = functions.children[0];
  if (tree === undefined) return undefined;
  const wanted = codesOfTree(tree, version);
  const missing = collapsedTree(wanted.minus(AVAILABLE), wanted, version);
  return missing === undefined ? undefined : element('Functions', [missing]);
}

export function serviceRequest({ request, version }: Call): Element {
  const functions = child(request, 'Functions');
  if (functions === undefined && version !== '1.1')
    return status(STATUS.BAD_REQUEST, 'Service-Request needs Functions.');
  const all = childText(request, 'AllFunctionsRequest') === 'T' ? spelledOutTree(AVAILABLE, version) : undefined;
  return element('Service-Response', [
    version === '1.1' ? child(request, 'ClientID') : undefined,
    functions === undefined ? undefined : unavailableFunctions(functions, version),
    all === undefined ? undefined : element('AllFunctions', [all]),
  ]);
}

/** Takes from a CapabilityList what the sandbox acts on. */
export function applyCapabilities(session: SandboxSession, list: Element): void {
  session.deliveryMethod = childText(list, 'InitialDeliveryMethod') === 'N' ? 'N' : 'P';
  session.pushLimitBytes =
    childInteger(list, 'AcceptedPushLength') ?? childInteger(list, 'AcceptedContentLength') ?? Number.POSITIVE_INFINITY;
}

export function agreedCapabilityList(
  state: SandboxState,
  session: SandboxSession,
  list: Element,
  version: CspVersion,
): Element {
  const cir = cirElements(state, session, list, version);
  const bearer = childTexts(list, 'SupportedBearer').includes('HTTP');
  const bearers = bearer ? element('SupportedBearer', 'HTTP') : undefined;
  const pollMin = element('ServerPollMin', pollMinSeconds(state, list));
  if (version !== '1.3')
    return element('AgreedCapabilityList', [bearers, ...cir.methods, ...cir.tcp, pollMin, cir.url]);
  const multiTrans = childInteger(list, 'MultiTrans');
  const perMessage = childInteger(list, 'MultiTransPerMessage');
  return element('AgreedCapabilityList', [
    ...children(list, 'AcceptedContentType'),
    child(list, 'AnyContent'),
    cir.url,
    multiTrans === undefined ? undefined : element('MultiTrans', multiTrans),
    perMessage === undefined ? undefined : element('MultiTransPerMessage', perMessage),
    pollMin,
    bearers,
    ...cir.methods,
    ...cir.tcp,
  ]);
}

function pollMinSeconds(state: SandboxState, list: Element): number {
  return Math.max(childInteger(list, 'ServerPollMin') ?? 0, state.settings.serverPollMinSeconds);
}

const REPLACED_IN_1_1: ReadonlySet<string> = new Set([
  'SupportedCIRMethod',
  'UDPPort',
  'TCPAddress',
  'TCPPort',
  'ServerPollMin',
  'DefaultLanguage',
]);

/** 1.1 repeats the client's whole list with the server's values in it (EX 012). */
function repeatedCapabilityList(state: SandboxState, session: SandboxSession, list: Element): Element {
  const cir = cirElements(state, session, list, '1.1');
  return element('CapabilityList', [
    ...list.children.filter(({ name }) => !REPLACED_IN_1_1.has(name)),
    ...cir.methods,
    ...cir.tcp,
    element('ServerPollMin', pollMinSeconds(state, list)),
    child(list, 'DefaultLanguage'),
  ]);
}

export function clientCapability({ state, session, request, version }: Call): Element {
  const list = child(request, 'CapabilityList') ?? element('CapabilityList', []);
  applyCapabilities(session, list);
  return element(
    'ClientCapability-Response',
    version === '1.1'
      ? [child(request, 'ClientID'), repeatedCapabilityList(state, session, list)]
      : [agreedCapabilityList(state, session, list, version)],
  );
}
