// Credential caches as nobody's kinit writes them.
//
// Thread safety: pure functions of files.

#ifndef BITSD_TESTS_TESTING_CREDENTIAL_CACHES_H_
#define BITSD_TESTS_TESTING_CREDENTIAL_CACHES_H_

#include <string>

namespace bitsd::tests {

/// The tickets of the cache `path` in a cache that says they are of `principal`; its bytes.
std::string Relabelled(const std::string& path, const std::string& principal);

/// The cache `base` with all tickets of `more` besides its own, which say they are of its owner.
std::string Planted(const std::string& base, const std::string& more);

/// The cache `path` without ticket-granting tickets.
std::string WithoutTgt(const std::string& path);

/// The key of the ticket-granting ticket in `path`: bytes that are nowhere else.
std::string TgtKey(const std::string& path);

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_CREDENTIAL_CACHES_H_
