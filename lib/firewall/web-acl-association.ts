import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct, IValidation } from 'constructs';
import { FinalTemplate } from '../shared/final-template';

const ASSOCIATION = 'AWS::WAFv2::WebACLAssociation';

/** Puts a web ACL in front of a load balancer, of which AWS WAF takes one. */
export function associate(scope: Construct, id: string, resourceArn: string, webAclArn: string): void {
  const association = new wafv2.CfnWebACLAssociation(scope, id, { resourceArn, webAclArn });
  association.node.addValidation(new OnlyWebAcl(association));
}

class OnlyWebAcl implements IValidation {
  constructor(private readonly association: wafv2.CfnWebACLAssociation) {}

  public validate(): string[] {
    const app = new FinalTemplate(this.association.node.root);
    const resource = ({ properties }: { readonly properties: Readonly<Record<string, unknown>> }) =>
      JSON.stringify(properties.ResourceArn);
    const mine = app.resource(this.association);
    const [first] = app.ofType(ASSOCIATION).filter((other) => resource(other) === resource(mine));
    // Told once, by those that came later.
    if (first === undefined || first.construct === this.association) return [];
    return [
      `a load balancer takes one web ACL, but ${this.association.node.path} is the second after ${first.construct.node.path}; ` +
        'leave one out: firewallEnabled: false where the load balancer is protected already',
    ];
  }
}
