#include "server/identity/trust_roots.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <set>
#include <string>

#include "server/base/openssl_ptr.h"

namespace bitsd {
namespace {

std::string DerOf(X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(&certificate, &der);
  if (size <= 0) return "";
  std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

std::set<std::string> RootsOf(std::string_view pem) {
  const BioPtr input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const auto no_password = [](char*, int, int, void*) { return -1; };
  std::set<std::string> roots;
  while (X509* next = PEM_read_bio_X509(input.get(), nullptr, no_password, nullptr)) {
    roots.insert(DerOf(*X509Ptr(next)));
  }
  ERR_clear_error();
  return roots;
}

}  // namespace

bool KeepsAllRoots(std::string_view before, std::string_view after) {
  const std::set<std::string> old_roots = RootsOf(before);
  const std::set<std::string> new_roots = RootsOf(after);
  return std::includes(new_roots.begin(), new_roots.end(), old_roots.begin(), old_roots.end());
}

}  // namespace bitsd
