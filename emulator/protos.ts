/** The service definitions of google.pubsub.v1, from the client library's own descriptors. */
import { createRequire } from 'node:module';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import {
  readAcknowledgeRequest,
  readModifyAckDeadlineRequest,
  readPublishRequest,
} from './wire-requests.ts';

/** Services by name; the hot calls read and write bytes without objects in between. */
export function loadServices(): {
  readonly publisher: ServiceDefinition;
  readonly subscriber: ServiceDefinition;
  readonly schemaService: ServiceDefinition;
  readonly iamPolicy: ServiceDefinition;
} {
  const require = createRequire(import.meta.url);
  const options = { longs: Number, enums: String };
  const pubsub = fromJSON(require('@google-cloud/pubsub/build/protos/protos.json'), options);
  const publisher = service(pubsub['google.pubsub.v1.Publisher']);
  const subscriber = service(pubsub['google.pubsub.v1.Subscriber']);
  return {
    publisher: {
      ...publisher,
      Publish: { ...publisher.Publish!, requestDeserialize: readPublishRequest },
    },
    subscriber: {
      ...subscriber,
      Acknowledge: { ...subscriber.Acknowledge!, requestDeserialize: readAcknowledgeRequest },
      ModifyAckDeadline: {
        ...subscriber.ModifyAckDeadline!,
        requestDeserialize: readModifyAckDeadlineRequest,
      },
      Pull: { ...subscriber.Pull!, responseSerialize: asBytes },
      StreamingPull: { ...subscriber.StreamingPull!, responseSerialize: asBytes },
    },
    schemaService: service(pubsub['google.pubsub.v1.SchemaService']),
    iamPolicy: iamPolicy(),
  };
}

/** The package has no descriptors of it; every method is refused, so no request is read. */
function iamPolicy(): ServiceDefinition {
  const methods = ['SetIamPolicy', 'GetIamPolicy', 'TestIamPermissions'].map((name) => [
    name,
    {
      path: `/google.iam.v1.IAMPolicy/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: asBytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: asBytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  ]);
  return Object.fromEntries(methods) as ServiceDefinition;
}

/** Those responses are built as bytes already. */
function asBytes(response: unknown): Buffer {
  return response as Buffer;
}

function service(definition: unknown): ServiceDefinition {
  if (definition === undefined) throw new Error('A Pub/Sub service is missing in the descriptors');
  return definition as ServiceDefinition;
}
