/** How certificates look on the terminal and as JSON. */

import type { CertificateDetail } from '@aws-sdk/client-acm';
import { columns } from '../keys/presentation';
import { validationRecords } from './certificate-manager';

/** The records as a table, and as lines of a zone file to paste. */
export function recordsText(detail: CertificateDetail): string {
  const records = validationRecords(detail);
  const table = columns([
    ['DOMAIN', 'TYPE', 'NAME', 'VALUE', 'STATUS'],
    ...records.map(({ domain, type, name, value, status }) => [domain, type, name, value, status.toLowerCase()]),
  ]);
  const lines = [...new Set(records.map(({ name, type, value }) => `${name} 300 IN ${type} ${value}`))];
  return `Create these records where the domain's DNS is, each exactly so and with any proxy off:\n\n${table}\nAs lines of a zone file:\n\n${lines.join('\n')}\n`;
}

export function requestView(detail: CertificateDetail, local = false) {
  return {
    certificateArn: detail.CertificateArn,
    status: detail.Status,
    names: detail.SubjectAlternativeNames ?? [],
    records: validationRecords(detail),
    ...(detail.Status === 'ISSUED' && { deploy: deployLine(detail, local) }),
  };
}

export function issuedText({ CertificateArn: arn, NotAfter: end }: CertificateDetail): string {
  const until = end === undefined ? '' : ` until ${end.toISOString().slice(0, 10)}`;
  return `\nIssued${until}; ACM renews it as long as the records stay in DNS.\n${arn}\n\nUse it:\n`;
}

/** The command that deploys the app with the certificate. */
export function deployLine(
  { CertificateArn: arn, SubjectAlternativeNames: names = [] }: CertificateDetail,
  local = false,
): string {
  // Nobody calls a wildcard.
  const domains = names.filter((name) => !name.startsWith('*'));
  return `${local ? 'npm start --' : 'npx cdk deploy'} -c certificateArn=${arn}${domains.length > 0 ? ` -c domainNames=${domains.join(',')}` : ''}`;
}

const FAILURES: Readonly<Record<string, string>> = {
  CAA_ERROR: 'a CAA record of the domain does not let Amazon issue: add `0 issue "amazon.com"`',
  DOMAIN_NOT_ALLOWED: 'AWS takes the domain for unsafe; the AWS support can say why',
  NO_AVAILABLE_CONTACTS: 'there is nobody to write to; request it with validation by DNS',
  ADDITIONAL_VERIFICATION_REQUIRED: 'AWS wants to verify the domain by hand; open a case at the AWS support',
};

/** Why there is no certificate, and what to do. */
export function failureText({
  CertificateArn: arn,
  Status,
  FailureReason,
  SubjectAlternativeNames = [],
}: CertificateDetail): string {
  const again = `voicegate certificate request ${SubjectAlternativeNames.join(' ')}`;
  if (Status === 'VALIDATION_TIMED_OUT') {
    return `ACM has given up ${arn}: the records were not in DNS within 72 hours of the request; request it again, and create the new records: ${again}`;
  }
  const reason = FailureReason === undefined ? '' : `: ${FAILURES[FailureReason] ?? FailureReason}`;
  return `the certificate ${arn} is ${Status?.toLowerCase().replaceAll('_', ' ')}${reason}; then request it again: ${again}`;
}
