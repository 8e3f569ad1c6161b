// Which keys of a new configuration take effect, and which need a restart.

#include "server/ops/config_change.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bitsd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ReloadConfigTest, WhatNeedsARestartIsReportedAndStays) {
  const Config start;
  Config read = start;
  read.listen = "127.0.0.1:1";
  read.tls_certificate = read.tls_key = read.tls_roots = read.account_directory = "/x";
  read.tls_san_sid_roots = {"/x"};
  read.run_as_uid = 1;
  read.run_as_gid = 1;
  read.state_dir = read.run_dir = read.log_dir = "/x";
  read.store_key_file = "/x";
  read.store = StoreKind::kMemory;
  read.tls_crls = {"/x"};
  read.max_running_jobs = 7;
  read.background_jobs = 2;
  read.time_slice = read.lend_after = absl::Seconds(7);
  read.connections = read.connections_per_address = read.connections_per_user = 7;
  read.idle_timeout = read.listener_timeout = absl::Seconds(7);
  read.path = "/x";
  read.allow_root = true;
  const ConfigChange change = ReloadConfig(start, read);
  EXPECT_THAT(
      change.restart_needed,
      ElementsAre("listen", "tls.certificate", "tls.key", "tls.roots", "tls.san_sid_roots",
                  "tls.crls", "account_directory", "run_as.uid", "run_as.gid", "store", "state_dir",
                  "store_key_file", "run_dir", "log_dir", "limits.max_running_jobs",
                  "limits.background_jobs", "scheduler.time_slice", "scheduler.lend_after",
                  "limits.connections", "limits.connections_per_address",
                  "limits.connections_per_user", "timeouts.idle", "timeouts.listener"));
  EXPECT_EQ(change.config, start);
}

TEST(ReloadConfigTest, TheRestTakesEffect) {
  const Config start;
  Config read = start;
  read.privileged_groups = {"wheel"};
  read.policy = policy::Version::kWindows7;
  read.limits = {1, 2, 3};
  read.allowed_roots = {"/x"};
  read.allowed_addresses = {policy::Endpoint()};
  read.token_max_ttl = read.handle_idle = read.retention = absl::Seconds(7);
  read.broker_deadline = read.connect_timeout = read.stall_timeout = absl::Seconds(8);
  read.log_level = "debug";
  const ConfigChange change = ReloadConfig(start, read);
  EXPECT_THAT(change.restart_needed, IsEmpty());
  EXPECT_EQ(change.config, read);
}

}  // namespace
}  // namespace bitsd
