/**
 * The contenders that others wrote: nginx and haproxy passing everything on, and nginx with Lua, nginx with njs and haproxy
 * judging each message as the gateway does in essence: the body is read whole, the session must be known, and its level
 * must have the primitive; everything else is refused. They find both by pattern, check no well-formedness, and do not look
 * at answers, all of which the gateway does. One worker process or thread each, configuration in a temporary folder.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender, RunningContender } from './contender.ts';
import {
  HAPROXY_CONFIG,
  HAPROXY_INSPECTING,
  LUA_INSPECTION,
  NGINX,
  NJS_INSPECTION,
  nginxConfig,
} from './native-config.ts';
import { end, folderOfRun, startProgram } from './programs.ts';

const PROGRAM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
const MODULE_FOLDERS = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/share/nginx/modules'];

const programOf = (name: string): string | undefined => found(PROGRAM_FOLDERS, name);
const moduleOf = (name: string): string | undefined => found(MODULE_FOLDERS, name);

function found(folders: readonly string[], name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

interface Flavour {
  readonly name: string;
  readonly inspects: boolean;
  /** Modules of nginx that it needs, in the order in which they are loaded. */
  readonly modules: readonly string[];
  /** Further files of its folder by name. */
  readonly files: Readonly<Record<string, string>>;
  readonly http: (folder: string) => string;
  readonly location: string;
}

function nginx({ name, inspects, modules, files, http, location }: Flavour): Contender {
  return {
    name,
    inspects,
    compilesHotCode: false,
    missing: () => {
      if (programOf('nginx') === undefined) return 'nginx is not installed';
      const missing = modules.find((module) => moduleOf(module) === undefined);
      return missing === undefined ? undefined : `nginx's ${missing} is not installed`;
    },
    start: (vaspPort) =>
      startOn(name, (folder, port) => {
        for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
        const config = join(folder, 'nginx.conf');
        const loaded = modules.map((module) => `load_module ${moduleOf(module)};\n`).join('');
        writeFileSync(config, nginxConfig({ folder, port, vaspPort, loaded, http: http(folder), location }));
        return { program: programOf('nginx') ?? 'nginx', args: ['-p', folder, '-e', 'error.log', '-c', config] };
      }),
  };
}

function haproxy(name: string, inspects: boolean, inspection: string): Contender {
  return {
    name,
    inspects,
    compilesHotCode: false,
    missing: () => (programOf('haproxy') === undefined ? 'haproxy is not installed' : undefined),
    start: (vaspPort) =>
      startOn(name, (folder, port) => {
        const config = join(folder, 'haproxy.cfg');
        writeFileSync(config, HAPROXY_CONFIG(port, vaspPort, inspection));
        return { program: programOf('haproxy') ?? 'haproxy', args: ['-db', '-f', config] };
      }),
  };
}

export const NATIVE: readonly Contender[] = [
  nginx({ name: 'nginx', inspects: false, modules: [], files: {}, http: () => '', location: NGINX.blind }),
  nginx({
    name: 'nginx + Lua',
    inspects: true,
    modules: ['ndk_http_module.so', 'ngx_http_lua_module.so'],
    files: { 'inspection.lua': LUA_INSPECTION },
    http: (folder) => `lua_package_path "${folder}/?.lua;;";\ninit_by_lua_block { require "inspection" }`,
    location: NGINX.lua,
  }),
  nginx({
    name: 'nginx + njs',
    inspects: true,
    modules: ['ngx_http_js_module.so'],
    files: { 'inspection.js': NJS_INSPECTION },
    http: (folder) => `js_path "${folder}/";\njs_import inspection.js;`,
    location: NGINX.njs,
  }),
  haproxy('haproxy', false, ''),
  haproxy('haproxy, inspecting', true, HAPROXY_INSPECTING),
];

type Command = (folder: string, port: number) => { readonly program: string; readonly args: readonly string[] };

async function startOn(name: string, command: Command): Promise<RunningContender> {
  const folder = folderOfRun(tmpdir(), 'sapgw-bench-native-');
  // Its worker is another user.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const { program, args } = command(folder, port);
  let said = '';
  const child = startProgram(program, args);
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt += 1) {
    if (await listens(port)) return { port, child };
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  await end(child);
  throw new Error(`${name} does not start: ${said}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Versions of what is installed, for the report. */
export function versions(): string[] {
  const said = (program: string, flag: string): string | undefined => {
    const path = programOf(program);
    if (path === undefined) return undefined;
    // nginx tells on standard error.
    return execFileSync('/bin/sh', ['-c', `"${path}" ${flag} 2>&1 | head -1`], { encoding: 'utf8' }).trim();
  };
  return [`Node ${process.version}`, said('nginx', '-v'), said('haproxy', '-v')].filter((one) => one !== undefined);
}
