import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { CHALLENGE_PATH } from '../../contract/acme';
import { parseCidr } from '../../contract/cidr';
import { BYTES_PER_CHARACTER, CHARACTERS_RANGE } from '../../contract/speech-limits';
import { checkExclusive, checkInteger } from '../shared/checks';
import { BLOCK, COUNT, TOO_LONG, type WafRule } from './waf-rule';
import {
  allOf,
  anyOf,
  countryStatement,
  ipSetStatement,
  methodStatement,
  not,
  pathMatches,
  pathStatement,
  queryLongerThan,
  textMatches,
  type WafStatement,
} from './waf-statement';

/** For voice, speed and the like beside the text. */
const OTHER_PARAMETERS = 512;
/** Control characters other than tab, line feed and carriage return. */
const CONTROL_CHARACTERS = '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]';

/** Which origins a firewall looks at. */
export interface OriginProps {
  readonly allowedCidrs?: string[];
  readonly blockedCidrs?: string[];
  readonly allowedCountries?: string[];
  readonly blockedCountries?: string[];
}

/** Rules about where a request comes from: the allowed networks first, since nothing else may stop them. */
export function originRules(scope: Construct, props: OriginProps): WafRule[] {
  const { allowedCountries, blockedCountries } = props;
  checkExclusive('Firewall', { allowedCountries, blockedCountries });
  return [
    ...networkRule(scope, 'AllowedCidrs', props.allowedCidrs, { allow: {} }),
    ...networkRule(scope, 'BlockedCidrs', props.blockedCidrs, BLOCK),
    ...countryRule('AllowedCountries', allowedCountries, (inside) => not(inside)),
    ...countryRule('BlockedCountries', blockedCountries, (inside) => inside),
  ];
}

/** The requests with which a certificate authority validates a name, exactly as the answering function takes them. */
export function challengeRule(): WafRule {
  return {
    name: 'AcmeChallenge',
    action: { allow: {} },
    ...allOf([methodStatement('GET'), pathMatches(`^${CHALLENGE_PATH.replaceAll('.', '\\.')}[A-Za-z0-9_-]{16,256}$`)]),
  };
}

/** Rules about the text: how long it can be at most, and a count of control characters, which honest text may hold. */
export function textRules(freeTextPaths: readonly string[], maxCharacters: number): WafRule[] {
  checkInteger('Firewall: maxTextCharacters', maxCharacters, 0, CHARACTERS_RANGE.most);
  if (freeTextPaths.length === 0) return [];
  const onFreeText = (statement: WafStatement) => allOf([pathStatement(freeTextPaths, 'decoded'), statement]);
  const bytes = maxCharacters * BYTES_PER_CHARACTER + OTHER_PARAMETERS;
  return [
    ...(maxCharacters > 0 ? [{ name: 'Text-Length', action: TOO_LONG, ...onFreeText(queryLongerThan(bytes)) }] : []),
    { name: 'Text-ControlCharacters', action: COUNT, ...onFreeText(textMatches(CONTROL_CHARACTERS)) },
  ];
}

function networkRule(
  scope: Construct,
  name: string,
  cidrs: readonly string[] | undefined,
  action: wafv2.CfnWebACL.RuleActionProperty,
): WafRule[] {
  if (!cidrs?.length) return [];
  const families: Readonly<Record<string, string[]>> = { IPV4: [], IPV6: [] };
  for (const text of cidrs) {
    const cidr = parseCidr(text);
    const mapped = cidr?.bytes.length === 4 && text.includes(':');
    if (cidr === undefined || cidr.prefixLength === 0 || mapped) {
      throw new Error(
        `Firewall: ${name[0]?.toLowerCase()}${name.slice(1)}: "${text}" is not allowed; ` +
          'write a network such as 192.0.2.0/24 or 2001:db8::/32 (AWS WAF takes no /0 and no IPv4-mapped addresses)',
      );
    }
    const bits = cidr.bytes.length * 8;
    families[bits === 32 ? 'IPV4' : 'IPV6']?.push(text.includes('/') ? text : `${text}/${bits}`);
  }
  const sets = Object.entries(families)
    .filter(([, addresses]) => addresses.length > 0)
    .map(([ipAddressVersion, addresses]) => {
      const set = new wafv2.CfnIPSet(scope, name + ipAddressVersion, {
        scope: 'REGIONAL',
        ipAddressVersion,
        addresses,
      });
      return ipSetStatement(set.attrArn);
    });
  return [{ name, action, ...anyOf(sets) }];
}

function countryRule(
  name: string,
  codes: readonly string[] | undefined,
  which: (inside: WafStatement) => WafStatement,
): WafRule[] {
  if (codes === undefined) return [];
  const wrong = codes.find((code) => !/^[A-Z]{2}$/.test(code));
  if (codes.length === 0 || wrong !== undefined) {
    throw new Error(
      `Firewall: ${name[0]?.toLowerCase()}${name.slice(1)} must be two-letter codes such as "DE", got ${wrong === undefined ? 'none' : `"${wrong}"`}`,
    );
  }
  return [{ name, action: BLOCK, ...which(countryStatement(codes)) }];
}
