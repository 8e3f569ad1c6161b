include(${CMAKE_CURRENT_LIST_DIR}/../testing/certificates.cmake)

bitsd_test(sid_test LABEL unit TIMEOUT 60 SRCS sid_test.cc DEPS bitsd_identity)
bitsd_test(certificate_identity_test LABEL unit TIMEOUT 60
  SRCS certificate_identity_test.cc DEPS bitsd_identity bitsd_test_certificates)
bitsd_test(file_directory_test LABEL unit TIMEOUT 300
  SRCS file_directory_test.cc ../testing/temp_folder.cc DEPS bitsd_identity)
bitsd_test(identity_cache_test LABEL unit TIMEOUT 120
  SRCS identity_cache_test.cc DEPS bitsd_identity bitsd_test_certificates Threads::Threads)
bitsd_test(account_changes_test LABEL unit TIMEOUT 60 SRCS account_changes_test.cc DEPS bitsd_identity)
bitsd_test(identity_generations_test LABEL unit TIMEOUT 120
  SRCS identity_generations_test.cc DEPS bitsd_identity bitsd_test_certificates Threads::Threads)
bitsd_test(revocation_test LABEL unit TIMEOUT 120
  SRCS revocation_test.cc DEPS bitsd_identity bitsd_test_certificates)
bitsd_test(call_metadata_test LABEL unit TIMEOUT 60 SRCS call_metadata_test.cc DEPS bitsd_identity)
