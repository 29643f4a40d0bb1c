// Usage: node provider.mjs FOLDER
//
// An OpenID Connect provider for tests: npm's oidc-provider, which tools/fetch_oidc_provider has
// put into FOLDER, on 127.0.0.1 and a free port, which is the first line printed.  It gives access
// tokens for its own clients (client credentials) as RS256 JWTs, good for three days, those of kai
// for six seconds.  POST /test/rotate replaces its signing key.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const library = join(resolve(process.argv[2]), 'node_modules', 'oidc-provider', 'lib', 'index.js');
const { default: Provider } = await import(pathToFileURL(library));

// What the clients' tokens say beside the protocol's own claims.
const users = {
  dana: { username: 'dana', email: 'dana@plant.example' },
  kai: { username: 'kai' },
  lee: { 'vams:tokens': '["Lee"]', 'vams:roles': '["editor"]', amr: ['pwd', 'otp'] },
};

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function newProvider(issuer) {
  const provider = new Provider(issuer, {
    clients: Object.keys(users).map((name) => ({
      client_id: name,
      client_secret: `${name}-secret-of-the-test`,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    jwks: { keys: [newKey()] },
    scopes: ['assets', 'plant.mfa'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:plant:assets',
        getResourceServerInfo: (_context, _resource, client) => ({
          audience: 'vams',
          scope: 'assets plant.mfa',
          accessTokenFormat: 'jwt',
          accessTokenTTL: client.clientId === 'kai' ? 6 : 3 * 24 * 3600,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: (_context, token) => users[token.clientId],
  });
  return provider.callback();
}

let issuer = '';
let answer = null;
const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/test/rotate') {
    answer = newProvider(issuer);
    response.end();
    return;
  }
  answer(request, response);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  issuer = `http://127.0.0.1:${port}`;
  answer = newProvider(issuer);
  console.log(port);
});
