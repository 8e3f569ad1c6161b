// The details of a status, as callers read them.
//
// Thread safety: pure functions.

#ifndef BITSD_TESTS_TESTING_ERROR_INFO_H_
#define BITSD_TESTS_TESTING_ERROR_INFO_H_

#include <grpcpp/support/status.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace bitsd::rpc {

/// The ErrorInfo in a status; empty when there is none.
inline google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details()) || details.details_size() != 1) return info;
  EXPECT_EQ(details.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(details.message(), status.error_message());
  details.details(0).UnpackTo(&info);
  return info;
}

}  // namespace bitsd::rpc

#endif  // BITSD_TESTS_TESTING_ERROR_INFO_H_
