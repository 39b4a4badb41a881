import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { Fault } from '@guildhall/chassis/fault';
import { AdminServiceClient, type ExplainRequest, type ExplainResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';

const patience = 5000;

function faultOf(error: ServiceError, address: string): Fault {
  switch (error.code) {
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return new Fault('policy-unreachable', `policy at ${address} does not answer`, {
        cure: 'check that the hub runs (guildhall up) and that the address is that of its gRPC',
        cause: error,
      });
    case status.INVALID_ARGUMENT:
    case status.NOT_FOUND:
      return new Fault('not-explained', error.details, { cure: 'name members by id, domain or SIP URI', exitCode: 2, cause: error });
    default:
      return new Fault('policy-failed', `policy at ${address} answered: ${error.details}`, {
        cure: 'look at the log of policy',
        cause: error,
      });
  }
}

/** Asks a policy's admin API at "host:port" (plain, loopback). Throws a Fault. */
export function askExplain(address: string, request: ExplainRequest): Promise<ExplainResponse> {
  const client = new AdminServiceClient(address, credentials.createInsecure());
  return new Promise<ExplainResponse>((resolve, reject) => {
    const deadline = new Date(Date.now() + patience);
    client.waitForReady(deadline, (notReady) => {
      if (notReady !== undefined) {
        reject(
          new Fault('policy-unreachable', `policy at ${address} cannot be reached`, {
            cure: 'check that the hub runs (guildhall up) and that the address is that of its gRPC',
            cause: notReady,
          }),
        );
        return;
      }
      client.explain(request, (error, answer) => (error === null ? resolve(answer) : reject(faultOf(error, address))));
    });
  }).finally(() => client.close());
}
