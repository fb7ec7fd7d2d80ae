// A REST API authorizer of type TOKEN, with the policy helper and the three kinds of context values of the documentation.
const policyFor = (principalId, effect, methodArn) => ({
  principalId,
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: methodArn }],
  },
  context: { stringKey: 'stringval', numberKey: 123, booleanKey: true },
});

export const handler = (event, _context, callback) => {
  if (event.type !== 'TOKEN' || Object.keys(event).length !== 3) return callback(new Error('this is no TOKEN event'));
  switch (event.authorizationToken) {
    case 'allow':
      return callback(null, policyFor('user', 'Allow', event.methodArn));
    case 'deny':
      return callback(null, policyFor('user', 'Deny', event.methodArn));
    case 'unauthorized':
      return callback('Unauthorized');
    default:
      return callback('Error: Invalid token');
  }
};
