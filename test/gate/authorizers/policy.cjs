// A REST API authorizer of type REQUEST in the old callback style, which answers an IAM policy for the whole API.
exports.handler = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  const token = event.headers.Authorization || event.headers.authorization;
  const [arn, stage] = event.methodArn.split('/');
  const all = `${arn}/${stage}`;
  const allow = (resources) => ({ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: resources });
  const deny = (resources) => ({ Action: 'execute-api:Invoke', Effect: 'Deny', Resource: resources });
  const answer = (principalId, Statement, more = {}) =>
    callback(null, { principalId, policyDocument: { Version: '2012-10-17', Statement }, ...more });
  switch (token) {
    case 'allow':
      return answer('user|1', [allow([event.methodArn])], {
        context: { stringKey: 'v', numberKey: 123, booleanKey: true },
      });
    case 'allow-reads':
      return answer('user|2', [allow([`${all}/GET/*`]), deny([`${all}/*/private/*`])]);
    case 'deny':
      return answer('user|3', [deny(['*'])]);
    case 'unauthorized':
      return callback('Unauthorized');
    case 'error':
      return callback('Error: Invalid token');
    case 'no-principal':
      return callback(null, { policyDocument: { Version: '2012-10-17', Statement: [allow(['*'])] } });
    case 'no-policy':
      return callback(null, { principalId: 'user' });
    default:
      return callback(null, 'unauthorized');
  }
};
