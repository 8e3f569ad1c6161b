# bitsd_library(NAME SRCS... DEPS...), bitsd_executable(...), bitsd_test(...): how targets are made.

add_library(bitsd_options INTERFACE)
target_compile_features(bitsd_options INTERFACE cxx_std_20)
target_include_directories(bitsd_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(bitsd_options INTERFACE -Wall -Wextra -Wpedantic -Werror)
target_compile_definitions(bitsd_options INTERFACE BITSD_VERSION="${PROJECT_VERSION}")
if(BITSD_SANITIZE)
  target_compile_options(bitsd_options INTERFACE -fsanitize=${BITSD_SANITIZE} -fno-omit-frame-pointer
                                                 -fno-sanitize-recover=all -g1)
  target_link_options(bitsd_options INTERFACE -fsanitize=${BITSD_SANITIZE})
endif()

# Builds with a sanitizer spend most of their time on the headers that all sources share: they parse
# them once. (Other builds do not: clang-tidy reads how they are compiled, and gcc's are not for it.)
if(BITSD_SANITIZE)
  file(WRITE ${PROJECT_BINARY_DIR}/shared_headers.cc "")
  add_library(bitsd_headers STATIC ${PROJECT_BINARY_DIR}/shared_headers.cc)
  target_link_libraries(bitsd_headers PRIVATE bitsd_options)
  target_precompile_headers(bitsd_headers PRIVATE ${PROJECT_SOURCE_DIR}/cmake/shared_headers.h)
  if(BITSD_TESTS)
    add_library(bitsd_test_headers STATIC ${PROJECT_BINARY_DIR}/shared_headers.cc)
    target_link_libraries(bitsd_test_headers PRIVATE bitsd_options GTest::gmock)
    target_precompile_headers(bitsd_test_headers PRIVATE ${PROJECT_SOURCE_DIR}/cmake/shared_headers.h
                              <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endif()

function(bitsd_share_headers name from)
  if(BITSD_SANITIZE)
    target_precompile_headers(${name} REUSE_FROM ${from})
  endif()
endfunction()

function(bitsd_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SRCS})
  target_link_libraries(${name} PUBLIC bitsd_options ${ARG_DEPS})
  bitsd_share_headers(${name} bitsd_headers)
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
  bitsd_share_headers(${name} bitsd_test_headers)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
