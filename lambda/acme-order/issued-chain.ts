import { certificateFacts } from '../certificate/certificate-facts';
import { AcmeProblem } from './acme-problem';

/** The certificate and those that signed it, each PEM. @throws AcmeProblem when it is not what was ordered */
export function certificatesOf(text: string, names: readonly string[]): readonly string[] {
  const found = text.split('-----BEGIN CERTIFICATE-----').slice(1);
  const chain = found.map(
    (rest) => `-----BEGIN CERTIFICATE-----${rest.split('-----END CERTIFICATE-----')[0]}-----END CERTIFICATE-----\n`,
  );
  const [first] = chain;
  if (first === undefined) throw new AcmeProblem('noCertificate', 'the authority answered without a certificate');
  const lost = names.filter((name) => !certificateFacts(first).names.includes(name));
  if (lost.length > 0) {
    throw new AcmeProblem('otherNames', `the authority issued a certificate without ${lost.join(', ')}`);
  }
  return chain;
}
