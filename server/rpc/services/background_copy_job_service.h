// The gRPC service bits.v1.BackgroundCopyJob: parses, calls JobService, converts.
//
// Thread safety: any thread. Ownership: what the constructor is given must outlive the server.

#ifndef BITSD_SERVER_RPC_SERVICES_BACKGROUND_COPY_JOB_SERVICE_H_
#define BITSD_SERVER_RPC_SERVICES_BACKGROUND_COPY_JOB_SERVICE_H_

#include "bits/v1/job.grpc.pb.h"
#include "server/job/service/job_service.h"
#include "server/rpc/caller/authenticator.h"

namespace bitsd::rpc {

namespace v1 = ::bits::v1;

class JobServiceRpc : public v1::BackgroundCopyJob::CallbackService {
 public:
  JobServiceRpc(const Authenticator& authenticator, JobService& jobs)
      : authenticator_(authenticator), jobs_(jobs) {}

  grpc::ServerUnaryReactor* QueryInterface(grpc::CallbackServerContext* context,
                                           const v1::QueryInterfaceRequest* request,
                                           v1::QueryInterfaceResponse* response) override;
  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context,
                                    const v1::ReleaseRequest* request,
                                    v1::ReleaseResponse* response) override;
  grpc::ServerUnaryReactor* AddFileSet(grpc::CallbackServerContext* context,
                                       const v1::AddFileSetRequest* request,
                                       v1::AddFileSetResponse* response) override;
  grpc::ServerUnaryReactor* ListFiles(grpc::CallbackServerContext* context,
                                      const v1::ListFilesRequest* request,
                                      v1::ListFilesResponse* response) override;
  grpc::ServerUnaryReactor* UpdateJob(grpc::CallbackServerContext* context,
                                      const v1::UpdateJobRequest* request,
                                      v1::UpdateJobResponse* response) override;
  grpc::ServerUnaryReactor* Suspend(grpc::CallbackServerContext* context,
                                    const v1::SuspendRequest* request,
                                    v1::SuspendResponse* response) override;
  grpc::ServerUnaryReactor* Resume(grpc::CallbackServerContext* context,
                                   const v1::ResumeRequest* request,
                                   v1::ResumeResponse* response) override;
  grpc::ServerUnaryReactor* Cancel(grpc::CallbackServerContext* context,
                                   const v1::CancelRequest* request,
                                   v1::CancelResponse* response) override;
  grpc::ServerUnaryReactor* Complete(grpc::CallbackServerContext* context,
                                     const v1::CompleteRequest* request,
                                     v1::CompleteResponse* response) override;
  grpc::ServerUnaryReactor* SetCredentials(grpc::CallbackServerContext* context,
                                           const v1::SetCredentialsRequest* request,
                                           v1::SetCredentialsResponse* response) override;
  grpc::ServerUnaryReactor* RemoveCredentials(grpc::CallbackServerContext* context,
                                              const v1::RemoveCredentialsRequest* request,
                                              v1::RemoveCredentialsResponse* response) override;
  grpc::ServerUnaryReactor* SetClientCertificate(
      grpc::CallbackServerContext* context, const v1::SetClientCertificateRequest* request,
      v1::SetClientCertificateResponse* response) override;
  grpc::ServerUnaryReactor* RemoveClientCertificate(
      grpc::CallbackServerContext* context, const v1::RemoveClientCertificateRequest* request,
      v1::RemoveClientCertificateResponse* response) override;

 private:
  absl::StatusOr<std::string> MakeHandle(const Caller& caller,
                                         const v1::QueryInterfaceRequest& request);

  const Authenticator& authenticator_;
  JobService& jobs_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVICES_BACKGROUND_COPY_JOB_SERVICE_H_
