# Certificates made in memory; used by unit and integration tests.
bitsd_library(bitsd_test_certificates
  SRCS ${CMAKE_CURRENT_LIST_DIR}/test_certificates.cc
  DEPS bitsd_identity OpenSSL::Crypto absl::strings absl::time)
