# The gRPC layer in this process, with a faked domain behind it.
bitsd_library(bitsd_rpc_fixture
  SRCS ${CMAKE_CURRENT_LIST_DIR}/rpc_fixture.cc ${CMAKE_CURRENT_LIST_DIR}/../testing/wait.cc
  DEPS bitsd_rpc bitsd_store bitsd_test_certificates GTest::gtest)
# GCC 12 sees a copied std::optional as read before it is set.
target_compile_options(bitsd_rpc_fixture PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)

foreach(name convert_test parse_requests_test)
  bitsd_test(${name} LABEL integration TIMEOUT 60 SRCS ${name}.cc DEPS bitsd_rpc)
endforeach()
foreach(name method_rows_test rpc_answers_test rpc_door_test rpc_gate_test rpc_refusal_test rpc_services_test rpc_sessions_test tls_handover_test)
  bitsd_test(${name} LABEL integration TIMEOUT 120 SRCS ${name}.cc DEPS bitsd_rpc_fixture)
endforeach()

bitsd_test(docs_test LABEL integration TIMEOUT 60 SRCS docs_test.cc DEPS bitsd_rpc bitsd_error)
target_compile_definitions(docs_test PRIVATE BITSD_DOCS="${PROJECT_SOURCE_DIR}/docs")
