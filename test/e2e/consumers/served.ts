/** How each shape of test/consumers/apps.ts is called once it is deployed, or why it cannot be. */

export interface Served {
  /** The stacks that it makes. */
  readonly stacks: readonly string[];
  /** Stacks with a load balancer of their own each. @default - one for all stacks */
  readonly balancers?: readonly string[];
  /** What clients ask for in turn. @default - whatever the load balancer takes */
  readonly hosts?: readonly string[];
  /** It has no load balancer of its own: each task of its services is called. */
  readonly atTasks?: true;
}

export interface NotServed {
  /** The type that the emulator refuses. */
  readonly refused: string;
}

export const SHAPES: Readonly<Record<string, Served | NotServed>> = {
  'stages of a pipeline': {
    stacks: ['Beta-Speech', 'Prod-Speech'],
    balancers: ['Beta-Speech', 'Prod-Speech'],
  },
  'models on EFS': { stacks: ['Efs'] },
  'Service Connect': { stacks: ['Connect'], atTasks: true },
  'an internal load balancer': { stacks: ['Internal'] },
  'one stack for the network, one for the edge, one for the service': { stacks: ['Base', 'Edge', 'Tts'] },
  'keys in one stack, two services in others': { stacks: ['Shared', 'One', 'Two'], atTasks: true },
  'a nested stack': { stacks: ['Parent'], atTasks: true },
  'a cluster and a network of another team': { stacks: ['Imported'] },
  'blue and green by CodeDeploy': { refused: 'AWS::CodeDeploy::Application' },
  'blue and green by ECS itself': { stacks: ['BlueGreen'] },
  'two services on one load balancer of aws-cdk-lib': {
    stacks: ['TwoServices'],
    hosts: ['de.example.com', 'zh.example.com'],
  },
  'spare capacity that follows the load': { refused: 'AWS::ECS::ClusterCapacityProviderAssociations' },
  'instances with GPUs': { refused: 'AWS::ECS::ClusterCapacityProviderAssociations' },
};

export const SERVED: readonly (readonly [shape: string, served: Served])[] = Object.entries(SHAPES).flatMap(
  ([shape, served]) => ('stacks' in served ? [[shape, served] as const] : []),
);

export const NOT_SERVED: readonly (readonly [shape: string, refused: string])[] = Object.entries(SHAPES).flatMap(
  ([shape, served]) => ('refused' in served ? [[shape, served.refused] as const] : []),
);
