// An HTTP API authorizer of payload format 2.0 with simple responses, as one finds them in front of API Gateway today.
const tenants = new Map([
  [
    'token-of-ada',
    { sub: 'ada', tenant: 'acme', admin: true, level: 3, tags: ['a', 'b'], profile: { name: 'Ada' }, nothing: null },
  ],
  ['token-of-bob', { sub: 'bob', tenant: 'acme', admin: false, level: 1 }],
]);

export const handler = async (event) => {
  const token = event.headers?.authorization?.replace(/^Bearer /, '');
  if (token === 'crash') throw new Error(`cannot read ${token}`);
  if (token === 'throw-unauthorized') throw new Error('Unauthorized');
  if (token === 'unauthorized-with-a-reason') throw new Error('Unauthorized: expired');
  if (token === 'exit') process.exit(1);
  if (token === 'slow') await new Promise((resolve) => setTimeout(resolve, 60_000));
  if (token === 'nothing') return undefined;
  if (token === 'text') return 'yes';
  if (token === 'truthy') return { isAuthorized: 'true' };
  const context = tenants.get(token);
  if (context === undefined) return { isAuthorized: false };
  const { method, path } = event.requestContext.http;
  if (path.startsWith('/admin') && !context.admin) return { isAuthorized: false, context };
  if (method === 'DELETE' && event.queryStringParameters?.force !== 'yes') return { isAuthorized: false };
  return { isAuthorized: true, context };
};
