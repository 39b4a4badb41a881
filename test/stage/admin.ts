import { credentials } from '@grpc/grpc-js';
import { AdminServiceClient, ExplainRequest, type ExplainResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { Hub } from './hub.js';

/** Asks the first policy of a hub what would become of a request, and why. */
export function explain(hub: Hub, question: Partial<ExplainRequest>): Promise<ExplainResponse> {
  const client = new AdminServiceClient(hub.policies[0]?.addresses['grpc'] ?? '', credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.explain({ ...ExplainRequest.create(), ...question }, (error, response) => {
      client.close();
      if (error === null) resolve(response);
      else reject(error);
    });
  });
}
