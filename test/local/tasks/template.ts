import { APP_IMAGE, NGINX_IMAGE } from './support.js';

export interface TemplateOptions {
  readonly desiredCount?: number;
  readonly appEnvironment?: Readonly<Record<string, string>>;
  readonly secretArn?: string;
  /** Shell script of the init container, which writes the configuration of nginx. */
  readonly init?: string;
  readonly appImage?: string;
  readonly healthCheckGracePeriod?: number;
}

const WRITE_CONFIGURATION = `
echo "init writes $CONFIGURATION"
cat > "$CONFIGURATION/nginx.conf" <<END
daemon off;
error_log stderr;
pid $CONFIGURATION/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path $CONFIGURATION/body; proxy_temp_path $CONFIGURATION/proxy;
  fastcgi_temp_path $CONFIGURATION/fastcgi; uwsgi_temp_path $CONFIGURATION/uwsgi; scgi_temp_path $CONFIGURATION/scgi;
  server { listen $LISTEN; location / { proxy_pass http://$UPSTREAM; proxy_set_header X-Gate yes; } }
}
END
nginx -t -c "$CONFIGURATION/nginx.conf"
`;

/** The shape of a guarded service: an init container, the app, and nginx before it. */
export function serviceTemplate(options: TemplateOptions = {}): object {
  const pairs = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([Name, Value]) => ({ Name, Value }));
  const logConfiguration = (prefix: string) => ({
    LogDriver: 'awslogs',
    Options: {
      'awslogs-group': { Ref: 'Logs' },
      'awslogs-region': { Ref: 'AWS::Region' },
      'awslogs-stream-prefix': prefix,
    },
  });
  const gate = {
    Image: NGINX_IMAGE,
    MountPoints: [{ SourceVolume: 'shared', ContainerPath: '/gate' }],
    Environment: pairs({ CONFIGURATION: '/gate', LISTEN: '0.0.0.0:8080', UPSTREAM: '127.0.0.1:5000' }),
  };
  return {
    Resources: {
      Cluster: { Type: 'AWS::ECS::Cluster' },
      Logs: { Type: 'AWS::Logs::LogGroup' },
      Targets: {
        Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
        Properties: {
          Port: 8080,
          Protocol: 'HTTP',
          TargetType: 'ip',
          VpcId: 'vpc-00000001',
          TargetGroupAttributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '5' }],
        },
      },
      TaskRole: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'ecs-tasks.amazonaws.com' } },
            ],
          },
        },
      },
      Definition: {
        Type: 'AWS::ECS::TaskDefinition',
        Properties: {
          Family: { Ref: 'AWS::StackName' },
          NetworkMode: 'awsvpc',
          RequiresCompatibilities: ['FARGATE'],
          Cpu: '256',
          Memory: '512',
          TaskRoleArn: { 'Fn::GetAtt': ['TaskRole', 'Arn'] },
          Volumes: [{ Name: 'shared' }],
          ContainerDefinitions: [
            {
              Name: 'gate',
              ...gate,
              EntryPoint: ['sh', '-c'],
              Command: ['echo gate starts; exec nginx -c "$CONFIGURATION/nginx.conf"'],
              DependsOn: [
                { ContainerName: 'init', Condition: 'SUCCESS' },
                { ContainerName: 'app', Condition: 'START' },
              ],
              PortMappings: [{ ContainerPort: 8080 }],
              LogConfiguration: logConfiguration('gate'),
            },
            {
              Name: 'init',
              ...gate,
              Essential: false,
              EntryPoint: ['sh', '-c'],
              Command: [options.init ?? WRITE_CONFIGURATION],
              LogConfiguration: logConfiguration('init'),
            },
            {
              Name: 'app',
              Image: options.appImage ?? APP_IMAGE,
              StopTimeout: 5,
              Environment: pairs({ PORT: '5000', ...options.appEnvironment }),
              Secrets: options.secretArn === undefined ? [] : [{ Name: 'PASSWORD', ValueFrom: options.secretArn }],
              LogConfiguration: logConfiguration('app'),
            },
          ],
        },
      },
      Service: {
        Type: 'AWS::ECS::Service',
        Properties: {
          Cluster: { Ref: 'Cluster' },
          TaskDefinition: { Ref: 'Definition' },
          DesiredCount: options.desiredCount ?? 1,
          LaunchType: 'FARGATE',
          HealthCheckGracePeriodSeconds: options.healthCheckGracePeriod ?? 0,
          DeploymentConfiguration: { MinimumHealthyPercent: 100, MaximumPercent: 200 },
          LoadBalancers: [{ ContainerName: 'gate', ContainerPort: 8080, TargetGroupArn: { Ref: 'Targets' } }],
        },
      },
    },
    Outputs: {
      Cluster: { Value: { Ref: 'Cluster' } },
      Service: { Value: { 'Fn::GetAtt': ['Service', 'Name'] } },
      Targets: { Value: { Ref: 'Targets' } },
      Logs: { Value: { Ref: 'Logs' } },
    },
  };
}
