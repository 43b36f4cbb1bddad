/**
 * Configuration of the proxies that others wrote, as somebody who knows them would write it for speed: connections kept alive
 * on both sides, bodies in memory, no logs. The inspections know one session and what its level has.
 */
import { SESSION_ID } from './upstream-server-messages.ts';

/** Primitives of the level that the session was granted. */
const GRANTED = ['SendMessage-Request', 'Polling-Request', 'KeepAlive-Request', 'MessageDelivered', 'Logout-Request'];

export const LUA_INSPECTION = `local sessions = {
  ["${SESSION_ID}"] = { ${GRANTED.map((name) => `["${name}"] = true`).join(', ')} },
}
local req, match, exit = ngx.req, ngx.re.match, ngx.exit
local captured = {}
local M = {}
function M.inspect()
  req.read_body()
  local body = req.get_body_data()
  if not body then return exit(400) end
  local session = match(body, "<SessionID>([^<]*)</SessionID>", "jo", nil, captured)
  local level = session and sessions[session[1]]
  if not level then return exit(403) end
  local content = match(body, "<TransactionContent[^>]*><([A-Za-z-]+)", "jo", nil, captured)
  if not content or not level[content[1]] then return exit(403) end
end
return M
`;

export const NJS_INSPECTION = `const sessions = { '${SESSION_ID}': { ${GRANTED.map((name) => `'${name}': true`).join(', ')} } };
const SESSION = /<SessionID>([^<]*)<\\/SessionID>/;
const CONTENT = /<TransactionContent[^>]*><([A-Za-z-]+)/;
function inspect(request) {
  const body = request.requestText;
  const session = body && SESSION.exec(body);
  const level = session && sessions[session[1]];
  const content = level && CONTENT.exec(body);
  if (!content || !level[content[1]]) {
    request.return(403);
    return;
  }
  request.internalRedirect('@vasp');
}
export default { inspect };
`;

/** What stands in the server, by how much is looked at. */
export const NGINX = {
  blind: 'location / { proxy_pass http://vasp; }',
  lua: 'location / { access_by_lua_block { require("inspection").inspect() } proxy_pass http://vasp; }',
  njs: 'location / { js_content inspection.inspect; }\nlocation @vasp { proxy_pass http://vasp; }',
} as const;

export interface NginxSettings {
  readonly folder: string;
  readonly port: number;
  readonly vaspPort: number;
  /** Directives that load modules. */
  readonly loaded: string;
  /** Directives of the http block. */
  readonly http: string;
  /** Locations of the server. */
  readonly location: string;
}

export const nginxConfig = ({ folder, port, vaspPort, loaded, http, location }: NginxSettings): string => `${loaded}
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections 2048; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  client_body_in_single_buffer on;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ${http}
  upstream vasp {
    server 127.0.0.1:${vaspPort};
    keepalive 256;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    ${location}
  }
}
`;

export const HAPROXY_CONFIG = (port: number, vaspPort: number, inspection: string): string => `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  http-reuse always
frontend clients
  bind 127.0.0.1:${port}
${inspection}
  default_backend vasp
backend vasp
  server vasp 127.0.0.1:${vaspPort}
`;

export const HAPROXY_INSPECTING = `  option http-buffer-request
  http-request set-var(txn.session) 'req.body,regsub("^.*<SessionID>([^<]*)</SessionID>.*$","\\1")'
  http-request set-var(txn.primitive) 'req.body,regsub("^.*<TransactionContent[^>]*><([A-Za-z-]+).*$","\\1")'
  http-request deny deny_status 403 unless { var(txn.session) -m str ${SESSION_ID} }
  http-request deny deny_status 403 unless { var(txn.primitive) -m str ${GRANTED.join(' ')} }`;
