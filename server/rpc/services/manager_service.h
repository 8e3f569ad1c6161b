// The gRPC service bits.v1.BackgroundCopyManager: parses, calls JobService, converts.
//
// Thread safety: any thread. Ownership: what the constructor is given must outlive the server.

#ifndef BITSD_SERVER_RPC_SERVICES_MANAGER_SERVICE_H_
#define BITSD_SERVER_RPC_SERVICES_MANAGER_SERVICE_H_

#include <mutex>

#include "bits/v1/manager.grpc.pb.h"
#include "server/base/clock.h"
#include "server/job/service/job_service.h"
#include "server/ops/reload_status.h"
#include "server/rpc/caller/authenticator.h"
#include "server/rpc/caller/stream_registry.h"
#include "server/rpc/caller/watch_limiter.h"
#include "server/rpc/services/server_info.h"

namespace bitsd::rpc {

namespace v1 = ::bits::v1;

class ManagerService : public v1::BackgroundCopyManager::CallbackService {
 public:
  ManagerService(const Authenticator& authenticator, JobService& jobs, const Clock& clock,
                 const ServerInfo& info, const ReloadStatus& reloads, StreamRegistry& registry);

  grpc::ServerUnaryReactor* CreateJob(grpc::CallbackServerContext* context,
                                      const v1::CreateJobRequest* request,
                                      v1::CreateJobResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request,
                                   v1::GetJobResponse* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchJobsResponse>* WatchJobs(
      grpc::CallbackServerContext* context, const v1::WatchJobsRequest* request) override;
  grpc::ServerUnaryReactor* GetErrorDescription(grpc::CallbackServerContext* context,
                                                const v1::GetErrorDescriptionRequest* request,
                                                v1::GetErrorDescriptionResponse* response) override;
  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest* request,
                                          v1::GetServerInfoResponse* response) override;

  /// What GetServerInfo answers from now on.
  void SetInfo(const ServerInfo& info);

 private:
  const Authenticator& authenticator_;
  JobService& jobs_;
  const Clock& clock_;
  const ReloadStatus& reloads_;
  StreamRegistry& registry_;
  WatchLimiter watches_{"watches"};

  std::mutex mutex_;
  v1::GetServerInfoResponse info_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVICES_MANAGER_SERVICE_H_
