/** How the help of a command ends: an example that can be typed as it stands. */

/** For `addHelpText('after', …)`. */
export const example = (...commands: readonly string[]): string =>
  `\nExample${commands.length === 1 ? '' : 's'}:\n${commands.map((command) => `  ${command}`).join('\n')}`;
