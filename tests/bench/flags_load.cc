#include "tests/bench/flags_load.h"

#include <chrono>

#include "bits/v1/token_options.pb.h"
#include "tests/bench/must.h"

namespace bitsd::bench {

std::vector<PreparedCall> FlagsCalls(const bits::Client& client,
                                     const std::vector<std::string>& jobs) {
  std::vector<bits::Handle> handles;
  for (const std::string& job : jobs) {
    handles.push_back(Must(client.QueryInterface(job, std::nullopt)));
  }
  std::vector<PreparedCall> calls;
  for (const uint32_t flags : {1u, 2u}) {
    for (const bits::Handle& handle : handles) {
      bits::v1::SetHelperTokenFlagsRequest request;
      request.set_handle(handle.bytes());
      request.set_usage_flags(flags);
      calls.emplace_back("/bits.v1.BitsTokenOptions/SetHelperTokenFlags", request);
    }
  }
  return calls;
}

Sample CallsPerSecond(Load& load, const std::vector<PreparedCall>& calls) {
  const auto begin = std::chrono::steady_clock::now();
  load.Run(calls, kFlagsCalls, kFlagsInFlight);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return {kFlagsCalls / seconds.count()};
}

}  // namespace bitsd::bench
