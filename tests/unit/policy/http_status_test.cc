#include "server/policy/http_status.h"

#include <limits>
#include <set>

#include "gtest/gtest.h"

namespace bitsd::policy {
namespace {

// BITS: "3xx transient except 300-305, 307 fatal; 4xx fatal except 408, 409 transient; 5xx
// transient except 501, 505 fatal; everything else transient." The others are ours.
const std::set<int> kFatalOf3And5 = {300, 301, 302, 303, 304, 305, 307, 501, 505};
const std::set<int> kTransientOf4 = {408, 409, 421, 423, 425, 429};
const std::set<int> kNoFileOf2 = {204, 205, 207, 208};

HttpOutcome Documented(int status) {
  switch (status / 100) {
    case 2:
      if (status == 202) return HttpOutcome::kTransient;
      return kNoFileOf2.count(status) ? HttpOutcome::kFatal : HttpOutcome::kOk;
    case 3:
    case 5: return kFatalOf3And5.count(status) ? HttpOutcome::kFatal : HttpOutcome::kTransient;
    case 4: return kTransientOf4.count(status) ? HttpOutcome::kTransient : HttpOutcome::kFatal;
    default: return HttpOutcome::kTransient;
  }
}

TEST(HttpStatusTest, EveryStatusHasItsDocumentedClass) {
  for (int status = 100; status <= 999; ++status) {
    EXPECT_EQ(ClassifyHttpStatus(status), Documented(status)) << status;
  }
}

TEST(HttpStatusTest, AnErrorThatSaysWhenToComeBackIsTransient) {
  for (int status = 100; status <= 999; ++status) {
    const bool error = status >= 400 && status <= 599;
    EXPECT_EQ(ClassifyHttpStatus(status, true),
              error ? HttpOutcome::kTransient : Documented(status))
        << status;
  }
}

TEST(HttpStatusTest, WhatIsAboutTheTimeIsNotAboutTheRange) {
  for (int status = 100; status <= 999; ++status) {
    EXPECT_EQ(IsAboutTime(status, false),
              status == 202 || status == 425 || status == 429 || status == 503)
        << status;
    const bool passes = status == 202 || kTransientOf4.count(status) || status >= 500;
    EXPECT_EQ(IsAboutTime(status, true), passes) << status;
  }
}

TEST(HttpStatusTest, AStatusHasThreeDigits) {
  for (int status : {std::numeric_limits<int>::min(), -200, -99, -1, 0, 1, 99, 1000, 2000,
                     std::numeric_limits<int>::max()}) {
    EXPECT_FALSE(IsHttpStatus(status)) << status;
    EXPECT_EQ(ClassifyHttpStatus(status), HttpOutcome::kTransient) << status;
  }
  for (int status : {100, 200, 599, 600, 999}) EXPECT_TRUE(IsHttpStatus(status)) << status;
}

}  // namespace
}  // namespace bitsd::policy
