// An HTTP API authorizer of format 2.0 that answers an IAM policy for the route that it was asked about.
export const handler = async (event) => ({
  principalId: 'abcdef',
  policyDocument: {
    Version: '2012-10-17',
    Statement: [
      {
        Action: 'execute-api:Invoke',
        Effect: event.headers.authorization === 'secretToken' ? 'Allow' : 'Deny',
        Resource: event.routeArn,
      },
    ],
  },
  context: { stringKey: 'value', numberKey: 1, booleanKey: true },
});
