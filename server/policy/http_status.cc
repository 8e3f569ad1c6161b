#include "server/policy/http_status.h"

namespace bitsd::policy {
namespace {

HttpOutcome ClassifySuccess(int status) {
  switch (status) {
    case 202: return HttpOutcome::kTransient;
    case 204:
    case 205:
    case 207:
    case 208: return HttpOutcome::kFatal;
    default: return HttpOutcome::kOk;
  }
}

bool PassesByItself(int status) {
  switch (status) {
    case 408:
    case 409:
    case 421:
    case 423:
    case 425:
    case 429: return true;
    default: return false;
  }
}

}  // namespace

HttpOutcome ClassifyHttpStatus(int status, bool says_when) {
  if (status >= 200 && status <= 299) return ClassifySuccess(status);
  if ((status >= 300 && status <= 305) || status == 307) return HttpOutcome::kFatal;
  if (says_when && status >= 400 && status <= 599) return HttpOutcome::kTransient;
  if (PassesByItself(status)) return HttpOutcome::kTransient;
  if (status >= 400 && status <= 499) return HttpOutcome::kFatal;
  if (status == 501 || status == 505) return HttpOutcome::kFatal;
  return HttpOutcome::kTransient;
}

bool IsAboutTime(int status, bool says_when) {
  if (status == 202 || status == 425 || status == 429 || status == 503) return true;
  return says_when && (PassesByItself(status) || status >= 500);
}

}  // namespace bitsd::policy
