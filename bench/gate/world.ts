/** What all stacks have in common: the app behind them, the authorizer they ask, and the key that it allows. */

import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatApiKey, generateApiKey } from '../../contract/api-key';
import { encodeDecision } from '../../contract/authorizer-answer';
import { ensureNginx, type Nginx } from '../../local/toolchain/nginx.mjs';
import { call } from '../../test/gate/support/http';
import { selfSigned } from './certificate';
import { freePorts, type Started, startServer } from './processes';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const benchDirectory = join(root, '.voicegate/bench');

/** What is asked for. */
interface Asked {
  readonly path: string;
  /** What a table calls it. */
  readonly title: string;
  /** Sent beside the key. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const RESPONSES = {
  small: { path: '/', title: 'small response (20 bytes)' },
  browser: {
    path: '/tts?text=The%20quick%20brown%20fox%20jumps%20over%20the%20lazy%20dog%2C%20and%20then%20it%20sleeps.&voice=en',
    title: 'small response, asked for as a browser does, through a load balancer (17 header lines)',
    headers: {
      'X-Forwarded-For': '203.0.113.9',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Port': '443',
      'X-Amzn-Trace-Id': 'Root=1-6745a2b1-0123456789abcdef01234567',
      'sec-ch-ua-platform': '"Linux"',
      'user-agent':
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
      'sec-ch-ua': '"Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24"',
      'sec-ch-ua-mobile': '?0',
      accept: '*/*',
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'no-cors',
      'sec-fetch-dest': 'audio',
      referer: 'https://tts.example.com/',
      'accept-language': 'en-US,en;q=0.9',
      range: 'bytes=0-',
    },
  },
  speech: { path: '/speech.wav', title: '1 MB response with Content-Length' },
  stream: { path: '/stream', title: '64 KB response in chunks' },
} as const satisfies Readonly<Record<string, Asked>>;

/** Name of a Lambda function whose decisions hold for an hour; those of any other hold for a minute. */
export const LASTING_FUNCTION = 'lasting';

export interface World {
  readonly directory: string;
  readonly nginx: Nginx;
  /** The app's port. */
  readonly appPort: number;
  /** `http://…` of the authorizer: `/auth` for forward-auth, and Lambda's Invoke. */
  readonly authorizer: string;
  /** The same over TLS. */
  readonly secureAuthorizer: string;
  /** The authorizer's certificate, self-signed: what trusts it verifies it. */
  readonly authorityFile: string;
  readonly key: string;
  /** How many requests the authorizer has had. */
  authorizerCalls(): Promise<number>;
  stop(): Promise<void>;
}

/** Settings that every nginx of the benchmark begins with. */
export function nginxPreamble(directory: string): string {
  const user = process.getuid?.() === 0 ? 'user root root;\n' : '';
  mkdirSync(join(directory, 'temp'), { recursive: true });
  return `daemon off;
${user}worker_processes 1;
pid nginx.pid;
error_log stderr error;
events {
  worker_connections 4096;
}
`;
}

/** Settings that every nginx of the benchmark has in its http block. */
export const NGINX_HTTP = `client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
  server_tokens off;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  keepalive_time 24h;`;

/** Starts an nginx whose configuration lies in the folder; its standard output runs through a pipe, as in a container. */
export function startNginx(nginx: Nginx, directory: string, ports: readonly number[]): Promise<Started> {
  const command = `"$0" -p "$1/" -c nginx.conf | cat > /dev/null`;
  return startServer({ command: 'sh', args: ['-c', command, nginx.nginx, directory], ports });
}

export async function startWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'voicegate-bench-'));
  const nginx = await ensureNginx({
    directory: join(root, '.voicegate'),
    update: (detail) => process.stderr.write(`nginx: ${detail}\n`),
  });
  const [appPort = 0, plainPort = 0, securePort = 0] = await freePorts(3);
  const app = await startApp(nginx, join(directory, 'app'), appPort);
  const authorizer = await startAuthorizer(nginx, join(directory, 'authorizer'), plainPort, securePort);
  let statusRequests = 0;
  return {
    directory,
    nginx,
    appPort,
    authorizer: `http://127.0.0.1:${plainPort}`,
    secureAuthorizer: `https://127.0.0.1:${securePort}`,
    authorityFile: join(directory, 'authorizer/cert.pem'),
    key: formatApiKey(generateApiKey(randomBytes)),
    authorizerCalls: async () => {
      const { body } = await call(`http://127.0.0.1:${plainPort}`, '/requests');
      const requests = /^ *\d+ +\d+ +(\d+) *$/m.exec(body.toString())?.[1];
      if (requests === undefined) throw new Error(`the authorizer does not tell how many requests it had: ${body}`);
      statusRequests++;
      return Number(requests) - statusRequests;
    },
    stop: async () => {
      await Promise.all([app.stop(), authorizer.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function startApp(nginx: Nginx, directory: string, port: number): Promise<Started> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'speech.wav'), randomBytes(1024 * 1024));
  writeFileSync(join(directory, 'stream.mp3'), randomBytes(48 * 1024).toString('base64'));
  // Server-side includes drop the length, so that nginx sends chunks.
  writeFileSync(
    join(directory, 'nginx.conf'),
    `${nginxPreamble(directory)}http {
  access_log off;
  ${NGINX_HTTP}
  sendfile on;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      default_type application/json;
      return 200 '{"message":"hello"}\\n';
    }
    location = ${RESPONSES.speech.path} {
      default_type audio/wav;
      alias ${directory}/speech.wav;
    }
    location = ${RESPONSES.stream.path} {
      ssi on;
      ssi_types *;
      default_type audio/mpeg;
      alias ${directory}/stream.mp3;
    }
  }
}
`,
  );
  return startNginx(nginx, directory, [port]);
}

/**
 * One authorizer for all, as fast as one can be: nginx with a constant answer. Peers ask it over plain HTTP and without
 * a signature, which a Lambda function would not take: they are measured better than they could be.
 */
async function startAuthorizer(nginx: Nginx, directory: string, plain: number, secure: number): Promise<Started> {
  mkdirSync(directory, { recursive: true });
  // nginx looks for what it connects to among the DNS names alone.
  const { certificate, key } = await selfSigned('127.0.0.1');
  writeFileSync(join(directory, 'cert.pem'), certificate);
  writeFileSync(join(directory, 'key.pem'), key, { mode: 0o600 });
  const grant = {
    principal: 'alice@example.com',
    keyId: 'AAAAAAAAAAAA',
    scopes: ['tts:synthesize'],
    // A plan that never refuses, so that its bucket is counted and the benchmark goes on.
    rate: { requestsPerMinute: 100_000_000, burst: 1_000_000 },
  };
  const answer = (ttl: number) => {
    const context = encodeDecision({ outcome: 'allow', grant, ttl });
    return JSON.stringify({ isAuthorized: true, context }).replaceAll('\\', '\\\\');
  };
  writeFileSync(
    join(directory, 'nginx.conf'),
    `${nginxPreamble(directory)}http {
  access_log off;
  ${NGINX_HTTP}
  server {
    listen 127.0.0.1:${plain} backlog=4096;
    listen 127.0.0.1:${secure} ssl backlog=4096;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    location /auth {
      if ($http_x_api_key = "") {
        return 401;
      }
      add_header X-Auth-Principal "alice@example.com";
      return 200;
    }
    location /2015-03-31/ {
      default_type application/json;
      return 200 '${answer(60)}';
    }
    location ~ ^/2015-03-31/functions/([^/]*:)?${LASTING_FUNCTION}[:/] {
      default_type application/json;
      return 200 '${answer(3600)}';
    }
    location = /requests {
      stub_status;
    }
  }
}
`,
  );
  return startNginx(nginx, directory, [plain, secure]);
}
