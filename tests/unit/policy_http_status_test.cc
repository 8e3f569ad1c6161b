#include <limits>
#include <set>

#include "gtest/gtest.h"
#include "server/policy/remote_names.h"

namespace bitsd::policy {
namespace {

// "3xx transient except 300-305, 307 fatal; 4xx fatal except 408, 409 transient; 5xx transient
// except 501, 505 fatal; everything else transient." 2xx is success.
const std::set<int> kFatalOf3And5 = {300, 301, 302, 303, 304, 305, 307, 501, 505};
const std::set<int> kTransientOf4 = {408, 409};

HttpOutcome Documented(int status) {
  switch (status / 100) {
    case 2: return HttpOutcome::kOk;
    case 3:
    case 5: return kFatalOf3And5.count(status) ? HttpOutcome::kFatal : HttpOutcome::kTransient;
    case 4: return kTransientOf4.count(status) ? HttpOutcome::kTransient : HttpOutcome::kFatal;
    default: return HttpOutcome::kTransient;
  }
}

TEST(HttpStatusTest, EveryStatusHasItsDocumentedClass) {
  for (int status = 100; status <= 599; ++status) {
    EXPECT_EQ(ClassifyHttpStatus(status), Documented(status)) << status;
  }
}

TEST(HttpStatusTest, WhatIsNoHttpStatusIsTransient) {
  for (int status : {std::numeric_limits<int>::min(), -200, -1, 0, 1, 99, 600, 999, 2000,
                     std::numeric_limits<int>::max()}) {
    EXPECT_EQ(ClassifyHttpStatus(status), HttpOutcome::kTransient) << status;
  }
}

}  // namespace
}  // namespace bitsd::policy
