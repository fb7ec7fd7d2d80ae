import {
  CfnElement,
  CfnOutput,
  CfnResource,
  DefaultTokenResolver,
  type IPostProcessor,
  type IResolvable,
  type IResolveContext,
  Reference,
  Stack,
  StringConcat,
  Tokenization,
} from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Properties as CloudFormation will get them, by CloudFormation's names. */
export type Properties = Readonly<Record<string, unknown>>;

export interface FinalResource {
  readonly construct: CfnResource;
  readonly type: string;
  readonly properties: Properties;
}

/** No logical id holds a colon, so a reference of ours is never taken for one that somebody wrote by hand. */
const POINTER = 'construct:';

/**
 * The resources of a whole app as they are synthesized in the end (property overrides and aspects included), in which a
 * reference is replaced by what it points at: the same security group looks the same from its own stack, from another
 * one and from a nested one, where CloudFormation would see an id, an import and a parameter.
 */
export class FinalTemplate {
  private readonly resources = new Map<CfnResource, FinalResource>();
  private readonly byLogicalId = new Map<Stack, ReadonlyMap<string, CfnElement>>();
  private readonly constructs: readonly IConstruct[];
  private readonly byPath: ReadonlyMap<string, IConstruct>;

  constructor(root: IConstruct) {
    this.constructs = root.node.findAll();
    this.byPath = new Map(this.constructs.map((construct) => [construct.node.path, construct]));
  }

  /** The resources of some types. */
  public ofType(...types: readonly string[]): FinalResource[] {
    return this.constructs
      .filter((construct) => CfnResource.isCfnResource(construct))
      .filter((resource) => types.includes(resource.cfnResourceType))
      .map((resource) => this.resource(resource));
  }

  public resource(construct: CfnResource): FinalResource {
    const known = this.resources.get(construct);
    if (known) return known;
    const found = { construct, type: construct.cfnResourceType, properties: this.render(construct) };
    this.resources.set(construct, found);
    return found;
  }

  /** The resource that a value points at, if it does so as a whole and the resource is in this app. */
  public target(value: unknown): FinalResource | undefined {
    const pointer = record(value)?.Ref;
    if (typeof pointer !== 'string' || !pointer.startsWith(POINTER)) return undefined;
    const construct = this.byPath.get(pointer.slice(POINTER.length));
    return construct !== undefined && CfnResource.isCfnResource(construct) ? this.resource(construct) : undefined;
  }

  /** Whether a value points at a construct, as a whole or somewhere inside. */
  public mentions(value: unknown, construct: CfnResource): boolean {
    return JSON.stringify(value ?? null).includes(JSON.stringify(pointerTo(construct)));
  }

  private render(construct: CfnResource): Properties {
    // What synthesis itself calls; there is no other way to the properties with their overrides.
    const { _toCloudFormation } = construct as unknown as { _toCloudFormation(): unknown };
    const rendered = Tokenization.resolve(_toCloudFormation.call(construct), pointing(construct)) as {
      readonly Resources?: Readonly<Record<string, { readonly Properties?: Properties }>>;
    };
    const [resource] = Object.values(rendered.Resources ?? {});
    return (this.followed(Stack.of(construct), resource?.Properties ?? {}) ?? {}) as Properties;
  }

  /** The same value, with references by logical id and by export name followed too. */
  private followed(stack: Stack, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.followed(stack, item));
    const entries = record(value);
    if (entries === undefined) return value;
    const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::ImportValue': exported } = entries;
    const name = ref ?? (Array.isArray(attribute) ? attribute[0] : attribute);
    if (typeof name === 'string' && !name.startsWith(POINTER)) {
      const element = this.logicalIds(stack).get(name.split('.')[0] ?? name);
      return element === undefined ? value : pointerTo(element);
    }
    if (typeof exported === 'string') {
      const output = this.constructs.find(
        (construct) => construct instanceof CfnOutput && construct.exportName === exported,
      ) as CfnOutput | undefined;
      if (output) return Tokenization.resolve(output.value, pointing(output));
    }
    return Object.fromEntries(Object.entries(entries).map(([key, inner]) => [key, this.followed(stack, inner)]));
  }

  private logicalIds(stack: Stack): ReadonlyMap<string, CfnElement> {
    const known = this.byLogicalId.get(stack);
    if (known) return known;
    const found = new Map(
      this.constructs
        .filter((construct) => CfnElement.isCfnElement(construct))
        .filter((element) => element.stack === stack)
        .map((element) => [String(stack.resolve(element.logicalId)), element]),
    );
    this.byLogicalId.set(stack, found);
    return found;
  }
}

function pointing(scope: IConstruct) {
  return { scope, resolver: new PointingResolver(), preparing: false };
}

function pointerTo(construct: IConstruct): { readonly Ref: string } {
  return { Ref: POINTER + construct.node.path };
}

class JoinConcat extends StringConcat {
  public override join(left: unknown, right: unknown): unknown {
    if (left === undefined) return right;
    return right === undefined ? left : { 'Fn::Join': ['', [left, right]] };
  }
}

/** Resolves every token but references to elements of a stack, of which it says where they point. */
class PointingResolver extends DefaultTokenResolver {
  constructor() {
    super(new JoinConcat());
  }

  public override resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): unknown {
    // References to pseudo parameters have a scope for their target, which is no element.
    if (Reference.isReference(token) && CfnElement.isCfnElement(token.target)) return pointerTo(token.target);
    return super.resolveToken(token, context, postProcessor);
  }
}

export function record(value: unknown): Properties | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Properties) : undefined;
}

/** The entries of a list of objects; of anything else none. */
export function records(value: unknown): readonly Properties[] {
  return Array.isArray(value) ? value.map((entry) => record(entry) ?? {}) : [];
}
