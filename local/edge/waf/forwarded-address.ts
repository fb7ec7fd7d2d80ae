import { parseAddress } from '../../../contract/cidr.js';
import { headerValues } from './fields.js';
import type { InspectedRequest } from './inspected-request.js';

/** The addresses in a forwarding header, undefined where one is malformed; undefined as a whole without the header. */
export function forwardedAddresses(
  request: InspectedRequest,
  header: string | undefined,
): readonly (string | undefined)[] | undefined {
  const [value] = headerValues(request, header?.toLowerCase() ?? '');
  return value?.split(',').map((part) => {
    const address = part.trim();
    return parseAddress(address) === undefined ? undefined : address;
  });
}
