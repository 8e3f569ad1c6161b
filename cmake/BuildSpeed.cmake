# How a build is made faster: headers that are parsed once, sources that are compiled together. Nothing
# here changes what a program does.

# Compiled faster than what is shipped: a test is no place to be fast.
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  set(bitsd_test_options -O0 -g0)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  list(APPEND bitsd_test_options -fpch-preprocess)  # ccache asks for it.
else()
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")  # And for this.
endif()

# Most of the time of a build goes into headers of others that all sources share: they are parsed once
# for all tests, once more with the messages for tests of what speaks gRPC, and once for all libraries. (Not
# with gcc for what is shipped: gcc 12 gives false alarms about headers that it parsed before.) The
# options of a shared header must be those of its users.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/shared_headers.cc CONTENT "int main() {}\n")
function(bitsd_share_test_headers name)
  cmake_parse_arguments(ARG "" "" "HEADERS;DEPS" ${ARGN})
  add_executable(${name} ${PROJECT_BINARY_DIR}/shared_headers.cc)
  target_link_libraries(${name} PRIVATE bitsd_options GTest::gmock ${ARG_DEPS})
  target_compile_options(${name} PRIVATE ${bitsd_test_options})
  target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/shared_headers.h
                            <gmock/gmock.h> <gtest/gtest.h> ${ARG_HEADERS})
endfunction()
if(BITSD_TESTS)
  bitsd_share_test_headers(bitsd_plain_test_headers)
  if(BITSD_SERVICE)
    bitsd_share_test_headers(bitsd_message_test_headers
      HEADERS <bits/v1/job.pb.h> <bits/v1/manager.pb.h> <bits/v1/token_options.pb.h> DEPS bitsd_proto)
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  add_library(bitsd_headers STATIC ${PROJECT_BINARY_DIR}/shared_headers.cc)
  target_link_libraries(bitsd_headers PRIVATE bitsd_options)
  target_precompile_headers(bitsd_headers PRIVATE ${PROJECT_SOURCE_DIR}/cmake/shared_headers.h)
endif()

# Sources of a library that is shipped are compiled six at a time, but for those that have a helper of
# the same name as another: bitsd_compile_alone.
function(bitsd_share_parsing name)
  string(FIND "${CMAKE_CURRENT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/tests/" found)
  if(BITSD_UNITY AND found EQUAL -1)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
  endif()
endfunction()

function(bitsd_compile_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
