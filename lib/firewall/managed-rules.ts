import type * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { BLOCK, COUNT, type WafRule } from './waf-rule';
import { allOf, labelStatement, not, pathStatement } from './waf-statement';

/** A rule inside a managed group that AWS ships as Block, and the label it gives. */
interface ManagedRule {
  readonly name: string;
  readonly label: string;
  /** Whether it looks at what a client says (query or body), where prose looks like an attack. */
  readonly readsText: boolean;
}

interface ManagedGroup {
  readonly name: string;
  readonly capacity: number;
  readonly labels: string;
  /** Rules that AWS ships as Block. Others keep the action that AWS ships. */
  readonly rules: readonly ManagedRule[];
  readonly config?: wafv2.CfnWebACL.ManagedRuleGroupConfigProperty;
  /** Rules that only count unless told otherwise. */
  readonly counts?: readonly string[];
}

/** Options of a rule group that AWS keeps up to date. */
export interface ManagedRuleGroupOptions {
  /**
   * Rules of the group, by their names, that only count.
   * @default - of the common group `NoUserAgent_HEADER`, since many programs send no `User-Agent`; else none
   */
  readonly count?: string[];
}

const RULE_NAME = /^[A-Za-z0-9_-]{1,128}$/;

/** Where prose is honest: rules that read query or body only count on these paths. */
export interface ManagedRulesOptions {
  readonly freeTextPaths: readonly string[];
}

/** A rule group that AWS keeps up to date. */
export class ManagedRules {
  /**
   * Common attacks on web applications (700 capacity units). Its length, XSS, LFI, RFI and SSRF rules on query and body
   * block only outside the free-text paths.
   */
  public static common(options: ManagedRuleGroupOptions = {}): ManagedRules {
    return new ManagedRules('common', COMMON, options);
  }

  /**
   * Requests that are known to exploit a weakness (200 capacity units). Its rules on query and body block only outside the
   * free-text paths.
   */
  public static knownBadInputs(options: ManagedRuleGroupOptions = {}): ManagedRules {
    return new ManagedRules('knownBadInputs', KNOWN_BAD_INPUTS, options);
  }

  /** Addresses that Amazon's threat intelligence knows (25 capacity units). */
  public static ipReputation(options: ManagedRuleGroupOptions = {}): ManagedRules {
    return new ManagedRules('ipReputation', IP_REPUTATION, options);
  }

  /** Addresses of VPNs, proxies, Tor and hosting providers (50 capacity units). Programs often call from these. */
  public static anonymousIp(options: ManagedRuleGroupOptions = {}): ManagedRules {
    return new ManagedRules('anonymousIp', ANONYMOUS_IP, options);
  }

  /**
   * Floods that Amazon recognizes (50 capacity units, and a fee for the group and for requests). It blocks; it never
   * challenges, which programs cannot pass.
   */
  public static antiDdos(options: ManagedRuleGroupOptions = {}): ManagedRules {
    return new ManagedRules('antiDdos', ANTI_DDOS, options);
  }

  /** Programs that are not browsers (50 capacity units, and a fee). The callers of an API are such programs. */
  public static botControl(options: ManagedRuleGroupOptions = {}): ManagedRules {
    return new ManagedRules('botControl', BOT_CONTROL, options);
  }

  private readonly counted: readonly string[];

  private constructor(
    factory: string,
    private readonly group: ManagedGroup,
    { count }: ManagedRuleGroupOptions,
  ) {
    this.counted = count ?? group.counts ?? [];
    const known = group.rules.map(({ name }) => name);
    const wrong = this.counted.find((name) => (known.length > 0 ? !known.includes(name) : !RULE_NAME.test(name)));
    if (wrong !== undefined) {
      throw new Error(
        `ManagedRules.${factory}: count: ${group.name} has no rule "${wrong}"` +
          (known.length > 0 ? `; it has ${known.join(', ')}` : ''),
      );
    }
  }

  /** @internal */
  public _rules(options: ManagedRulesOptions): WafRule[] {
    const { group } = this;
    const always = group.rules.filter(({ name }) => this.counted.includes(name));
    const counted =
      options.freeTextPaths.length > 0 ? group.rules.filter((rule) => rule.readsText && !always.includes(rule)) : [];
    const unknown = this.counted.filter((name) => !always.some((rule) => rule.name === name));
    const managed: WafRule = {
      name: group.name,
      capacity: group.capacity,
      statement: {
        managedRuleGroupStatement: {
          vendorName: 'AWS',
          name: group.name,
          managedRuleGroupConfigs: group.config ? [group.config] : undefined,
          ruleActionOverrides: [
            ...group.rules.map(
              (rule): wafv2.CfnWebACL.RuleActionOverrideProperty => ({
                name: rule.name,
                actionToUse: counted.includes(rule) || always.includes(rule) ? COUNT : BLOCK,
              }),
            ),
            ...unknown.map((name) => ({ name, actionToUse: COUNT })),
          ],
        },
      },
      overrideAction: { none: {} },
    };
    return counted.length > 0 ? [managed, this.elsewhere(counted, options.freeTextPaths)] : [managed];
  }

  /** Blocks, outside the free-text paths, what the group only counted. */
  private elsewhere(counted: readonly ManagedRule[], freeTextPaths: readonly string[]): WafRule {
    const { statement, capacity } = allOf([
      labelStatement(counted.map((rule) => this.group.labels + rule.label)),
      not(pathStatement(freeTextPaths, 'spelled')),
    ]);
    return { name: `${this.group.name}-OutsideFreeText`, statement, capacity, action: BLOCK };
  }
}

function blocks(name: string, label: string): ManagedRule {
  return { name, label, readsText: false };
}

function reads(name: string, label: string): ManagedRule {
  return { name, label, readsText: true };
}

const COMMON: ManagedGroup = {
  name: 'AWSManagedRulesCommonRuleSet',
  capacity: 700,
  labels: 'awswaf:managed:aws:core-rule-set:',
  counts: ['NoUserAgent_HEADER'],
  rules: [
    blocks('NoUserAgent_HEADER', 'NoUserAgent_Header'),
    blocks('UserAgent_BadBots_HEADER', 'BadBots_Header'),
    reads('SizeRestrictions_QUERYSTRING', 'SizeRestrictions_QueryString'),
    blocks('SizeRestrictions_Cookie_HEADER', 'SizeRestrictions_Cookie_Header'),
    reads('SizeRestrictions_BODY', 'SizeRestrictions_Body'),
    blocks('SizeRestrictions_URIPATH', 'SizeRestrictions_URIPath'),
    reads('EC2MetaDataSSRF_BODY', 'EC2MetaDataSSRF_Body'),
    blocks('EC2MetaDataSSRF_COOKIE', 'EC2MetaDataSSRF_Cookie'),
    blocks('EC2MetaDataSSRF_URIPATH', 'EC2MetaDataSSRF_URIPath'),
    reads('EC2MetaDataSSRF_QUERYARGUMENTS', 'EC2MetaDataSSRF_QueryArguments'),
    reads('GenericLFI_QUERYARGUMENTS', 'GenericLFI_QueryArguments'),
    blocks('GenericLFI_URIPATH', 'GenericLFI_URIPath'),
    reads('GenericLFI_BODY', 'GenericLFI_Body'),
    blocks('RestrictedExtensions_URIPATH', 'RestrictedExtensions_URIPath'),
    reads('RestrictedExtensions_QUERYARGUMENTS', 'RestrictedExtensions_QueryArguments'),
    reads('GenericRFI_QUERYARGUMENTS', 'GenericRFI_QueryArguments'),
    reads('GenericRFI_BODY', 'GenericRFI_Body'),
    blocks('GenericRFI_URIPATH', 'GenericRFI_URIPath'),
    blocks('CrossSiteScripting_COOKIE', 'CrossSiteScripting_Cookie'),
    reads('CrossSiteScripting_QUERYARGUMENTS', 'CrossSiteScripting_QueryArguments'),
    reads('CrossSiteScripting_BODY', 'CrossSiteScripting_Body'),
    blocks('CrossSiteScripting_URIPATH', 'CrossSiteScripting_URIPath'),
  ],
};

const KNOWN_BAD_INPUTS: ManagedGroup = {
  name: 'AWSManagedRulesKnownBadInputsRuleSet',
  capacity: 200,
  labels: 'awswaf:managed:aws:known-bad-inputs:',
  rules: [
    blocks('JavaDeserializationRCE_HEADER', 'JavaDeserializationRCE_Header'),
    reads('JavaDeserializationRCE_BODY', 'JavaDeserializationRCE_Body'),
    blocks('JavaDeserializationRCE_URIPATH', 'JavaDeserializationRCE_URIPath'),
    reads('JavaDeserializationRCE_QUERYSTRING', 'JavaDeserializationRCE_QueryString'),
    blocks('Host_localhost_HEADER', 'Host_Localhost_Header'),
    blocks('PROPFIND_METHOD', 'Propfind_Method'),
    blocks('ExploitablePaths_URIPATH', 'ExploitablePaths_URIPath'),
    blocks('Log4JRCE_HEADER', 'Log4JRCE_Header'),
    reads('Log4JRCE_QUERYSTRING', 'Log4JRCE_QueryString'),
    reads('Log4JRCE_BODY', 'Log4JRCE_Body'),
    blocks('Log4JRCE_URIPATH', 'Log4JRCE_URIPath'),
    reads('ReactJSRCE_BODY', 'ReactJSRCE_Body'),
  ],
};

const IP_REPUTATION: ManagedGroup = {
  name: 'AWSManagedRulesAmazonIpReputationList',
  capacity: 25,
  labels: 'awswaf:managed:aws:amazon-ip-list:',
  // AWSManagedIPDDoSList is shipped as Count: addresses on it change hands quickly.
  rules: [
    blocks('AWSManagedIPReputationList', 'AWSManagedIPReputationList'),
    blocks('AWSManagedReconnaissanceList', 'AWSManagedReconnaissanceList'),
  ],
};

const ANONYMOUS_IP: ManagedGroup = {
  name: 'AWSManagedRulesAnonymousIpList',
  capacity: 50,
  labels: 'awswaf:managed:aws:anonymous-ip-list:',
  rules: [blocks('AnonymousIPList', 'AnonymousIPList'), blocks('HostingProviderIPList', 'HostingProviderIPList')],
};

const ANTI_DDOS: ManagedGroup = {
  name: 'AWSManagedRulesAntiDDoSRuleSet',
  capacity: 50,
  labels: 'awswaf:managed:aws:anti-ddos:',
  rules: [blocks('DDoSRequests', 'ddos-request')],
  config: {
    awsManagedRulesAntiDDoSRuleSet: {
      clientSideActionConfig: { challenge: { usageOfAction: 'DISABLED' } },
      sensitivityToBlock: 'LOW',
    },
  },
};

const BOT_CONTROL: ManagedGroup = {
  name: 'AWSManagedRulesBotControlRuleSet',
  capacity: 50,
  labels: 'awswaf:managed:aws:bot-control:',
  // Its rules and their actions change with the version; they stay as AWS ships them.
  rules: [],
  config: { awsManagedRulesBotControlRuleSet: { inspectionLevel: 'COMMON' } },
};
