/** Times as the protocol writes them [P4]. */

/** `20261122T152623Z`, from wall-clock milliseconds. */
export function dateTime(millis: number): string {
  return new Date(millis).toISOString().replace(/[-:]|\.\d+/g, '');
}
