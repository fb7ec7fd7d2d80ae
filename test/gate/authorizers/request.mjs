// A REST API authorizer of type REQUEST that looks at a header, a query parameter and a stage variable.
export const handler = (event, _context, callback) => {
  const { headers, queryStringParameters, stageVariables, requestContext } = event;
  if (requestContext.identity === undefined || event.pathParameters === undefined) return callback('incomplete event');
  const { HeaderAuth1 } = headers;
  const { QueryString1 } = queryStringParameters;
  const { StageVar1 } = stageVariables;
  // Documented so: what is not right is 401, not 403.
  if (HeaderAuth1 !== 'headerValue1' || QueryString1 !== 'queryValue1' || StageVar1 !== 'stageValue1') {
    return callback('Unauthorized');
  }
  callback(null, {
    principalId: 'me',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }],
    },
    context: { stringKey: 'stringval', numberKey: 123, booleanKey: true },
  });
};
