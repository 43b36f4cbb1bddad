/**
 * The contenders that run in Node: the gateway as `sapgw serve` starts it, with one user logged in through it at a level that
 * a policy granted and that lacks presence, and http-proxy as anybody would run it for speed, which inspects nothing.
 */
import { tmpdir } from 'node:os';
import { GatewayProcess } from '../load/gateway-process.ts';
import type { Contender } from './contender.ts';
import { answerOf, compiled, endsWithRun, folderOfRun, forkCompiled } from './programs.ts';
import { CONTENT_TYPE, LOGIN_BODY, SESSION_ID } from './upstream-server-messages.ts';

const POLICIES = {
  'levels.yaml': `kind: service-levels
default: full
levels:
  full: { grant: [WVCSPFeat] }
  messages: { grant: [FundamentalFeat, IMFeat] }
`,
  'charge.yaml': `kind: off-line-service
id: charge
version: 1
purpose: advice-of-charge
message: { en: "Each message costs 0.10 EUR." }
options:
  - { id: accept, text: { en: Accept }, grant: messages }
  - { id: decline, text: { en: Decline }, deny: { en: "You declined." } }
withoutSystemMessages: { grant: messages }
`,
};

export const GATEWAY: Contender = {
  name: 'gateway',
  inspects: true,
  compilesHotCode: true,
  missing: () => undefined,
  start: async (vaspPort) => {
    const gateway = await GatewayProcess.start({
      directory: folderOfRun(tmpdir(), 'sapgw-bench-gateway-'),
      vaspUrl: `http://127.0.0.1:${vaspPort}`,
      policies: POLICIES,
      programOf: compiled,
    });
    endsWithRun(gateway.child);
    const login = await fetch(`http://127.0.0.1:${gateway.port}/imps`, {
      method: 'POST',
      headers: { 'Content-Type': CONTENT_TYPE },
      body: new Uint8Array(LOGIN_BODY),
    });
    if (!(await login.text()).includes(SESSION_ID)) throw new Error('the login did not go through');
    return { port: gateway.port, child: gateway.child };
  },
};

export const HTTP_PROXY: Contender = {
  name: 'http-proxy',
  inspects: false,
  compilesHotCode: true,
  missing: () => undefined,
  start: async (vaspPort) => {
    const child = forkCompiled('test/bench/proxy-target-http-proxy.ts', [String(vaspPort)]);
    const { port } = await answerOf<{ readonly port: number }>(child);
    return { port, child };
  },
};
