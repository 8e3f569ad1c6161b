# bitsd_library(NAME SRCS... DEPS...), bitsd_executable(...), bitsd_test(...): how targets are made.

add_library(bitsd_options INTERFACE)
target_compile_features(bitsd_options INTERFACE cxx_std_20)
target_include_directories(bitsd_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(bitsd_options INTERFACE -Wall -Wextra -Wpedantic -Werror -pthread)
# What reads past an end, or an empty optional, ends the process: in tests, and in what is shipped.
target_compile_definitions(bitsd_options INTERFACE BITSD_VERSION="${PROJECT_VERSION}" _GLIBCXX_ASSERTIONS)
if(BITSD_SANITIZE)
  target_compile_options(bitsd_options INTERFACE -fsanitize=${BITSD_SANITIZE} -fno-omit-frame-pointer
                                                 -fno-sanitize-recover=all -g1)
  target_link_options(bitsd_options INTERFACE -fsanitize=${BITSD_SANITIZE})
endif()

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
# for all tests, once more with the messages for integration tests, and once for all libraries. (Not
# with gcc for what is shipped: gcc 12 gives false alarms about headers that it parsed before.) The
# options of a shared header must be those of its users.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/shared_headers.cc CONTENT "int main() {}\n")
function(bitsd_test_headers name)
  cmake_parse_arguments(ARG "" "" "HEADERS;DEPS" ${ARGN})
  add_executable(${name} ${PROJECT_BINARY_DIR}/shared_headers.cc)
  target_link_libraries(${name} PRIVATE bitsd_options GTest::gmock ${ARG_DEPS})
  target_compile_options(${name} PRIVATE ${bitsd_test_options})
  target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/shared_headers.h
                            <gmock/gmock.h> <gtest/gtest.h> ${ARG_HEADERS})
endfunction()
if(BITSD_TESTS)
  bitsd_test_headers(bitsd_unit_test_headers)
  if(BITSD_SERVICE)
    bitsd_test_headers(bitsd_integration_test_headers
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

function(bitsd_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SRCS})
  target_link_libraries(${name} PUBLIC bitsd_options ${ARG_DEPS})
  bitsd_share_parsing(${name})
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    target_precompile_headers(${name} REUSE_FROM bitsd_headers)
  endif()
endfunction()

function(bitsd_executable name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE bitsd_options ${ARG_DEPS})
endfunction()

# A GoogleTest program. LABEL is unit or integration; TIMEOUT is in seconds.
function(bitsd_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SRCS;DEPS" ${ARGN})
  bitsd_executable(${name} SRCS ${ARG_SRCS} DEPS ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${bitsd_test_options})
  target_precompile_headers(${name} REUSE_FROM bitsd_${ARG_LABEL}_test_headers)
  if(BITSD_SANITIZE)  # Slower by as much.
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 6")
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
