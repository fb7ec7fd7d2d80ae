// An HTTP API authorizer of format 2.0 with a simple response, and with lists and objects in its context.
export const handler = async (event) =>
  event.headers.authorization === 'secretToken'
    ? {
        isAuthorized: true,
        context: {
          stringKey: 'value',
          numberKey: 1,
          booleanKey: true,
          arrayKey: ['value1', 'value2'],
          mapKey: { value1: 'value2' },
        },
      }
    : { isAuthorized: false };
