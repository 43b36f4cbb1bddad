/**
 * Applies a service level to the service negotiation: what the VASP is asked for, and what the client is told [X30]. In a
 * request `Functions` is what is wanted, in an answer what is not available; an empty node is its whole subtree [P3.1].
 * The same two functions serve Service-Request and, in 1.3, a Login-Request that carries Functions [X19].
 */
import { child, childText, type Element, element } from '../csp/element.ts';
import {
  codesOfTree,
  codesOfVersion,
  collapsedTree,
  ServiceSet,
  spelledOutTree,
  TREE_ROOT,
  withMandatoryParts,
} from '../csp/service-tree.ts';
import type { CspVersion } from '../csp/versions.ts';

/** A client's wish, and what becomes of it. */
export interface NarrowedRequest {
  /** What the client wants, in codes; everything when it did not say. */
  readonly wanted: ServiceSet;
  readonly asksForAllFunctions: boolean;
  /**
   * The Functions to send instead of the client's. `untouched`: the client's own words go on. `nothing`: no code that it
   * wants is granted, so there is nothing to ask the VASP for.
   */
  readonly functions: Element | 'untouched' | 'nothing';
}

/** `primitive` is a Service-Request, or a Login-Request with Functions. */
export function narrowRequest(primitive: Element, granted: ServiceSet, version: CspVersion): NarrowedRequest {
  const tree = child(child(primitive, 'Functions'), TREE_ROOT);
  const ofVersion = codesOfVersion(version);
  const wanted = tree === undefined ? ofVersion : codesOfTree(tree, version);
  const asksForAllFunctions = childText(primitive, 'AllFunctionsRequest') === 'T';
  const allowed = wanted.meet(granted);
  // COMPAT Baraza: a Service-Request without Functions kills it, so they are always sent [X5].
  if (tree !== undefined && allowed.equals(wanted)) return { wanted, asksForAllFunctions, functions: 'untouched' };
  const narrowed = collapsedTree(allowed, ofVersion, version);
  return {
    wanted,
    asksForAllFunctions,
    functions: narrowed === undefined ? 'nothing' : element('Functions', [narrowed]),
  };
}

/**
 * What the client is told: Functions = wanted minus available, AllFunctions = available, spelled out, when asked for.
 * @param answer the VASP's Service-Response, or Login-Response; undefined when it was not asked because nothing that the
 * client wants is granted.
 * @returns undefined where the VASP's own words say just that and go to the client untouched.
 */
export function narrowAnswer(
  request: NarrowedRequest,
  answer: Element | undefined,
  granted: ServiceSet,
  version: CspVersion,
): { readonly functions: Element | undefined; readonly allFunctions: Element | undefined } | undefined {
  const ofVersion = codesOfVersion(version);
  const withheld = ofVersion.minus(granted);
  const nothingWithheld = request.asksForAllFunctions ? withheld.isEmpty : request.wanted.meet(withheld).isEmpty;
  if (answer !== undefined && nothingWithheld) return undefined;

  const deniedTree = child(child(answer, 'Functions'), TREE_ROOT);
  const denied = deniedTree === undefined ? ServiceSet.NONE : codesOfTree(deniedTree, version);
  const providedTree = child(child(answer, 'AllFunctions'), TREE_ROOT);
  const provided = providedTree === undefined ? ofVersion : withMandatoryParts(codesOfTree(providedTree, version));
  const available = granted.meet(provided).minus(denied);
  const unavailable = request.wanted.minus(available);
  const functions = collapsedTree(unavailable, request.wanted, version);
  const allFunctions = spelledOutTree(available, version);
  return {
    functions: functions === undefined ? undefined : element('Functions', [functions]),
    allFunctions: request.asksForAllFunctions
      ? element('AllFunctions', allFunctions === undefined ? [] : [allFunctions])
      : undefined,
  };
}

/** A Service-Response in the shape of its version: 1.1 repeats the ClientID of the request [P4.3]. */
export function serviceResponse(
  request: Element,
  narrowed: { readonly functions: Element | undefined; readonly allFunctions: Element | undefined },
  version: CspVersion,
): Element {
  return element('Service-Response', [
    version === '1.1' ? child(request, 'ClientID') : undefined,
    narrowed.functions,
    narrowed.allFunctions,
  ]);
}
